"""What the arms do in a figure: cycles of poses, one every few beats.

A pose is (flex, abduct, rotate, elbow) in rad, as in score.ARM, and the same for both arms:
skeleton.py mirrors the left one.
"""

from __future__ import annotations

from dataclasses import dataclass

from framecast.sources.dancer.score import ARM, LEFT, RIGHT, Score

Pose = tuple[float, float, float, float]

DOWN: Pose = (0.02, 0.17, 0.0, 0.20)
SIDE: Pose = (0.0, 1.52, 0.0, 0.10)
UP: Pose = (0.05, 2.75, 0.0, 0.20)
FRONT: Pose = (1.50, 0.05, 0.0, 0.12)
CACTUS: Pose = (0.0, 1.50, 1.50, 1.45)
SCARECROW: Pose = (0.0, 1.45, -1.45, 1.45)
HIP: Pose = (-0.35, 0.80, -1.00, 1.75)
CHEST: Pose = (0.50, 0.50, -0.95, 2.05)
CLAPPED: Pose = (1.15, 0.00, -0.62, 0.75)
OPEN: Pose = (0.95, 0.75, -0.15, 0.65)
HEAD: Pose = (0.25, 1.75, 1.20, 2.20)
WAVE_IN: Pose = (0.20, 1.35, 1.45, 2.05)
WAVE_OUT: Pose = (0.20, 1.35, 1.45, 1.15)
POINT_UP: Pose = (0.25, 2.30, 0.0, 0.05)
POINT_DOWN: Pose = (0.55, -0.30, 0.0, 0.10)
PUNCH: Pose = (1.50, 0.05, -0.10, 0.05)
GUARD: Pose = (0.55, 0.25, -0.45, 2.25)
ABOVE: Pose = (0.0, 1.85, 0.0, 0.10)
AHEAD: Pose = (0.40, 1.52, 0.0, 0.10)
BELOW: Pose = (0.0, 1.20, 0.0, 0.10)
BEHIND: Pose = (-0.40, 1.52, 0.0, 0.10)
CROSSED: Pose = (1.05, -0.35, -0.35, 0.40)
HIGH_CLAP: Pose = (0.10, 2.45, 1.50, 0.95)
FORE_LOW: Pose = (0.35, 0.25, -0.95, 1.55)
FORE_HIGH: Pose = (0.95, 0.25, -0.95, 1.75)


@dataclass(frozen=True)
class Arms:
    """A cycle of poses (right, left), each reached `beats` after the one before it."""

    beats: float
    cycle: tuple[tuple[Pose, Pose], ...]
    twist: float = 0.0  # rad, the chest to the left and right by turns
    swing: bool = False  # the arms swing with the legs


ARMS: dict[str, Arms] = {
    "hang": Arms(8, ((DOWN, DOWN),), swing=True),
    "hips": Arms(2, ((HIP, HIP),)),
    "side_raise": Arms(2, ((SIDE, SIDE), (DOWN, DOWN))),
    "front_raise": Arms(2, ((FRONT, FRONT), (DOWN, DOWN))),
    "overhead": Arms(2, ((UP, UP), (DOWN, DOWN))),
    "one_up": Arms(2, ((UP, DOWN), (DOWN, UP))),
    "cactus": Arms(2, ((CACTUS, CACTUS), (SIDE, SIDE))),
    "robot": Arms(2, ((CACTUS, SCARECROW), (SCARECROW, CACTUS))),
    "wave_right": Arms(1, ((WAVE_OUT, DOWN), (WAVE_IN, DOWN))),
    "wave_left": Arms(1, ((DOWN, WAVE_OUT), (DOWN, WAVE_IN))),
    "wave_both": Arms(1, ((WAVE_OUT, WAVE_OUT), (WAVE_IN, WAVE_IN))),
    "clap": Arms(1, ((OPEN, OPEN), (CLAPPED, CLAPPED))),
    "high_clap": Arms(1.5, ((HIGH_CLAP, HIGH_CLAP), (CACTUS, CACTUS))),
    "punch": Arms(1, ((PUNCH, GUARD), (GUARD, PUNCH)), twist=0.3),
    "disco": Arms(2, ((POINT_UP, HIP), (POINT_DOWN, HIP)), twist=0.2),
    "circles": Arms(0.6, ((ABOVE, ABOVE), (AHEAD, AHEAD), (BELOW, BELOW), (BEHIND, BEHIND))),
    "roll": Arms(0.7, ((FORE_LOW, FORE_HIGH), (FORE_HIGH, FORE_LOW))),
    "cross": Arms(1.5, ((SIDE, SIDE), (CROSSED, CROSSED))),
    "head": Arms(2, ((HEAD, HEAD),)),
    "chest": Arms(2, ((CHEST, CHEST), (SIDE, SIDE))),
}


def play(arms: Arms, score: Score, begin: float, end: float, beat: float) -> None:
    """Write a cycle of poses between two times, s; it ends in whatever pose stands last."""
    score.body["swing"].to(1.0 if arms.swing else 0.0, begin, begin + 0.5)
    step = arms.beats * beat
    count = max(1, int((end - begin) / step + 0.01))
    for k in range(count):
        at = begin + k * step
        reach = at + min(step, max(2.2 * beat, 0.5)) * 0.96
        poses = arms.cycle[k % len(arms.cycle)]
        for side in (RIGHT, LEFT):
            far = max(abs(a - score.arms[side][n].value) for n, a in zip(ARM, poses[side]))
            if far == 0:
                continue
            late = max(reach, at + 0.38 * far)  # no arm is flung about
            for name, angle in zip(ARM, poses[side]):
                score.arms[side][name].to(angle, at, late)
        if arms.twist:
            sign = 1.0 if k % 2 == 0 else -1.0
            score.body["twist"].over(sign * arms.twist, at, at + step)
