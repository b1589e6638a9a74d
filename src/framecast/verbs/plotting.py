"""The verb that draws results of several runs into one picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro

from framecast.errors import InputError
from framecast.evaluate import Scores
from framecast.publish import can_be_written
from framecast.verbs.showing import draw_psnr


def plot(results: Annotated[tuple[Path, ...], tyro.conf.Positional], out: Path) -> None:
    """Draw PSNR against frame number for one or several results on one axis.

    A line a result, named as its file, and the first result's baselines. Results of other
    protocols or stores than the first's are refused: their numbers mean something else.

    Args:
        results: the files that `framecast eval --out` wrote.
        out: the PNG.
    """
    if not results:
        raise InputError("framecast plot: give at least one file that `framecast eval` wrote")
    can_be_written(out)
    read = {path: _read(path) for path in results}
    first_path, first = next(iter(read.items()))
    for path, result in read.items():
        for what in ("protocol", "store"):
            found, expected = result[what]["hash"], first[what]["hash"]
            if found != expected:
                raise InputError(
                    f"{path} was made with {what} {found[:12]}, {first_path} with "
                    f"{expected[:12]}: their numbers cannot share an axis"
                )
    ids = tuple(first["clips"])
    lines = {path.stem: _scores(result, "model", ids) for path, result in read.items()}
    if len(lines) < len(read):
        raise InputError("two results have the same file name: a line is named by it; rename one")
    others = [name for name in first["psnr_per_clip_sample_frame"] if not name.startswith("model")]
    lines |= {name.replace("_", " "): _scores(first, name, ids) for name in others}
    draw_psnr(out, lines, first["first_frame"])
    print(out)


def _scores(result: dict[str, Any], name: str, ids: tuple[str, ...]) -> Scores:
    return Scores(np.array(result["psnr_per_clip_sample_frame"][name]), ids)


def _read(path: Path) -> dict[str, Any]:
    try:
        result = json.loads(path.read_text())
        shape = np.array(result["psnr_per_clip_sample_frame"]["model"]).shape
        whole = len(shape) == 3 and shape[0] == len(result["clips"])
        if whole and {"protocol", "store", "first_frame"} <= result.keys():
            return result
        raise KeyError
    except FileNotFoundError:
        raise InputError(
            f"{path} does not exist: give a file that `framecast eval` wrote"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise InputError(
            f"{path} is not a result: give a file that `framecast eval --out` wrote"
        ) from None
