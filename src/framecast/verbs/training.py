"""The verb that trains: a recipe, a store, a run folder."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import torch
import tyro

from framecast.clip import Batch
from framecast.errors import InputError
from framecast.evaluate import judge, usual
from framecast.models import ModelConfig, build
from framecast.predictor import Predictor
from framecast.publish import locked
from framecast.recipes.config import RunConfig, check, differences
from framecast.recipes.run import (
    create_run,
    data_spec,
    read_config,
    read_store_hash,
    record_session,
)
from framecast.store import Loader, Store, open_store
from framecast.train import TrainConfig, train
from framecast.train.augment import augmented
from framecast.verbs.progress import bar

Device = Literal["auto", "cpu", "cuda"]


@dataclasses.dataclass(frozen=True)
class TrainCommand:
    """Train a recipe on a store. Every setting of the recipe can be overridden by its flag."""

    data: Path
    """the store to train on"""
    out: Path
    """the run folder to make, or to go on with (--resume)"""
    model: Annotated[ModelConfig, tyro.conf.AvoidSubcommands]
    train: TrainConfig
    steps: int | None = None
    """stop after this many steps of the recipe's plan (default: the whole plan). The schedules
    do not shrink with it; --train.steps-per-epoch makes the whole plan shorter"""
    save_every: int | None = None
    """steps between two checkpoints (default: the recipe's, in epochs)"""
    resume: bool = False
    """go on from the run's last checkpoint, with the same settings and the same store"""
    device: Device = "auto"
    threads: int | None = None
    """CPU threads (default: all cores)"""


def train_run(recipe: str, command: TrainCommand) -> None:
    """Train `command.out` up to `command.steps`, new or resumed."""
    device = device_named(command.device)
    config = RunConfig(recipe, command.model, command.train)
    if command.resume and command.out.exists() and config.train.precision == "auto":
        # The run was made with one or the other, perhaps on another machine.
        settled = read_config(command.out).train.precision
        settled_train = dataclasses.replace(config.train, precision=settled)
        config = dataclasses.replace(config, train=settled_train)
    config = dataclasses.replace(config, train=config.train.resolved(device.type))
    check(config)
    steps = config.train.steps if command.steps is None else command.steps
    every = config.train.save_every * config.train.steps_per_epoch
    every = every if command.save_every is None else command.save_every
    threads = torch.get_num_threads() if command.threads is None else command.threads
    if min(steps, every, threads) < 1:
        raise InputError(
            f"--steps {steps} --save-every {every} --threads {threads}: expected at least 1 of each"
        )
    torch.set_num_threads(threads)
    store = open_store(command.data)
    batches = training_batches(store, config, device)
    validate = validation(store, config)
    predictor = build(config.model, data_spec(store, config), config.train.seed)
    prepare(command.out, config, store, command.resume)
    if validate is None:
        print("no validation: the last checkpoint counts as the best")
    with locked(command.out / ".lock"), bar(f"training {recipe}", steps, "steps") as advance:
        record_session(command.out, str(device))
        train(
            predictor.to(device),
            config.train,
            batches,
            command.out,
            steps=steps,
            save_every=every,
            validate=validate,
            tell=lambda message: print(f"warning: {message}"),
            progress=lambda step, record: advance(
                step, f"loss {record['loss']:.4f}" if record else ""
            ),
        )
    facts = json.loads((command.out / "checkpoints/last/state.json").read_text())
    if facts["best_validation_psnr"] is not None:
        print(f"best validation PSNR {facts['best_validation_psnr']:.2f} dB")
    print(command.out)


def prepare(out: Path, config: RunConfig, store: Store, resume: bool) -> None:
    """A new run folder, or the check that an old one is the same run.

    Raises InputError for an existing folder without `resume`, and for one that was made with
    other settings or from another store.
    """
    if not out.exists():
        create_run(out, config, store)
        return
    if not resume:
        raise InputError(f"{out} exists already: add --resume to go on with it, or name another")
    if changed := differences(read_config(out), config):
        raise InputError(
            f"{out} was trained with other settings (its own / the new): {'; '.join(changed)}: "
            f"give the same ones to resume, or name another --out"
        )
    if read_store_hash(out) != store.hash:
        raise InputError(f"{out} was trained on another store than {store.path}: give that one")


def training_batches(
    store: Store, config: RunConfig, device: torch.device | str = "cpu"
) -> Callable[[int], Batch]:
    """A run's training batches, varied as it asks: a pure function of the step."""
    t, context = config.train, config.model.context
    for entry in (store.clips[i] for i in store.split(t.split)):
        if entry.true_frames < entry.length:
            raise InputError(
                f"{store.path}: clip {entry.clip_id} has {entry.true_frames} true frames of "
                f"{entry.length}: the others were never given, so split {t.split!r} cannot be "
                f"trained on"
            )
    far = context if t.far_context else 0
    frames = context + t.horizon
    loader = Loader(store, t.split, frames, t.batch, t.seed, t.window, t.shuffle, far)
    batch_at = partial(loader.batch, device=device)
    return augmented(batch_at, t.augment, store, t.split, t.seed)


def validation(store: Store, config: RunConfig) -> Callable[[Predictor], float] | None:
    """PSNR on the validation split, by the usual protocol but for the horizon; None without."""
    if not store.split("validate") or not config.train.validate_every:
        return None
    context = config.model.context
    shortest = min(store.clips[i].length for i in store.split("validate"))
    horizon = min(config.train.validate_horizon, shortest - context)
    if horizon < 1:
        raise InputError(
            f"{store.path} has a validation clip of {shortest} frames: nothing is left to predict "
            f"after {context} of context; convert longer clips, or --train.validate-every 0"
        )
    protocol = dataclasses.replace(usual(store.origin.control), context=context, horizon=horizon)

    def psnr(predictor: Predictor) -> float:
        limit = config.train.validate_clips
        return judge(predictor, store, protocol, split="validate", limit=limit).mean()

    return psnr


def device_named(name: Device) -> torch.device:
    """The device asked for; `auto` takes a GPU if there is one."""
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: this machine (or this torch build) has no CUDA device")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)
