"""The dancer's body as capsules and ellipsoids round the skeleton, each with its colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from framecast.sources.dancer.looks import Body, Clothes, Colour
from framecast.sources.dancer.score import LEFT, RIGHT
from framecast.sources.dancer.skeleton import Joints
from framecast.sources.dancer.vectors import Floats, turned

SHADOWING = (1, 2, 4, 5, 6, 9, 10, 12, 13, 14)
"""Capsules that throw shadows: each side's leg, shin, ankle, upper arm and forearm."""


@dataclass(frozen=True)
class Capsules:
    """P capsules over T frames. Colours change at `cut`, a share of the way from a to b."""

    a: Floats  # [T, P, 3] m
    b: Floats  # [T, P, 3]
    radius: Floats  # [P]
    first: Floats  # [P, 3] linear light, where the share is below the cut
    second: Floats  # [P, 3]
    cut: Floats  # [P]


@dataclass(frozen=True)
class Ellipsoids:
    """E ellipsoids over T frames. Colours change where axis · (point on the unit ball) = cut."""

    centre: Floats  # [T, E, 3] m
    frame: Floats  # [T, E, 3, 3]
    radii: Floats  # [E, 3] m
    first: Floats  # [E, 3] linear light, below the cut
    second: Floats  # [E, 3]
    axis: Floats  # [E, 3] in the ellipsoid's own frame
    cut: Floats  # [E]


@dataclass(frozen=True)
class Flesh:
    capsules: Capsules
    ellipsoids: Ellipsoids


def flesh(joints: Joints, body: Body, clothes: Clothes) -> Flesh:
    """The body in every frame."""
    return Flesh(_limbs(joints, body, clothes), _rounds(joints, body, clothes))


def _limbs(j: Joints, body: Body, c: Clothes) -> Capsules:
    tall, thick = body.build.stature, body.build.stature * body.girth
    rows: list[tuple[Floats, Floats, float, Colour, Colour, float]] = []
    for side in (RIGHT, LEFT):
        hip, knee, ankle = j.hip[side], j.knee[side], j.ankle[side]
        shoulder, elbow, wrist = j.shoulder[side], j.elbow[side], j.wrist[side]
        bare = c.leg < 1.5
        upper = hip + (c.leg if bare else 0.5) * (knee - hip)
        rows += [
            (hip + 0.1 * (knee - hip), upper, 0.047 * thick, c.trousers, c.trousers, 1.0),
            (hip, knee, (0.036 if bare else 0.040) * thick, c.trousers, c.skin, c.leg),
            (knee, ankle, (0.027 if bare else 0.032) * thick, c.trousers, c.skin, c.leg - 1.0),
            (j.heel[side] + _up(0.010 * tall), j.toe[side] + _up(0.002 * tall), 0.021 * tall,
             c.shoes, c.shoes, 1.0),
            (ankle, j.heel[side] + 0.35 * (j.toe[side] - j.heel[side]) + _up(0.012 * tall),
             0.024 * tall, c.shoes, c.shoes, 1.0),
            (shoulder, elbow, 0.029 * thick, c.shirt, c.skin, c.sleeve),
            (elbow, wrist, 0.0225 * thick, c.shirt, c.skin, c.sleeve - 1.0),
            (wrist + 0.2 * (j.finger[side] - wrist), j.finger[side], 0.0195 * tall,
             c.skin, c.skin, 1.0),
        ]  # fmt: skip
    rows += [
        (j.shoulder[RIGHT], j.shoulder[LEFT], 0.029 * thick, c.shirt, c.shirt, 1.0),
        (j.neck - _up(0.02 * tall), j.head, 0.031 * tall, c.skin, c.skin, 1.0),
    ]
    return Capsules(
        a=np.stack([row[0] for row in rows], axis=1),
        b=np.stack([row[1] for row in rows], axis=1),
        radius=np.array([row[2] for row in rows]),
        first=_linear([row[3] for row in rows]),
        second=_linear([row[4] for row in rows]),
        cut=np.array([row[5] for row in rows]),
    )


Triple = tuple[float, float, float]
Round = tuple[Floats, Floats, Triple, Colour, Colour, Triple, float]


def _rounds(j: Joints, body: Body, c: Clothes) -> Ellipsoids:
    tall, thick = body.build.stature, body.build.stature * body.girth
    wide = body.build.shoulders / 0.112
    belly = 0.5 * (j.waist + j.chest) + turned(j.trunk_frame, (0.0, 0.0, -0.035 * tall))
    breast = j.chest + turned(j.chest_frame, (0.002 * tall, 0.0, -0.062 * tall))
    seat = j.hips + turned(j.pelvis_frame, (-0.008 * tall, 0.0, 0.018 * tall))
    up, back_up = (0.0, 0.0, 1.0), (-0.62, 0.0, 0.785)
    rows: list[Round] = [
        (seat, j.pelvis_frame, (0.060 * thick, 0.088 * thick, 0.075 * tall),
         c.trousers, c.shirt, up, -c.hem * 0.6),
        (belly, j.trunk_frame, (0.059 * thick, 0.085 * thick, 0.105 * tall),
         c.shirt, c.shirt, up, 1.0),
        (breast, j.chest_frame, (0.061 * thick, 0.098 * thick * wide, 0.102 * tall),
         c.shirt, c.shirt, up, 1.0),
        (j.head, j.head_frame, (0.054 * tall, 0.045 * tall, 0.066 * tall),
         c.skin, c.hair, back_up, 0.30),
    ]  # fmt: skip
    if c.long_hair:
        mane = j.head + turned(j.head_frame, (-0.030 * tall, 0.0, -0.035 * tall))
        rows.append(
            (mane, j.head_frame, (0.030 * tall, 0.048 * tall, 0.078 * tall),
             c.hair, c.hair, up, 1.0)
        )  # fmt: skip
    return Ellipsoids(
        centre=np.stack([row[0] for row in rows], axis=1),
        frame=np.stack([row[1] for row in rows], axis=1),
        radii=np.array([row[2] for row in rows]),
        first=_linear([row[3] for row in rows]),
        second=_linear([row[4] for row in rows]),
        axis=np.array([row[5] for row in rows]),
        cut=np.array([row[6] for row in rows]),
    )


def _linear(colours: Sequence[Colour]) -> Floats:
    """Displayed colours squared into linear light (gamma 2)."""
    shown = np.array(colours, float)
    return shown * shown


def _up(height: float) -> Floats:
    return np.array([0.0, 0.0, height])
