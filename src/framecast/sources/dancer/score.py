"""What the dancer is told to do over time: tracks of numbers, each a sum of eased moves.

A move never says where a track stands, only by how much it goes on from where it was going.
So moves may overlap, every track is smooth (twice differentiable) whatever is written, and one
motion blends into the next by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from framecast.sources.dancer.vectors import Floats, ease, hump

Side = Literal[0, 1]
RIGHT: Side = 0
LEFT: Side = 1

BODY = (
    "dip",  # m, how far the hips are below where straight legs would carry them
    "sit",  # m, hips back over the heels
    "bend",  # rad, trunk forward
    "lean",  # rad, trunk to its left
    "twist",  # rad, chest to its left against the hips
    "sway",  # rad, hips tilted: the left one up
    "look",  # rad, head to its left against the chest
    "nod",  # rad, head forward
    "weight",  # -1 on the right foot, 1 on the left
    "swing",  # 0 or 1: arms that swing with the legs
)
ARM = ("flex", "abduct", "rotate", "elbow")  # rad, see skeleton.py
FOOT = ("x", "y", "yaw", "z", "pitch")  # m, m, rad, m above the floor, rad (heel up)


@dataclass
class Track:
    """One number over time."""

    value: float  # where it stands at first, and then where it is going
    start: float = field(init=False)
    moves: list[tuple[float, float, float]] = field(default_factory=list)  # begin, end, by
    humps: list[tuple[float, float, float]] = field(default_factory=list)  # begin, end, height

    def __post_init__(self) -> None:
        self.start = self.value

    def to(self, value: float, begin: float, end: float) -> None:
        """Go to `value`, between two times in seconds."""
        assert end > begin, (begin, end)
        self.moves.append((begin, end, value - self.value))
        self.value = value

    def over(self, height: float, begin: float, end: float) -> None:
        """Go up by `height` and come back."""
        assert end > begin, (begin, end)
        self.humps.append((begin, end, height))

    def at(self, times: Floats) -> Floats:
        """The number at times [T], s."""
        total = np.full(len(times), self.start)
        for begin, end, by in self.moves:
            first = int(np.searchsorted(times, begin))
            total[first:] += by * ease((times[first:] - begin) / (end - begin))
        for begin, end, height in self.humps:
            span = slice(int(np.searchsorted(times, begin)), int(np.searchsorted(times, end)))
            total[span] += height * hump((times[span] - begin) / (end - begin))
        return total


@dataclass
class Score:
    """All tracks of a clip: the body's, two arms', two feet's (index RIGHT or LEFT)."""

    body: dict[str, Track]
    arms: tuple[dict[str, Track], dict[str, Track]]
    feet: tuple[dict[str, Track], dict[str, Track]]


def blank(feet: tuple[tuple[float, float, float], ...], arm: tuple[float, ...]) -> Score:
    """Standing still: each foot's x, y (m) and yaw (rad), right one first, and the arms' angles."""
    right, left = ({n: Track(v) for n, v in zip(FOOT, (*foot, 0.0, 0.0))} for foot in feet)
    return Score(
        body={name: Track(1.0 if name == "swing" else 0.0) for name in BODY},
        arms=(
            {name: Track(angle) for name, angle in zip(ARM, arm)},
            {name: Track(angle) for name, angle in zip(ARM, arm)},
        ),
        feet=(right, left),
    )
