"""Colours and patterns, worked out point by point on a surface in its own coordinates.

Only + - * / sqrt, floor and comparisons are used, which every CPU rounds alike: sines, powers
and matrix products may differ in the last bit between machines, and then so would the bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Colour = tuple[float, float, float]


class Pattern(IntEnum):
    """How a surface mixes its two colours; p is the point in the part's frame, in metres."""

    PLAIN = 0  # first colour everywhere
    STRIPES = 1  # alternating slabs `scale` thick along `axis`
    BAND = 2  # second colour where |p[axis] - level| < scale, such as a label round a tin
    HALVES = 3  # second colour where p[axis] > level
    CHECKS = 4  # cubes `scale` wide in alternating colours
    DOTS = 5  # round spots, one to a cube `scale` wide
    SEAM = 6  # the seam of a baseball of radius `scale`
    HOLLOW = 7  # second colour on the top face (p[2] > level) within radius `scale`: a cup's inside
    PATCHES = 8  # soft blotches about `scale` wide; `level` picks others
    GRAIN = 9  # wood: long fibres along x and faint growth rings; `level` picks another board


@dataclass(frozen=True)
class Paint:
    """One surface's look. Colours are as displayed, each channel in [0, 1]."""

    first: Colour
    second: Colour = (0.0, 0.0, 0.0)
    pattern: Pattern = Pattern.PLAIN
    scale: float = 0.01
    level: float = 0.0
    axis: int = 2
    gloss: float = 0.08


@dataclass(frozen=True)
class PaintTable:
    """The paints of all G geoms as arrays; colours in linear light."""

    first: Floats  # [G, 3]
    second: Floats  # [G, 3]
    pattern: Ints  # [G]
    scale: Floats  # [G]
    level: Floats  # [G]
    axis: Ints  # [G]
    gloss: Floats  # [G]


def paint_table(paints: Sequence[Paint]) -> PaintTable:
    """Stack paints in geom order. Displayed colours are squared into linear light (gamma 2)."""
    return PaintTable(
        first=np.array([p.first for p in paints]) ** 2,
        second=np.array([p.second for p in paints]) ** 2,
        pattern=np.array([int(p.pattern) for p in paints]),
        scale=np.array([p.scale for p in paints]),
        level=np.array([p.level for p in paints]),
        axis=np.array([p.axis for p in paints]),
        gloss=np.array([p.gloss for p in paints]),
    )


def albedo(table: PaintTable, geoms: Ints, points: Floats) -> Floats:
    """Linear colour [N, 3] of surface points [N, 3] (part's frame, m) on geoms [N]."""
    mix = np.zeros(len(geoms))
    patterns = table.pattern[geoms]
    for pattern in np.unique(patterns):
        if pattern == Pattern.PLAIN:
            continue
        chosen = np.flatnonzero(patterns == pattern)
        g = geoms[chosen]
        mix[chosen] = _second_share(
            Pattern(int(pattern)), points[chosen], table.scale[g], table.level[g], table.axis[g]
        )
    first = table.first[geoms]
    return first + (table.second[geoms] - first) * mix[:, None]


def _second_share(pattern: Pattern, p: Floats, scale: Floats, level: Floats, axis: Ints) -> Floats:
    """How much of the second colour shows at each point, in [0, 1]."""
    along = p[np.arange(len(p)), axis] - level
    share: NDArray[np.bool_] | Floats
    if pattern == Pattern.STRIPES:
        share = np.floor(along / scale) % 2 == 1
    elif pattern == Pattern.BAND:
        share = np.abs(along) < scale
    elif pattern == Pattern.HALVES:
        share = along > 0
    elif pattern == Pattern.CHECKS:
        # Shifted by a part of a cube so that no face lies exactly on a border.
        share = np.floor(p / scale[:, None] + 0.37).sum(axis=1) % 2 == 1
    elif pattern == Pattern.DOTS:
        cell = p / scale[:, None] + 0.31
        offset = cell - np.floor(cell) - 0.5
        share = (offset * offset).sum(axis=1) < 0.16
    elif pattern == Pattern.SEAM:
        q = p / scale[:, None]
        share = np.abs(q[:, 2] - 1.1 * (q[:, 0] * q[:, 0] - q[:, 1] * q[:, 1])) < 0.16
    elif pattern == Pattern.HOLLOW:
        radius2 = p[:, 0] * p[:, 0] + p[:, 1] * p[:, 1]
        share = (p[:, 2] > level) & (radius2 < scale * scale)
    elif pattern == Pattern.PATCHES:
        noise = _noise((p[:, 0] + p[:, 2]) / scale + level, (p[:, 1] - p[:, 2]) / scale + level)
        share = np.clip(4.0 * noise - 1.5, 0.0, 1.0)
    else:
        share = _grain(p / scale[:, None] + level[:, None])
    return share.astype(np.float64)


def _grain(p: Floats) -> Floats:
    """Wood fibres: noise drawn out along x, bent into rings by a slower noise."""
    slow = _noise(1.5 * p[:, 0], 5.0 * p[:, 1])
    rings = 9.0 * slow + 14.0 * p[:, 1]
    rings = np.abs(rings - np.floor(rings) - 0.5) * 2.0
    fibre = _noise(9.0 * p[:, 0], 90.0 * p[:, 1])
    return np.clip(0.35 * slow + 0.35 * rings * rings * rings + 0.45 * fibre - 0.15, 0.0, 1.0)


def _noise(u: Floats, v: Floats) -> Floats:
    """Smooth noise in [0, 1] over the plane, one knot a unit square."""
    iu, iv = np.floor(u), np.floor(v)
    fu, fv = u - iu, v - iv
    fu, fv = fu * fu * (3 - 2 * fu), fv * fv * (3 - 2 * fv)
    i, j = iu.astype(np.int64), iv.astype(np.int64)
    low = _knot(i, j) + (_knot(i + 1, j) - _knot(i, j)) * fu
    high = _knot(i, j + 1) + (_knot(i + 1, j + 1) - _knot(i, j + 1)) * fu
    return low + (high - low) * fv


def _knot(i: Ints, j: Ints) -> Floats:
    """A number in [0, 1) for each lattice point, by mixing its integers."""
    word = np.uint64(0xFFFFFFFF)
    h = i.astype(np.uint64) * np.uint64(0x9E3779B1) + j.astype(np.uint64) * np.uint64(0x85EBCA77)
    h = h & word
    for shift, factor in ((15, 0x2C1B3C6D), (12, 0x297A2D39)):
        h = ((h ^ (h >> np.uint64(shift))) * np.uint64(factor)) & word
    return (h ^ (h >> np.uint64(15))).astype(np.float64) / 4294967296.0
