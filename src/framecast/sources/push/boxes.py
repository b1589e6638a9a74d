"""Where a moving geom can be seen, and where its shadow can fall, as cells of a grid.

A geom lies within its box, a box within the bounds of its eight corners, and both ways of
projecting keep straight lines straight: no cell that matters is left out.
"""

from __future__ import annotations

import numpy as np

from framecast.sources.push.paint import Floats, Ints
from framecast.sources.push.rays import FOCAL, SIZE, Bools, Rays, Stage, dot
from framecast.sources.push.room import FLOOR_Z, MID_Y
from framecast.sources.push.scene import Scene

# The map of what may be shadowed: a square of cells over the floor, m.
SHADOW_CELLS, MAP_SIDE, MAP_X, MAP_Y = 64, 0.9, 0.2, MID_Y - 0.45


def corners(stage: Stage) -> Floats:
    """The corners [M, 8, 3], m, of the boxes round the M moving geoms in their present pose."""
    boxes = stage.model.geom_aabb[stage.moving]
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    local = boxes[:, None, :3] + signs * boxes[:, None, 3:]
    turn = stage.data.geom_xmat[stage.moving].reshape(-1, 1, 3, 3)
    turned = [dot(turn[:, :, i], local) for i in range(3)]
    return stage.data.geom_xpos[stage.moving][:, None] + np.stack(turned, axis=2)


def seen_boxes(rays: Rays, corners: Floats) -> Bools:
    """Pixels [64, 64] that the boxes may cover, as the camera sees them."""
    offset = corners - rays.eye
    right, down, ahead = (dot(offset, axis) for axis in rays.axes)
    depth = np.maximum(ahead, 1e-3)
    u = FOCAL * right / depth + SIZE / 2
    v = FOCAL * down / depth + SIZE / 2
    return _fill(u, v, bool((ahead > 0.01).all()), SIZE)


def shadow_boxes(scene: Scene, corners: Floats) -> Bools:
    """Shadow-map cells [4, cells, cells] on which the boxes may throw a shadow, lamp by lamp."""
    maps = []
    for lamp in scene.lamp.points:
        u, v, below = on_floor(corners, lamp)
        maps.append(_fill(u, v, bool(below.all()), SHADOW_CELLS))
    return np.stack(maps)


def on_floor(points: Floats, lamp: Floats) -> tuple[Floats, Floats, Bools]:
    """Where the lamp's rays through points [..., 3] cross the floor, in shadow-map cells.

    The third answer says whether the point is well below the lamp, so that the ray goes down.
    """
    drop = lamp[2] - points[..., 2]
    scale = (lamp[2] - FLOOR_Z) / np.maximum(drop, 0.05)
    x = lamp[0] + (points[..., 0] - lamp[0]) * scale
    y = lamp[1] + (points[..., 1] - lamp[1]) * scale
    cells = SHADOW_CELLS / MAP_SIDE
    return (x - MAP_X) * cells, (y - MAP_Y) * cells, drop > 0.05


def cell(x: Floats, size: int = SHADOW_CELLS) -> Ints:
    """The cell of each coordinate; what lies outside the grid counts as its outermost cells."""
    return np.clip(np.floor(x), 0, size - 1).astype(np.int64)


def _fill(u: Floats, v: Floats, sound: bool, size: int) -> Bools:
    """Cells [size, size] within the bounds of each row of u, v [M, 8]; all if not `sound`."""
    if not sound:  # a corner behind the eye has no place on the grid
        return np.ones((size, size), bool)
    grid = np.zeros((size, size), bool)
    margin = 1e-3  # far above any rounding
    left, right = (cell(x, size) for x in (u.min(axis=1) - margin, u.max(axis=1) + margin))
    top, bottom = (cell(x, size) for x in (v.min(axis=1) - margin, v.max(axis=1) + margin))
    for a, b, c, d in zip(top, bottom, left, right):
        grid[a : b + 1, c : d + 1] = True
    return grid
