"""What a clip's dancer does: figures one after another, and what is kept back for testing.

A figure is a pair (legs, arms), such as lunge with overhead. The pairs in `HELD_OUT` and every
three-quarter turn are danced in test clips only; the other splits never see them, and test clips
dance nothing else, save walking and turning between figures. Every kind of legs (but that turn)
and every kind of arms is also danced in training, with other partners: what is new in the test
is the combination, never a joint's range.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, pi

import numpy as np

from framecast.clip import Split
from framecast.sources.dancer.arms import ARMS, DOWN, play
from framecast.sources.dancer.legs import LEGS
from framecast.sources.dancer.score import LEFT, RIGHT, Score, blank
from framecast.sources.dancer.steps import STANCE, TOE_OUT, Steps, wrapped

Rng = np.random.Generator
Pair = tuple[str, str]

HELD_OUT: dict[str, tuple[str, ...]] = {
    "stand": ("circles", "high_clap", "one_up", "punch", "cross"),
    "bounce": ("hips", "cactus", "wave_left", "roll", "chest"),
    "sway": ("overhead", "robot", "clap", "disco", "head"),
    "side_bend": ("one_up", "side_raise", "wave_both", "head", "cross"),
    "bow": ("front_raise", "chest", "hang", "circles", "wave_right"),
    "squat": ("overhead", "cactus", "punch", "hips", "roll"),
    "lunge": ("overhead", "side_raise", "wave_right", "cross", "robot"),
    "side_lunge": ("one_up", "front_raise", "clap", "disco", "hang"),
    "step_touch": ("clap", "roll", "wave_both", "cactus", "punch"),
    "side_steps": ("side_raise", "robot", "high_clap", "head", "wave_left"),
    "grapevine": ("disco", "circles", "chest", "overhead", "hips"),
    "knee_lift": ("front_raise", "punch", "high_clap", "hang", "cross"),
    "kick": ("side_raise", "hips", "wave_left", "roll", "clap"),
    "side_kick": ("cactus", "one_up", "wave_right", "chest", "front_raise"),
    "tap": ("robot", "disco", "overhead", "circles", "wave_both"),
    "march": ("high_clap", "wave_right", "side_raise", "head", "punch"),
    "jack": ("clap", "cross", "robot", "front_raise", "one_up"),
    "twist": ("roll", "wave_both", "hang", "cactus", "disco"),
    "quarter_turn": ("wave_left", "head", "overhead", "chest"),
    "half_turn": ("hips", "high_clap", "circles", "clap"),
    "three_quarter_turn": tuple(ARMS),
    "full_turn": ("side_raise", "one_up", "robot", "wave_right"),
    "walk": ("overhead", "wave_left", "cross", "head", "clap"),
}
EVERY: tuple[Pair, ...] = tuple((legs, arms) for legs in HELD_OUT for arms in ARMS)
TEST_ONLY: tuple[Pair, ...] = tuple(p for p in EVERY if p[1] in HELD_OUT[p[0]])
SHARED: tuple[Pair, ...] = tuple(p for p in EVERY if p[1] not in HELD_OUT[p[0]])
PLAIN: Pair = ("walk", "hang")  # how everyone gets from one place to another
assert PLAIN in SHARED


@dataclass(frozen=True)
class Figure:
    """One figure as it was danced: which, and from when to when, s."""

    pair: Pair
    begin: float
    end: float


@dataclass(frozen=True)
class Stage:
    """Where the dancer may go: depths y, m, and how far from the middle at a depth."""

    near: float
    far: float
    middle: float  # m, the picture's middle at y = 0
    drift: float  # m a metre: how the middle moves with depth
    half: float  # m, half the picture's width at y = 0
    widen: float  # m a metre: how that grows with depth

    def inside(self, x: float, y: float, margin: float) -> float:
        """How much nearer to the border than `margin` the place is, m; 0 when it is well inside."""
        off = abs(x - self.middle - self.drift * y)
        out = off - (self.half + self.widen * y - margin)
        return max(out, self.near - y, y - self.far, 0.0)


@dataclass(frozen=True)
class Routine:
    """A clip's score, and the figures in it."""

    score: Score
    figures: tuple[Figure, ...]


def allowed(split: Split) -> tuple[Pair, ...]:
    """The pairs a split's figures are drawn from."""
    return TEST_ONLY if split == "test" else SHARED


def compose(rng: Rng, split: Split, seconds: float, size: float, stage: Stage) -> Routine:
    """Figures for at least so many seconds by a dancer of that size (1 for 1.75 m)."""
    x, y = _place(rng, stage)
    facing = float(-pi / 2 + rng.normal() * 0.5)
    steps = _enter(rng, x, y, facing, size)
    figures: list[Figure] = []
    pairs = allowed(split)
    walk_next = bool(rng.random() < 0.4)
    while steps.time < seconds:
        beat = float(rng.uniform(0.42, 0.62))
        if walk_next:
            _travel(rng, steps, figures, stage, pairs, beat)
        else:
            _face(rng, steps, figures, beat)
            # A dance: two or three figures in one rhythm, with nothing between them.
            for _ in range(int(rng.integers(2, 4))):
                _dance(rng, steps, figures, stage, pairs, beat)
        if rng.random() < 0.3:
            steps.time += float(rng.uniform(0.2, 1.0))
        walk_next = not walk_next if rng.random() < 0.85 else walk_next
    _idle(rng, steps.score, steps.time)
    return Routine(steps.score, tuple(figures))


