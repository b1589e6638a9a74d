"""Verbs on the course's submissions: submit writes one, score reads one back and judges it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import tyro
from numpy.typing import NDArray

from framecast.clip import Split
from framecast.errors import InputError
from framecast.evaluate import COURSE_B, predict
from framecast.evaluate.submission import read_submission, write_submission
from framecast.pixels import to_uint8, to_unit
from framecast.publish import can_be_written, sha256
from framecast.recipes.run import open_run
from framecast.store import Store, open_store
from framecast.store.loader import to_batch
from framecast.verbs.judging import Checkpoint, fits, wired, write_json
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
    predictor = wired(opened.predictor, latent, fast)
    lengths = _lengths(store, split)

    def sequences() -> Iterator[NDArray[np.uint8]]:
        context = opened.config.model.context
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
    if not submission.is_file():
        raise InputError(f"{submission} is not a file: give the CSV that `framecast submit` wrote")
    frames = read_submission(submission, store.frame_shape, sum(lengths.values()))
    result: dict[str, Any] = {}
    for clip_id, length in lengths.items():
        entry = store.clip(clip_id)
        if entry.facts.get("true_frames", length) < length:
            raise InputError(f"{data}: clip {clip_id} has no true frames to compare with")
        predicted = np.stack([next(frames) for _ in range(length)])
        psnr = COURSE_B.score(
            *(to_unit(torch.from_numpy(part[1:])) for part in (predicted, entry.frames))
        )
        result[clip_id] = psnr.numpy()
    for _ in frames:  # a row too many is an error, not a remainder
        pass
    means = {clip_id: round(float(psnr.mean()), 6) for clip_id, psnr in result.items()}
    for clip_id, mean in means.items():
        print(f"{clip_id:24} {mean:6.2f} dB")
    print(f"{'mean':24} {np.mean(list(means.values())):6.2f} dB")
    if out is not None:
        data_json = {
            "psnr": means,
            "unit": "dB",
            "metric": COURSE_B.metric,
            "submission_sha256": sha256(submission),
            "store": store.hash,
            "psnr_per_clip_frame": {k: np.round(v, 6).tolist() for k, v in result.items()},
        }
        write_json(out, data_json)
        print(out)


def _lengths(store: Store, split: Split) -> dict[str, int]:
    """Frames of each sequence of a split, in the store's order."""
    lengths = {store.clips[i].clip_id: store.clips[i].length for i in store.split(split)}
    if not lengths:
        counts = ", ".join(f"{name} ({n})" for name, n in store.split_counts().items())
        raise InputError(f"{store.path} has no clips in split {split!r}; it has {counts}")
    return lengths
