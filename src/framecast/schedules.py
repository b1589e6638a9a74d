"""A float from a step: the KL weight β, the teacher-forcing ratio, the learning rate.

Every schedule is a pure function of the (fractional) epoch, epoch = step / steps_per_epoch,
so a resumed run needs only its step number. The reports change their values once an epoch
(`by="epoch"`); `by="step"` moves smoothly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

By = Literal["epoch", "step"]


@dataclass(frozen=True)
class KLWeight:
    """β of the ELBO's KL term.

    monotonic  linear 0 -> peak over the first `ratio` of `epochs`, then peak
    cyclical   `cycles` of them in `epochs`, each linear 0 -> peak over its first `ratio`,
               then peak (Fu et al. 2019, "Cyclical Annealing Schedule")
    sigmoid    a logistic ramp from 0 to peak over the first `ratio` of `epochs`
    constant   peak throughout
    none       1 throughout: the plain ELBO, no annealing and no scaling
    """

    kind: Literal["monotonic", "cyclical", "sigmoid", "constant", "none"] = "monotonic"
    peak: float = 1.0
    epochs: float = 300
    cycles: int = 1
    ratio: float = 0.25
    by: By = "epoch"

    def __call__(self, epoch: float) -> float:
        progress = _position(epoch, self.by) / self.epochs
        match self.kind:
            case "none":
                return 1.0
            case "constant":
                return self.peak
            case "monotonic":
                return self.peak * min(1.0, progress / self.ratio)
            case "cyclical":
                # Rounded because 100 * 3 / 300 must fall on the start of a cycle, not before it.
                phase = round(progress * self.cycles, 9) % 1.0
                return self.peak * min(1.0, phase / self.ratio)
            case "sigmoid":
                # ±6: the ramp starts at 0.25 % of the peak and ends at 99.75 %.
                return self.peak / (1.0 + math.exp(-12.0 * (progress / self.ratio - 0.5)))


@dataclass(frozen=True)
class TeacherForcing:
    """The probability of feeding the true previous frame, and what one coin decides for.

    linear    `start` until `start_epoch`, then straight down to `floor` at `end_epoch`
    step      `start` until `start_epoch`, then down by `step` an epoch to `floor`; besides,
              `drift` an epoch all along
    constant  `start` throughout
    """

    kind: Literal["linear", "step", "constant"] = "linear"
    start: float = 1.0
    start_epoch: float = 0
    end_epoch: float = 300
    step: float = 0.01
    drift: float = 0.0
    floor: float = 0.0
    by: By = "epoch"
    coin: Literal["batch", "clip", "epoch"] = "batch"

    def __call__(self, epoch: float) -> float:
        past = max(0.0, _position(epoch, self.by) - self.start_epoch)
        match self.kind:
            case "constant":
                return self.start
            case "linear":
                share = past / max(self.end_epoch - self.start_epoch, 1e-9)
                return max(self.floor, self.start + (self.floor - self.start) * min(1.0, share))
            case "step":
                fallen = self.step * past + self.drift * _position(epoch, self.by)
                return max(self.floor, self.start - fallen)


@dataclass(frozen=True)
class LearningRate:
    """The optimiser's step size.

    constant    peak throughout, after the warm-up
    multi-step  peak, multiplied by `gamma` at each of `milestones` (epochs)
    cosine      from peak down a half cosine to `floor` at `epochs`
    `warmup` epochs of a straight line from 0 come first, whatever the kind.
    """

    kind: Literal["constant", "multi-step", "cosine"] = "constant"
    peak: float = 0.002
    warmup: float = 0.0
    epochs: float = 300
    milestones: tuple[float, ...] = ()
    gamma: float = 0.1
    floor: float = 0.0
    by: By = "step"

    def __call__(self, epoch: float) -> float:
        position = _position(epoch, self.by)
        if position < self.warmup:
            return self.peak * position / self.warmup
        match self.kind:
            case "constant":
                return self.peak
            case "multi-step":
                return self.peak * self.gamma ** sum(position >= m for m in self.milestones)
            case "cosine":
                share = min(1.0, (position - self.warmup) / max(self.epochs - self.warmup, 1e-9))
                return self.floor + (self.peak - self.floor) * 0.5 * (1 + math.cos(math.pi * share))


def _position(epoch: float, by: By) -> float:
    return math.floor(epoch + 1e-9) if by == "epoch" else epoch
