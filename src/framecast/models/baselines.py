"""Predictors that learn nothing: what a trained one must beat, through the same door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from jaxtyping import Float
from torch import Tensor

from framecast.predictor import Predictor


class StillFrame(Predictor):
    """Every predicted frame is one summary of the context, [B, P, C, H, W] -> [B, C, H, W]."""

    def __init__(self, summary: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.summary = summary

    def observe(
        self,
        frames: Float[Tensor, "B P C H W"],
        control: Float[Tensor, "B P ..."],
        noise: Float[Tensor, "S B P"],
    ) -> Float[Tensor, "SB C H W"]:
        return self.summary(frames).repeat(len(noise), 1, 1, 1)

    def step(self, state: Tensor, control: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        return state, state


def copy_last_frame() -> Predictor:
    """The last context frame, for ever."""
    return StillFrame(lambda frames: frames[:, -1]).eval()


def mean_frame() -> Predictor:
    """The mean of the context frames, for ever."""
    return StillFrame(lambda frames: frames.mean(1)).eval()


BASELINES: Mapping[str, Callable[[], Predictor]] = MappingProxyType(
    {"copy-last-frame": copy_last_frame, "mean-frame": mean_frame}
)
