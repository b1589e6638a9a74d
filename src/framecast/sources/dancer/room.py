"""The empty room as the camera sees it, and what the dancer takes of its light.

Shadows and the floor's dim mirror image are worked out once a pixel, not once a ray: all of them
are softer than a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framecast.sources.dancer.camera import Camera
from framecast.sources.dancer.flesh import SHADOWING, Flesh
from framecast.sources.dancer.looks import Room
from framecast.sources.dancer.vectors import Bools, Floats, Ints, dot, unit

SKIRTING = 0.09  # m, its height
SOFT = 5.0  # how sharp lamps' shadows are: one over the lamp's size as seen, in radians
BRIGHTEST = 0.95  # of an empty room, linear
MIRROR = 9.0  # the same for the floor's mirror image


@dataclass(frozen=True)
class Beam:
    """Rays from n of the room's pixels on which the dancer can stand in the light's way."""

    pixels: Ints  # [n] row times width plus column
    points: Floats  # [3, n] m
    rays: Floats  # [3, n] unit
    strength: Floats  # [n] how much of the pixel's light comes this way
    sharp: float


@dataclass(frozen=True)
class Backdrop:
    """The empty room: its light, and its surface at the middle of each of N = H·W pixels."""

    light: Floats  # [H, W, 3] linear, exposed
    exposure: float  # what all light is multiplied by, so that the room is nowhere burnt out
    points: Floats  # [3, N] m
    normals: Floats  # [3, N]
    beams: tuple[Beam, ...]  # to the lamps, and along the view mirrored in the floor


def backdrop(room: Room, camera: Camera, samples: int) -> Backdrop:
    u, v = camera.grid(samples)
    points, normals = _surface(room, camera, u.ravel(), v.ravel())
    light = _lit(room, points, normals)
    size = (camera.height, samples, camera.width, samples, 3)
    u, v = camera.grid(1)
    points, normals = _surface(room, camera, u.ravel(), v.ravel())
    beams = []
    for x, y, z, power in room.lamps:
        rays = unit(np.array([x, y, z]) - points)
        facing = np.minimum(1.6 * np.maximum(dot(rays, normals), 0.0), 1.0)
        beams.append(_beam(points, rays, room.cast * power * facing, SOFT))
    if room.polish > 0:
        rays = unit(points - camera.eye) * np.array([1.0, 1.0, -1.0])
        strength = np.where(normals[:, 2] > 0.9, room.polish, 0.0)
        beams.append(_beam(points, rays, strength, MIRROR))
    picture = light.reshape(size).mean(axis=(1, 3))
    exposure = min(1.0, BRIGHTEST / float(picture.max()))
    return Backdrop(
        picture * exposure,
        exposure,
        np.ascontiguousarray(points.T),
        np.ascontiguousarray(normals.T),
        tuple(beams),
    )


def _beam(points: Floats, rays: Floats, strength: Floats, sharp: float) -> Beam:
    lit = np.flatnonzero(strength > 0)
    start, way = (np.ascontiguousarray(x[lit].T) for x in (points, rays))
    return Beam(lit, start, way, strength[lit], sharp)


def kept(back: Backdrop, room: Room, body: Flesh, frame: int) -> Floats:
    """The share of its light that each pixel of the room keeps in one frame, [H, W]."""
    a, b, radius = _thick(body, frame)
    keep = 1.0 - room.contact * _contact(back, a, b, radius)
    for beam in back.beams:
        near = np.flatnonzero(_around(beam, a, b, radius))
        shade = _blocked(beam.points[:, near], beam.rays[:, near], a, b, radius, beam.sharp)
        keep[beam.pixels[near]] *= 1.0 - beam.strength[near] * shade
    return keep.reshape(back.light.shape[:2])


def _surface(room: Room, camera: Camera, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Where rays (x, y, 1) meet floor, bend or wall, and the normals there, [N, 3] each."""
    way = x[:, None] * camera.axes[0] + y[:, None] * camera.axes[1] + camera.axes[2]
    eye, bend = camera.eye, max(room.cove, 1e-6)
    down = np.where(way[:, 2] < -1e-9, -eye[2] / np.minimum(way[:, 2], -1e-9), 1e9)
    back = (room.depth - eye[1]) / way[:, 1]
    floor = eye[1] + down * way[:, 1] < room.depth - bend
    wall = ~floor & (eye[2] + back * way[:, 2] > bend)
    # The bend is a quarter of a cylinder about the line y = depth - bend, z = bend, met from in.
    off_y, off_z = eye[1] - (room.depth - bend), eye[2] - bend
    p = way[:, 1] * way[:, 1] + way[:, 2] * way[:, 2]
    q = off_y * way[:, 1] + off_z * way[:, 2]
    r = off_y * off_y + off_z * off_z - bend * bend
    curved = (-q + np.sqrt(np.maximum(q * q - p * r, 0.0))) / p
    far = np.where(floor, down, np.where(wall, back, curved))
    points = eye + far[:, None] * way
    inward = np.zeros_like(points)
    inward[:, 1] = (room.depth - bend - points[:, 1]) / bend
    inward[:, 2] = (bend - points[:, 2]) / bend
    up, out = np.array([0.0, 0.0, 1.0]), np.array([0.0, -1.0, 0.0])
    normals = np.where(floor[:, None], up, np.where(wall[:, None], out, inward))
    return points, unit(normals)


