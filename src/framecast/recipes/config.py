"""A run's whole configuration as plain data, and its JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

import cattrs

from framecast.errors import InputError
from framecast.models import ModelConfig
from framecast.train.config import TrainConfig


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """What a recipe returns: the model and how it is trained."""

    recipe: str
    model: ModelConfig
    train: TrainConfig


def to_json(config: RunConfig) -> dict[str, Any]:
    """Plain nested data, every field written out."""
    return cattrs.unstructure(config)


def from_json(data: dict[str, Any], where: str) -> RunConfig:
    """The inverse of `to_json`. Raises InputError naming `where` and the field that is off."""
    converter = cattrs.Converter(forbid_extra_keys=True)
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
