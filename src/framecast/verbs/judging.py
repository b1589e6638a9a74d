"""Verbs that judge and show: eval, predict."""

from __future__ import annotations

import dataclasses
import json
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
import tyro
from numpy.typing import NDArray
from torch import Tensor

from framecast.clip import Batch
from framecast.errors import InputError, NonFiniteError
from framecast.evaluate import COURSE_A, Protocol, Scores, judge, named, predict
from framecast.evaluate.frames import psnr_finn
from framecast.models.baselines import BASELINES
from framecast.pixels import to_uint8
from framecast.predictor import Predictor
from framecast.publish import can_be_written, must_be_new, new_file, new_folder
from framecast.recipes.run import Run, environment, open_run
from framecast.store import Store, open_store
from framecast.store.loader import to_batch
from framecast.train import read_log
from framecast.verbs.progress import Advance, bar
from framecast.verbs.training import Device, device_named
from framecast.view import plots, videos

Checkpoint = Literal["best", "last"]


def eval_run(
    run: Annotated[Path, tyro.conf.Positional],
    data: Path,
    out: Path | None = None,
    protocol: str = COURSE_A.name,
    checkpoint: Checkpoint = "best",
    device: Device = "auto",
) -> None:
    """Judge a run on a store's held-out clips, beside the baselines.

    Args:
        run: the run folder, or the name of a baseline (copy-last-frame, mean-frame).
        data: the store.
        out: a JSON file for every value; the machine is written beside it (.machine.json).
        protocol: what is measured, and how.
        checkpoint: which of the run's checkpoints.
        device: where to predict.
    """
    chosen = named(protocol)
    if out is not None:
        can_be_written(out)
    store = open_store(data)
    opened = None if _is_baseline(run) else open_run(run, checkpoint, device_named(device))
    if opened:
        fits(opened, store)
    scores = judged(opened.predictor if opened else BASELINES[run.name](), store, chosen)
    result = result_json(scores, store, chosen, opened, baseline=None if opened else run.name)
    for name, value in result["psnr"].items():
        print(f"{name:24} {value:6.2f} dB" if value is not None else f"{name:24}      –")
    print(f"PSNR over {len(scores['model'].clip_ids)} clips, protocol {chosen.name} "
          f"{chosen.hash[:12]}")  # fmt: skip
    if out is not None:
        write_json(out, result)
        write_json(out.with_suffix(".machine.json"), environment())
        print(out)


def fits(run: Run, store: Store) -> None:
    """Raises InputError unless the store's clips have the shapes that the run was made for."""
    made_for = (run.data.frame_shape, run.data.control_shape)
    found = (tuple(store.frame_shape), tuple(store.control_shape))
    if found != made_for:
        raise InputError(
            f"{store.path} has frames {found[0]} and control {found[1]}; this run was made for "
            f"frames {made_for[0]} and control {made_for[1]}: give a store of that kind"
        )


def judged(predictor: Predictor, store: Store, protocol: Protocol) -> dict[str, Scores]:
    """The predictor, the baselines, and the predictor under other clips' controls."""
    doors: dict[str, tuple[Predictor, bool]] = {"model": (predictor, False)}
    doors |= {name.replace("-", "_"): (make(), False) for name, make in BASELINES.items()}
    if len(store.split(protocol.split)) > 1:
        doors["model_shuffled_control"] = (predictor, True)
    clips = len(store.split(protocol.split))
    scores: dict[str, Scores] = {}
    with bar("judging", clips * len(doors), "clips") as advance:
        for name, (door, shuffled) in doors.items():
            before = clips * len(scores)
            tell = partial(_advance_from, advance, before)
            scores[name] = judge(door, store, protocol, shuffled, progress=tell)
            if not np.isfinite(scores[name].psnr).all():
                raise NonFiniteError(f"{name} predicts frames that are not numbers: train it again")
    return scores


def _advance_from(advance: Advance, before: int, clips: int) -> None:
    advance(before + clips)


