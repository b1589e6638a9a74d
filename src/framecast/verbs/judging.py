"""Verbs that judge and show: eval, predict."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
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
from framecast.evaluate import (
    COURSE_A,
    COURSE_B,
    ORACLES,
    Protocol,
    Scores,
    judge,
    judge_oracle,
    named,
    predict,
)
from framecast.fast import Fast
from framecast.models.baselines import BASELINES
from framecast.models.latent import with_latent
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
    protocol: str | None = None,
    checkpoint: Checkpoint = "best",
    latent: str = "sample",
    device: Device = "auto",
    fast: bool = False,
) -> None:
    """Judge a run on a store's held-out clips, beside the baselines.

    Args:
        run: the run folder, or the name of a baseline (copy-last-frame, mean-frame).
        data: the store.
        out: a JSON file for every value; the machine is written beside it (.machine.json).
        protocol: what is measured, and how (default: the one of the store's kind of control,
            course-a for numbers and course-b for pictures).
        checkpoint: which of the run's checkpoints.
        latent: sample, zero, or mean-of-N: what each step takes for z. The two last buy PSNR with
            blur, and the result names them.
        device: where to predict.
        fast: bfloat16 and compiled steps, after half a minute of compiling; the result says so.
    """
    store = open_store(data)
    chosen = named(protocol or usual_protocol(store).name)
    if out is not None:
        can_be_written(out)
    if _is_baseline(run) and (latent != "sample" or fast):
        raise InputError(f"{run} is a baseline: it has no latent and nothing to compile")
    opened = None if _is_baseline(run) else open_run(run, checkpoint, device_named(device))
    if opened:
        fits(opened, store)
    predictor = wired(opened.predictor, latent, fast) if opened else BASELINES[run.name]()
    scores = judged(predictor, store, chosen)
    baseline = None if opened else run.name
    result = result_json(scores, store, chosen, opened, baseline, latent, fast)
    for name, value in result["psnr"].items():
        print(f"{name:24} {value:6.2f} dB" if value is not None else f"{name:24}      –")
    print(f"PSNR over {len(scores['model'].clip_ids)} clips, protocol {chosen.name} "
          f"{chosen.hash[:12]}")  # fmt: skip
    if out is not None:
        write_json(out, result)
        write_json(out.with_suffix(".machine.json"), environment())
        print(out)


def wired(predictor: Predictor, latent: str, fast: bool) -> Predictor:
    """A run's predictor with the chosen use of its latent, fast if asked for."""
    device = next(predictor.parameters()).device
    return with_latent(Fast(predictor, device) if fast else predictor, latent)


def fits(run: Run, store: Store) -> None:
    """Raises InputError unless the store's clips have the shapes that the run was made for."""
    made_for = (run.data.frame_shape, run.data.control_shape)
    found = (tuple(store.frame_shape), tuple(store.control_shape))
    if found != made_for:
        raise InputError(
            f"{store.path} has frames {found[0]} and control {found[1]}; this run was made for "
            f"frames {made_for[0]} and control {made_for[1]}: give a store of that kind"
        )


def usual_protocol(store: Store) -> Protocol:
    """The reports' protocol for a store's kind of control."""
    return COURSE_B if store.origin.control.kind == "image" else COURSE_A


def judged(predictor: Predictor, store: Store, protocol: Protocol) -> dict[str, Scores]:
    """The predictor, the baselines, and the predictor under other clips' controls.

    After one frame of context its mean is that frame: then the two oracles stand in its place.
    """
    doors: dict[str, tuple[Predictor, bool]] = {"model": (predictor, False)}
    baselines = {
        n: make for n, make in BASELINES.items() if protocol.context > 1 or "mean" not in n
    }
    doors |= {name.replace("-", "_"): (make(), False) for name, make in baselines.items()}
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
    if protocol.context == 1:
        for name, oracle in ORACLES.items():
            scores[name.replace("-", "_")] = judge_oracle(oracle, store, protocol)
    return scores


def _advance_from(advance: Advance, before: int, clips: int) -> None:
    advance(before + clips)


