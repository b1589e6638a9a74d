"""Verbs on the course's submissions: submit writes one, score reads one back and judges it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import tyro
from numpy.typing import NDArray

from framecast.clip import Split
from framecast.errors import InputError
from framecast.evaluate import COURSE_B, Protocol, Scores, predict
from framecast.evaluate.submission import read_submission, write_submission
from framecast.pixels import to_uint8, to_unit
from framecast.publish import can_be_written, sha256
from framecast.recipes.run import open_run
from framecast.store import Store, open_store
from framecast.store.loader import to_batch
from framecast.verbs.judging import Checkpoint, fits, result_json, wired, write_json
from framecast.verbs.progress import bar
from framecast.verbs.training import Device, device_named


def submit(
    run: Annotated[Path, tyro.conf.Positional],
    data: Path,
    out: Path,
    split: Split = "test",
    checkpoint: Checkpoint = "best",
    latent: str = "sample",
    device: Device = "auto",
    fast: bool = False,
) -> None:
    """Predict every sequence of a split from its first frame and its controls, as a CSV.

    Sequences stand in the store's order; those of which only the first frame was given count.
    FILE.json beside the CSV says what made it.

    Args:
        run: the run folder.
        data: the store.
        out: the CSV to write: an id and rint(255·x) in C, H, W order a row.
        split: which sequences.
        checkpoint: which of the run's checkpoints.
        latent: sample, zero, or mean-of-N: what each step takes for z.
        device: where to predict.
        fast: bfloat16 and compiled steps, after half a minute of compiling.
    """
    can_be_written(out)
    opened = open_run(run, checkpoint, device_named(device))
    store = open_store(data)
    fits(opened, store)
    predictor, made_by = wired(opened, latent, fast)
    lengths, context = _lengths(store, split), opened.config.model.context
    for entry in map(store.entry, lengths):
        if entry.length <= context or entry.true_frames < context:
            raise InputError(
                f"{store.path}: clip {entry.clip_id} has {entry.length} frames, "
                f"{entry.true_frames} of them given; this run predicts after {context} given frames"
            )

    def sequences() -> Iterator[NDArray[np.uint8]]:
        with bar("predicting", len(lengths), "sequences") as advance:
            for done, clip_id in enumerate(lengths, start=1):
                clip = store.clip(clip_id)
                horizon = len(clip.frames) - context
                protocol = dataclasses.replace(COURSE_B, context=context, horizon=horizon)
                batch = to_batch(clip.frames[None], clip.control[None], (clip_id,))
                predicted = predict(predictor, batch, protocol)[0, 0]
                yield np.concatenate([clip.frames[:context], to_uint8(predicted)])
                advance(done)

    rows = write_submission(out, sequences())
    store_json = {"hash": store.hash, "source": store.origin.source}
    said = {"sha256": sha256(out), "predictor": made_by, "store": store_json}
    write_json(out.with_suffix(".json"), said | {"sequences": lengths})
    print(f"{rows} rows, {len(lengths)} sequences: {', '.join(lengths)}")
    print(out)


def score(
    submission: Annotated[Path, tyro.conf.Positional],
    data: Path,
    out: Path | None = None,
    split: Split = "test",
) -> None:
    """Read a submission back and judge it: PSNR of every frame after the first.

    The predictions are rounded to 8 bits, so a score differs a little from `framecast eval`'s.

    Args:
        submission: the CSV.
        data: the store that holds the true sequences.
        out: a JSON file for every value.
        split: which sequences the CSV holds, in the store's order.
    """
    if out is not None:
        can_be_written(out)
    store = open_store(data)
    lengths = _lengths(store, split)
    protocol = _protocol(store, lengths, split)
    if not submission.is_file():
        raise InputError(f"{submission} is not a file: give the CSV that `framecast submit` wrote")
    frames = read_submission(submission, store.frame_shape, sum(lengths.values()))
    values = []
    for clip_id, length in lengths.items():
        predicted = np.stack([next(frames) for _ in range(length)])[protocol.context :]
        truth = store.clip(clip_id).frames[protocol.context :]
        psnr = protocol.score(*(to_unit(torch.from_numpy(part)) for part in (predicted, truth)))
        values.append(psnr.numpy())
        print(f"{clip_id:24} {psnr.mean():6.2f} dB")
    for _ in frames:  # a row too many is an error, not a remainder
        pass
    scores = Scores(np.stack(values)[:, None], tuple(lengths))
    print(f"{'mean':24} {scores.mean():6.2f} dB")
    if out is not None:
        made_by = {"submission_sha256": sha256(submission), "arithmetic": "8-bit frames"}
        write_json(out, result_json({"model": scores}, store, protocol, made_by))
        print(out)


def _protocol(store: Store, lengths: dict[str, int], split: Split) -> Protocol:
    """course-b, or, for sequences of another length, the like of it under another name."""
    for entry in map(store.entry, lengths):
        if entry.true_frames < entry.length:
            raise InputError(
                f"{store.path}: clip {entry.clip_id} has no true frames to compare with"
            )
    frames = set(lengths.values())
    if len(frames) > 1:
        raise InputError(
            f"{store.path}: the sequences of split {split!r} have {min(frames)} to {max(frames)} "
            f"frames; expected one length, so that one protocol judges them all"
        )
    (horizon,) = (length - COURSE_B.context for length in frames)
    if (horizon, split) == (COURSE_B.horizon, COURSE_B.split):
        return COURSE_B
    name = f"{COURSE_B.name}-{horizon}-{split}"
    return dataclasses.replace(COURSE_B, name=name, horizon=horizon, split=split)


def _lengths(store: Store, split: Split) -> dict[str, int]:
    """Frames of each sequence of a split, in the store's order."""
    lengths = {store.clips[i].clip_id: store.clips[i].length for i in store.split(split)}
    if not lengths:
        counts = ", ".join(f"{name} ({n})" for name, n in store.split_counts().items())
        raise InputError(f"{store.path} has no clips in split {split!r}; it has {counts}")
    return lengths
