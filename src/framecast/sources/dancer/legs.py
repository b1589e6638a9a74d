"""What legs and trunk do in a figure: each kind writes some beats into the score.

All begin and end standing, the weight on both feet, every track of the body where it was.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi

from framecast.sources.dancer.score import LEFT, RIGHT, Side
from framecast.sources.dancer.steps import Steps, other

Figure = Callable[[Steps, float], None]
"""Writes one figure, from `steps.time` on, in beats of that many seconds, and moves the time on."""


def _sides(steps: Steps) -> tuple[Side, Side]:
    return steps.lead, other(steps.lead)


def _out(side: Side) -> float:
    return 1.0 if side == LEFT else -1.0


def stand(s: Steps, beat: float) -> None:
    s.body("weight", 0.25 * _out(s.lead), s.time, s.time + 2 * beat)
    s.body("weight", 0.0, s.time + 5 * beat, s.time + 7 * beat)
    s.time += 8 * beat


def bounce(s: Steps, beat: float) -> None:
    for _ in range(8):
        s.over("dip", 0.075 * s.size, s.time, s.time + beat)
        s.time += beat


def sway(s: Steps, beat: float) -> None:
    for k in range(4):
        way = _out(_sides(s)[k % 2])
        for name, value in (("weight", 0.75), ("sway", 0.10), ("lean", -0.12)):
            s.body(name, way * value, s.time, s.time + 1.8 * beat)
        s.over("dip", 0.03 * s.size, s.time, s.time + 2 * beat)
        s.time += 2 * beat
    for name in ("weight", "sway", "lean"):
        s.body(name, 0.0, s.time - 0.3 * beat, s.time + 0.9 * beat)


def side_bend(s: Steps, beat: float) -> None:
    for side in _sides(s):
        s.over("lean", 0.42 * _out(side), s.time, s.time + 4 * beat)
        s.over("weight", -0.4 * _out(side), s.time, s.time + 4 * beat)
        s.time += 4 * beat


def bow(s: Steps, beat: float) -> None:
    for _ in range(2):
        s.over("bend", 0.85, s.time, s.time + 4 * beat)
        s.over("sit", 0.10 * s.size, s.time, s.time + 4 * beat)
        s.over("dip", 0.02 * s.size, s.time, s.time + 4 * beat)
        s.time += 4 * beat


def squat(s: Steps, beat: float) -> None:
    for _ in range(2):
        for name, value in (("dip", 0.36 * s.size), ("sit", 0.14 * s.size), ("bend", 0.55)):
            s.body(name, value, s.time, s.time + 1.9 * beat)
            s.body(name, 0.0, s.time + 2.0 * beat, s.time + 3.9 * beat)
        s.time += 4 * beat


def lunge(s: Steps, beat: float) -> None:
    for side in _sides(s):
        hind = s.score.feet[1 - side]["pitch"]
        t = s.time
        s.step(side, t, t + 1.2 * beat, forward=0.70, lift=0.09, roll=0.3, weight=0.3)
        s.settle(t + 0.7 * beat, t + 1.5 * beat)
        s.body("dip", 0.20 * s.size, t + 0.5 * beat, t + 1.8 * beat)
        hind.to(0.75, t + 0.3 * beat, t + 1.7 * beat)
        s.body("dip", 0.0, t + 2.2 * beat, t + 3.5 * beat)
        hind.to(0.0, t + 2.3 * beat, t + 3.5 * beat)
        s.step(side, t + 2.5 * beat, t + 3.8 * beat, lift=0.07, roll=0.2, weight=0.3)
        s.settle(t + 3.4 * beat, t + 4.2 * beat)
        s.time += 4 * beat


def side_lunge(s: Steps, beat: float) -> None:
    for side in _sides(s):
        t, way = s.time, _out(side)
        s.step(side, t, t + 1.2 * beat, left=0.55 * way, lift=0.07, roll=0.0, weight=0.4)
        for name, value in (("weight", 0.7 * way), ("dip", 0.20 * s.size), ("bend", 0.25)):
            s.body(name, value, t + 0.7 * beat, t + 1.9 * beat)
        for name in ("dip", "bend"):
            s.body(name, 0.0, t + 2.1 * beat, t + 3.3 * beat)
        s.step(side, t + 2.6 * beat, t + 3.8 * beat, lift=0.06, roll=0.0, weight=0.4)
        s.settle(t + 3.4 * beat, t + 4.2 * beat)
        s.time += 4 * beat


def _side_step(s: Steps, side: Side, length: float, beat: float) -> None:
    """One foot out, the other after it: two beats."""
    way = _out(side)
    s.step(side, s.time, s.time + 0.85 * beat, left=length * way, lift=0.06, roll=0.15)
    s.shift(0.0, length * way)
    s.step(other(side), s.time + beat, s.time + 1.85 * beat, lift=0.06, roll=0.2)
    for k in (0, 1):
        s.over("dip", 0.03 * s.size, s.time + (k + 0.4) * beat, s.time + (k + 1.3) * beat)
    s.time += 2 * beat


def step_touch(s: Steps, beat: float) -> None:
    for k in range(4):
        _side_step(s, _sides(s)[k % 2], 0.36, beat)
    s.settle(s.time - 0.3 * beat, s.time + 0.4 * beat)


def side_steps(s: Steps, beat: float) -> None:
    for k in range(4):
        _side_step(s, _sides(s)[k // 2], 0.46, beat)
    s.settle(s.time - 0.3 * beat, s.time + 0.4 * beat)


def grapevine(s: Steps, beat: float) -> None:
    for side in _sides(s):
        way, t = _out(side), s.time
        s.step(side, t, t + 0.85 * beat, left=0.34 * way, roll=0.2)
        s.step(other(side), t + beat, t + 1.85 * beat, forward=-0.16, left=0.62 * way, roll=0.3)
        s.shift(0.0, 0.68 * way)
        s.step(side, t + 2 * beat, t + 2.85 * beat, roll=0.2)
        s.step(other(side), t + 3 * beat, t + 3.85 * beat, roll=0.3)
        s.time += 4 * beat
    s.settle(s.time - 0.3 * beat, s.time + 0.4 * beat)


def _swings(
    s: Steps, beat: float, forward: float, left: float, up: float, lean: tuple[float, float]
) -> None:
    """Four swings of the legs, side about, two beats each; trunk (bend, lean) against them."""
    for k in range(4):
        side = _sides(s)[k % 2]
        t = s.time + 0.1 * beat
        s.swing_out(side, t, t + 1.75 * beat, forward, left, up)
        s.over("bend", lean[0], t, t + 1.75 * beat)
        s.over("lean", -_out(side) * lean[1], t, t + 1.75 * beat)
        s.time += 2 * beat
    s.settle(s.time - 0.3 * beat, s.time + 0.5 * beat)


def knee_lift(s: Steps, beat: float) -> None:
    _swings(s, beat, 0.26, 0.02, 0.42, (-0.05, 0.0))


def kick(s: Steps, beat: float) -> None:
    _swings(s, beat, 0.58, 0.0, 0.40, (-0.16, 0.0))


def side_kick(s: Steps, beat: float) -> None:
    _swings(s, beat, 0.03, 0.52, 0.28, (0.0, 0.20))


def tap(s: Steps, beat: float) -> None:
    _swings(s, beat, 0.34, 0.05, 0.035, (0.0, 0.0))


def march(s: Steps, beat: float) -> None:
    for k in range(8):
        s.swing_out(_sides(s)[k % 2], s.time, s.time + 0.95 * beat, 0.10, 0.0, 0.20)
        s.time += beat
    s.settle(s.time - 0.3 * beat, s.time + 0.5 * beat)


def jack(s: Steps, beat: float) -> None:
    for _ in range(2):
        for wide, t in ((0.22, s.time), (0.0, s.time + 2 * beat)):
            s.over("dip", 0.08 * s.size, t - 0.7 * beat, t + 0.3 * beat)
            for side in (RIGHT, LEFT):
                left = wide * _out(side)
                s.step(side, t, t + 0.9 * beat, left=left, lift=0.09, roll=0.0, weight=0.0)
            s.over("dip", 0.06 * s.size, t + 0.7 * beat, t + 1.6 * beat)
        s.time += 4 * beat


def twist(s: Steps, beat: float) -> None:
    s.body("dip", 0.10 * s.size, s.time, s.time + beat)
    for k in range(8):
        way = _out(_sides(s)[k % 2]) if k < 7 else 0.0
        for foot in s.score.feet:
            home = foot["yaw"].value
            foot["yaw"].over(0.55 * way, s.time, s.time + 1.6 * beat)
            assert foot["yaw"].value == home
            foot["pitch"].over(0.25, s.time, s.time + beat)
        s.over("twist", -0.55 * way, s.time, s.time + 1.6 * beat)
        s.time += beat
    s.body("dip", 0.0, s.time - beat, s.time)


def _turning(share: float) -> Figure:
    def turning(s: Steps, beat: float) -> None:
        s.turn(_out(s.lead) * share * 2 * pi, beat * 0.9)
        s.time += beat

    return turning


LEGS: dict[str, Figure] = {
    "stand": stand,
    "bounce": bounce,
    "sway": sway,
    "side_bend": side_bend,
    "bow": bow,
    "squat": squat,
    "lunge": lunge,
    "side_lunge": side_lunge,
    "step_touch": step_touch,
    "side_steps": side_steps,
    "grapevine": grapevine,
    "knee_lift": knee_lift,
    "kick": kick,
    "side_kick": side_kick,
    "tap": tap,
    "march": march,
    "jack": jack,
    "twist": twist,
    "quarter_turn": _turning(0.25),
    "half_turn": _turning(0.5),
    "three_quarter_turn": _turning(0.75),
    "full_turn": _turning(1.0),
}
