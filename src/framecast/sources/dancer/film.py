"""A clip's frames: the room cast once, the dancer in every frame, the light added up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from framecast.sources.dancer.camera import Camera
from framecast.sources.dancer.flesh import Flesh
from framecast.sources.dancer.looks import Room
from framecast.sources.dancer.rays import Hits, Rays, Target, cast, rays, surface, target
from framecast.sources.dancer.room import backdrop, kept
from framecast.sources.dancer.vectors import Floats, dot, unit

FULL = 128  # samples from top to bottom that are enough for any picture


def film(body: Flesh, room: Room, camera: Camera) -> NDArray[np.uint8]:
    """All frames, uint8 [T, H, W, 3]."""
    beams = rays(camera, max(2, round(FULL / camera.height)))
    back = backdrop(room, camera, beams.samples)
    aim = target(body, beams)
    frames = np.empty((len(body.capsules.a), camera.height, camera.width, 3), np.uint8)
    for k in range(len(frames)):
        hits = cast(beams, aim, k)
        light = back.light * kept(back, room, body, k)[..., None]
        cover, glow = _gather(beams, hits, _glow(aim, k, hits, room, camera))
        light = light * (1.0 - cover)[..., None] + back.exposure * glow
        frames[k] = np.rint(255.0 * np.sqrt(np.minimum(light, 1.0)))
    return frames


def covered(body: Flesh, camera: Camera, frame: int) -> Floats:
    """The share of each pixel [H, W] that the dancer covers."""
    beams = rays(camera, max(2, round(FULL / camera.height)))
    hits = cast(beams, target(body, beams), frame)
    return _gather(beams, hits, np.zeros((len(hits.part), 3)))[0]


def _glow(aim: Target, frame: int, hits: Hits, room: Room, camera: Camera) -> Floats:
    """Linear light [n, 3] that comes from the dancer where rays met him."""
    colours, normals = surface(aim, frame, hits)
    up = camera.directed(np.array([0.0, 0.0, 1.0]))
    light = room.ambient * (0.62 + 0.30 * dot(normals, up))
    for x, y, z, strength in room.lamps:
        way = unit(camera.seen(np.array([x, y, z])) - hits.points)
        wrapped = (dot(normals, way) + 0.35) / 1.35  # a wide lamp reaches round the edge
        light = light + 0.75 * strength * np.maximum(wrapped, 0.0)
    return colours * light[:, None]


def _gather(beams: Rays, hits: Hits, glow: Floats) -> tuple[Floats, Floats]:
    """Samples' light added up by pixel: the share covered [H, W] and the light [H, W, 3]."""
    s, camera = beams.samples, beams.camera
    pixel = (hits.where[0] // s) * camera.width + hits.where[1] // s
    count = camera.height * camera.width
    size = (camera.height, camera.width)
    cover = np.bincount(pixel, minlength=count) / (s * s)
    light = [np.bincount(pixel, glow[:, j], minlength=count) / (s * s) for j in range(3)]
    return cover.reshape(size), np.stack(light, axis=-1).reshape(*size, 3)
