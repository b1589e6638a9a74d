"""Who dances, in what, where, and how the camera looks on: everything that stays in a clip."""

from __future__ import annotations

from dataclasses import dataclass

from framecast.sources.dancer.routine import Rng
from framecast.sources.dancer.skeleton import Build

Colour = tuple[float, float, float]  # as displayed, each channel in [0, 1]


@dataclass(frozen=True)
class Body:
    build: Build
    girth: float  # how thick, about 1


@dataclass(frozen=True)
class Clothes:
    skin: Colour
    hair: Colour
    shirt: Colour
    trousers: Colour
    shoes: Colour
    sleeve: float  # share of the arm covered: 2 is down to the wrist, 0.6 half the upper arm
    leg: float  # share of the leg covered, likewise
    hem: float  # how far the shirt hangs over the hips, -1 (tucked in) to 1
    long_hair: bool


@dataclass(frozen=True)
class Room:
    wall: Colour
    floor: Colour
    depth: float  # m, where the back wall stands
    cove: float  # m, radius of the bend from floor to wall; 0 is a sharp corner with a skirting
    skirting: Colour
    pools: tuple[tuple[float, float, float, float], ...]  # x, z, size (m) and strength on the wall
    ambient: float  # of the wall where no lamp shines
    falloff: float  # how much darker the sides are
    lamps: tuple[tuple[float, float, float, float], ...]  # x, y, z (m) and strength
    contact: float  # strength of the shadow at the feet
    cast: float  # strength of the lamps' shadows
    polish: float  # how much the floor mirrors the dancer


@dataclass(frozen=True)
class View:
    """A camera as its maker sees it: it stands at -distance and looks at the dancer's place."""

    distance: float  # m
    height: float  # m
    aside: float  # m
    yaw: float  # rad
    aim: float  # m, the height in the picture's middle at y = 0
    field: float  # m, how much of the upright plane at y = 0 the picture's height shows


@dataclass(frozen=True)
class Look:
    body: Body
    clothes: Clothes
    room: Room
    view: View


SKINS: tuple[Colour, ...] = (
    (0.90, 0.72, 0.62),
    (0.80, 0.60, 0.48),
    (0.66, 0.47, 0.35),
    (0.48, 0.33, 0.24),
    (0.34, 0.23, 0.17),
)
HAIRS: tuple[Colour, ...] = (
    (0.07, 0.06, 0.06),
    (0.16, 0.10, 0.07),
    (0.33, 0.21, 0.12),
    (0.62, 0.47, 0.27),
    (0.55, 0.55, 0.56),
    (0.45, 0.18, 0.10),
)
CLOTHS: tuple[Colour, ...] = (
    (0.20, 0.25, 0.34),
    (0.10, 0.10, 0.12),
    (0.85, 0.85, 0.83),
    (0.62, 0.13, 0.13),
    (0.13, 0.36, 0.22),
    (0.80, 0.62, 0.16),
    (0.16, 0.30, 0.62),
    (0.45, 0.22, 0.48),
    (0.86, 0.47, 0.30),
    (0.14, 0.45, 0.50),
    (0.55, 0.50, 0.42),
    (0.88, 0.62, 0.70),
)
TROUSERS: tuple[Colour, ...] = (
    (0.05, 0.06, 0.07),
    (0.13, 0.15, 0.20),
    (0.18, 0.26, 0.42),
    (0.32, 0.30, 0.28),
    (0.58, 0.50, 0.38),
    (0.28, 0.14, 0.12),
    (0.20, 0.28, 0.20),
)
SHOES: tuple[Colour, ...] = (
    (0.04, 0.04, 0.05),
    (0.22, 0.14, 0.09),
    (0.88, 0.88, 0.88),
    (0.6, 0.1, 0.1),
)


def look(rng: Rng) -> Look:
    """A new person in a new room."""
    room = _room(rng)
    return Look(_body(rng), _clothes(rng, room.wall), room, _view(rng))


def _body(rng: Rng) -> Body:
    build = Build(
        stature=float(rng.uniform(1.58, 1.90)),
        hips=float(rng.uniform(0.048, 0.058)),
        shoulders=float(rng.uniform(0.106, 0.122)),
        limbs=float(rng.uniform(0.97, 1.03)),
    )
    return Body(build, girth=float(rng.uniform(0.95, 1.30)))


