"""Judging any predictor on a store under a protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from framecast.clip import Batch, Split
from framecast.errors import InputError
from framecast.evaluate.oracles import Oracle
from framecast.evaluate.protocols import Protocol
from framecast.predictor import Predictor
from framecast.rollout import rollout, stream
from framecast.seeds import seed_for
from framecast.store import Loader, Store

FRAMES_A_BATCH = 2048
"""of judging, about: more would not be faster, and takes memory"""


class Scores(NamedTuple):
    """PSNR of every (clip, sample, frame), in dB; nothing is averaged yet."""

    psnr: Float[np.ndarray, "clips samples frames"]
    clip_ids: tuple[str, ...]

    def per_clip(self) -> Float[np.ndarray, clips]:
        """Mean over frames and samples, the unit that intervals are taken over."""
        return self.psnr.mean((1, 2))

    def mean(self) -> float:
        """Mean over predicted frames, then over clips, in dB."""
        return float(self.per_clip().mean())


def judge(
    predictor: Predictor,
    store: Store,
    protocol: Protocol,
    shuffled_control: bool = False,
    split: Split | None = None,
    limit: int | None = None,
    batch: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Scores:
    """Roll out every clip of the protocol's split and score every predicted frame.

    `shuffled_control` gives each clip the future control of another clip, context and truth
    unchanged: what is lost by it is what the predictor owes to its control. `split` and
    `limit` (about that many clips, whole batches) serve validation while training, which is no
    protocol's result.
    """

    def predicted(clips: Batch) -> Iterator[Tensor]:
        seeds = [seed_for(protocol.seed, "rollout", clip_id) for clip_id in clips.clip_ids]
        past = clips.frames[:, : protocol.context]
        return stream(predictor, past, clips.control, seeds, protocol.samples)

    loader = _loader(store, protocol, split or protocol.split, batch)
    device = _device(predictor)
    batches = loader.eval_batches(device=device)
    if shuffled_control:
        batches = _with_shuffled_control(batches, loader.eval_batches(device=device), protocol)
    return _scored(batches, predicted, protocol, limit, progress)


def judge_oracle(oracle: Oracle, store: Store, protocol: Protocol) -> Scores:
    """Score what an oracle makes of the truth, in the same way."""
    batches = _loader(store, protocol, protocol.split, None).eval_batches()
    return _scored(batches, lambda clips: oracle(clips.frames, protocol.context), protocol)


def _loader(store: Store, protocol: Protocol, split: Split, batch: int | None) -> Loader:
    """Every clip of the split, or an error: leaving some out would be another protocol."""
    frames = protocol.context + protocol.horizon
    # A batch of sequences of 630 frames is held with all its encoded controls.
    loader = Loader(store, split, frames, batch or max(1, min(16, FRAMES_A_BATCH // frames)), 0)
    if loader.skipped:
        raise InputError(
            f"{store.path}: {loader.skipped} clips of split {split!r} are shorter than the "
            f"{frames} frames that protocol {protocol.name} needs; leaving them out would be "
            f"another protocol: convert longer clips"
        )
    for entry in (store.clips[i] for i in store.split(split)):
        if entry.true_frames < frames:
            raise InputError(
                f"{store.path}: clip {entry.clip_id} has {entry.true_frames} true frames; protocol "
                f"{protocol.name} compares with {frames}: the others were never given (`framecast "
                f"submit` writes predictions of them)"
            )
    return loader


def _scored(
    batches: Iterator[Batch],
    predicted: Callable[[Batch], Iterator[Tensor]],
    protocol: Protocol,
    limit: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Scores:
    values: list[Tensor] = []
    ids: list[str] = []
    for clips in batches:
        if limit is not None and len(ids) >= limit:
            break
        future = clips.frames[:, protocol.context :]
        psnr = [
            protocol.score(frame, future[:, t].expand_as(frame)).cpu()
            for t, frame in enumerate(predicted(clips))
        ]
        values.append(torch.stack(psnr, dim=-1).transpose(0, 1))
        ids += clips.clip_ids
        progress(len(ids))
    return Scores(torch.cat(values).numpy(), tuple(ids))


def predict(predictor: Predictor, clip: Batch, protocol: Protocol) -> Float[Tensor, "S B F C H W"]:
    """The frames that `judge` scores, for looking at."""
    device = _device(predictor)
    seeds = [seed_for(protocol.seed, "rollout", clip_id) for clip_id in clip.clip_ids]
    past = clip.frames[:, : protocol.context].to(device)
    control = clip.control[:, : protocol.context + protocol.horizon].to(device)
    return rollout(predictor, past, control, seeds, protocol.samples)


def _with_shuffled_control(
    batches: Iterator[Batch], again: Iterator[Batch], protocol: Protocol
) -> Iterator[Batch]:
    """Each clip's control from frame `context` on is that of another clip, one cycle through all.

    Takes the same batches twice, so that only the controls are ever held together.
    """
    control = torch.cat([batch.control for batch in again])
    if len(control) < 2:
        raise InputError("shuffling controls needs at least two clips in the split")
    generator = torch.Generator().manual_seed(seed_for(protocol.seed, "shuffle"))
    order = torch.randperm(len(control), generator=generator)
    donor = torch.empty_like(order)
    donor[order] = order.roll(1)
    mixed = control.clone()
    mixed[:, protocol.context :] = control[donor, protocol.context :]
    start = 0
    for batch in batches:
        yield batch._replace(control=mixed[start : start + len(batch.clip_ids)])
        start += len(batch.clip_ids)


def _device(predictor: Predictor) -> torch.device:
    """Where the weights are; a baseline has none and runs on the CPU."""
    return next((p.device for p in predictor.parameters()), torch.device("cpu"))
