"""A run's whole configuration as plain data, and its JSON."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import cattrs

from framecast.errors import InputError
from framecast.models import MODEL_CONFIGS, ModelConfig
from framecast.train.config import TrainConfig


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """What a recipe returns: the model and how it is trained."""

    recipe: str
    model: ModelConfig
    train: TrainConfig


AT_LEAST = {
    "model.width": 0.01, "model.g_dim": 1, "model.z_dim": 1, "model.rnn_dim": 1,
    "model.posterior_layers": 1, "model.predictor_layers": 1, "model.context": 1,
    "model.condition_dim": 1, "model.logvar_clamp": 0,
    "model.channels": 8, "train.augment.relocate": 0, "train.augment.zoom": 0,
    "train.augment.largest": 1, "train.augment.light": 0,
    "model.features": 8, "model.labels": 2, "model.latents": 4, "model.fused": 8,
    "model.feedback_noise": 0, "model.mse_weight": 0, "model.kl_share": 0,
    "train.seed": 0, "train.epochs": 1, "train.steps_per_epoch": 1, "train.horizon": 1,
    # BatchNorm has no statistics of one clip's single value.
    "train.batch": 2,
    "train.kl.peak": 0, "train.kl.epochs": 1e-9, "train.kl.cycles": 1, "train.kl.ratio": 1e-9,
    "train.teacher_forcing.start": 0, "train.teacher_forcing.start_epoch": 0,
    "train.teacher_forcing.step": 0, "train.teacher_forcing.drift": 0,
    "train.teacher_forcing.floor": 0,
    "train.learning_rate.peak": 0, "train.learning_rate.warmup": 0,
    "train.learning_rate.epochs": 1e-9, "train.learning_rate.floor": 0,
    "train.learning_rate.gamma": 0, "train.teacher_forcing.end_epoch": 0,
    "train.betas": 0, "train.weight_decay": 0, "train.clip_norm": 0, "train.ema": 0,
    "train.validate_every": 0, "train.validate_horizon": 1, "train.validate_clips": 1,
    "train.save_every": 1, "train.log_every": 1,
}  # fmt: skip
AT_MOST = {
    "train.kl.ratio": 1, "train.augment.relocate": 1, "train.augment.zoom": 1,
    "train.teacher_forcing.start": 1, "train.teacher_forcing.floor": 1,
    "train.betas": 0.999999, "train.ema": 0.999999,
}  # fmt: skip


def check(config: RunConfig) -> None:
    """Raises InputError for the first setting that makes no sense, with its flag."""
    for name, value in _flat(to_json(config)).items():
        low, high = AT_LEAST.get(name, -math.inf), AT_MOST.get(name, math.inf)
        for number in value if isinstance(value, list) else [value]:
            if not isinstance(number, int | float):
                continue
            flag = name.replace("_", "-")
            if not math.isfinite(number):
                raise InputError(f"--{flag} {number:g}: expected a finite number")
            if not low <= number <= high:
                limit = f"at least {low:g}" if number < low else f"at most {high:g}"
                raise InputError(f"--{flag} {number:g}: expected {limit}")
    augment = config.train.augment
    if augment.relocate + augment.zoom > 1:
        raise InputError(
            f"--train.augment.relocate {augment.relocate:g} and --train.augment.zoom "
            f"{augment.zoom:g} are shares of the same clips: expected at most 1 together"
        )


def to_json(config: RunConfig) -> dict[str, Any]:
    """Plain nested data, every field written out."""
    return cattrs.unstructure(config)


def from_json(data: dict[str, Any], where: str) -> RunConfig:
    """The inverse of `to_json`. Raises InputError naming `where` and the field that is off."""
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook_func(
        lambda wanted: wanted == ModelConfig,
        lambda model, _: converter.structure(model, MODEL_CONFIGS[model["kind"]]),
    )
    try:
        return converter.structure(data, RunConfig)
    except Exception as error:
        reasons = "; ".join(cattrs.transform_error(error))
        raise InputError(f"{where}: not a configuration this version reads ({reasons})") from None


def differences(ours: RunConfig, theirs: RunConfig) -> list[str]:
    """One line a field in which two configurations differ: "train.batch: 16 / 8"."""
    a, b = (_flat(to_json(config)) for config in (ours, theirs))
    return [f"{k}: {a.get(k)} / {b.get(k)}" for k in sorted(a | b) if a.get(k) != b.get(k)]


def _flat(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = list(value) if isinstance(value, tuple) else value
    return flat
