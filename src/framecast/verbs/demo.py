"""The whole path on simulated pushing, from nothing to a report, on a laptop's CPU."""

from __future__ import annotations

import dataclasses
import shlex
import time
from pathlib import Path
from typing import Any

import numpy as np

from framecast.errors import InputError
from framecast.evaluate import COURSE_A, Scores, predict
from framecast.pixels import to_uint8
from framecast.recipes import recipe
from framecast.recipes.config import RunConfig, to_json
from framecast.recipes.run import Run, environment, open_run
from framecast.store import Store, open_store
from framecast.train import read_log
from framecast.verbs.data import simulate_push
from framecast.verbs.judging import judged, one_clip, result_json, shown_prediction, write_json
from framecast.verbs.training import TrainCommand, train_run
from framecast.view import plots, report, videos

TITLES = {
    "model": "model",
    "model_shuffled_control": "model, shuffled controls",
    "copy_last_frame": "copy last frame",
    "mean_frame": "mean frame",
}
"""Result names as a reader sees them, in the report's order."""


def demo(
    out: Path = Path("demo"),
    seed: int = 0,
    clips: int = 500,
    workers: int = 2,
    steps: int | None = None,
) -> None:
    """Simulate pushing clips, train a narrow family-A model, judge it, and write a report.

    Everything lands in OUT: store/, run/, pictures/, report.html, report.json, machine.json. A
    second call goes on from what the first one made.

    Args:
        out: the folder.
        seed: of the simulation and of the training.
        clips: how many clips to simulate; one in ten is held out for the report.
        workers: processes to simulate with.
        steps: stop training after this many, to see the path quickly (default: the recipe's).
    """
    started = time.monotonic()
    config = recipe("a-demo")
    config = dataclasses.replace(config, train=dataclasses.replace(config.train, seed=seed))
    if clips < 20:
        raise InputError(f"--clips {clips}: the demo needs at least 20, one in ten is held out")
    if not (out / "store").exists():
        simulate_push(out / "store", clips, seed, workers)
    store = open_store(out / "store")
    _same_demo(out, store, seed, clips)
    _train(config, out, steps)
    run = open_run(out / "run")
    scores = judged(run.predictor, store, COURSE_A)
    result = result_json(scores, store, COURSE_A, run)
    result |= _verdict(scores)
    _report(out, store, run, scores, result, _commands(out, seed, clips, workers, steps))
    write_json(out / "report.json", result)
    seconds = {"seconds": round(time.monotonic() - started, 1)}
    write_json(out / "machine.json", environment() | seconds)
    print(_lead(result))
    print(out / "report.html")
    print(out / "report.json")


def _same_demo(out: Path, store: Store, seed: int, clips: int) -> None:
    made = (store.origin.settings.get("seed"), len(store.clips))
    if made != (seed, clips):
        raise InputError(
            f"{out / 'store'} was made with --seed {made[0]} --clips {made[1]}, not --seed {seed} "
            f"--clips {clips}: give those, name another --out, or delete {out}"
        )


def _train(config: RunConfig, out: Path, steps: int | None) -> None:
    run = out / "run"
    command = TrainCommand(
        out / "store", run, config.model, config.train, steps=steps, resume=run.exists()
    )
    train_run(config.recipe, command)


def _verdict(scores: dict[str, Scores]) -> dict[str, Any]:
    """The two differences that the demo is about, over the same clips, in dB."""
    model = scores["model"].per_clip()
    verdict = {}
    for name, other in (
        ("gain_over_copy_last_frame", model - scores["copy_last_frame"].per_clip()),
        ("drop_with_shuffled_control", model - scores["model_shuffled_control"].per_clip()),
    ):
        low, high = report.bootstrap_interval(other)
        verdict[name] = {
            "db": round(float(other.mean()), 6), "interval_95": [round(low, 6), round(high, 6)]
        }  # fmt: skip
    return verdict


