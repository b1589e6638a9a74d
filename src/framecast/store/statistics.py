"""Mean, standard deviation and range of a control, gathered while clips stream by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

PIECE = 2**20
"""numbers of a control that are summed up at a time: a long clip of pictures is gigabytes"""


def driving(control: NDArray[Any]) -> Iterator[NDArray[np.float64]]:
    """The control numbers that drive a step of a clip, as float64 [n, K], piece by piece.

    Row 0 is left out: it drives no step within the clip, and sources fill it with zeros, which
    would widen the spread of a position near 0.5 m threefold. A picture counts as [n, 3]
    colours in [0, 1], the range in which a predictor sees it.
    """
    step = max(1, PIECE // max(1, control[0].size))
    for start in range(1, len(control), step):
        rows = control[start : start + step].astype(np.float64)
        yield rows.reshape(-1, 3) / 255.0 if control.dtype == np.uint8 else rows


class Moments:
    """Running count, mean, squared deviation and range over rows of K channels."""

    def __init__(self, channels: int) -> None:
        self.count = 0
        self.mean = np.zeros(channels)
        self.deviation = np.zeros(channels)  # sum of squared differences from the mean
        self.low = np.full(channels, np.inf)
        self.high = np.full(channels, -np.inf)

    def add(self, rows: NDArray[np.float64]) -> None:
        """Take in float64 rows [n, K] (Chan, Golub & LeVeque 1979: exact at large offsets)."""
        if not len(rows):
            return
        total = self.count + len(rows)
        mean = rows.mean(axis=0)
        shift = mean - self.mean
        self.deviation += ((rows - mean) ** 2).sum(axis=0)
        self.deviation += shift**2 * (self.count * len(rows) / total)
        self.mean += shift * (len(rows) / total)
        self.low = np.minimum(self.low, rows.min(axis=0))
        self.high = np.maximum(self.high, rows.max(axis=0))
        self.count = total

    def to_json(self) -> dict[str, Any]:
        """The numbers for the index; all zero if no row came.

        Rounded to float32: the order of a sum differs between processors in the last bits of
        a float64, and the same clips must give the same index everywhere.
        """
        none = np.zeros_like(self.mean)
        values = {
            "mean": self.mean,
            "std": np.sqrt(self.deviation / max(self.count, 1)),
            "min": self.low if self.count else none,
            "max": self.high if self.count else none,
        }
        return {"count": self.count} | {
            name: value.astype(np.float32).astype(np.float64).tolist()
            for name, value in values.items()
        }
