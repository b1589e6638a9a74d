"""A run folder: everything that made it, and its predictor again.

RUN/config.json       the recipe with every setting
RUN/data.json         what the model must know of the data, and the store's path and hash
RUN/sessions.jsonl    a line each time it was trained: command, versions, device, threads
RUN/log.jsonl         every logged step; RUN/tensorboard/ shows the same
RUN/checkpoints/      last and best, see train/checkpoint.py
"""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

import framecast
from framecast.errors import InputError, StorageError
from framecast.models import build
from framecast.predictor import DataSpec, Predictor
from framecast.publish import new_folder
from framecast.recipes.config import RunConfig, from_json, to_json
from framecast.store import Store
from framecast.train import load_checkpoint, read_manifest


class Run(NamedTuple):
    """A trained predictor in eval mode and what made it."""

    predictor: Predictor
    config: RunConfig
    data: DataSpec
    store_hash: str
    model_hash: str
    step: int


def data_spec(store: Store, config: RunConfig) -> DataSpec:
    """What the model must know of a store: shapes, and control statistics of the training split."""
    mean, std = store.control_statistics(config.train.split)
    return DataSpec(
        tuple(store.frame_shape),
        tuple(store.control_shape),
        tuple(float(m) for m in mean),
        tuple(float(s) for s in std),
    )


def create_run(path: Path, config: RunConfig, store: Store) -> None:
    """Publish a new run folder that holds all that will make the run."""
    with new_folder(path) as aside:
        _write(aside / "config.json", to_json(config))
        data = {"store": str(store.path.resolve()), "store_hash": store.hash}
        _write(aside / "data.json", data | data_spec(store, config)._asdict())


def record_session(path: Path, device: str) -> None:
    """Add a line to the run's sessions, for the reader; nothing depends on it."""
    with open(path / "sessions.jsonl", "a") as file:
        file.write(json.dumps(environment() | {"device": device}) + "\n")


def environment() -> dict[str, Any]:
    """Versions and machine, as a run or a result records them."""
    return {
        "framecast": framecast.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "command": sys.argv,
    }


def read_config(path: Path) -> RunConfig:
    """The configuration of a run. Raises InputError if `path` is not a run."""
    return from_json(_read(path, "config.json"), str(path / "config.json"))


def read_store_hash(path: Path) -> str:
    """The hash of the store a run was trained on."""
    return str(_read(path, "data.json")["store_hash"])


def open_run(path: Path, checkpoint: str = "best", device: str | torch.device = "cpu") -> Run:
    """The predictor of a run, in eval mode, with its verified weights.

    Raises InputError for a folder that is no run or has no checkpoint yet, StorageError for
    a damaged one.
    """
    config = read_config(path)
    data = _read(path, "data.json")
    folder = path / "checkpoints" / checkpoint
    if not folder.exists():
        folder = path / "checkpoints" / "last"
    if not folder.exists():
        raise InputError(f"{path} has no checkpoint yet: train it further (--resume)")
    saved = load_checkpoint(folder)
    spec = DataSpec(*(tuple(data[field]) for field in DataSpec._fields))
    predictor = build(config.model, spec, seed=0)
    try:
        predictor.load_state_dict(saved.model)
    except RuntimeError as error:
        raise StorageError(f"{folder}: weights do not fit config.json ({error})") from None
    model_hash = read_manifest(folder)["model.safetensors"]["sha256"]
    return Run(
        predictor.to(device).eval(),
        config,
        spec,
        data["store_hash"],
        model_hash,
        saved.facts["step"],
    )


def _write(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, indent=1) + "\n")


def _read(run: Path, name: str) -> dict[str, Any]:
    if not (run / name).is_file():
        raise InputError(
            f"{run} is not a framecast run: it has no {name} (`framecast train` makes one)"
        )
    try:
        return json.loads((run / name).read_text())
    except ValueError as error:
        raise InputError(f"{run / name} is damaged ({error})") from None
