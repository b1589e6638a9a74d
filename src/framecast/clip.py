"""The one thing that flows: a clip of frames with the control that drove them.

Shape letters used throughout: B clips, T frames, C channels, H height, W width, K control
numbers, S samples.

The control convention: `control[t]` drives the step INTO frame t. The *source* does the
pairing. A robot's log gives (action, position) rows, and row t-1 drives frame t-1 to frame t,
so a source of robot video stores row t-1 at index t and zeros at index 0. A pose drawn for
frame t stands at index t as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Split = Literal["train", "validate", "test"]
SPLITS: tuple[Split, ...] = ("train", "validate", "test")


@dataclass(frozen=True)
class ControlSpec:
    """What a control is made of: one name and one SI unit ("1" for a bare number) a channel."""

    kind: Literal["vector", "image"]
    names: tuple[str, ...]
    units: tuple[str, ...]

    def __post_init__(self) -> None:
        assert len(self.names) == len(self.units), (self.names, self.units)


@dataclass(frozen=True)
class Origin:
    """Where clips come from: the source's name, its control, and the settings that made them."""

    source: str
    control: ControlSpec
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Clip:
    """One recorded clip as a source yields it and a store keeps it.

    frames   uint8   [T, H, W, 3]
    control  float32 [T, K], or uint8 [T, H, W, 3] for a picture (see the control convention)
    facts    numbers a source knows about the whole clip, such as {"object_travel_m": 0.04}
    """

    clip_id: str
    split: Split
    frames: NDArray[np.uint8]
    control: NDArray[Any]
    facts: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.frames.dtype == np.uint8, self.frames.dtype
        assert self.frames.ndim == 4, self.frames.shape
        assert len(self.frames) == len(self.control), (self.frames.shape, self.control.shape)
        assert self.control.dtype in (np.float32, np.uint8), self.control.dtype


TRUE_FRAMES = "true_frames"
"""the fact that says how many of a clip's frames were recorded, where some were never given"""


def true_frames(facts: Mapping[str, float], length: int) -> int:
    """How many frames of a clip of `length` are recorded ones; the rest are black."""
    return int(facts.get(TRUE_FRAMES, length))


def pair(rows: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """A robot's log as a control: rows [T, K] -> control [T, K], row t-1 at index t, zeros at 0.

    `rows[t]` is what was commanded and measured at frame t, so it drives the step out of it.
    """
    return np.concatenate([np.zeros_like(rows[:1]), rows[:-1]]).astype(np.float32)


def split_of(index: int) -> Split:
    """The split of clip `index` of a source that has none: 1 in 10 test, 1 in 10 validate.

    It depends on the index alone, so a set of N clips stays a prefix of a bigger one.
    """
    splits: dict[int, Split] = {1: "test", 2: "validate"}
    return splits.get(index % 10, "train")


class Batch(NamedTuple):
    """Clips as a predictor takes them (torch tensors, on the predictor's device).

    frames   float [B, T, C, H, W] in [0, 1]
    control  float [B, T, K], or [B, T, C, H, W] in [0, 1]
    """

    frames: Any
    control: Any
    clip_ids: tuple[str, ...]
