"""What a training run is told: data, schedule, optimiser. Plain data, saved beside every run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from framecast.clip import Split
from framecast.schedules import KLWeight, LearningRate, TeacherForcing


@dataclass(frozen=True)
class Augment:
    """How training clips are varied (train/augment.py); zeros leave them as recorded."""

    relocate: float = 0.0
    """share of the clips in which the person is moved and resized before the still room"""
    zoom: float = 0.0
    """share of the clips of which the whole picture is moved and enlarged"""
    largest: float = 2.5
    """times the recorded size, at most"""
    light: float = 0.0
    """standard deviation of a clip's gain; 0.3 of it offsets all colours, 0.15 each on its own"""

    @property
    def moves(self) -> bool:
        """Whether pictures change place, which a control of numbers could not follow."""
        return self.relocate > 0 or self.zoom > 0


@dataclass(frozen=True)
class TrainConfig:
    """Epochs are bookkeeping: `steps_per_epoch` steps each, whatever the size of the store."""

    seed: int = 0
    epochs: int = 300
    steps_per_epoch: int = 600
    batch: int = 16
    horizon: int = 10
    """n_future: frames to predict after the model's context"""
    window: Literal["first", "random", "tiled"] = "random"
    """where in a longer clip the context + horizon frames start. tiled cuts it into fixed ones
    that do not overlap"""
    shuffle: bool = True
    """a new order each pass; off keeps the store's"""
    far_context: bool = False
    """take the context from a random place of the clip, not from just before the future, as it
    is late in a long rollout"""
    split: Split = "train"
    augment: Augment = field(default_factory=Augment)

    kl: KLWeight = field(default_factory=KLWeight)
    teacher_forcing: TeacherForcing = field(default_factory=TeacherForcing)
    learning_rate: LearningRate = field(default_factory=LearningRate)

    optimizer: Literal["adam", "adamw"] = "adam"
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    clip_norm: float = 0.0
    """largest norm of the gradient; 0 is off"""
    ema: float = 0.0
    """decay of the averaged weights that are judged and kept, (1 + n) / (10 + n) at step n while
    that is less; 0 is off"""
    precision: Literal["float32", "bfloat16", "auto"] = "float32"
    """bfloat16 runs the networks under autocast; weights and losses stay float32. auto becomes
    bfloat16 when a run is made where the hardware multiplies it natively, else float32"""

    validate_every: int = 5
    """epochs between two PSNRs on the validation split; 0 is never"""
    validate_horizon: int = 10
    """frames predicted in validation; fewer where the validation clips are shorter"""
    validate_clips: int = 64
    """about this many validation clips, in whole batches"""
    save_every: int = 5
    """epochs between two checkpoints; the last step is kept in any case"""
    log_every: int = 10
    """steps between two lines of log.jsonl"""

    def resolved(self, device_type: str) -> TrainConfig:
        """The same with `precision` settled for this machine."""
        if self.precision != "auto":
            return self
        from framecast.fast import multiplies_bfloat16  # torch takes a second to import

        native = multiplies_bfloat16(device_type)
        return replace(self, precision="bfloat16" if native else "float32")

    @property
    def steps(self) -> int:
        """The whole plan in steps."""
        return self.epochs * self.steps_per_epoch
