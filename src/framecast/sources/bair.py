"""BAIR robot pushing, in the layout in which the reports use it.

    SRC/{train,validate,test}/<shard>/<n>/0.png .. 29.png
                                          actions.csv                 a row a frame: action, 4
                                          endeffector_positions.csv   a row a frame: x, y, z

SRC is the folder `processed_data` or its parent. The pictures are 64×64 in BAIR; any one size
is taken. Neither table has a header. BAIR has 30 frames a clip; any length from 3 is taken, as
long as a clip's pictures and both its tables agree.

Pairing: row t-1 drives frame t-1 to frame t, so it stands at index t (see the control
convention in `clip`), and index 0 is zeros. The last row drives to a frame that was not kept,
and is dropped.

Reading is serial: about 200 clips a second here, and a pool of two or four threads gave between
0.8 and 1.2 times that, since a picture of 7 KB decodes in less time than it takes to hand over.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecast.clip import SPLITS, Clip, ControlSpec, Origin, Split, pair
from framecast.errors import InputError
from framecast.sources.pictures import (
    First,
    by_number,
    decode,
    first_missing,
    missing,
    some,
    subfolders,
)

LAYOUT = "SRC/{train,validate,test}/<shard>/<n>/{0.png ..., actions.csv, endeffector_positions.csv}"
ACTIONS = ("actions.csv", ("dx", "dy", "gripper", "lift"))
POSITIONS = ("endeffector_positions.csv", ("x", "y", "z"))
CONTROL = ControlSpec(
    kind="vector",
    names=("dx", "dy", "gripper", "lift", "x", "y", "z"),
    units=("m", "m", "1", "1", "m", "m", "m"),
)
FLOAT32_MAX = float(np.finfo(np.float32).max)
MIN_FRAMES = 3  # two to look at and one to predict


def origin(src: Path) -> Origin:
    """What BAIR clips are. Raises InputError if `src` does not have BAIR's layout."""
    _root(src)
    return Origin("bair", CONTROL, {"pairing": "control[t] is row t-1, control[0] is zeros"})


def count(src: Path) -> int:
    """How many clips `clips` will give; only folders are listed, so it is quick."""
    return sum(1 for _ in _folders(_root(src)))


def clips(src: Path) -> Iterator[Clip]:
    """Every clip, splits in the order train, validate, test, shards and clips in natural order.

    frames uint8 [T, H, W, 3]; control float32 [T, 7], action then position; clip_id such as
    "test/traj_real/175". Raises InputError, naming the file, at the first thing that is wrong.
    """
    root = _root(src)
    first: First | None = None
    for split, folder in _folders(root):
        pictures = _pictures(folder)
        first = first or First.of(pictures[0])
        frames = np.stack([np.asarray(decode(picture, first)) for picture in pictures])
        yield Clip(
            clip_id=folder.relative_to(root).as_posix(),
            split=split,
            frames=frames,
            control=_control(folder, len(frames)),
        )


def _root(src: Path) -> Path:
    """The folder that holds the splits: `src` or `src/processed_data`."""
    src = Path(src)
    if not src.is_dir():
        found = "is a file" if src.exists() else "does not exist"
        raise InputError(f"{src} {found}; expected BAIR's folder processed_data or its parent")
    for root in (src, src / "processed_data"):
        if any((root / split).is_dir() for split in SPLITS):
            if next(_folders(root), None) is None:
                raise InputError(f"{root} has no clips in it; expected {LAYOUT}")
            return root
    raise InputError(
        f"{src} has no train, validate or test folder (found {some(os.listdir(src))}); "
        f"expected {LAYOUT}, with SRC the folder processed_data or its parent"
    )


def _folders(root: Path) -> Iterator[tuple[Split, Path]]:
    """Every clip's split and folder, in order."""
    for split in SPLITS:
        if (root / split).is_dir():
            for shard in subfolders(root / split):
                for folder in subfolders(shard):
                    yield split, folder


def _pictures(folder: Path) -> list[Path]:
    """A clip's pictures, 0.png to the last; a gap is an error."""
    names = [name for name in os.listdir(folder) if re.fullmatch(r"[0-9]+\.png", name)]
    pictures = by_number(folder, ((int(name[:-4]), name) for name in names))
    expected = f"expected 0.png, 1.png and so on, at least {MIN_FRAMES}, without a gap"
    if not names:
        raise InputError(f"{folder} has no frames (found no file like 0.png); {expected}")
    if (gap := first_missing(pictures, start=0)) is not None:
        raise missing(folder / f"{gap}.png", pictures, expected)
    if len(pictures) < MIN_FRAMES:
        raise InputError(f"{folder} has {len(pictures)} frames; {expected}")
    return list(pictures.values())


def _control(folder: Path, length: int) -> NDArray[np.float32]:
    """The clip's control [length, 7] from both tables."""
    rows = np.concatenate(
        [_table(folder / name, columns, length) for name, columns in (ACTIONS, POSITIONS)], axis=1
    )
    return pair(rows)


def _table(file: Path, columns: tuple[str, ...], length: int) -> NDArray[np.float32]:
    """A CSV without a header as float32 [length, len(columns)]; rows are numbered from 1."""
    expected = f"{length} rows (one a frame) of {len(columns)} numbers: {', '.join(columns)}"
    try:
        lines = file.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except FileNotFoundError:
        raise InputError(f"{file} is missing; expected {expected}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read as text ({error}); expected {expected}") from error
    table = np.zeros((length, len(columns)), np.float32)
    for number, line in enumerate(lines, start=1):
        cells = line.split(",")
        if len(cells) != len(columns):
            found = f"has {len(cells)} columns" if line.strip() else "is empty"
            raise InputError(f"{file}, row {number} {found}; expected {expected}")
        if number > length:
            continue  # counted below, once the rest is known to be numbers
        for name, cell in zip(columns, cells, strict=True):
            if (value := _number(cell)) is None:
                header = "; a header is not expected" if number == 1 else ""
                raise InputError(
                    f"{file}, row {number}: {name} is {cell.strip()!r}; expected a number{header}"
                )
            if not abs(value) <= FLOAT32_MAX:  # so written because nan compares as False
                raise InputError(
                    f"{file}, row {number}: {name} is {cell.strip()}; expected a finite number"
                )
        table[number - 1] = [float(cell) for cell in cells]
    if len(lines) != length:
        raise InputError(f"{file} has {len(lines)} rows; expected {expected}")
    return table


def _number(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)  # Python, unlike a CSV, reads 1_0 as 10
    except ValueError:
        return None
