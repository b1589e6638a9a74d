"""Rows of a table that see the truth: no predictor could be them, and none are.

They say how much of a score is the scene's (a still mean) and how much is smooth motion (the
true frame before). The reports print them beside their models, so these have names too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from jaxtyping import Float
from torch import Tensor

Oracle = Callable[[Tensor, int], Iterator[Tensor]]
"""(true frames [B, T, C, H, W], context P) -> frames P..T-1 one by one, each [1, B, C, H, W]."""


def mean_true_frame(
    frames: Float[Tensor, "B T C H W"], context: int
) -> Iterator[Float[Tensor, "1 B C H W"]]:
    """The mean of all frames that are to be predicted, for ever."""
    mean = frames[:, context:].mean(1)[None]
    return (mean for _ in range(context, frames.shape[1]))


def previous_true_frame(
    frames: Float[Tensor, "B T C H W"], context: int
) -> Iterator[Float[Tensor, "1 B C H W"]]:
    """At every step the true frame before."""
    return (frames[None, :, t - 1] for t in range(context, frames.shape[1]))


ORACLES: Mapping[str, Oracle] = MappingProxyType(
    {
        "mean-true-frame": mean_true_frame,
        "previous-true-frame": previous_true_frame,
    }
)
