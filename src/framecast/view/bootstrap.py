"""How far a mean over clips can be trusted: the percentile bootstrap, in one place."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000


def interval(values: NDArray[Any], seed: int = 0) -> tuple[NDArray[Any], NDArray[Any]]:
    """95 % interval of the mean over clips: values [clips, ...] -> low [...], high [...].

    Percentile bootstrap (Efron 1979): 2,000 resamples of whole clips, since frames of one clip
    are not independent. Depends on nothing but `values` and `seed`. An infinite value (a
    perfect prediction's PSNR) makes an infinite bound, never a NaN.
    """
    values = np.asarray(values, dtype=np.float64)
    assert values.ndim, "one value a clip is needed"
    assert len(values), values.shape
    generator = np.random.default_rng(seed)
    means = np.empty((RESAMPLES, *values.shape[1:]))
    for index in range(RESAMPLES):
        means[index] = values[generator.integers(0, len(values), len(values))].mean(axis=0)
    means.sort(axis=0)
    # Order statistics, not interpolation: halfway to infinity is not a number.
    cut = RESAMPLES // 40
    return means[cut], means[RESAMPLES - 1 - cut]
