"""A checkpoint: a folder of safetensors and JSON, published by rename, verified on reading.

model.safetensors   the weights to judge and use (the averaged ones where a run keeps them)
state.safetensors   what only a resumed run needs: optimiser moments, and the raw weights
                    where model.safetensors holds averaged ones
state.json          step, best validation PSNR, and the like
manifest.json       size and sha256 of the three

`checkpoints/last` and `checkpoints/best` are links that move in one rename. No pickle is read.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from framecast.errors import InputError, StorageError
from framecast.publish import new_folder, remove_folder, sha256

FILES = ("model.safetensors", "state.safetensors", "state.json")


class Checkpoint(NamedTuple):
    """One checkpoint in memory."""

    model: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    facts: dict[str, Any]


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Publish `folder`/step-XXXXXXXX and return it.

    A whole checkpoint of that step stays as it is: a resumed run would write the same bytes.
    """
    target = folder / f"step-{checkpoint.facts['step']:08d}"
    if target.exists():
        try:
            load_checkpoint(target)
            return target
        except (InputError, StorageError):
            remove_folder(target)
    with new_folder(target) as aside:
        try:
            for tensors, name in zip((checkpoint.model, checkpoint.optimizer), FILES):
                # Weights may lie in memory with channels last; files hold them in one order.
                save_file({k: v.contiguous() for k, v in tensors.items()}, aside / name)
        except SafetensorError as error:  # it wraps the disk's own errors
            raise StorageError(f"{target}: cannot be written ({error})") from error
        (aside / "state.json").write_text(json.dumps(checkpoint.facts, indent=1) + "\n")
        manifest = {
            name: {"bytes": (aside / name).stat().st_size, "sha256": sha256(aside / name)}
            for name in FILES
        }
        (aside / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    return target


def drop_unnamed(folder: Path) -> None:
    """Delete the checkpoints that neither `last` nor `best` names, and what a kill left."""
    kept = {(folder / name).resolve() for name in ("last", "best")}
    for path in folder.glob("step-*"):
        if path.resolve() not in kept:
            remove_folder(path)
    for path in folder.glob(".step-*"):
        shutil.rmtree(path, ignore_errors=True)


def last_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint of a run; None before the first.

    Raises StorageError if there was one and it is gone: to start over would hide that.
    """
    last = folder / "last"
    if last.is_symlink() and not last.exists():
        raise StorageError(
            f"{last} names {os.readlink(last)}, which is gone: restore it, or delete {folder} to "
            f"train from the start"
        )
    return last if last.exists() else None


def load_checkpoint(path: Path) -> Checkpoint:
    """Read and verify a checkpoint. InputError if it is none, StorageError if it is damaged."""
    path = Path(path)
    facts = read_manifest(path)
    for name, expected in facts.items():
        file = path / name
        if not file.is_file() or file.stat().st_size != expected["bytes"]:
            raise StorageError(f"{file} is missing or cut short: restore it, or use another one")
        if sha256(file) != expected["sha256"]:
            raise StorageError(f"{file} is damaged (its sha256 differs from manifest.json)")
    return Checkpoint(
        model=load_file(path / "model.safetensors"),
        optimizer=load_file(path / "state.safetensors"),
        facts=json.loads((path / "state.json").read_text()),
    )


def read_manifest(path: Path) -> dict[str, dict[str, Any]]:
    """Size and sha256 of every file of a checkpoint."""
    manifest = path / "manifest.json"
    if not manifest.is_file():
        raise InputError(f"{path} is not a framecast checkpoint: it has no manifest.json")
    try:
        return json.loads(manifest.read_text())
    except ValueError as error:
        raise StorageError(f"{manifest} is damaged ({error})") from None


def optimizer_tensors(optimizer: torch.optim.Optimizer, model: nn.Module) -> dict[str, Tensor]:
    """Adam's state by parameter name, "name/exp_avg" and so on."""
    return {
        f"{name}/{key}": value
        for name, parameter in model.named_parameters()
        for key, value in optimizer.state[parameter].items()
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer, model: nn.Module, tensors: Mapping[str, Tensor]
) -> None:
    """The inverse of `optimizer_tensors`."""
    for name, parameter in model.named_parameters():
        prefix = f"{name}/"
        state = {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}
        # The step count too: a fused optimiser, which ours is, keeps it beside the weights, and
        # walks through weights and moments together, so they must lie in memory alike.
        optimizer.state[parameter] = {
            k: torch.empty_like(parameter).copy_(v) if v.shape == parameter.shape
            else v.to(parameter.device)
            for k, v in state.items()
        }  # fmt: skip
