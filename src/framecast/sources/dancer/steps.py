"""Where the feet go: steps written into a score from a place and a facing that move along.

Lengths are for a person of 1.75 m; `size` fits them to another.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, ceil, cos, pi, sin, sqrt

from framecast.sources.dancer.score import LEFT, RIGHT, Score, Side

STANCE = 0.105  # m, each foot's distance from the middle when standing
NARROW = 0.055  # m, the same when walking
TOE_OUT = 0.12  # rad
STRIDE = 0.62  # m, a walking step
SHARPEST = 0.7  # rad, by how much a walking step can turn


@dataclass
class Steps:
    """The dancer's present: the time, the place between the feet, the facing, and the score."""

    score: Score
    size: float
    time: float  # s
    x: float  # m to the camera's right
    y: float  # m away from the camera
    facing: float  # rad, 0 is to the camera's right, -pi/2 towards it; never wrapped
    lead: Side

    def body(self, name: str, value: float, begin: float, end: float) -> None:
        """Bring one of the body's tracks to a value."""
        self.score.body[name].to(value, begin, end)

    def over(self, name: str, height: float, begin: float, end: float) -> None:
        """Move one of the body's tracks and back again."""
        self.score.body[name].over(height, begin, end)

    def spot(self, forward: float, left: float) -> tuple[float, float]:
        """A place on the floor given from the dancer's own, m."""
        c, s = cos(self.facing), sin(self.facing)
        forward, left = forward * self.size, left * self.size
        return self.x + forward * c - left * s, self.y + forward * s + left * c

    def shift(self, forward: float, left: float) -> None:
        """From now on the dancer's place is that one."""
        self.x, self.y = self.spot(forward, left)

    def step(
        self,
        side: Side,
        begin: float,
        end: float,
        forward: float = 0.0,
        left: float = 0.0,
        yaw: float = 0.0,
        width: float = STANCE,
        lift: float = 0.06,
        roll: float = 0.25,
        weight: float = 0.5,
    ) -> None:
        """Put a foot down at a place (m, from home), the weight on the other meanwhile."""
        out = 1 if side == LEFT else -1
        x, y = self.spot(forward, left + out * width)
        foot = self.score.feet[side]
        foot["x"].to(x, begin, end)
        foot["y"].to(y, begin, end)
        foot["yaw"].to(self.facing + yaw + out * TOE_OUT, begin, end)
        foot["z"].over(lift * self.size, begin, end)
        span = end - begin
        if roll > 0:  # the heel leaves first; the toe is up when the heel lands
            foot["pitch"].to(roll, begin - 0.55 * span, begin + 0.2 * span)
            foot["pitch"].to(-0.3 * roll, begin + 0.2 * span, begin + 0.85 * span)
            foot["pitch"].to(0.0, begin + 0.8 * span, end + 0.2 * span)
        self.body("weight", -out * weight, begin - 0.3 * span, begin + 0.4 * span)

    def swing_out(
        self, side: Side, begin: float, end: float, forward: float, left: float, up: float
    ) -> None:
        """Lift a foot that way (m) and bring it back: knees, kicks, taps."""
        out = 1 if side == LEFT else -1
        foot, c, s = self.score.feet[side], cos(self.facing), sin(self.facing)
        forward, left = forward * self.size, out * left * self.size
        foot["x"].over(forward * c - left * s, begin, end)
        foot["y"].over(forward * s + left * c, begin, end)
        foot["z"].over(up * self.size, begin, end)
        foot["pitch"].over(0.35 if up > 0.3 and forward < 0.4 else -0.2, begin, end)
        span = end - begin
        self.body("weight", -out * 0.85, begin - 0.25 * span, begin + 0.3 * span)

    def settle(self, begin: float, end: float) -> None:
        """The weight on both feet again."""
        self.body("weight", 0.0, begin, end)

    def turn(self, by: float, pace: float) -> None:
        """Turn on the spot by an angle, rad, in steps of `pace` seconds."""
        count = max(1, ceil(abs(by) / 0.8))
        first: Side = LEFT if by > 0 else RIGHT
        for _ in range(count):
            self.facing += by / count
            for side in (first, other(first)):
                self.step(side, self.time, self.time + 0.9 * pace, lift=0.05, roll=0.2)
                self.time += pace
        self.settle(self.time - 0.3 * pace, self.time + 0.3)

    def walk(self, x: float, y: float, pace: float) -> None:
        """Walk to a place in steps of `pace` seconds, turning on the way."""
        side = self.lead
        while True:
            dx, dy = x - self.x, y - self.y
            way = sqrt(dx * dx + dy * dy)
            if way < 0.2:
                break
            by = wrapped(atan2(dy, dx) - self.facing)
            by = max(-SHARPEST, min(SHARPEST, by))
            length = min(STRIDE * self.size * (1.0 - 0.75 * abs(by) / SHARPEST), way)
            self.facing += by
            self.shift(length / self.size, 0.0)
            end = self.time + 0.86 * pace
            share = length / STRIDE
            self.step(
                side, self.time, end, width=NARROW, lift=0.07, roll=0.25 + 0.55 * share, weight=0.4
            )
            self.time += pace
            side = other(side)
        for _ in range(2):  # the hind foot comes up, then both stand as wide as usual
            self.step(side, self.time, self.time + 0.86 * pace, lift=0.05, roll=0.3)
            self.time += pace
            side = other(side)
        self.settle(self.time - 0.3 * pace, self.time + 0.3)
        self.lead = side


def other(side: Side) -> Side:
    return LEFT if side == RIGHT else RIGHT


def wrapped(angle: float) -> float:
    """The same angle in [-pi, pi)."""
    return angle - 2 * pi * ((angle + pi) // (2 * pi))
