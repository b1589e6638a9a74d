"""The bin, the room behind it and the robot, as primitives added to a MuJoCo specification.

World axes as in the BAIR recordings, metres: the robot's base is near the origin, x points from
it towards the camera (down in the picture), y to the picture's right, z up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, sin
from typing import Any

import mujoco
import numpy as np

from framecast.sources.push.paint import Colour, Paint, Pattern
from framecast.sources.push.things import ALONG_Y, UPRIGHT, Part, Quaternion, Rng

FLOOR_Z = 0.08
BIN_X = (0.34, 0.82)
BIN_Y = (-0.31, 0.25)
MID_Y = -0.03
FINGER = 0.112  # from the recorded end-effector point down to the finger tips, m
WRIST = 0.20  # from the same point up to the wrist joint, m
FORE_ARM, UPPER_ARM = 0.40, 0.42  # lengths, m
SHOULDER = (-0.12, MID_Y, 0.45)

# Geom groups tell the ray caster what to see, contact bits who touches whom. What belongs to the
# room throws no shadow: under a lamp overhead it would reach nothing worth the rays.
ROOM, STILL, MOVING, UNSEEN = 0, 1, 2, 5
TOUCH_BIN, TOUCH_HAND = 1, 2

SHAPES = {
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "ellipsoid": mujoco.mjtGeom.mjGEOM_ELLIPSOID,
    "box": mujoco.mjtGeom.mjGEOM_BOX,
}


@dataclass
class Painter:
    """Adds parts to a specification and remembers each one's paint under the geom's name."""

    spec: mujoco.MjSpec
    paints: list[Paint] = field(default_factory=list)

    def add(
        self,
        body: Any,
        part: Part,
        touches: tuple[int, int] = (0, 0),
        density: float = 0.0,
        group: int = STILL,
    ) -> None:
        """`touches` are MuJoCo's contype and conaffinity for a solid part; a soft part has none."""
        contype, conaffinity = touches if part.solid else (0, 0)
        body.add_geom(
            name=str(len(self.paints)),
            type=SHAPES[part.shape],
            size=list(part.size) + [0.0] * (3 - len(part.size)),
            pos=list(part.at),
            quat=list(part.turn),
            contype=contype,
            conaffinity=conaffinity,
            density=density,
            group=group,
            friction=[0.5, 0.005, 0.0001],
        )
        self.paints.append(part.paint)


def _tilt(axis: int, degrees: float) -> Quaternion:
    """A turn about one axis, rounded: the C library's sine may differ in its last bit."""
    half = np.pi * degrees / 360
    turn = [round(cos(half), 9), 0.0, 0.0, 0.0]
    turn[1 + axis] = round(sin(half), 9)
    return turn[0], turn[1], turn[2], turn[3]


def _shifted(rng: Rng, colour: Colour, by: float) -> Colour:
    """A colour a little lighter or darker, and a little warmer or cooler."""
    r, g, b = np.array(colour) + rng.uniform(-by, by) + rng.uniform(-by, by, 3) / 3
    return float(np.clip(r, 0, 1)), float(np.clip(g, 0, 1)), float(np.clip(b, 0, 1))


def add_bin(painter: Painter, rng: Rng) -> None:
    """Wooden floor, pale slanting walls, a white front with its rim, and the room around."""
    world = painter.spec.worldbody
    mid_x, half_x = (BIN_X[0] + BIN_X[1]) / 2, (BIN_X[1] - BIN_X[0]) / 2
    half_y = (BIN_Y[1] - BIN_Y[0]) / 2
    light = _shifted(rng, (0.93, 0.87, 0.77), 0.05)
    dark = _shifted(rng, (0.76, 0.64, 0.48), 0.06)
    board = float(rng.uniform(0, 50))
    wood = Paint(light, dark, Pattern.GRAIN, float(rng.uniform(0.18, 0.35)), level=board)
    pine = Paint(_shifted(rng, (0.98, 0.90, 0.72), 0.04), dark, Pattern.GRAIN, 0.5, level=board)
    white = _shifted(rng, (0.93, 0.95, 0.97), 0.03)
    blue_white = _shifted(rng, (0.87, 0.90, 0.92), 0.03)
    glare = Paint(white, blue_white, Pattern.PATCHES, 0.10, level=board, gloss=0.35)
    side = Paint(white, light, Pattern.PATCHES, 0.16, level=board, gloss=0.2)
    blue = Paint(_shifted(rng, (0.86, 0.95, 1.00), 0.04), gloss=0.2)
    rim = Paint(_shifted(rng, (0.62, 0.56, 0.45), 0.04))
    brown, slat = Paint(_shifted(rng, (0.48, 0.30, 0.13), 0.03)), Paint((0.66, 0.58, 0.42))
    steel, red = Paint((0.30, 0.31, 0.34)), Paint((0.40, 0.06, 0.07))
    walls = (TOUCH_BIN, TOUCH_BIN)

    floor = Part("box", (half_x + 0.02, half_y + 0.02, 0.02), (mid_x, MID_Y, FLOOR_Z - 0.02), wood)
    painter.add(world, floor, walls, group=ROOM)
    lean = 38.0
    seen = [
        Part("box", (0.01, 0.29, 0.065), (BIN_X[0] - 0.04, MID_Y, 0.13), pine, _tilt(1, -34)),
        Part("box", (0.29, 0.08, 0.006), (mid_x, BIN_Y[0] - 0.06, 0.125), side, _tilt(0, -lean)),
        Part("box", (0.29, 0.08, 0.006), (mid_x, BIN_Y[1] + 0.06, 0.125), side, _tilt(0, lean)),
        Part("box", (0.010, 0.10, 0.075), (0.33, BIN_Y[0] - 0.03, 0.15), blue, _tilt(2, -50)),
        Part("box", (0.010, 0.10, 0.075), (0.33, BIN_Y[1] + 0.03, 0.15), blue, _tilt(2, 50)),
        Part("box", (0.068, 0.50, 0.006), (0.882, MID_Y, 0.096), glare, _tilt(1, -20)),
        Part("box", (0.007, 0.60, 0.010), (0.951, MID_Y, 0.118), rim),
        Part("box", (0.60, 1.20, 0.02), (1.30, MID_Y, -0.35), brown),
        Part("box", (0.03, 1.20, 0.18), (0.915, MID_Y, -0.08), brown),
        Part("box", (0.02, 0.016, 0.18), (0.935, MID_Y - 0.10, -0.08), slat),
        Part("box", (0.02, 0.016, 0.18), (0.935, MID_Y + 0.14, -0.08), slat),
        Part("box", (0.90, 1.40, 0.02), (0.00, MID_Y, -0.30), steel),
        Part("box", (0.12, 0.60, 0.02), (0.16, MID_Y, 0.17), Paint(white)),
        Part("box", (0.05, 0.07, 0.12), (0.12, MID_Y + 0.10, 0.20), red),
        Part("cylinder", (0.10, 0.25), (-0.12, MID_Y, 0.20), steel),
        Part("cylinder", (0.03, 0.12), (0.24, MID_Y - 0.24, 0.20), Paint(white, gloss=0.3)),
    ]
    for part in seen:
        painter.add(world, part, group=ROOM)
    # What the things really bump against: upright and unseen, so that nothing climbs the slopes.
    tall, plain = 0.2, Paint(white)
    for x, y, sx, sy in (
        (BIN_X[0] - 0.02, MID_Y, 0.02, half_y),
        (BIN_X[1] + 0.02, MID_Y, 0.02, half_y),
        (mid_x, BIN_Y[0] - 0.02, half_x, 0.02),
        (mid_x, BIN_Y[1] + 0.02, half_x, 0.02),
    ):
        wall = Part("box", (sx, sy, tall), (x, y, FLOOR_Z + tall), plain)
        painter.add(world, wall, walls, group=UNSEEN)


