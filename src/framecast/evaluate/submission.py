"""The course's submission: predicted sequences as one CSV of integers.

A header, then a row a frame, sequences one after another: `id` counts rows from 0, then come
C·H·W integers, rint(255·x) in C, H, W order (6,144 of them for frames of 32×64). A sequence
begins with its given frame, so one of 630 frames has 630 rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecast.errors import InputError
from framecast.publish import new_file

Frames = NDArray[np.uint8]
"""[T, H, W, 3]"""


def write_submission(path: Path, sequences: Iterable[Frames]) -> int:
    """Publish sequences, each uint8 [T, H, W, 3], as one CSV; returns how many rows it has."""
    words, row = [str(value) for value in range(256)], 0
    with new_file(path) as aside, open(aside, "w") as file:
        for frames in sequences:
            numbers = frames.transpose(0, 3, 1, 2).reshape(len(frames), -1)
            if row == 0:
                file.write(",".join(["id", *map(str, range(numbers.shape[1]))]) + "\n")
            for frame in numbers.tolist():
                file.write(f"{row}," + ",".join([words[value] for value in frame]) + "\n")
                row += 1
    return row


def read_submission(path: Path, shape: tuple[int, int, int], rows: int) -> Iterator[Frames]:
    """The frames of a submission one by one, uint8 [H, W, 3], for frames of `shape` (H, W, 3).

    Raises InputError, naming the line, for anything but `rows` rows of whole numbers 0..255
    under ids that count from 0.
    """
    height, width, colours = shape
    size = height * width * colours
    expected = f"expected a header and {rows} rows of an id and {size} integers of 0..255"
    row = -1
    with open(path, encoding="utf-8", errors="replace") as file:
        for row, line in enumerate(file, start=-1):
            if row < 0:
                if line.split(",", 1)[0].strip() != "id":
                    raise InputError(f"{path}, line 1 does not begin with the name id; {expected}")
                continue
            if row >= rows:
                raise InputError(f"{path} has more than {rows} rows; {expected}")
            yield (
                _frame(line, row, size, f"{path}, line {row + 2}", expected)
                .reshape(colours, height, width)
                .transpose(1, 2, 0)
            )
    if row + 1 < rows:
        raise InputError(f"{path} has {max(row + 1, 0)} rows; {expected}")


def _frame(line: str, row: int, size: int, where: str, expected: str) -> NDArray[np.uint8]:
    try:
        numbers = np.array(line.split(","), dtype=np.float64)
    except ValueError as error:
        raise InputError(f"{where}: {error}; {expected}") from None
    if len(numbers) != size + 1:
        raise InputError(f"{where} has {len(numbers) - 1} values after its id; {expected}")
    if numbers[0] != row:
        raise InputError(f"{where} has id {numbers[0]:g}, not {row}; {expected}")
    pixels = numbers[1:]
    wrong = ~((pixels >= 0) & (pixels <= 255) & (pixels == np.rint(pixels)))
    if wrong.any():
        raise InputError(f"{where} has the value {pixels[wrong][0]:g}; {expected}")
    return pixels.astype(np.uint8)
