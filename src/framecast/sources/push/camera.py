"""A clip's pictures, with no GL and no display.

`plain` casts every ray of a frame. `film` gives the same bytes several times faster: what never
moves in a clip is cast once, then each frame casts again only the rays that a moving geom's box
can meet. Every sample is worked out by itself, so nothing is approximated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framecast.sources.push.boxes import (
    SHADOW_CELLS,
    cell,
    corners,
    on_floor,
    seen_boxes,
    shadow_boxes,
)
from framecast.sources.push.motion import Recording
from framecast.sources.push.paint import Floats, Ints
from framecast.sources.push.rays import (
    SAMPLES,
    SIZE,
    Bools,
    Stage,
    cast_primary,
    pose,
    set_stage,
    shade,
    shadowed,
)
from framecast.sources.push.room import MOVING, ROOM, STILL
from framecast.sources.push.scene import Scene


def film(scene: Scene, recording: Recording) -> NDArray[np.uint8]:
    """All frames of a clip, uint8 [T, 64, 64, 3]."""
    stage = set_stage(scene, recording)
    pose(stage, recording, 0)
    still = _cast_still(stage)
    frames = np.empty((len(recording.places), SIZE, SIZE, 3), np.uint8)
    for step in range(len(frames)):
        pose(stage, recording, step)
        frames[step] = _develop(_repaint(stage, still))
    return frames


def plain(scene: Scene, recording: Recording, step: int) -> NDArray[np.uint8]:
    """One frame, uint8 [64, 64, 3], by casting every ray at everything: the proof for `film`."""
    stage = set_stage(scene, recording)
    pose(stage, recording, step)
    everything = np.arange(len(stage.rays.directions))
    hits = cast_primary(stage, everything, (ROOM, STILL, MOVING))
    lit, dark, facing = shade(stage, hits, everything)
    shadow = shadowed(stage, hits.points, everything, (STILL, MOVING))
    return _develop(np.where((facing & ~shadow)[:, None], lit, dark))


@dataclass(frozen=True)
class Still:
    """What of a clip never changes, for all S samples."""

    distances: Floats  # [S] to the nearest thing that never moves
    colours: Floats  # [S, 3] linear light, shadows of things that never move included
    dark: Floats  # [S, 3] the same where the lamp is hidden
    points: Floats  # [S, 3] m
    bright: Bools  # [S] the lamp reaches this sample
    cells: Ints  # [S] where the lamp's ray to this sample crosses the floor: a shadow-map cell


def _cast_still(stage: Stage) -> Still:
    everything = np.arange(len(stage.rays.directions))
    hits = cast_primary(stage, everything, (ROOM, STILL))
    lit, dark, facing = shade(stage, hits, everything)
    bright = facing & ~shadowed(stage, hits.points, everything, (STILL,))
    cells = np.zeros(len(everything), np.int64)
    for k, lamp in enumerate(stage.scene.lamp.points):
        mine = slice(k * SIZE * SIZE, (k + 1) * SIZE * SIZE)
        u, v, _ = on_floor(hits.points[mine], lamp)
        cells[mine] = (k * SHADOW_CELLS + cell(v)) * SHADOW_CELLS + cell(u)
    colours = np.where(bright[:, None], lit, dark)
    return Still(hits.distances, colours, dark, hits.points, bright, cells)


def _repaint(stage: Stage, still: Still) -> Floats:
    """Linear light [S, 3] of the present poses: what moves, and the shadows it throws."""
    colours = still.colours.copy()
    boxes = corners(stage)

    near = np.flatnonzero(np.tile(seen_boxes(stage.rays, boxes).ravel(), SAMPLES))
    hits = cast_primary(stage, near, (MOVING,))
    front = hits.distances < still.distances[near]
    hits = hits.among(front)
    front_samples = near[front]

    shady = still.bright & shadow_boxes(stage.scene, boxes).ravel()[still.cells]
    shady[front_samples] = False
    behind = np.flatnonzero(shady)
    behind = behind[shadowed(stage, still.points[behind], behind, (MOVING,))]
    colours[behind] = still.dark[behind]

    lit, dark, facing = shade(stage, hits, front_samples)
    hidden = ~facing
    asked = np.flatnonzero(facing)
    hidden[asked] = shadowed(stage, hits.points[asked], front_samples[asked], (STILL, MOVING))
    colours[front_samples] = np.where(hidden[:, None], dark, lit)
    return colours


def _develop(colours: Floats) -> NDArray[np.uint8]:
    """Mean of each pixel's samples [S, 3], gamma 2, to uint8 [64, 64, 3]."""
    a, b, c, d = colours.reshape(SAMPLES, SIZE, SIZE, 3)
    light = np.minimum((a + b + c + d) * 0.25, 1.0)
    return np.floor(np.sqrt(light) * 255.0 + 0.5).astype(np.uint8)
