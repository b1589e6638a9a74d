"""Casting rays at a clip's geoms with MuJoCo's CPU ray caster, and the light that comes back.

Each pixel has four samples on a turned grid, and sample k sees lamp point k, so smooth edges and
soft shadows cost one primary and one shadow ray a sample. S is the number of samples,
4 x 64 x 64, in the order sample, row, column.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from framecast.sources.push.motion import Recording, moving_geoms
from framecast.sources.push.paint import Floats, Ints, albedo
from framecast.sources.push.room import MID_Y, MOVING, UNSEEN
from framecast.sources.push.scene import Scene

SIZE = 64
SAMPLES = 4
FOCAL = 68.0  # pixels
TARGET = (0.645, MID_Y, 0.08)  # what the camera looks at, m
JITTER = ((0.125, 0.375), (0.625, 0.125), (0.375, 0.875), (0.875, 0.625))  # (x, y) in the pixel
FAR = 1e3  # m, where a ray that meets nothing ends
BACKGROUND = (0.03, 0.03, 0.035)  # linear light

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Rays:
    """All S primary rays of a camera, and its axes for projecting points."""

    eye: Floats  # [3] m
    axes: Floats  # [3, 3] rows: right, down, ahead
    directions: Floats  # [S, 3], one metre ahead long


@dataclass(frozen=True)
class Hits:
    """What n rays met. Geom -1 means nothing."""

    geoms: Ints  # [n]
    distances: Floats  # [n] in lengths of the ray's direction
    points: Floats  # [n, 3] m
    normals: Floats  # [n, 3]

    def among(self, chosen: Bools) -> Hits:
        """Only the chosen [n] of them."""
        return Hits(
            self.geoms[chosen], self.distances[chosen], self.points[chosen], self.normals[chosen]
        )


@dataclass(frozen=True)
class Stage:
    """A scene made ready for casting: poses are written into `data`, frame by frame."""

    scene: Scene
    model: mujoco.MjModel
    data: mujoco.MjData
    rays: Rays
    moving: Ints  # the geoms whose pose ever changes in this clip


def set_stage(scene: Scene, recording: Recording) -> Stage:
    """Sort a copy's geoms into those that stay and those that move, by their group."""
    model = copy(scene.model)
    moving = np.flatnonzero(moving_geoms(recording) & (model.geom_group != UNSEEN))
    model.geom_group[moving] = MOVING
    # Without its bodies' bounding volumes mj_multiRay tests every geom. With them it leaves out
    # true hits: it bounds a box's latitude and longitude by those of its corners, which is wrong
    # near the poles (a lamp overhead) and across the date line (a camera that looks along -x).
    model.body_bvhadr[:] = -1
    return Stage(scene, model, mujoco.MjData(model), aim(scene.eye), moving)


def aim(eye: Floats) -> Rays:
    """Rays from `eye` [3] m towards the bin's middle."""
    ahead = unit(np.array(TARGET) - eye)
    right = unit(np.array([ahead[1], -ahead[0], 0.0]))
    down = cross(ahead, right)
    rows, columns = np.mgrid[0:SIZE, 0:SIZE]
    directions = [
        ahead
        + ((columns + jx - SIZE / 2) / FOCAL)[..., None] * right
        + ((rows + jy - SIZE / 2) / FOCAL)[..., None] * down
        for jx, jy in JITTER
    ]
    return Rays(eye, np.stack([right, down, ahead]), np.stack(directions).reshape(-1, 3))


def pose(stage: Stage, recording: Recording, step: int) -> None:
    """Put every geom where it was at this step."""
    stage.data.geom_xpos[:] = recording.places[step]
    stage.data.geom_xmat[:] = recording.turns[step]


def cast_primary(stage: Stage, samples: Ints, groups: tuple[int, ...]) -> Hits:
    """What the camera's rays of these samples meet among geoms of these groups."""
    directions = stage.rays.directions[samples]
    geoms, distances, normals = _cast(stage, stage.rays.eye, directions, groups, True)
    distances = np.where(geoms >= 0, distances, FAR)
    return Hits(geoms, distances, stage.rays.eye + distances[:, None] * directions, normals)


def shadowed(stage: Stage, points: Floats, samples: Ints, groups: tuple[int, ...]) -> Bools:
    """Whether a geom of these groups stands between each point [n, 3] and its sample's lamp."""
    blocked = np.zeros(len(points), bool)
    lamps = samples // (SIZE * SIZE)
    for k, lamp in enumerate(stage.scene.lamp.points):
        mine = np.flatnonzero(lamps == k)
        _, distances, _ = _cast(stage, lamp, points[mine] - lamp, groups, False)
        # The ray ends on the point itself at 1; a millimetre of the way of 1.5 m is spared.
        blocked[mine] = (distances >= 0) & (distances < 1.0 - 7e-4)
    return blocked


def shade(stage: Stage, hits: Hits, samples: Ints) -> tuple[Floats, Floats, Bools]:
    """Linear light of hits, with and without the lamp, [n, 3] each, and whether they face it."""
    lamp, known = stage.scene.lamp, hits.geoms >= 0
    geoms = np.where(known, hits.geoms, 0)
    offset = hits.points - stage.data.geom_xpos[geoms]
    x, y, z = (stage.data.geom_xmat[geoms].reshape(-1, 3, 3)[:, :, j] for j in range(3))
    local = np.stack([dot(x, offset), dot(y, offset), dot(z, offset)], axis=1)
    colour = albedo(stage.scene.paints, geoms, local)
    to_lamp = unit(lamp.points[samples // (SIZE * SIZE)] - hits.points)
    cosine = np.maximum(dot(hits.normals, to_lamp), 0.0)
    half = unit(to_lamp - unit(stage.rays.directions[samples]))
    shine = np.maximum(dot(hits.normals, half), 0.0)
    for _ in range(5):
        shine = shine * shine
    gloss = stage.scene.paints.gloss[geoms] * shine
    dark = colour * lamp.sky * (0.65 + 0.35 * hits.normals[:, 2])[:, None]
    lit = dark + (colour * cosine[:, None] + gloss[:, None]) * lamp.key
    nothing = np.array(BACKGROUND)
    lit, dark = (np.where(known[:, None], light, nothing) for light in (lit, dark))
    return lit, dark, known & (cosine > 0)


def _cast(
    stage: Stage, origin: Floats, directions: Floats, groups: tuple[int, ...], normals: bool
) -> tuple[Ints, Floats, Floats]:
    """Nearest geoms [n] (or -1), distances [n] (or -1) and normals [n, 3] along rays [n, 3]."""
    count = len(directions)
    geoms = np.full(count, -1, np.int32)
    distances = np.full(count, -1.0)
    surface = np.zeros((count, 3))
    if count:
        mask = np.zeros(6, np.uint8)
        mask[list(groups)] = 1
        mujoco.mj_multiRay(
            stage.model,
            stage.data,
            origin,
            directions.reshape(-1),
            mask,
            True,
            -1,
            geoms,
            distances,
            surface.reshape(-1) if normals else None,
            count,
            FAR,
        )
    return geoms.astype(np.int64), distances, surface


def dot(a: Floats, b: Floats) -> Floats:
    """Over the last axis of three, term by term: einsum or @ could pick another order."""
    return a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1] + a[..., 2] * b[..., 2]


def unit(a: Floats) -> Floats:
    return a / np.sqrt(dot(a, a))[..., None]


def cross(a: Floats, b: Floats) -> Floats:
    x = a[1] * b[2] - a[2] * b[1]
    y = a[2] * b[0] - a[0] * b[2]
    return np.array([x, y, a[0] * b[1] - a[1] * b[0]])
