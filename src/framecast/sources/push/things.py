"""The household things that lie in the bin, each built of a few primitives.

A kind is a function from a random generator to a `Thing`. A thing's frame has its origin at the
centre of its footprint on the floor, z up; lengths are metres, quaternions (w, x, y, z).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np

from framecast.sources.push.paint import Colour, Paint, Pattern

Shape = Literal["sphere", "capsule", "cylinder", "ellipsoid", "box"]
Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]

UPRIGHT: Quaternion = (1.0, 0.0, 0.0, 0.0)
ALONG_X: Quaternion = (0.7071067811865476, 0.0, 0.7071067811865476, 0.0)  # local z lies along x
ALONG_Y: Quaternion = (0.7071067811865476, -0.7071067811865476, 0.0, 0.0)  # local z lies along y


@dataclass(frozen=True)
class Part:
    """One primitive. `size` is MuJoCo's: radii and half lengths. Soft parts touch nothing."""

    shape: Shape
    size: tuple[float, ...]
    at: Vector
    paint: Paint
    turn: Quaternion = UPRIGHT
    solid: bool = True


@dataclass(frozen=True)
class Thing:
    """A kind's name, its parts and the radius of the circle its footprint needs."""

    kind: str
    parts: tuple[Part, ...]
    radius: float
    density: float = 250.0  # kg/m³: most household things are hollow or foam


PALETTE: tuple[Colour, ...] = (
    (0.86, 0.16, 0.14),  # red
    (0.95, 0.48, 0.12),  # orange
    (0.97, 0.80, 0.16),  # yellow
    (0.45, 0.78, 0.18),  # lime
    (0.10, 0.52, 0.26),  # green
    (0.12, 0.62, 0.62),  # teal
    (0.18, 0.42, 0.82),  # blue
    (0.10, 0.16, 0.46),  # navy
    (0.48, 0.20, 0.58),  # purple
    (0.94, 0.48, 0.66),  # pink
    (0.38, 0.22, 0.12),  # brown
    (0.94, 0.93, 0.90),  # white
    (0.86, 0.80, 0.68),  # cream
    (0.55, 0.56, 0.58),  # grey
    (0.12, 0.12, 0.13),  # black
    (0.45, 0.70, 0.90),  # sky
)
WHITE: Colour = (0.95, 0.94, 0.91)
DARK: Colour = (0.10, 0.10, 0.11)

Rng = np.random.Generator


def _colours(rng: Rng, count: int) -> list[Colour]:
    """Different colours of the palette, each shifted a little."""
    chosen = rng.permutation(len(PALETTE))[:count]
    shift = rng.uniform(-0.05, 0.05, (count, 3))
    colours = np.clip(np.array([PALETTE[i] for i in chosen]) + shift, 0.04, 0.97)
    return [(float(r), float(g), float(b)) for r, g, b in colours]


