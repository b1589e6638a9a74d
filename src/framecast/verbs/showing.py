"""The verb that shows one prediction, and the pictures that demo and plot draw too."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import tyro
from numpy.typing import NDArray
from torch import Tensor

from framecast.clip import Batch
from framecast.errors import InputError
from framecast.evaluate import Protocol, Scores, predict, usual
from framecast.pixels import to_uint8
from framecast.publish import must_be_new, new_folder
from framecast.recipes.run import open_run
from framecast.store import Store, open_store
from framecast.store.loader import to_batch
from framecast.train import read_log
from framecast.verbs.judging import Checkpoint, baselines, fits, wired, write_json
from framecast.verbs.training import Device, device_named
from framecast.view import plots, videos

PANELS = 6
"""a store of up to so many long sequences has its PSNR drawn by sequence"""
LONG = 60
"""frames: a longer clip is shown as fast as life, at 30 a second"""


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
    standard = usual(store.origin.control)
    protocol = dataclasses.replace(
        standard,
        context=opened.config.model.context,
        horizon=standard.horizon if horizon is None else horizon,
    )
    batch = one_clip(store, clip, protocol)
    must_be_new(out)
    predictor, made_by = wired(opened, latent, fast)
    predictors = {"model": predictor} | {n: make() for n, make in baselines(protocol).items()}
    known = store.entry(clip).true_frames >= protocol.context + protocol.horizon
    predicted = {
        name: predict(p, batch, protocol)[0].cpu()
        for name, p in predictors.items()
        if known or name == "model"
    }
    future = batch.frames[:, protocol.context :]
    means: dict[str, float] | None = None
    with new_folder(out) as aside:
        shown = shown_prediction(batch, predicted["model"])
        draw_prediction(aside, "prediction", batch, shown, protocol.context, "strip", known=known)
        plots.curves(aside / "curves.png", read_log(run), title=opened.config.recipe)
        if known:
            psnr = {n: protocol.score(f, future).numpy() for n, f in predicted.items()}
            plots.psnr_per_frame(aside / "psnr.png", psnr, protocol.context)
            means = {name: round(float(values.mean()), 6) for name, values in psnr.items()}
        result = {"clip": clip, "horizon": protocol.horizon, "psnr": means, "unit": "dB"}
        write_json(aside / "prediction.json", result | {"predictor": made_by})
    for name, value in (means or {}).items():
        print(f"{name:24} {value:6.2f} dB")
    if means is None:
        print(f"no PSNR: the true frames of {clip} were never given")
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
    known: bool = True,
) -> None:
    """Truth beside `shown` (and a picture control beside both): NAME.gif, NAME.webp, a strip.

    The animation has every frame, or about `most`, evenly spread; the strip what fits in two
    lines. Where the true frames are not `known` they are left out.
    """
    truth = to_uint8(clip.frames[0]) if known else None
    extra = {"pose": to_uint8(clip.control[0])} if clip.control.ndim == 5 else {}
    every = 1 if most is None else math.ceil(len(shown) / most)
    animation = videos.side_by_side(truth, shown, context, every=every, extra=extra)
    pace = 0.2 if len(shown) <= LONG else every / 30
    videos.write_gif(folder / f"{name}.gif", animation, pace)
    videos.write_webp(folder / f"{name}.webp", animation, pace)
    if strip:
        columns = max(1, math.ceil(len(shown) / (2 * videos.COLUMNS)))
        videos.strip(folder / f"{strip}.png", truth, shown, context, columns, extra)


def draw_psnr(path: Path, scores: Mapping[str, Scores], first_frame: int) -> None:
    """PSNR against frame number: means over clips, or a panel a clip where these are few."""
    curves = {name: s.psnr.mean(1) for name, s in scores.items()}
    ids = next(iter(scores.values())).clip_ids
    if 1 < len(ids) <= PANELS:
        plots.psnr_by_clip(path, curves, ids, first_frame)
    else:
        plots.psnr_per_frame(path, curves, first_frame)