def result_json(
    scores: dict[str, Scores],
    store: Store,
    protocol: Protocol,
    run: Run | None,
    baseline: str | None = None,
    latent: str = "sample",
    fast: bool = False,
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
            "latent": latent,
            "arithmetic": "bfloat16, compiled" if fast else "float32",
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
    horizon: int | None = None,
    checkpoint: Checkpoint = "best",
    latent: str = "sample",
    device: Device = "auto",
    fast: bool = False,
) -> None:
    """Predict one clip from its first frames and its controls, and show it beside the truth.

    Args:
        run: the run folder.
        data: the store.
        clip: the clip's id, as `framecast inspect` shows it.
        out: the folder to make: prediction.gif and .webp, strip.png, psnr.png, curves.png,
            prediction.json.
        horizon: how many frames to predict (default: the usual protocol's).
        checkpoint: which of the run's checkpoints.
        latent: sample, zero, or mean-of-N: what each step takes for z.
        device: where to predict.
        fast: bfloat16 and compiled steps, after half a minute of compiling.
    """
    opened = open_run(run, checkpoint, device_named(device))
    store = open_store(data)
    fits(opened, store)
    usual = opened.config.protocol
    protocol = dataclasses.replace(
        usual,
        context=opened.config.model.context,
        horizon=usual.horizon if horizon is None else horizon,
    )
    batch = one_clip(store, clip, protocol)
    must_be_new(out)
    predictors = {"model": wired(opened.predictor, latent, fast)} | {
        n: make() for n, make in BASELINES.items()
    }
    predicted = {name: predict(p, batch, protocol)[0].cpu() for name, p in predictors.items()}
    future = batch.frames[:, protocol.context :]
    psnr = {name: protocol.score(frames, future).numpy() for name, frames in predicted.items()}
    shown = shown_prediction(batch, predicted["model"])
    with new_folder(out) as aside:
        draw_prediction(aside, "prediction", batch, shown, protocol.context, strip="strip")
        plots.psnr_per_frame(aside / "psnr.png", psnr, protocol.context)
        plots.curves(aside / "curves.png", read_log(run), title=opened.config.recipe)
        means = {name: round(float(values.mean()), 6) for name, values in psnr.items()}
        result = {
            "clip": clip, "horizon": protocol.horizon, "latent": latent, "psnr": means, "unit": "dB"
        }  # fmt: skip
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


def draw_prediction(
    folder: Path,
    name: str,
    clip: Batch,
    shown: NDArray[np.uint8],
    context: int,
    strip: str | None = None,
    most: int | None = None,
) -> None:
    """Truth beside `shown` (and a picture control beside both): NAME.gif, NAME.webp, a strip.

    The animation has every frame, or about `most`, evenly spread; the strip what fits in two
    lines. A clip of more than 60 frames runs as fast as life, at 30 frames a second.
    """
    truth = to_uint8(clip.frames[0])
    extra = {"pose": to_uint8(clip.control[0])} if clip.control.ndim == 5 else {}
    every = 1 if most is None else math.ceil(len(truth) / most)
    animation = videos.side_by_side(truth, shown, context, every=every, extra=extra)
    pace = 0.2 if len(truth) <= 60 else every / 30
    videos.write_gif(folder / f"{name}.gif", animation, pace)
    videos.write_webp(folder / f"{name}.webp", animation, pace)
    if strip:
        columns = max(1, math.ceil(len(truth) / (2 * videos.COLUMNS)))
        videos.strip(folder / f"{strip}.png", truth, shown, context, columns, extra)


PANELS = 6
"""a store of up to so many long sequences has its PSNR drawn by sequence"""


def draw_psnr(path: Path, scores: Mapping[str, Scores], first_frame: int) -> None:
    """PSNR against frame number: means over clips, or a panel a clip where these are few."""
    curves = {name: s.psnr.mean(1) for name, s in scores.items()}
    ids = next(iter(scores.values())).clip_ids
    if 1 < len(ids) <= PANELS:
        plots.psnr_by_clip(path, curves, ids, first_frame)
    else:
        plots.psnr_per_frame(path, curves, first_frame)


def write_json(path: Path, data: Any) -> None:
    """Publish `data` as JSON."""
    with new_file(path) as aside:
        aside.write_text(json.dumps(data, indent=1, allow_nan=False) + "\n")


def _is_baseline(run: Path) -> bool:
    return str(run) in BASELINES and not run.exists()
