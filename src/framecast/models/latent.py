"""How a trained predictor uses its latent when it predicts.

Sampling z is the model's own prediction. The two others buy PSNR with blur, so a result names
which one it was made with.
"""

from __future__ import annotations

import re

from jaxtyping import Float
from torch import Tensor
from torch.utils._pytree import tree_map

from framecast.errors import InputError
from framecast.predictor import Predictor, State


class Rewired(Predictor):
    """A predictor with another use of its noise in `step`; everything else is its own."""

    def __init__(self, predictor: Predictor) -> None:
        super().__init__()
        self.predictor = predictor
        self.noise_shape = predictor.noise_shape
        self.train(predictor.training)

    def encode_control(self, control: Float[Tensor, "B N ..."]) -> Float[Tensor, "B N ..."]:
        return self.predictor.encode_control(control)

    def observe(self, frames: Tensor, control: Tensor, noise: Tensor) -> State:
        return self.predictor.observe(frames, control, noise)


class ZeroLatent(Rewired):
    """z = 0, the prior's mean, at every step."""

    def step(self, state: State, control: Tensor, noise: Tensor) -> tuple[Tensor, State]:
        return self.predictor.step(state, control, noise.new_zeros(noise.shape))


class MeanOf(Rewired):
    """Each step is taken with `draws` latents, and the mean of them all is fed forward."""

    def __init__(self, predictor: Predictor, draws: int) -> None:
        super().__init__(predictor)
        self.draws = draws
        self.noise_shape = (draws, *predictor.noise_shape)

    def observe(self, frames: Tensor, control: Tensor, noise: Tensor) -> State:
        return self.predictor.observe(frames, control, noise[:, :, :, 0])

    def step(self, state: State, control: Tensor, noise: Tensor) -> tuple[Tensor, State]:
        states = tree_map(lambda part: part.repeat_interleave(self.draws, 0), state)
        drive = control.repeat_interleave(self.draws, 0)
        frames, states = self.predictor.step(states, drive, noise.flatten(0, 1))
        frame, state = tree_map(
            lambda part: part.unflatten(0, (-1, self.draws)).mean(1), (frames, states)
        )
        return frame, state


def with_latent(predictor: Predictor, latent: str) -> Predictor:
    """`sample` is the predictor itself; `zero`; `mean-of-N`. Raises InputError for another."""
    if latent == "sample":
        return predictor
    if latent == "zero":
        return ZeroLatent(predictor)
    if (match := re.fullmatch(r"mean-of-([1-9][0-9]{0,3})", latent)) is not None:
        return MeanOf(predictor, int(match[1]))
    raise InputError(f"--latent {latent}: expected sample, zero or mean-of-N such as mean-of-10")