def _between(rng: Rng, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def striped_ball(rng: Rng) -> Thing:
    a, b = _colours(rng, 2)
    r = _between(rng, 0.028, 0.042)
    pattern = (Pattern.STRIPES, Pattern.BAND, Pattern.HALVES, Pattern.DOTS)[rng.integers(4)]
    scale = {Pattern.STRIPES: 0.5 * r, Pattern.BAND: 0.25 * r, Pattern.DOTS: 0.9 * r}
    paint = Paint(a, b, pattern, scale.get(pattern, r), axis=int(rng.integers(3)), gloss=0.25)
    return Thing("striped ball", (Part("sphere", (r,), (0, 0, r), paint),), r)


def baseball(rng: Rng) -> Thing:
    r = _between(rng, 0.032, 0.038)
    seam = ((0.70, 0.15, 0.12), (0.55, 0.50, 0.42))[rng.integers(2)]
    paint = Paint(WHITE, seam, Pattern.SEAM, r)
    return Thing("baseball", (Part("sphere", (r,), (0, 0, r), paint),), r)


def fruit(rng: Rng) -> Thing:
    colour: Colour = ((0.96, 0.62, 0.10), (0.96, 0.86, 0.22), (0.80, 0.14, 0.12), (0.5, 0.72, 0.2))[
        rng.integers(4)
    ]
    r = _between(rng, 0.024, 0.032)
    stretch = _between(rng, 1.0, 1.3)
    skin = Paint(colour, gloss=0.2)
    stalk = Paint((0.28, 0.30, 0.10))
    return Thing(
        "fruit",
        (
            Part("ellipsoid", (r * stretch, r, r), (0, 0, r), skin),
            Part("capsule", (0.004, 0.006), (0, 0, 2 * r), stalk, solid=False),
        ),
        r * stretch,
    )


def cup(rng: Rng) -> Thing:
    a, b = _colours(rng, 2)
    r, h = _between(rng, 0.026, 0.034), _between(rng, 0.032, 0.045)
    inside = (0.5 * a[0], 0.5 * a[1], 0.5 * a[2])
    return Thing(
        "cup",
        (
            Part("cylinder", (r, h), (0, 0, h), Paint(a, b, Pattern.BAND, 0.4 * h, gloss=0.2)),
            Part(
                "cylinder",
                (r * 1.06, 0.006),
                (0, 0, 2 * h - 0.004),
                Paint(a, inside, Pattern.HOLLOW, r * 0.88, level=0.0055),
                solid=False,
            ),
        ),
        r * 1.06,
    )


def mug(rng: Rng) -> Thing:
    a, _ = _colours(rng, 2)
    r, h = _between(rng, 0.030, 0.036), _between(rng, 0.034, 0.042)
    drink = ((0.22, 0.12, 0.07), (0.30, 0.30, 0.30), (0.75, 0.72, 0.66))[rng.integers(3)]
    body = Paint(a, drink, Pattern.HOLLOW, r * 0.85, level=h - 0.0005, gloss=0.35)
    grip = Paint(a, gloss=0.35)
    reach = r + 0.018
    return Thing(
        "mug",
        (
            Part("cylinder", (r, h), (0, 0, h), body),
            Part("capsule", (0.005, 0.4 * h), (reach, 0, h), grip),
            Part("capsule", (0.005, 0.010), (r + 0.008, 0, 1.4 * h), grip, ALONG_X, solid=False),
            Part("capsule", (0.005, 0.010), (r + 0.008, 0, 0.6 * h), grip, ALONG_X, solid=False),
        ),
        reach + 0.005,
    )


def bottle(rng: Rng) -> Thing:
    a, b, c = _colours(rng, 3)
    r, h = _between(rng, 0.022, 0.029), _between(rng, 0.035, 0.048)
    body = Paint(a, b, Pattern.BAND, 0.5 * h, gloss=0.4)
    plain, cap = Paint(a, gloss=0.4), Paint(c)
    if rng.random() < 0.5:
        parts = (
            Part("cylinder", (r, h), (0, 0, h), body),
            Part("ellipsoid", (r, r, 0.8 * r), (0, 0, 2 * h), plain, solid=False),
            Part("cylinder", (0.4 * r, 0.012), (0, 0, 2 * h + 0.8 * r), plain),
            Part("cylinder", (0.5 * r, 0.007), (0, 0, 2 * h + 0.8 * r + 0.012), cap, solid=False),
        )
        return Thing("bottle", parts, r, density=350.0)
    mid = -0.4 * h  # lying down: the body's middle, so that the whole is centred
    end = mid + h
    parts = (
        Part("cylinder", (r, h), (mid, 0, r), body, ALONG_X),
        Part("ellipsoid", (r, r, 0.8 * r), (end, 0, r), plain, ALONG_X, solid=False),
        Part("cylinder", (0.4 * r, 0.012), (end + 0.8 * r, 0, r), plain, ALONG_X),
        Part("cylinder", (0.5 * r, 0.007), (end + 0.8 * r + 0.012, 0, r), cap, ALONG_X, False),
    )
    return Thing("bottle", parts, h + 0.8 * r + 0.01, density=200.0)


def carton(rng: Rng) -> Thing:
    a, b, c = _colours(rng, 3)
    x, y, z = _between(rng, 0.02, 0.034), _between(rng, 0.026, 0.045), _between(rng, 0.018, 0.04)
    pattern = (Pattern.BAND, Pattern.STRIPES, Pattern.HALVES, Pattern.CHECKS)[rng.integers(4)]
    scale = {Pattern.BAND: 0.35 * y, Pattern.STRIPES: 0.5 * y, Pattern.CHECKS: 0.018}
    side = Paint(a, b, pattern, scale.get(pattern, 0.01), axis=1)
    label = Part("box", (0.5 * x, 0.45 * y, 0.002), (0, 0, 2 * z), Paint(c), solid=False)
    return Thing("carton", (Part("box", (x, y, z), (0, 0, z), side), label), sqrt(x * x + y * y))


def tin(rng: Rng) -> Thing:
    a, _ = _colours(rng, 2)
    r, h = _between(rng, 0.026, 0.034), _between(rng, 0.024, 0.045)
    metal = (0.72, 0.73, 0.75)
    lid = Paint(metal, (0.52, 0.53, 0.55), Pattern.HOLLOW, 0.8 * r, level=0.0015, gloss=0.5)
    return Thing(
        "tin",
        (
            Part("cylinder", (r, h), (0, 0, h), Paint(metal, a, Pattern.BAND, 0.8 * h, gloss=0.3)),
            Part("cylinder", (r * 0.97, 0.002), (0, 0, 2 * h), lid, solid=False),
        ),
        r,
    )


def toy_car(rng: Rng) -> Thing:
    a, b = _colours(rng, 2)
    tyre = Paint(DARK, (0.6, 0.6, 0.6), Pattern.HOLLOW, 0.006, level=0.003)
    wheels = tuple(
        Part("cylinder", (0.013, 0.005), (sx * 0.028, sy * 0.026, 0.013), tyre, ALONG_Y, False)
        for sx in (-1, 1)
        for sy in (-1, 1)
    )
    return Thing(
        "toy car",
        (
            Part("box", (0.048, 0.024, 0.016), (0, 0, 0.019), Paint(a, gloss=0.3)),
            Part("box", (0.024, 0.021, 0.012), (-0.006, 0, 0.046), Paint(b, gloss=0.3)),
            *wheels,
        ),
        0.055,
    )


def rattle(rng: Rng) -> Thing:
    a, b, c = _colours(rng, 3)
    r = _between(rng, 0.02, 0.026)
    striped = Paint(b, c, Pattern.STRIPES, 0.008)
    return Thing(
        "rattle",
        (
            Part("sphere", (r,), (0.034, 0, r), Paint(a, b, Pattern.HALVES, gloss=0.2)),
            Part("capsule", (0.008, 0.035), (0, 0, r), striped, ALONG_X),
            Part("sphere", (r,), (-0.034, 0, r), Paint(c, a, Pattern.BAND, 0.3 * r, gloss=0.2)),
        ),
        0.034 + r,
    )


def duck(rng: Rng) -> Thing:
    body = Paint(_colours(rng, 1)[0] if rng.random() < 0.5 else (0.97, 0.82, 0.12), gloss=0.25)
    beak = Paint((0.95, 0.45, 0.08))
    return Thing(
        "duck",
        (
            Part("ellipsoid", (0.040, 0.028, 0.025), (0, 0, 0.025), body),
            Part("sphere", (0.019,), (0.022, 0, 0.058), body),
            Part("ellipsoid", (0.010, 0.008, 0.005), (0.044, 0, 0.056), beak, solid=False),
            Part("sphere", (0.005,), (0.034, 0.012, 0.066), Paint(DARK), solid=False),
            Part("sphere", (0.005,), (0.034, -0.012, 0.066), Paint(DARK), solid=False),
        ),
        0.042,
        density=180.0,
    )


def teddy(rng: Rng) -> Thing:
    a, b = _colours(rng, 2)
    fur, patch = Paint(a, b, Pattern.PATCHES, 0.016, gloss=0.0), Paint(b, gloss=0.0)
    legs = tuple(
        Part("ellipsoid", (0.020, 0.012, 0.012), (0.026, s * 0.02, 0.012), fur) for s in (-1, 1)
    )
    ears = tuple(
        Part("sphere", (0.009,), (-0.006, s * 0.017, 0.088), patch, solid=False) for s in (-1, 1)
    )
    return Thing(
        "teddy",
        (
            Part("ellipsoid", (0.026, 0.028, 0.030), (-0.004, 0, 0.030), fur),
            Part("sphere", (0.022,), (0.0, 0, 0.070), fur),
            Part("ellipsoid", (0.010, 0.012, 0.009), (0.018, 0, 0.066), patch, solid=False),
            *legs,
            *ears,
        ),
        0.042,
        density=150.0,
    )


def blocks(rng: Rng) -> Thing:
    a, b, c = _colours(rng, 3)
    r = _between(rng, 0.018, 0.023)
    checked = Paint(b, c, Pattern.CHECKS, r)
    return Thing(
        "glued blocks",
        (
            Part("box", (r, r, r), (-r, 0, r), Paint(a)),
            Part("box", (r, r, r), (r, 0, r), checked),
            Part("cylinder", (0.8 * r, r), (-r, 0, 3 * r), Paint(c)),
        ),
        2.3 * r,
    )


def hammer(rng: Rng) -> Thing:
    a, b = _colours(rng, 2)
    wood = Paint((0.80, 0.62, 0.40), b, Pattern.BAND, 0.018, level=-0.03)
    head = Paint(a, b, Pattern.BAND, 0.008, gloss=0.2)
    return Thing(
        "toy hammer",
        (
            Part("cylinder", (0.018, 0.032), (0.04, 0, 0.018), head, ALONG_Y),
            Part("capsule", (0.008, 0.045), (-0.015, 0, 0.018), wood, ALONG_X),
            Part("sphere", (0.010,), (-0.060, 0, 0.012), Paint(b)),
        ),
        0.070,
    )


def bowl(rng: Rng) -> Thing:
    a, b = _colours(rng, 2)
    r = _between(rng, 0.036, 0.044)
    return Thing(
        "bowl",
        (
            Part("cylinder", (0.6 * r, 0.010), (0, 0, 0.010), Paint(a, gloss=0.3)),
            Part(
                "cylinder",
                (r, 0.010),
                (0, 0, 0.028),
                Paint(a, b, Pattern.HOLLOW, 0.86 * r, level=0.0095, gloss=0.3),
            ),
        ),
        r,
    )


def sponge(rng: Rng) -> Thing:
    a, b = _colours(rng, 2)
    x, y = _between(rng, 0.024, 0.03), _between(rng, 0.04, 0.05)
    two = Paint(a, b, Pattern.HALVES, level=0.004, gloss=0.0)
    return Thing(
        "sponge", (Part("box", (x, y, 0.014), (0, 0, 0.014), two),), sqrt(x * x + y * y), 120.0
    )


KINDS: tuple[Callable[[Rng], Thing], ...] = (
    striped_ball,
    baseball,
    fruit,
    cup,
    mug,
    bottle,
    carton,
    tin,
    toy_car,
    rattle,
    duck,
    teddy,
    blocks,
    hammer,
    bowl,
    sponge,
)