def _lead(result: dict[str, Any]) -> str:
    gain = result["gain_over_copy_last_frame"]["db"]
    drop = result["drop_with_shuffled_control"]["db"]
    beats = f"beats copying the last frame by {gain:.1f} dB" if gain > 0 else (
        f"is {-gain:.1f} dB worse than copying the last frame"
    )  # fmt: skip
    return (
        f"Over {COURSE_A.horizon} predicted frames of {len(result['clips'])} held-out clips, the "
        f"model {beats}; with the controls of other clips it loses {drop:.1f} dB."
    )


def _report(
    out: Path,
    store: Store,
    run: Run,
    scores: dict[str, Scores],
    result: dict[str, Any],
    commands: list[str],
) -> None:
    """report.html, and its pictures in pictures/ for use elsewhere."""
    records = read_log(out / "run")
    order = np.argsort(scores["model"].per_clip())
    ids = scores["model"].clip_ids
    chosen = {
        "best clip": ids[order[-1]],
        "median clip": ids[order[len(order) // 2]],
        "lower-quartile clip": ids[order[len(order) // 4]],
        "worst clip": ids[order[0]],
    }
    named = {TITLES[name]: scores[name] for name in TITLES}
    folder = out / "pictures"
    _draw(folder, store, run, chosen, named, records)
    pictures = [
        (
            f"{title}, {_decibels(scores['model'], clip_id)}",
            folder / f"{title.split()[0]}.webp",
            f"truth beside prediction of clip {clip_id}",
        )
        for title, clip_id in chosen.items()
    ]
    pictures += [
        ("Every time step of the median clip", folder / "strip.png", "truth above prediction"),
        ("PSNR of each predicted frame", folder / "psnr.png", "PSNR against frame number"),
        ("Training", folder / "curves.png", "loss, KL, schedules and validation PSNR"),
    ]
    parameters = sum(p.numel() for p in run.predictor.parameters())
    content = report.Content(
        title="framecast demo: pushing",
        lead=_lead(result),
        rows=[report.row(title, s.per_clip()) for title, s in named.items()],
        protocol=(COURSE_A.name, COURSE_A.hash),
        pictures=pictures,
        notes=[r["message"] for r in records if "event" in r],
        settings=to_json(run.config),
        facts={
            "clips": ", ".join(f"{n} {name}" for name, n in store.split_counts().items()),
            "store": store.hash,
            "checkpoint": f"step {run.step}, best on the validation split",
            "weights": run.model_hash,
            "parameters": f"{parameters:,}",
        },
        commands=commands,
    )
    report.write_report(out / "report.html", content)


def _draw(
    folder: Path,
    store: Store,
    run: Run,
    chosen: dict[str, str],
    named: dict[str, Scores],
    records: list[dict[str, Any]],
) -> None:
    context = COURSE_A.context
    for title, clip_id in chosen.items():
        batch = one_clip(store, clip_id, COURSE_A)
        truth = to_uint8(batch.frames[0])
        shown = shown_prediction(batch, predict(run.predictor, batch, COURSE_A)[0].cpu())
        animation = videos.side_by_side(truth, shown, context)
        videos.write_webp(folder / f"{title.split()[0]}.webp", animation)
        videos.write_gif(folder / f"{title.split()[0]}.gif", animation)
        if title == "median clip":
            videos.strip(folder / "strip.png", truth, shown, context)
    curves = {title: s.psnr.mean(1) for title, s in named.items()}
    plots.psnr_per_frame(folder / "psnr.png", curves, context)
    plots.curves(folder / "curves.png", records, title=run.config.recipe)


def _decibels(scores: Scores, clip_id: str) -> str:
    return f"{scores.per_clip()[scores.clip_ids.index(clip_id)]:.1f} dB"


def _commands(out: Path, seed: int, clips: int, workers: int, steps: int | None) -> list[str]:
    """What the demo did, in verbs."""
    store, run = out / "store", out / "run"
    simulate = f"simulate push --clips {clips} --seed {seed} --workers {workers} --out"
    train = f"train a-demo --train.seed {seed}" + (f" --steps {steps}" if steps else "")
    lines = (
        [*simulate.split(), store],
        [*train.split(), "--data", store, "--out", run],
        ["eval", run, "--data", store, "--protocol", COURSE_A.name, "--out", "result.json"],
    )
    return [shlex.join(["framecast", *map(str, line)]) for line in lines]
