"""The verb that judges: eval."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tyro

from framecast.errors import InputError, NonFiniteError
from framecast.evaluate import (
    ORACLES,
    Protocol,
    Scores,
    judge,
    judge_oracle,
    named,
    usual,
)
from framecast.fast import Fast
from framecast.models.baselines import BASELINES
from framecast.models.latent import with_latent
from framecast.predictor import Predictor
from framecast.publish import can_be_written, new_file
from framecast.recipes.run import Run, environment, open_run
from framecast.store import Store, open_store
from framecast.verbs.progress import Advance, bar
from framecast.verbs.training import Device, device_named

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
    chosen = named(protocol) if protocol else usual(store.origin.control)
    if out is not None:
        can_be_written(out)
    if _is_baseline(run) and (latent != "sample" or fast):
        raise InputError(f"{run} is a baseline: it has no latent and nothing to compile")
    opened = None if _is_baseline(run) else open_run(run, checkpoint, device_named(device))
    if opened:
        fits(opened, store)
    if opened:
        predictor, made_by = wired(opened, latent, fast)
    else:
        predictor, made_by = BASELINES[run.name](), {"recipe": run.name}
    scores = judged(predictor, store, chosen)
    result = result_json(scores, store, chosen, made_by)
    for name, value in result["psnr"].items():
        print(f"{name:24} {value:6.2f} dB" if value is not None else f"{name:24}      –")
    print(f"PSNR over {len(scores['model'].clip_ids)} clips, protocol {chosen.name} "
          f"{chosen.hash[:12]}")  # fmt: skip
    if out is not None:
        write_json(out, result)
        write_json(out.with_suffix(".machine.json"), environment())
        print(out)


def wired(run: Run, latent: str = "sample", fast: bool = False) -> tuple[Predictor, dict[str, Any]]:
    """A run's predictor as it is asked for, and what a result says of it."""
    predictor, arithmetic = run.predictor, "float32"
    if fast:
        predictor = Fast(predictor, next(predictor.parameters()).device)
        arithmetic = predictor.arithmetic
    made_by = {
        "recipe": run.config.recipe,
        "seed": run.config.train.seed,
        "step": run.step,
        "hash": run.model_hash,
        "trained_on": run.store_hash,
        "latent": latent,
        "arithmetic": arithmetic,
    }
    return with_latent(predictor, latent), made_by


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
    """The predictor, the baselines, and the predictor under other clips' controls.

    After one frame of context, its mean is no baseline: the two oracles stand in its place.
    """
    doors: dict[str, tuple[Predictor, bool]] = {"model": (predictor, False)}
    doors |= {name.replace("-", "_"): (make(), False) for name, make in baselines(protocol).items()}
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


def baselines(protocol: Protocol) -> Mapping[str, Callable[[], Predictor]]:
    """Those that differ: after one frame of context its mean is that frame."""
    return {n: make for n, make in BASELINES.items() if protocol.context > 1 or "mean" not in n}


def _advance_from(advance: Advance, before: int, clips: int) -> None:
    advance(before + clips)


def result_json(
    scores: Mapping[str, Scores], store: Store, protocol: Protocol, made_by: dict[str, Any]
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
        "predictor": made_by,
        "versions": {k: versions[k] for k in ("framecast", "torch", "numpy")},
        "clips": list(scores["model"].clip_ids),
        "first_frame": protocol.context,
        "psnr_per_clip_sample_frame": {k: np.round(s.psnr, 6).tolist() for k, s in scores.items()},
    }


def write_json(path: Path, data: Any) -> None:
    """Publish `data` as JSON."""
    with new_file(path) as aside:
        aside.write_text(json.dumps(data, indent=1, allow_nan=False) + "\n")


def _is_baseline(run: Path) -> bool:
    return str(run) in BASELINES and not run.exists()