def add_robot(painter: Painter, rng: Rng) -> None:
    """A hand on three slides with two fingers, and two arm links that follow it for show.

    The slides' positions are the end-effector position itself, in metres. Five position servos
    drive x, y, z and the two fingers, in this order.
    """
    world = painter.spec.worldbody
    black = Paint(_shifted(rng, (0.13, 0.12, 0.12), 0.02), gloss=0.15)
    collar = Paint(_shifted(rng, (0.46, 0.08, 0.10), 0.04), gloss=0.2)
    ring = Paint((0.15, 0.14, 0.14), (0.75, 0.75, 0.75), Pattern.BAND, 0.006, level=0.015)
    touch = (TOUCH_HAND, 0)

    hand = world.add_body(name="hand", gravcomp=1)
    for axis, name in enumerate("xyz"):
        direction = [0.0, 0.0, 0.0]
        direction[axis] = 1.0
        hand.add_joint(name=name, type=mujoco.mjtJoint.mjJNT_SLIDE, axis=direction)
    palm = Part("box", (0.022, 0.042, 0.014), (0, 0, -0.010), collar)
    painter.add(hand, palm, touch, density=3000.0)
    for part in (
        Part("cylinder", (0.026, 0.022), (0, 0, 0.024), collar),
        Part("cylinder", (0.036, 0.050), (0, 0, 0.092), ring),
        Part("cylinder", (0.042, 0.035), (0, 0, 0.165), black),
        Part("cylinder", (0.045, 0.060), (0, 0, WRIST), black, ALONG_Y),
    ):
        painter.add(hand, part)
    for name, sign in (("left", -1.0), ("right", 1.0)):
        finger = hand.add_body(name=name, pos=[0, 0, 0], gravcomp=1)
        finger.add_joint(name=name, type=mujoco.mjtJoint.mjJNT_SLIDE, axis=[0, sign, 0])
        middle, tip = -0.5 * (0.024 + FINGER), 0.5 * (FINGER - 0.024)
        bar = Part("box", (0.011, 0.0065, tip), (0, 0, middle), black)
        painter.add(finger, bar, touch, density=1500.0)
        pad = Part("box", (0.013, 0.004, 0.016), (0, -sign * 0.006, 0.018 - FINGER), black)
        painter.add(finger, pad, touch, density=1500.0)
    _add_servos(painter.spec)

    # Short pieces rather than one long link: the camera looks again only where a piece's box is.
    for name, length, radius in (("fore_arm", FORE_ARM, 0.046), ("upper_arm", UPPER_ARM, 0.055)):
        link = world.add_body(name=name, mocap=True)
        piece = length / 6
        for k in (-2, 0, 2):
            at = (0.0, 0.0, k * piece)
            painter.add(link, Part("capsule", (radius, piece), at, black, UPRIGHT, False))


def _add_servos(spec: mujoco.MjSpec) -> None:
    """Over-damped servos that lag as BAIR's arm does: 0.6 of the way in a frame, 0.85 in two.

    Weak enough that a thing caught under the hand stops it rather than being shot away.
    """
    for name, stiffness, damping, force in (  # N/m, N s/m, N
        ("x", 144.0, 24.0, 30.0),
        ("y", 144.0, 24.0, 30.0),
        ("z", 144.0, 24.0, 8.0),
        ("left", 31.25, 2.5, 3.0),
        ("right", 31.25, 2.5, 3.0),
    ):
        servo = spec.add_actuator(name=name, forcerange=[-force, force], forcelimited=True)
        servo.trntype = mujoco.mjtTrn.mjTRN_JOINT
        servo.target = name
        servo.set_to_position(kp=stiffness, kv=damping)