def _enter(rng: Rng, x: float, y: float, facing: float, size: float) -> Steps:
    feet = []
    score = blank(((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)), DOWN)
    steps = Steps(score, size, 0.0, x, y, facing, LEFT if rng.random() < 0.5 else RIGHT)
    for out in (-1, 1):
        feet.append((*steps.spot(0.0, out * STANCE), facing + out * TOE_OUT))
    steps.score = blank(tuple(feet), DOWN)
    return steps


def _travel(
    rng: Rng,
    steps: Steps,
    figures: list[Figure],
    stage: Stage,
    pairs: tuple[Pair, ...],
    beat: float,
) -> None:
    """Walk to one or two other places, sometimes with something in the arms."""
    walks = tuple(p for p in pairs if p[0] == "walk")
    for _ in range(1 if rng.random() < 0.65 else 2):
        x, y = _place(rng, stage)
        for _ in range(8):  # far enough to be a walk
            if abs(x - steps.x) + abs(y - steps.y) > 1.0:
                break
            x, y = _place(rng, stage)
        pair = walks[rng.integers(len(walks))] if rng.random() < 0.35 else PLAIN
        begin = steps.time
        want = wrapped(atan2(y - steps.y, x - steps.x) - steps.facing)
        if abs(want) > 1.9:  # turn before walking off, or walk a very tight curve
            steps.turn(want, 0.8 * beat)
        steps.walk(x, y, beat * 1.05)
        _arms(steps, figures, pair, begin, beat)


def _face(rng: Rng, steps: Steps, figures: list[Figure], beat: float) -> None:
    """Turn to where the next figure is danced: mostly about towards the camera."""
    draw = rng.random()
    spread = 0.45 if draw < 0.6 else 1.6
    goal = -pi / 2 + float(rng.uniform(-spread, spread)) + (pi if draw > 0.9 else 0.0)
    by = wrapped(goal - steps.facing)
    if abs(by) > 0.4:
        begin = steps.time
        steps.turn(by, 0.8 * beat)
        _arms(steps, figures, PLAIN, begin, beat)


def _dance(
    rng: Rng,
    steps: Steps,
    figures: list[Figure],
    stage: Stage,
    pairs: tuple[Pair, ...],
    beat: float,
) -> None:
    """One figure on the spot. Its first side is the one with more room."""
    last = figures[-1].pair[0] if figures else ""
    legs = tuple(dict.fromkeys(p[0] for p in pairs if p[0] not in ("walk", last)))
    kind = legs[rng.integers(len(legs))]
    arms = tuple(p[1] for p in pairs if p[0] == kind)
    pair = (kind, arms[rng.integers(len(arms))])
    room = [stage.inside(*steps.spot(0.0, 1.2 * out), margin=0.5) for out in (-1, 1)]
    if room[0] != room[1]:
        steps.lead = RIGHT if room[0] < room[1] else LEFT
    else:
        steps.lead = LEFT if rng.random() < 0.5 else RIGHT
    begin = steps.time
    LEGS[kind](steps, beat)
    _arms(steps, figures, pair, begin, beat)


def _arms(steps: Steps, figures: list[Figure], pair: Pair, begin: float, beat: float) -> None:
    play(ARMS[pair[1]], steps.score, begin, steps.time, beat)
    figures.append(Figure(pair, begin, steps.time))


def _place(rng: Rng, stage: Stage) -> tuple[float, float]:
    """Somewhere on the stage: anywhere in depth, oftener in the middle depths."""
    y = float(stage.near + (stage.far - stage.near) * 0.5 * (rng.random() + rng.random()))
    half = max(stage.half + stage.widen * y - 0.55, 0.1)
    return stage.middle + stage.drift * y + float(rng.uniform(-half, half)), y


def _idle(rng: Rng, score: Score, until: float) -> None:
    """Nobody stands like a statue: small slow movements of trunk, head and arms throughout."""
    for name, size in (("bend", 0.03), ("lean", 0.025), ("twist", 0.05), ("nod", 0.08)):
        _wander(rng, score, name, size, until)
    time = float(rng.uniform(0, 2))
    while time < until:  # and looks about
        score.body["look"].over(
            float(rng.uniform(-0.7, 0.7)), time, time + float(rng.uniform(1, 2.5))
        )
        time += float(rng.uniform(1.5, 5))
    for arm in score.arms:
        for track in arm.values():
            time = float(rng.uniform(-2, 0))
            while time < until:
                span = float(rng.uniform(1.5, 3))
                track.over(float(rng.uniform(-0.06, 0.06)), time, time + span)
                time += 0.6 * span


def _wander(rng: Rng, score: Score, name: str, size: float, until: float) -> None:
    time = float(rng.uniform(-2, 0))
    while time < until:
        span = float(rng.uniform(1.5, 3))
        score.body[name].over(float(rng.uniform(-size, size)), time, time + span)
        time += 0.6 * span
