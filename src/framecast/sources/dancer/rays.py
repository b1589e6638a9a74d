"""Casting a camera's rays at one frame's capsules and ellipsoids.

All in camera coordinates, where a ray is (x, y, 1) from the origin and a hit's `depth` its
length in those units: what a ray needs of a body part is then a few sums over x and y. Each part
is only met by the rays in the rectangle it can cover.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from framecast.sources.dancer.camera import Camera
from framecast.sources.dancer.flesh import Flesh
from framecast.sources.dancer.vectors import Bools, Floats, Ints, dot, turned, unit

FAR = 1e6
Window = tuple[slice, slice]


@dataclass(frozen=True)
class Rays:
    """All rays of a camera as a picture of samples, [H·s, W·s]."""

    x: Floats
    y: Floats
    square: Floats  # x² + y² + 1
    camera: Camera
    samples: int  # s

    def windows(self, points: Floats, radius: Floats) -> Ints:
        """The samples that spheres round points [T, P, N, 3] can cover, radii [P].

        Top, bottom, left, right [T, P, 4] of a box round all N; empty when out of the picture or
        at the camera's very eye.
        """
        r = radius[:, None]
        near, far = points[..., 2] - r, points[..., 2] + r
        boxes = np.empty((*points.shape[:2], 4), np.int64)
        for axis, size in ((0, self.camera.width), (1, self.camera.height)):
            low, high = points[..., axis] - r, points[..., axis] + r
            depth = np.maximum(near, 0.05)
            first = np.minimum(low / depth, low / far).min(axis=-1)
            last = np.maximum(high / depth, high / far).max(axis=-1)
            for k, end in ((0, np.floor(self._column(first, size) - 1.0)),
                           (1, np.ceil(self._column(last, size) + 1.0))):  # fmt: skip
                boxes[..., 2 * (1 - axis) + k] = np.clip(end, 0, size * self.samples)
        boxes[near.min(axis=-1) < 0.05] = 0
        return boxes

    def _column(self, ray: Floats, size: int) -> Floats:
        return (ray * self.camera.focal + size / 2) * self.samples


@dataclass(frozen=True)
class Hits:
    """Where n of the rays met the body: capsule number, or P + ellipsoid number."""

    where: tuple[Ints, Ints]  # row and column of the sample
    part: Ints
    points: Floats  # [n, 3]


@dataclass(frozen=True)
class Target:
    """A body in camera coordinates and the samples each of its parts can cover."""

    body: Flesh
    limbs: Ints  # [T, P, 4] top, bottom, left, right
    rounds: Ints  # [T, E, 4]


def rays(camera: Camera, samples: int) -> Rays:
    x, y = camera.grid(samples)
    return Rays(x, y, x * x + y * y + 1.0, camera, samples)


def target(body: Flesh, rays: Rays) -> Target:
    """The body made ready for casting."""
    c, e, camera = body.capsules, body.ellipsoids, rays.camera
    frame = np.stack([camera.directed(e.frame[..., j]) for j in range(3)], axis=-1)
    limbs = replace(c, a=camera.seen(c.a), b=camera.seen(c.b))
    rounds = replace(e, centre=camera.seen(e.centre), frame=frame)
    return Target(
        Flesh(limbs, rounds),
        rays.windows(np.stack([limbs.a, limbs.b], axis=2), c.radius),
        rays.windows(rounds.centre[:, :, None], e.radii.max(axis=1)),
    )


def cast(rays: Rays, target: Target, frame: int) -> Hits:
    """What the rays meet of the body in one frame."""
    depth = np.full(rays.x.shape, FAR)
    part = np.full(rays.x.shape, -1, np.int64)
    limbs, rounds = target.body.capsules, target.body.ellipsoids
    for k, (top, bottom, left, right) in enumerate(target.limbs[frame].tolist()):
        if top < bottom and left < right:
            window = slice(top, bottom), slice(left, right)
            a, b = limbs.a[frame, k], limbs.b[frame, k]
            _meet(depth, part, window, k, _capsule(rays, window, a, b, float(limbs.radius[k])))
    for k, (top, bottom, left, right) in enumerate(target.rounds[frame].tolist()):
        if top < bottom and left < right:
            window = slice(top, bottom), slice(left, right)
            turn = rounds.frame[frame, k]
            far = _ellipsoid(rays, window, rounds.centre[frame, k], turn, rounds.radii[k])
            _meet(depth, part, window, len(limbs.radius) + k, far)
    where = np.nonzero(part >= 0)
    far = depth[where]
    points = np.stack([far * rays.x[where], far * rays.y[where], far], axis=-1)
    return Hits((where[0], where[1]), part[where], points)


def surface(target: Target, frame: int, hits: Hits) -> tuple[Floats, Floats]:
    """Linear colours and unit normals of hits, [n, 3] each."""
    normals, colours = np.empty_like(hits.points), np.empty_like(hits.points)
    c, e = target.body.capsules, target.body.ellipsoids
    limb = hits.part < len(c.radius)
    k, p = hits.part[limb], hits.points[limb]
    axis = (c.b - c.a)[frame]
    share = dot(p - c.a[frame, k], axis[k]) / dot(axis, axis)[k]
    share = np.clip(share, 0.0, 1.0)
    normals[limb] = (p - c.a[frame, k] - share[:, None] * axis[k]) / c.radius[k][:, None]
    colours[limb] = np.where((share < c.cut[k])[:, None], c.first[k], c.second[k])
    k, p = hits.part[~limb] - len(c.radius), hits.points[~limb]
    frames, radii = e.frame[frame, k], e.radii[k]
    off = p - e.centre[frame, k]
    ball = np.stack([dot(frames[..., j], off) for j in range(3)], axis=-1) / radii
    normals[~limb] = unit(turned(frames, ball / radii))
    below = dot(ball, e.axis[k]) < e.cut[k]
    colours[~limb] = np.where(below[:, None], e.first[k], e.second[k])
    return colours, normals


def _meet(depth: Floats, part: Ints, window: Window, number: int, far: Floats) -> None:
    """Note the rays of a window for which this part is the nearest so far."""
    nearer = far < depth[window]
    depth[window][nearer] = far[nearer]
    part[window][nearer] = number


def _capsule(rays: Rays, window: Window, a: Floats, b: Floats, radius: float) -> Floats:
    """Depth [h, w] at which rays meet a capsule from a to b; FAR where they miss."""
    x, y, square = rays.x[window], rays.y[window], rays.square[window]
    axis = b - a
    along = axis[0] * x + axis[1] * y + axis[2]
    towards = a[0] * x + a[1] * y + a[2]
    axis2, axis_a, a2 = float(dot(axis, axis)), float(dot(axis, a)), float(dot(a, a))
    # |ray - (a + s·axis)|² = radius² with the best s: p·d² + 2·q·d + r = 0 for depth d.
    p = axis2 * square - along * along
    q = axis_a * along - axis2 * towards
    r = axis2 * a2 - axis_a * axis_a - radius * radius * axis2
    root = q * q - p * r
    hit: Bools = root >= 0
    depth = (-q - np.sqrt(np.where(hit, root, 0.0))) / np.maximum(p, 1e-12)
    share = depth * along - axis_a
    side = hit & (share > 0) & (share < axis2)
    # Beyond an end, the sphere round that end.
    low = share <= 0
    end = np.where(low, towards, towards + along)
    end2 = np.where(low, a2, a2 + 2 * axis_a + axis2) - radius * radius
    root = end * end - square * end2
    cap: Bools = hit & (root >= 0)
    round_end = (end - np.sqrt(np.where(cap, root, 0.0))) / square
    return np.where(side, depth, np.where(cap, round_end, FAR))


def _ellipsoid(rays: Rays, window: Window, centre: Floats, frame: Floats, radii: Floats) -> Floats:
    """Depth [h, w] at which rays meet an ellipsoid; FAR where they miss."""
    x, y = rays.x[window], rays.y[window]
    rows = [frame[:, j] / radii[j] for j in range(3)]  # to where it is the unit ball
    at = [float(dot(row, centre)) for row in rows]
    flat = [[sum(row[i] * row[j] for row in rows) for j in range(3)] for i in range(3)]
    lean = [sum(row[i] * c for row, c in zip(rows, at)) for i in range(3)]
    p = x * (flat[0][0] * x + 2 * flat[0][1] * y + 2 * flat[0][2])
    p += y * (flat[1][1] * y + 2 * flat[1][2]) + flat[2][2]
    q = lean[0] * x + lean[1] * y + lean[2]
    r = sum(c * c for c in at) - 1.0
    root = q * q - p * r
    hit = root >= 0
    return np.where(hit, (q - np.sqrt(np.where(hit, root, 0.0))) / p, FAR)
