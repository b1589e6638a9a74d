"""Vectors [..., 3] and rotation matrices [..., 3, 3], term by term and free of BLAS.

einsum or @ could add the terms in another order on another machine; these never do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def dot(a: Floats, b: Floats) -> Floats:
    return a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1] + a[..., 2] * b[..., 2]


def unit(a: Floats) -> Floats:
    return a / np.sqrt(dot(a, a))[..., None]


def cross(a: Floats, b: Floats) -> Floats:
    x = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1]
    y = a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    z = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return np.stack([x, y, z], axis=-1)


def turned(frame: Floats, v: ArrayLike) -> Floats:
    """frame @ v: the world's coordinates [..., 3] of a vector given in a frame's own."""
    w = np.asarray(v, float)
    return (
        frame[..., 0] * w[..., 0, None]
        + frame[..., 1] * w[..., 1, None]
        + frame[..., 2] * w[..., 2, None]
    )


def after(a: Floats, b: Floats) -> Floats:
    """a @ b: frame b, given in frame a's coordinates, in the world's."""
    return np.stack([turned(a, b[..., :, j]) for j in range(3)], axis=-1)


def about(axis: int, angle: Floats) -> Floats:
    """Rotations [..., 3, 3] by angles [...], rad, about x (0), y (1) or z (2)."""
    c, s = np.cos(angle), np.sin(angle)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    turn = np.zeros((*np.shape(angle), 3, 3))
    turn[..., axis, axis] = 1.0
    turn[..., i, i] = c
    turn[..., j, j] = c
    turn[..., i, j] = -s
    turn[..., j, i] = s
    return turn


def ease(s: Floats) -> Floats:
    """From 0 at s <= 0 to 1 at s >= 1, at rest at both ends (the quintic of least jerk)."""
    s = np.clip(s, 0.0, 1.0)
    return s * s * s * (10.0 + s * (6.0 * s - 15.0))


def hump(s: Floats) -> Floats:
    """From 0 at s <= 0 over 1 at s = 1/2 back to 0 at s >= 1, at rest at both ends."""
    s = np.clip(s, 0.0, 1.0)
    rise = 4.0 * s * (1.0 - s)
    return rise * rise


def smooth(x: Floats, reach: int) -> Floats:
    """Mean over `reach` frames to either side along axis 0, weights (1 - u²)²; ends repeat."""
    u = np.arange(-reach, reach + 1) / (reach + 1)
    weights = (1 - u * u) * (1 - u * u)
    weights = weights / weights.sum()
    padded = np.concatenate([np.repeat(x[:1], reach, 0), x, np.repeat(x[-1:], reach, 0)])
    total = np.zeros_like(x)
    for k, weight in enumerate(weights):
        total += weight * padded[k : k + len(x)]
    return total
