"""One bin of things: who lies where, how it looks and how it is lit."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin

import mujoco
import numpy as np

from framecast.sources.push.paint import Floats, PaintTable, paint_table
from framecast.sources.push.room import (
    BIN_X,
    BIN_Y,
    FLOOR_Z,
    MID_Y,
    TOUCH_BIN,
    TOUCH_HAND,
    Painter,
    add_bin,
    add_robot,
)
from framecast.sources.push.things import KINDS, Rng, Thing

FEWEST, MOST = 6, 11
NEAR = 0.05  # m, how far from the hand's path along x and y a thing may lie that is near it
HAND_RADIUS = 0.05  # m, of the circle round the fingers


@dataclass(frozen=True)
class Lamp:
    """A wide lamp, one point of it for each of a pixel's four samples, and the sky's glow."""

    points: Floats  # [4, 3] m
    key: Floats  # [3] linear light
    sky: Floats  # [3] linear light


@dataclass(frozen=True)
class Scene:
    """A compiled world and how its G geoms look; `bodies` are the things' body numbers."""

    model: mujoco.MjModel
    paints: PaintTable
    things: tuple[Thing, ...]
    bodies: tuple[int, ...]
    lamp: Lamp
    eye: Floats  # [3] m, the camera's place


def build(rng: Rng, start: Floats, path: Floats) -> Scene:
    """A new bin with 6 to 11 things, clear of the hand at `start` [3] m, many near its `path`.

    `path` [P, 2] m holds places on the floor that the lowered hand will seek.
    """
    spec = mujoco.MjSpec()
    spec.option.timestep = 0.005
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    # A thing at rest is frozen until touched: no jitter, and no work for what nobody touches.
    spec.option.enableflags = int(mujoco.mjtEnableBit.mjENBL_SLEEP)
    spec.option.sleep_tolerance = 2e-3
    # A thing that wakes with the solver's stale first guess can be shot off at 20 m/s (seen in
    # two of 1,500 clips); and a guess kept between steps is one more state that could drift.
    spec.option.disableflags = int(mujoco.mjtDisableBit.mjDSBL_WARMSTART)
    painter = Painter(spec)
    add_bin(painter, rng)
    add_robot(painter, rng)
    laid = _lay_out(rng, _choose(rng), start, path)
    for number, (thing, x, y) in enumerate(laid):
        half = float(rng.uniform(-pi, pi)) / 2
        body = spec.worldbody.add_body(
            name=f"thing{number}",
            pos=[x, y, FLOOR_Z + 0.001],
            # Rounded: the C library's sine may differ in its last bit between machines.
            quat=[round(cos(half), 9), 0, 0, round(sin(half), 9)],
        )
        # Too little to hold a sliding box back, enough to stop a rolling ball within a second.
        body.add_joint(type=mujoco.mjtJoint.mjJNT_FREE, damping=[0.0004, 0, 0])
        for part in thing.parts:
            painter.add(body, part, (TOUCH_BIN, TOUCH_BIN | TOUCH_HAND), thing.density)
    model = spec.compile()
    return Scene(
        model=model,
        # Compiling may reorder geoms; their names say which paint is whose.
        paints=paint_table([painter.paints[int(model.geom(g).name)] for g in range(model.ngeom)]),
        things=tuple(thing for thing, _, _ in laid),
        bodies=tuple(int(model.body(f"thing{i}").id) for i in range(len(laid))),
        lamp=_lamp(rng),
        eye=np.array([1.15, MID_Y, 0.55]) + np.round(rng.uniform(-0.008, 0.008, 3), 6),
    )


def _choose(rng: Rng) -> list[Thing]:
    """6 to 11 things, each of another kind."""
    count = int(rng.integers(FEWEST, MOST + 1))
    return [KINDS[k](rng) for k in rng.permutation(len(KINDS))[:count]]


def _lay_out(
    rng: Rng, things: list[Thing], start: Floats, path: Floats
) -> list[tuple[Thing, float, float]]:
    """Places (thing, x, y) on the floor without overlap: two of three near the hand's path.

    A thing that finds no room is left out; the floor has room for far more than the fewest.
    """
    laid: list[tuple[Thing, float, float]] = []
    for number, thing in enumerate(things):
        for attempt in range(200):
            x, y = float(rng.uniform(*BIN_X)), float(rng.uniform(*BIN_Y))
            if number % 3 < 2 and attempt < 80:
                goal = path[rng.integers(len(path))]
                x, y = (float(g + rng.uniform(-NEAR, NEAR)) for g in goal)
            if _fits(thing, x, y, laid, start):
                laid.append((thing, x, y))
                break
    assert len(laid) >= FEWEST, len(laid)
    return laid


def _fits(
    thing: Thing, x: float, y: float, laid: list[tuple[Thing, float, float]], start: Floats
) -> bool:
    """Whether the thing's circle touches no wall, no other thing and not the waiting hand."""
    r = thing.radius + 0.004
    if not (BIN_X[0] + r < x < BIN_X[1] - r and BIN_Y[0] + r < y < BIN_Y[1] - r):
        return False
    circles = [(float(start[0]), float(start[1]), HAND_RADIUS)]
    circles += [(ox, oy, other.radius) for other, ox, oy in laid]
    return all(
        (x - ox) * (x - ox) + (y - oy) * (y - oy) > (r + other) * (r + other)
        for ox, oy, other in circles
    )


def _lamp(rng: Rng) -> Lamp:
    """A lamp about a metre and a half up; wide, so that shadows are soft."""
    middle = np.array([0.80, MID_Y, 1.6]) + rng.uniform(-1, 1, 3) * np.array([0.25, 0.5, 0.15])
    corners = np.array([[-1, -0.4, 0], [0.4, -1, 0], [1, 0.4, 0], [-0.4, 1, 0]], float) * 0.15
    warm = float(rng.uniform(-0.06, 0.06))
    tint = np.array([1.0 + warm, 1.0, 1.0 - warm])
    return Lamp(
        points=middle + corners,
        key=tint * float(rng.uniform(0.55, 0.72)),
        sky=np.array([1.0, 1.0, 1.03]) * float(rng.uniform(0.36, 0.46)),
    )
