"""A fixed camera: where its rays go, and where the world's points fall in the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framecast.sources.dancer.looks import View
from framecast.sources.dancer.routine import Stage
from framecast.sources.dancer.vectors import Floats, cross, dot, unit


@dataclass(frozen=True)
class Camera:
    """Camera coordinates: x right, y down, z ahead, m, from the eye."""

    eye: Floats  # [3] m
    axes: Floats  # [3, 3] rows: right, down, ahead
    focal: float  # pixels
    height: int  # pixels
    width: int

    def seen(self, points: Floats) -> Floats:
        """World points [..., 3] in camera coordinates."""
        return self.directed(points - self.eye)

    def directed(self, vectors: Floats) -> Floats:
        """World directions [..., 3] in camera coordinates."""
        return np.stack([dot(vectors, axis) for axis in self.axes], axis=-1)

    def grid(self, samples: int) -> tuple[Floats, Floats]:
        """x and y where depth is 1 of samples x samples rays a pixel, [H·s, W·s] each.

        The grid is sheared by a sample's width within each pixel, so that an upright or a level
        edge is met at samples² different places and not only at `samples`.
        """
        rows, columns = np.mgrid[0 : self.height * samples, 0 : self.width * samples]
        shear = 1.0 / samples
        column = columns + 0.5 + shear * (rows % samples - (samples - 1) / 2)
        row = rows + 0.5 + shear * (columns % samples - (samples - 1) / 2)
        return (
            (column / samples - self.width / 2) / self.focal,
            (row / samples - self.height / 2) / self.focal,
        )

    def pixels(self, seen: Floats) -> Floats:
        """Where points in camera coordinates [..., 3] fall, [..., 2]: pixels right and down."""
        depth = np.maximum(seen[..., 2:], 0.05)
        return seen[..., :2] / depth * self.focal + np.array([self.width / 2, self.height / 2])


def place(view: View, height: int, width: int) -> Camera:
    """The camera of a view for pictures of that size."""
    eye = np.array([view.aside, -view.distance, view.height])
    slope = (view.aim - view.height) / view.distance
    sideways = view.yaw * (1 - view.yaw * view.yaw / 6)  # the sine, near enough
    ahead = unit(np.array([sideways, 1.0, slope]))
    right = unit(np.array([ahead[1], -ahead[0], 0.0]))
    axes = np.stack([right, cross(ahead, right), ahead])
    return Camera(eye, axes, view.distance / view.field * height, height, width)


def stage(view: View, depth: float, stature: float, height: int, width: int) -> Stage:
    """Where a dancer may go before a wall at `depth`, m: in view, and head and feet nearly so."""
    share = 1.04 * stature / view.field  # of the distance, at which the dancer fills the height
    widen = 0.5 * view.field / view.distance * width / height
    return Stage(
        near=view.distance * (share - 1.0),
        far=min(depth - 0.8, 0.22 * view.distance),
        middle=view.aside + view.yaw * view.distance,
        drift=view.yaw,
        half=widen * view.distance,
        widen=widen,
    )
