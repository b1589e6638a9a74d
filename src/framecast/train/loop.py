"""The training loop, top to bottom."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from framecast.clip import Batch
from framecast.errors import NonFiniteError
from framecast.predictor import Draws, Knobs, Predictor
from framecast.publish import new_link
from framecast.seeds import seed_for
from framecast.train.checkpoint import (
    Checkpoint,
    drop_unnamed,
    last_checkpoint,
    load_checkpoint,
    optimizer_tensors,
    restore_optimizer,
    save_checkpoint,
)
from framecast.train.collapse import CollapseWatch
from framecast.train.config import TrainConfig
from framecast.train.log import RunLog, read_log

Validate = Callable[[Predictor], float]
"""PSNR in dB of the predictor as it stands, on the validation split."""


def train(
    predictor: Predictor,
    config: TrainConfig,
    batch_at: Callable[[int], Batch],
    run: Path,
    steps: int,
    save_every: int,
    validate: Validate | None = None,
    tell: Callable[[str], None] = print,
    progress: Callable[[int, dict[str, float]], None] = lambda step, record: None,
) -> None:
    """Train until `steps` steps are done, going on from `run`/checkpoints/last if it is there.

    `batch_at` is a pure function of the step, as every random draw here is, so a run that
    was stopped and resumed ends with the same bytes; its batches are on the predictor's device.
    Checkpoints appear every `save_every` steps. Raises NonFiniteError at the first loss or
    gradient that is not a number.
    """
    checkpoints = run / "checkpoints"
    optimizer = _optimizer(predictor, config)
    averaged = {k: v.clone() for k, v in predictor.state_dict().items()} if config.ema else None
    start, best = 0, -math.inf
    if last := last_checkpoint(checkpoints):
        start, best, averaged = _restore(last, predictor, optimizer, averaged)
        progress(start, {})
    if start >= steps:
        return

    with RunLog(run, from_step=start) as log:
        collapse = CollapseWatch(said=any("event" in r for r in read_log(run)))
        for step in range(start, steps):
            epoch = step / config.steps_per_epoch
            knobs = Knobs(config.kl(epoch), config.teacher_forcing(epoch))
            rate = config.learning_rate(epoch)
            for group in optimizer.param_groups:
                group["lr"] = rate

            predictor.train()
            batch = batch_at(step)
            with _precision(config, batch.frames.device):
                losses = predictor(batch, knobs, draw(predictor, batch, config, step))
            optimizer.zero_grad(set_to_none=True)
            losses.total.backward()
            grad_norm = nn.utils.clip_grad_norm_(
                predictor.parameters(), config.clip_norm or math.inf, foreach=True
            )
            terms = {"loss": losses.total, **losses.terms}
            record = {"step": step, "epoch": epoch}
            record |= {k: float(v.detach()) / losses.frames for k, v in terms.items()}
            record |= {
                "kl_weight": knobs.kl_weight,
                "teacher_forcing": knobs.teacher_forcing,
                "lr": rate,
                "grad_norm": float(grad_norm),
            }
            _refuse_non_finite(record, run)
            optimizer.step()
            if averaged is not None:
                # A young average must not be mostly the initial weights.
                _average(averaged, predictor, min(config.ema, (1 + step) / (10 + step)))

            # `steps` only pauses the plan: whatever is due is due by the plan, so that a run
            # paused and resumed leaves what an unbroken one does.
            done = step + 1
            finished = done == config.steps or done == steps > config.steps
            if step % config.log_every == 0 or finished:
                log.write(record)
            progress(done, record)
            if message := collapse.look(record):
                tell(message)
                log.write({"step": step, "event": "posterior-collapse", "message": message})

            due = config.validate_every * config.steps_per_epoch
            improved = False
            if validate is not None and ((due and done % due == 0) or finished):
                with _judged(predictor, averaged):
                    psnr = validate(predictor)
                _refuse_non_finite(record | {"validation_psnr": psnr}, run)
                log.write(
                    {"step": done, "epoch": done / config.steps_per_epoch, "validation_psnr": psnr}
                )
                improved, best = psnr > best, max(best, psnr)
            if improved or done % save_every == 0 or done == steps:
                _refuse_non_finite_weights(predictor, record, run)
                facts = {"step": done, "best_validation_psnr": best if best > -math.inf else None}
                target = save_checkpoint(
                    checkpoints, _checkpoint(predictor, optimizer, averaged, facts)
                )
                if improved or validate is None:
                    new_link(checkpoints / "best", target)
                new_link(checkpoints / "last", target)
                drop_unnamed(checkpoints)


def draw(predictor: Predictor, batch: Batch, config: TrainConfig, step: int) -> Draws:
    """All the randomness of one step, a function of (seed, step) alone."""
    clips, frames = batch.frames.shape[:2]
    generator = torch.Generator().manual_seed(seed_for(config.seed, "noise", step))
    noise = torch.randn(clips, frames, *predictor.noise_shape, generator=generator)
    feedback = None
    if predictor.feedback_noise:
        feedback = torch.randn(batch.frames.shape, generator=generator).to(batch.frames.device)
    scope = config.teacher_forcing.coin
    when = step // config.steps_per_epoch if scope == "epoch" else step
    generator.manual_seed(seed_for(config.seed, "coin", scope, when))
    coin = torch.rand(clips if scope == "clip" else 1, generator=generator).expand(clips)
    return Draws(noise.to(batch.frames.device), coin, feedback)


def _optimizer(predictor: Predictor, config: TrainConfig) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
    return kind(
        predictor.parameters(),
        lr=config.learning_rate.peak,
        betas=config.betas,
        weight_decay=config.weight_decay,
        fused=True,
    )


def _precision(config: TrainConfig, device: torch.device) -> contextlib.AbstractContextManager[Any]:
    assert config.precision != "auto", "a run is made with TrainConfig.resolved"
    if config.precision == "bfloat16":
        return torch.autocast(device.type, torch.bfloat16)
    return contextlib.nullcontext()


def _refuse_non_finite(record: dict[str, float], run: Path) -> None:
    bad = [name for name, value in record.items() if not math.isfinite(value)]
    if bad:
        raise NonFiniteError(
            f"{run}: {bad[0]} is {record[bad[0]]} at step {record['step']} (lr {record['lr']:.2g}, "
            f"KL weight {record['kl_weight']:.3g}): train again into another --out with a lower "
            f"--train.learning-rate.peak or with --train.clip-norm 1; earlier checkpoints are whole"
        )


def _refuse_non_finite_weights(predictor: Predictor, record: dict[str, float], run: Path) -> None:
    """The last step of a run has no later loss that would show what it did to the weights."""
    for name, value in predictor.state_dict().items():
        if not torch.isfinite(value).all():
            _refuse_non_finite(record | {f"weight {name}": math.nan}, run)


@torch.no_grad()
def _average(averaged: dict[str, Tensor], predictor: Predictor, decay: float) -> None:
    for name, value in predictor.state_dict().items():
        if value.is_floating_point():
            averaged[name].lerp_(value, 1.0 - decay)
        else:
            averaged[name].copy_(value)


@contextlib.contextmanager
def _judged(predictor: Predictor, averaged: dict[str, Tensor] | None) -> Iterator[None]:
    """In eval mode, with the averaged weights if there are any; afterwards as it was."""
    raw = {k: v.clone() for k, v in predictor.state_dict().items()} if averaged else None
    if averaged:
        predictor.load_state_dict(averaged)
    predictor.eval()
    yield
    predictor.train()
    if raw:
        predictor.load_state_dict(raw)


def _checkpoint(
    predictor: Predictor,
    optimizer: torch.optim.Optimizer,
    averaged: dict[str, Tensor] | None,
    facts: dict[str, Any],
) -> Checkpoint:
    raw = predictor.state_dict()
    state = {f"optimizer/{k}": v for k, v in optimizer_tensors(optimizer, predictor).items()}
    if averaged is None:
        return Checkpoint(raw, state, facts)
    return Checkpoint(averaged, state | {f"raw/{k}": v for k, v in raw.items()}, facts)


def _restore(
    path: Path,
    predictor: Predictor,
    optimizer: torch.optim.Optimizer,
    averaged: dict[str, Tensor] | None,
) -> tuple[int, float, dict[str, Tensor] | None]:
    saved = load_checkpoint(path)
    raw = {k.removeprefix("raw/"): v for k, v in saved.optimizer.items() if k.startswith("raw/")}
    predictor.load_state_dict(raw or saved.model)
    moments = {k.removeprefix("optimizer/"): v for k, v in saved.optimizer.items()}
    restore_optimizer(optimizer, predictor, moments)
    if averaged is not None:
        averaged = {k: saved.model[k].to(v.device) for k, v in averaged.items()}
    best = saved.facts["best_validation_psnr"]
    return saved.facts["step"], -math.inf if best is None else best, averaged
