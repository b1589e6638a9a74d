"""What every video predictor is: family A, family B, the baselines, whatever comes next.

State goes in and comes out; nothing is remembered on the module, so a planner can branch a
state and a page can undo one. Randomness is passed in, so a training step is a pure function
of (weights, batch, step, seed).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from framecast.clip import Batch

State = Any
"""A nest of tensors whose first axis is S*B, sample-major; each predictor has its own."""


class DataSpec(NamedTuple):
    """What a predictor must know of the clips it is made for.

    frame_shape (H, W, C); control_shape (K,), or (H, W, C) for a picture; the training clips'
    mean and standard deviation of each control number, in its unit
    """

    frame_shape: tuple[int, ...]
    control_shape: tuple[int, ...]
    control_mean: tuple[float, ...]
    control_std: tuple[float, ...]


class Knobs(NamedTuple):
    """What the schedules turn while training: the KL weight β and the teacher-forcing ratio."""

    kl_weight: float
    teacher_forcing: float


class Draws(NamedTuple):
    """All the randomness of one training pass.

    noise  [B, T, *noise_shape], standard normal; index t belongs to frame t
    coin   [B], uniform in [0, 1): a clip is teacher-forced where coin < ratio. One coin a
           batch or an epoch is the same number B times.
    feedback  [B, T, C, H, W], standard normal, for a predictor that is trained with noise on
           the frame it is fed back (`feedback_noise`); else None
    """

    noise: Tensor
    coin: Tensor
    feedback: Tensor | None = None

    def forced(self, knobs: Knobs) -> Bool[Tensor, B]:
        """Which clips see the true previous frame."""
        return self.coin < knobs.teacher_forcing


class Losses(NamedTuple):
    """The terms of an objective and their weights, by the same names.

    terms   scalars, summed over the predicted frames and averaged over the batch
    frames  how many predicted frames the sums run over
    """

    terms: Mapping[str, Float[Tensor, ""]]
    weights: Mapping[str, float]
    frames: int

    @property
    def total(self) -> Float[Tensor, ""]:
        """Σ weight · term, what the step descends."""
        assert self.terms.keys() == self.weights.keys(), (self.terms.keys(), self.weights.keys())
        return torch.stack([self.weights[name] * term for name, term in self.terms.items()]).sum()


class Predictor(nn.Module):
    """One contract for every predictor.

    noise_shape     the shape of one latent draw; () for a deterministic predictor
    feedback_noise  standard deviation of the noise on the frame fed back in training; where it
                    is not 0, `forward` is handed Draws.feedback
    """

    noise_shape: tuple[int, ...] = ()
    feedback_noise: float = 0.0

    def forward(self, batch: Batch, knobs: Knobs, draws: Draws) -> Losses:
        """One training pass over a batch. No schedule inside: `knobs` says β and the ratio."""
        raise NotImplementedError

    def encode_control(self, control: Float[Tensor, "B N ..."]) -> Float[Tensor, "B N ..."]:
        """What `observe` and `step` are given of a control: all that no frame is needed for.

        It is computed for all time steps at once, before the rollout. Here: the control itself.
        """
        return control

    def observe(
        self,
        frames: Float[Tensor, "B P C H W"],
        control: Float[Tensor, "B P ..."],
        noise: Float[Tensor, "S B P ..."],
    ) -> State:
        """Take in the P context frames; the state is ready to step into frame P.

        `control` is encoded, here and in `step`; index t is the one that drives into frame t.
        `noise` says how many samples S to carry; the state's first axis is S*B, sample-major.
        """
        raise NotImplementedError

    def step(
        self,
        state: State,
        control: Float[Tensor, "SB ..."],
        noise: Float[Tensor, "SB ..."],
    ) -> tuple[Float[Tensor, "SB C H W"], State]:
        """One frame ahead: `control` is the one that drives the step into the new frame."""
        raise NotImplementedError