def _clothes(rng: Rng, wall: Colour) -> Clothes:
    return Clothes(
        skin=_shade(rng, SKINS[rng.integers(len(SKINS))], 0.04),
        hair=_shade(rng, HAIRS[rng.integers(len(HAIRS))], 0.03),
        shirt=_apart(rng, CLOTHS, wall),
        trousers=_apart(rng, TROUSERS, wall),
        shoes=_shade(rng, SHOES[rng.integers(len(SHOES))], 0.03),
        sleeve=2.0 if rng.random() < 0.55 else float(rng.uniform(0.45, 0.95)),
        leg=2.0 if rng.random() < 0.8 else float(rng.uniform(0.6, 0.95)),
        hem=float(rng.uniform(-1.0, 0.9)),
        long_hair=bool(rng.random() < 0.35),
    )


def _apart(rng: Rng, choice: tuple[Colour, ...], wall: Colour) -> Colour:
    """One of the colours that stands out from the wall."""
    clear = [c for c in choice if sum(abs(a - b) for a, b in zip(c, wall)) > 0.45]
    return _shade(rng, clear[rng.integers(len(clear))], 0.04)


def _shade(rng: Rng, colour: Colour, by: float) -> Colour:
    """The colour, a little lighter or darker and a little off its hue."""
    light = float(rng.uniform(-by, by))
    r, g, b = (min(max(c + light + float(rng.uniform(-by, by)) / 2, 0.02), 0.97) for c in colour)
    return r, g, b


def _room(rng: Rng) -> Room:
    grey = float(rng.uniform(0.56, 0.80))
    wall = _shade(rng, (grey, grey, grey), 0.05 if rng.random() < 0.7 else 0.16)
    darker = float(rng.uniform(0.82, 1.06))
    floor = _shade(rng, (wall[0] * darker, wall[1] * darker, wall[2] * darker), 0.04)
    cove = float(rng.uniform(0.5, 1.6)) if rng.random() < 0.65 else 0.0
    light = float(rng.uniform(-0.25, 0.12))
    skirting = (wall[0] + light, wall[1] + light, wall[2] + light)
    count = int(rng.integers(2, 5))
    centre = float(rng.uniform(-0.5, 0.5))
    pools = tuple(
        (
            centre + (k - (count - 1) / 2) * 1.9 + float(rng.uniform(-0.3, 0.3)),
            float(rng.uniform(2.0, 2.9)),
            float(rng.uniform(0.45, 0.95)),
            float(rng.uniform(0.25, 0.65)),
        )
        for k in range(count)
    )
    side = 1.0 if rng.random() < 0.5 else -1.0
    lamps = (
        (side * float(rng.uniform(1.0, 3.2)), float(rng.uniform(-3.0, -0.8)),
         float(rng.uniform(2.8, 4.0)), float(rng.uniform(0.5, 0.7))),
        (-side * float(rng.uniform(0.5, 2.5)), float(rng.uniform(-2.5, 0.8)),
         float(rng.uniform(2.6, 3.6)), float(rng.uniform(0.25, 0.45))),
    )  # fmt: skip
    return Room(
        wall=wall,
        floor=floor,
        depth=float(rng.uniform(1.8, 3.4)),
        cove=cove,
        skirting=(max(skirting[0], 0.05), max(skirting[1], 0.05), max(skirting[2], 0.05)),
        pools=pools,
        ambient=float(rng.uniform(0.55, 0.75)),
        falloff=float(rng.uniform(0.1, 0.45)),
        lamps=lamps,
        contact=float(rng.uniform(0.45, 0.75)),
        cast=float(rng.uniform(0.30, 0.60)),
        polish=float(rng.uniform(0.0, 0.30)) if rng.random() < 0.6 else 0.0,
    )


def _view(rng: Rng) -> View:
    return View(
        distance=float(rng.uniform(3.6, 5.8)),
        height=float(rng.uniform(0.9, 1.55)),
        aside=float(rng.uniform(-0.35, 0.35)),
        yaw=float(rng.uniform(-0.06, 0.06)),
        aim=float(rng.uniform(0.88, 0.98)),
        field=float(rng.uniform(2.10, 2.45)),
    )
