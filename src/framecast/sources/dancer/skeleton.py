"""From a score to where every joint is: feet first, hips over them, then trunk, head and arms.

World: x to the camera's right, y away from it, z up, metres, the floor at 0. A body frame's
columns are forward, left, up. Feet stand where the score puts them, and the knees follow (two
links between hip and ankle), so nothing slides. Fractions of the stature are common averages.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framecast.sources.dancer.score import ARM, BODY, FOOT, LEFT, RIGHT, Score, Side
from framecast.sources.dancer.vectors import (
    Floats,
    about,
    after,
    dot,
    smooth,
    turned,
    unit,
)

FPS = 30
BEFORE = 12  # frames before the first and after the last, for smoothing
THIGH, SHIN, ANKLE = 0.245, 0.246, 0.045
HEEL, BALL, TOE = 0.030, 0.075, 0.115  # behind and before the ankle
SOLE = 0.012  # how high heel and toe joints are above the floor
TRUNK, NECK, SKULL = 0.266, 0.024, 0.094  # hips to shoulders, to the neck's root, to head's middle
UPPER_ARM, FORE_ARM, HAND = 0.170, 0.150, 0.085


@dataclass(frozen=True)
class Build:
    """What of a body the skeleton depends on."""

    stature: float  # m
    hips: float  # half the distance of the hip joints, share of the stature
    shoulders: float  # the same of the shoulders
    limbs: float  # arms and legs, about 1


@dataclass(frozen=True)
class Joints:
    """Places [T, 3] and frames [T, 3, 3]; pairs are (right, left)."""

    hips: Floats  # the middle between the hip joints
    waist: Floats
    chest: Floats  # the middle between the shoulders
    neck: Floats
    head: Floats
    pelvis_frame: Floats
    trunk_frame: Floats
    chest_frame: Floats
    head_frame: Floats
    hip: tuple[Floats, Floats]
    knee: tuple[Floats, Floats]
    ankle: tuple[Floats, Floats]
    heel: tuple[Floats, Floats]
    toe: tuple[Floats, Floats]
    shoulder: tuple[Floats, Floats]
    elbow: tuple[Floats, Floats]
    wrist: tuple[Floats, Floats]
    finger: tuple[Floats, Floats]
    palm: tuple[Floats, Floats]  # across the hand, unit


def joints(score: Score, build: Build, frames: int, start: float = 0.0) -> Joints:
    """The body at `frames` frames from `start` seconds on."""
    times = start + (np.arange(-BEFORE, frames + BEFORE)) / FPS
    body = {name: score.body[name].at(times) for name in BODY}
    feet = [{name: foot[name].at(times) for name in FOOT} for foot in score.feet]
    arms = [{name: smooth(arm[name].at(times), 2) for name in ARM} for arm in score.arms]
    tall = build.stature

    standing = [_foot(foot, tall) for foot in feet]
    yaw = smooth(0.5 * (feet[RIGHT]["yaw"] + feet[LEFT]["yaw"]), 7)
    ahead = np.stack([np.cos(yaw), np.sin(yaw), np.zeros_like(yaw)], axis=-1)
    aside = np.stack([-ahead[:, 1], ahead[:, 0], ahead[:, 2]], axis=-1)
    ground = [np.stack([foot["x"], foot["y"], np.zeros_like(yaw)], axis=-1) for foot in feet]
    apart = ground[LEFT] - ground[RIGHT]
    middle = 0.5 * (ground[LEFT] + ground[RIGHT])
    over = middle + (0.5 * body["weight"] * dot(apart, aside))[:, None] * aside
    over = smooth(over, 8) - body["sit"][:, None] * ahead
    stride = smooth(dot(apart, ahead), 3)  # the left foot ahead of the right, m

    pelvis = after(about(2, yaw - 0.22 * stride), about(0, body["sway"]))
    pelvis = after(pelvis, about(1, 0.25 * body["bend"]))
    hip_offset = build.hips * tall
    reach = (THIGH + SHIN) * build.limbs * tall
    hips = over.copy()
    hips[:, 2] = _height(hips, pelvis, hip_offset, [s.ankle for s in standing], reach)
    hips[:, 2] -= body["dip"]
    hip = [hips + turned(pelvis, (0.0, _sign(side) * hip_offset, 0.0)) for side in (RIGHT, LEFT)]
    legs = [
        _leg(hip[side], standing[side], 0.6 * standing[side].ahead + 0.4 * ahead, build)
        for side in (RIGHT, LEFT)
    ]

    twist, lean, bend = body["twist"] + 0.16 * stride, body["lean"], body["bend"]
    trunk = after(after(pelvis, about(2, 0.5 * twist)), about(0, -0.5 * lean))
    trunk = after(trunk, about(1, 0.35 * bend))
    chest_frame = after(after(trunk, about(2, 0.5 * twist)), about(0, -0.5 * lean))
    chest_frame = after(chest_frame, about(1, 0.40 * bend))
    waist = hips + turned(pelvis, (0.0, 0.0, 0.06 * tall))
    mid = waist + turned(trunk, (0.0, 0.0, 0.10 * tall))
    chest = mid + turned(chest_frame, (0.0, 0.0, (TRUNK - 0.16) * tall))
    neck = chest + turned(chest_frame, (-0.002 * tall, 0.0, NECK * tall))
    head_frame = after(after(chest_frame, about(2, body["look"])), about(1, body["nod"]))
    head_frame = after(head_frame, about(1, -0.45 * bend))
    head = neck + turned(head_frame, (0.012 * tall, 0.0, SKULL * tall))

    swing = body["swing"]
    shoulder, elbow, wrist, finger, palm = [], [], [], [], []
    for side in (RIGHT, LEFT):
        sign = _sign(side)
        drive = -sign * stride * swing  # each arm goes with the other side's foot
        arm = arms[side]
        root = chest + turned(
            chest_frame, np.stack(_shoulder(arm, sign, build.shoulders * tall, tall), axis=-1)
        )
        upper = after(chest_frame, about(1, -(arm["flex"] + 0.62 * drive)))
        upper = after(upper, about(0, sign * arm["abduct"]))
        upper = after(upper, about(2, sign * arm["rotate"]))
        bent = arm["elbow"] + np.maximum(0.35 * drive, -0.1)
        fore = after(upper, about(1, -bent))
        down = np.array([0.0, 0.0, -build.limbs * tall])
        shoulder.append(root)
        elbow.append(root + turned(upper, UPPER_ARM * down))
        wrist.append(elbow[-1] + turned(fore, FORE_ARM * down))
        finger.append(wrist[-1] + turned(fore, HAND * down))
        palm.append(fore[..., 0])
    keep = slice(BEFORE, BEFORE + frames)

    def cut(x: Floats) -> Floats:
        return x[keep]

    def both(x: list[Floats]) -> tuple[Floats, Floats]:
        return x[RIGHT][keep], x[LEFT][keep]

    return Joints(
        hips=cut(hips),
        waist=cut(waist),
        chest=cut(chest),
        neck=cut(neck),
        head=cut(head),
        pelvis_frame=cut(pelvis),
        trunk_frame=cut(trunk),
        chest_frame=cut(chest_frame),
        head_frame=cut(head_frame),
        hip=both(hip),
        knee=both([leg[0] for leg in legs]),
        ankle=both([leg[1] for leg in legs]),
        heel=both([leg[2] for leg in legs]),
        toe=both([leg[3] for leg in legs]),
        shoulder=both(shoulder),
        elbow=both(elbow),
        wrist=both(wrist),
        finger=both(finger),
        palm=both(palm),
    )


@dataclass(frozen=True)
class _Standing:
    """A foot where the score wants it."""

    ankle: Floats  # [T, 3]
    heel: Floats
    toe: Floats
    ahead: Floats  # [T, 3] unit, level


def _sign(side: Side) -> float:
    return 1.0 if side == LEFT else -1.0


def _foot(foot: dict[str, Floats], tall: float) -> _Standing:
    """The foot pivots on its ball when the heel is up, on its heel when the toe is."""
    level = about(2, foot["yaw"])
    pitch = smooth(foot["pitch"], 2)
    tilted = after(level, about(1, pitch))
    place = np.stack([foot["x"], foot["y"], foot["z"]], axis=-1)
    pivot_at = np.where(pitch > 0, BALL, -HEEL)[:, None] * np.array([tall, 0.0, 0.0])
    pivot = place + turned(level, pivot_at)

    def part(forward: float, up: float) -> Floats:
        local = np.array([forward * tall, 0.0, up * tall]) - pivot_at
        return pivot + turned(tilted, local)

    toe = part(TOE, SOLE)
    toe[:, 2] = np.maximum(toe[:, 2], SOLE * tall)  # toes bend where the floor is
    return _Standing(part(0.0, ANKLE), part(-HEEL, SOLE), toe, level[..., 0])


def _height(
    hips: Floats, pelvis: Floats, offset: float, ankles: list[Floats], reach: float
) -> Floats:
    """How high the hips are carried [T] when the legs are all but straight, m."""
    lowest = np.full(len(hips), np.inf)
    for side, ankle in zip((RIGHT, LEFT), ankles):
        joint = turned(pelvis, (0.0, _sign(side) * offset, 0.0))
        away = ankle - hips - joint
        flat2 = away[:, 0] * away[:, 0] + away[:, 1] * away[:, 1]
        limit = 0.994 * reach
        height = ankle[:, 2] - joint[:, 2] + np.sqrt(np.maximum(limit * limit - flat2, 0.09))
        lowest = np.minimum(lowest, height)
    around = [np.roll(lowest, k) for k in range(-2, 3)]  # its ends lie outside the clip
    lower = around[0]
    for other in around[1:]:
        lower = np.minimum(lower, other)
    return smooth(lower, 4)


def _leg(
    hip: Floats, foot: _Standing, forward: Floats, build: Build
) -> tuple[Floats, Floats, Floats, Floats]:
    """Knee, ankle, heel and toe. A foot out of reach is drawn in."""
    upper, lower = (link * build.limbs * build.stature for link in (THIGH, SHIN))
    span = foot.ankle - hip
    length = np.sqrt(dot(span, span))
    ahead = span / length[:, None]
    most = 0.9995 * (upper + lower)
    near = np.minimum(length, most)
    pull = (near - length)[:, None] * ahead
    along = (near * near + upper * upper - lower * lower) / (2 * near)
    out = np.sqrt(np.maximum(upper * upper - along * along, 0.0))
    pole = forward - dot(forward, ahead)[:, None] * ahead
    knee = hip + along[:, None] * ahead + out[:, None] * unit(pole)
    return knee, foot.ankle + pull, foot.heel + pull, foot.toe + pull


def _shoulder(
    arm: dict[str, Floats], sign: float, half: float, tall: float
) -> tuple[Floats, Floats, Floats]:
    """The shoulder rises and draws in as the arm goes up; chest frame, m."""
    up = np.maximum(np.cos(arm["flex"]) * np.cos(arm["abduct"]) * -1.0 + 0.1, 0.0)
    zero = np.zeros_like(up)
    return zero, sign * half * (1.0 - 0.10 * up), zero + 0.022 * tall * up
