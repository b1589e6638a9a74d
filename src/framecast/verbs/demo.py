"""The whole path on a simulated world, from nothing to a report, on a laptop's CPU."""

from __future__ import annotations

import dataclasses
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from framecast.errors import InputError
from framecast.evaluate import COURSE_A, COURSE_B, Protocol, Scores, predict
from framecast.recipes import recipe
from framecast.recipes.config import RunConfig, to_json
from framecast.recipes.run import Run, environment, open_run
from framecast.store import Store, open_store
from framecast.train import read_log
from framecast.verbs.data import simulate_dancer, simulate_push
from framecast.verbs.judging import judged, result_json, wired, write_json
from framecast.verbs.showing import draw_prediction, draw_psnr, one_clip, shown_prediction
from framecast.verbs.training import TrainCommand, train_run
from framecast.view import plots, report

TITLES = {
    "model": "model",
    "model_shuffled_control": "model, shuffled controls",
    "copy_last_frame": "copy last frame",
    "mean_frame": "mean frame",
    "mean_true_frame": "mean true frame (oracle)",
    "previous_true_frame": "previous true frame (oracle)",
}
"""Result names as a reader sees them, in the report's order."""


@dataclasses.dataclass(frozen=True)
class World:
    """What a family's demo is made of. `simulate` takes (store, clips, seed, workers)."""

    recipe: str
    protocol: Protocol
    title: str
    clips: int
    simulate: Callable[[Path, int, int, int], None]
    command: str


WORLDS = {
    "action": World("a-demo", COURSE_A, "pushing", 500, simulate_push, "simulate push"),
    "pose": World(
        "b-demo",
        COURSE_B,
        "a dancer",
        30,
        # One person in one room, as a recording of somebody would be.
        lambda out, clips, seed, workers: simulate_dancer(
            out, clips, seed=seed, workers=workers, looks=1
        ),
        "simulate dancer --looks 1",
    ),
}


def demo(
    out: Path = Path("demo"),
    family: Literal["action", "pose"] = "action",
    seed: int = 0,
    clips: int | None = None,
    workers: int = 2,
    steps: int | None = None,
) -> None:
    """Simulate clips, train a small model on them, judge it, and write a report.

    Everything lands in OUT: store/, run/, pictures/, report.html, report.json, machine.json. A
    second call goes on from what the first one made.

    Args:
        out: the folder.
        family: a robot arm that pushes things by its actions, or a dancer who follows poses.
        seed: of the simulation and of the training.
        clips: how many clips to simulate; one in ten is held out for the report (default: 500 of
            30 frames, or 30 of 630).
        workers: processes to simulate with.
        steps: stop training after this many, to see the path quickly (default: the recipe's).
    """
    started = time.monotonic()
    world = WORLDS[family]
    count = world.clips if clips is None else clips
    config = recipe(world.recipe)
    config = dataclasses.replace(config, train=dataclasses.replace(config.train, seed=seed))
    if count < 20:
        raise InputError(f"--clips {count}: the demo needs at least 20, one in ten is held out")
    if not (out / "store").exists():
        world.simulate(out / "store", count, seed, workers)
    store = open_store(out / "store")
    _same_demo(out, store, world, seed, count)
    _train(config, out, steps)
    run = open_run(out / "run")
    predictor, made_by = wired(run)
    scores = judged(predictor, store, world.protocol)
    result = result_json(scores, store, world.protocol, made_by)
    result |= _verdict(scores)
    _report(
        out, world, store, run, scores, result, _commands(out, world, seed, count, workers, steps)
    )
    write_json(out / "report.json", result)
    seconds = {"seconds": round(time.monotonic() - started, 1)}
    write_json(out / "machine.json", environment() | seconds)
    print(_lead(world, result))
    print(out / "report.html")
    print(out / "report.json")


def _same_demo(out: Path, store: Store, world: World, seed: int, clips: int) -> None:
    source = world.command.split()[1]
    if store.origin.source != source:
        raise InputError(
            f"{out / 'store'} holds clips of {store.origin.source}, not of {source}: name another "
            f"--out for this family, or delete {out}"
        )
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


def _lead(world: World, result: dict[str, Any]) -> str:
    gain = result["gain_over_copy_last_frame"]["db"]
    drop = result["drop_with_shuffled_control"]["db"]
    beats = f"beats copying the last frame by {gain:.1f} dB" if gain > 0 else (
        f"is {-gain:.1f} dB worse than copying the last frame"
    )  # fmt: skip
    return (
        f"Over {world.protocol.horizon} predicted frames of {len(result['clips'])} held-out "
        f"clips, the model {beats}; with the controls of other clips it loses {drop:.1f} dB."
    )


def _report(
    out: Path,
    world: World,
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
    if len(ids) < len(chosen):  # of few sequences each is shown once, by its name
        chosen = {f"sequence {i}": clip_id for i, clip_id in enumerate(ids)}
    named = {title: scores[name] for name, title in TITLES.items() if name in scores}
    folder = out / "pictures"
    stripped = list(chosen)[min(1, len(chosen) - 1)]
    for title, clip_id in chosen.items():
        batch = one_clip(store, clip_id, world.protocol)
        predicted = predict(run.predictor, batch, world.protocol)[0].cpu()
        shown = shown_prediction(batch, predicted)
        strip = "strip" if title == stripped else None
        draw_prediction(folder, _file(title), batch, shown, world.protocol.context, strip, most=210)
    draw_psnr(folder / "psnr.png", named, world.protocol.context)
    plots.curves(folder / "curves.png", records, title=run.config.recipe)
    pictures = [
        (
            f"{title}, {_decibels(scores['model'], clip_id)}",
            folder / f"{_file(title)}.webp",
            f"truth beside prediction of clip {clip_id}",
        )
        for title, clip_id in chosen.items()
    ]
    pictures += [
        (f"Time steps, {stripped}", folder / "strip.png", "truth above prediction"),
        ("PSNR of each predicted frame", folder / "psnr.png", "PSNR against frame number"),
        ("Training", folder / "curves.png", "loss, KL, schedules and validation PSNR"),
    ]
    parameters = sum(p.numel() for p in run.predictor.parameters())
    content = report.Content(
        title=f"framecast demo: {world.title}",
        lead=_lead(world, result),
        rows=[report.row(title, s.per_clip()) for title, s in named.items()],
        protocol=(world.protocol.name, world.protocol.hash),
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


def _file(title: str) -> str:
    return title.removesuffix(" clip").replace(" ", "-")


def _decibels(scores: Scores, clip_id: str) -> str:
    return f"{scores.per_clip()[scores.clip_ids.index(clip_id)]:.1f} dB"


def _commands(
    out: Path, world: World, seed: int, clips: int, workers: int, steps: int | None
) -> list[str]:
    """What the demo did, in verbs."""
    store, run = out / "store", out / "run"
    simulate = f"{world.command} --clips {clips} --seed {seed} --workers {workers} --out"
    train = f"train {world.recipe} --train.seed {seed}" + (f" --steps {steps}" if steps else "")
    lines = (
        [*simulate.split(), store],
        [*train.split(), "--data", store, "--out", run],
        ["eval", run, "--data", store, "--protocol", world.protocol.name, "--out", "result.json"],
    )
    return [shlex.join(["framecast", *map(str, line)]) for line in lines]