def _lit(room: Room, points: Floats, normals: Floats) -> Floats:
    """Linear light from the empty room's surfaces, [N, 3]."""
    wall, floor, skirting = (np.array(c) ** 2 for c in (room.wall, room.floor, room.skirting))
    upright = np.clip(1.0 - normals[:, 2], 0.0, 1.0)
    colour = floor + (wall - floor) * upright[:, None]
    if room.cove == 0.0:
        strip = (upright > 0.5) & (points[:, 2] < SKIRTING)
        colour = np.where(strip[:, None], skirting, colour)
    light = np.full(len(points), room.ambient)
    for x, z, size, strength in room.pools:
        dx, dz = (points[:, 0] - x) / size, (points[:, 2] - z) / (1.3 * size)
        dy = (points[:, 1] - room.depth) / (2.5 * size)
        glow = 1.0 / (1.0 + dx * dx + dz * dz + dy * dy)
        light += strength * glow * glow
    for x, y, z, strength in room.lamps:
        way = np.array([x, y, z]) - points
        near = 1.0 / (1.0 + 0.06 * dot(way, way))
        light += 0.55 * strength * near * np.maximum(dot(unit(way), normals), 0.0)
    side = points[:, 0] / 3.0
    light *= 1.0 - room.falloff * np.minimum(side * side, 1.0)
    high = np.clip((points[:, 2] - 2.0) / 1.5, 0.0, 1.0)
    light *= 1.0 - 0.35 * high
    return colour * light[:, None]


def _thick(body: Flesh, frame: int) -> tuple[Floats, Floats, Floats]:
    """The capsules that throw shadows: limbs, and the trunk and head as two more."""
    chosen = list(SHADOWING)
    c, e = body.capsules, body.ellipsoids
    seat, _, breast, head = (e.centre[frame, k] for k in range(4))
    a = np.concatenate([c.a[frame, chosen], seat[None], head[None]])
    b = np.concatenate([c.b[frame, chosen], breast[None], head[None] + np.array([0, 0, 0.01])])
    broad = 0.5 * (e.radii[2, 0] + e.radii[2, 1])
    radius = np.concatenate([c.radius[chosen], [broad, e.radii[3, 1]]])
    return a, b, radius


def _around(beam: Beam, a: Floats, b: Floats, radius: Floats) -> Bools:
    """Which of a beam's rays pass near enough to the body to be dimmed by it, [n]."""
    ends = np.concatenate([a, b])
    middle = 0.5 * (ends.min(axis=0) + ends.max(axis=0))
    low, high = middle.copy(), middle.copy()
    low[2], high[2] = ends[:, 2].min(), ends[:, 2].max()
    off = ends[:, :2] - middle[:2]
    size = float(np.sqrt((off * off).sum(axis=1).max()) + radius.max())
    far, clear = _pass(beam.points, beam.rays, low, high)
    return beam.sharp * (clear - size) < 1.2 * far


def _blocked(p: Floats, ray: Floats, a: Floats, b: Floats, radius: Floats, sharp: float) -> Floats:
    """How much of the light along unit rays [3, n] from points the capsules hold off, [n].

    The nearest pass of ray and capsule, seen from the point as an angle, eased over the lamp's.
    """
    free = np.ones(p.shape[1])
    for k in range(len(radius)):
        far, clear = _pass(p, ray, a[k], b[k])
        seen = np.clip(0.5 + 0.5 * sharp * (clear - radius[k]) / far, 0.0, 1.0)
        free *= seen * seen * (3.0 - 2.0 * seen)
    return 1.0 - free


def _pass(p: Floats, ray: Floats, a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Where unit rays [3, n] pass nearest to the line from a to b: how far on, how near, [n]."""
    axis = b - a
    axis2 = float(dot(axis, axis))
    x, y, z = p[0] - a[0], p[1] - a[1], p[2] - a[2]
    along = axis[0] * ray[0] + axis[1] * ray[1] + axis[2] * ray[2]
    back = x * ray[0] + y * ray[1] + z * ray[2]
    side = axis[0] * x + axis[1] * y + axis[2] * z
    span = np.maximum(axis2 - along * along, 1e-9)
    share = np.minimum(np.maximum((side - back * along) / span, 0.0), 1.0)
    far = np.maximum(share * along - back, 1e-3)
    x += far * ray[0] - share * axis[0]
    y += far * ray[1] - share * axis[1]
    z += far * ray[2] - share * axis[2]
    return far, np.sqrt(x * x + y * y + z * z)


def _contact(back: Backdrop, a: Floats, b: Floats, radius: Floats) -> Floats:
    """How much of the room's general light the body keeps from each point, [N]."""
    free = np.ones(back.points.shape[1])
    nx, ny, nz = back.normals
    for k in range(len(radius)):
        middle = 0.5 * (a[k] + b[k])
        x, y, z = (middle[j] - back.points[j] for j in range(3))
        far2 = x * x + y * y + z * z
        axis = 0.5 * (b[k] - a[k])
        size2 = radius[k] * radius[k] + 0.35 * radius[k] * np.sqrt(float(dot(axis, axis)))
        above = np.maximum(x * nx + y * ny + z * nz, 0.0) / np.sqrt(far2)
        free *= 1.0 - above * (size2 / (far2 + size2))
    return 1.0 - free
