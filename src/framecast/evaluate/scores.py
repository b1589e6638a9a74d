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
from framecast.evaluate.frames import psnr_finn
from framecast.evaluate.protocols import Protocol
from framecast.predictor import Predictor
from framecast.rollout import rollout, stream
from framecast.seeds import seed_for
from framecast.store import Loader, Store


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
    batch: int = 16,
    progress: Callable[[int], None] = lambda done: None,
) -> Scores:
    """Roll out every clip of the protocol's split and score every predicted frame.

    `shuffled_control` gives each clip the future control of another clip, context and truth
    unchanged: what is lost by it is what the predictor owes to its control. `split` and
    `limit` (about that many clips, whole batches) serve validation while training, which is no
    protocol's result.
    """
    device = _device(predictor)
    chosen: Split = split or protocol.split
    values: list[Tensor] = []
    ids: list[str] = []
    frames_used = protocol.context + protocol.horizon
    loader = Loader(store, chosen, frames_used, batch, seed=0)
    if loader.skipped:
        raise InputError(
            f"{store.path}: {loader.skipped} clips of split {chosen!r} are shorter than the "
            f"{frames_used} frames that protocol {protocol.name} needs; leaving them out would be "
            f"another protocol: convert longer clips"
        )
    batches = loader.eval_batches(device=device)
    if shuffled_control:
        batches = _with_shuffled_control(batches, loader.eval_batches(device=device), protocol)
    for clips in batches:
        if limit is not None and len(ids) >= limit:
            break
        seeds = [seed_for(protocol.seed, "rollout", clip_id) for clip_id in clips.clip_ids]
        past, future = clips.frames[:, : protocol.context], clips.frames[:, protocol.context :]
        predicted = stream(predictor, past, clips.control, seeds, protocol.samples)
        psnr = [
            psnr_finn(frame, future[:, t].expand_as(frame)).cpu()
            for t, frame in enumerate(predicted)
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