def result_json(
    scores: dict[str, Scores],
    store: Store,
    protocol: Protocol,
    run: Run | None,
    baseline: str | None = None,
) -> dict[str, Any]:
    """Every (clip, sample, frame) value and all that they rest on; the same run, the same bytes."""
    versions = environment()
    # Null where a single clip has nobody to swap controls with.
    psnr: dict[str, float | None] = {name: round(s.mean(), 6) for name, s in scores.items()}
    psnr.setdefault("model_shuffled_control", None)
    return {
        "psnr": psnr,
        "unit": "dB",
        "protocol": dataclasses.asdict(protocol) | {"hash": protocol.hash},
        "store": {"hash": store.hash, "source": store.origin.source},
        "predictor": {
            "recipe": run.config.recipe if run else baseline,
            "seed": run.config.train.seed if run else None,
            "step": run.step if run else None,
            "hash": run.model_hash if run else None,
            "trained_on": run.store_hash if run else None,
        },
        "versions": {k: versions[k] for k in ("framecast", "torch", "numpy")},
        "clips": list(scores["model"].clip_ids),
        "first_frame": protocol.context,
        "psnr_per_clip_sample_frame": {k: np.round(s.psnr, 6).tolist() for k, s in scores.items()},
    }


def predict_clip(
    run: Annotated[Path, tyro.conf.Positional],
    data: Path,
    clip: str,
    out: Path,
    horizon: int = COURSE_A.horizon,
    checkpoint: Checkpoint = "best",
    device: Device = "auto",
) -> None:
    """Predict one clip from its first two frames and its controls, and show it beside the truth.

    Args:
        run: the run folder.
        data: the store.
        clip: the clip's id, as `framecast inspect` shows it.
        out: the folder to make: prediction.gif and .webp, strip.png, psnr.png, curves.png,
            prediction.json.
        horizon: how many frames to predict.
        checkpoint: which of the run's checkpoints.
        device: where to predict.
    """
    opened = open_run(run, checkpoint, device_named(device))
    protocol = dataclasses.replace(COURSE_A, context=opened.config.model.context, horizon=horizon)
    store = open_store(data)
    fits(opened, store)
    batch = one_clip(store, clip, protocol)
    must_be_new(out)
    truth = to_uint8(batch.frames[0])
    predictors = {"model": opened.predictor} | {n: make() for n, make in BASELINES.items()}
    predicted = {name: predict(p, batch, protocol)[0].cpu() for name, p in predictors.items()}
    future = batch.frames[:, protocol.context :]
    psnr = {name: psnr_finn(frames, future).numpy() for name, frames in predicted.items()}
    shown = shown_prediction(batch, predicted["model"])
    with new_folder(out) as aside:
        animation = videos.side_by_side(truth, shown, protocol.context)
        videos.write_gif(aside / "prediction.gif", animation)
        videos.write_webp(aside / "prediction.webp", animation)
        videos.strip(aside / "strip.png", truth, shown, protocol.context)
        plots.psnr_per_frame(aside / "psnr.png", psnr, protocol.context)
        plots.curves(aside / "curves.png", read_log(run), title=opened.config.recipe)
        means = {name: round(float(values.mean()), 6) for name, values in psnr.items()}
        result = {"clip": clip, "horizon": horizon, "psnr": means, "unit": "dB"}
        write_json(aside / "prediction.json", result)
    for name, value in means.items():
        print(f"{name:24} {value:6.2f} dB")
    print(out)


def one_clip(store: Store, clip_id: str, protocol: Protocol) -> Batch:
    """The first context + horizon frames of one clip, as a batch of one."""
    clip = store.clip(clip_id)
    frames = protocol.context + protocol.horizon
    if len(clip.frames) < frames or protocol.horizon < 1:
        raise InputError(
            f"clip {clip_id} has {len(clip.frames)} frames: with {protocol.context} of context, "
            f"--horizon can be 1 to {len(clip.frames) - protocol.context}, not {protocol.horizon}"
        )
    return to_batch(clip.frames[None, :frames], clip.control[None, :frames], (clip_id,))


def shown_prediction(clip: Batch, predicted: Tensor) -> NDArray[np.uint8]:
    """True context then the predicted frames [1, F, C, H, W], as uint8 [T, H, W, 3]."""
    context = clip.frames.shape[1] - predicted.shape[1]
    return to_uint8(torch.cat([clip.frames[0, :context], predicted[0]]))


def write_json(path: Path, data: Any) -> None:
    """Publish `data` as JSON."""
    with new_file(path) as aside:
        aside.write_text(json.dumps(data, indent=1, allow_nan=False) + "\n")


def _is_baseline(run: Path) -> bool:
    return str(run) in BASELINES and not run.exists()
