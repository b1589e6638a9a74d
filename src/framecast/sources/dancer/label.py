"""The pose as a picture: thin coloured strokes on white, as pose estimators' output is drawn.

Drawn about 1024 pixels wide with lines 3 wide and then averaged down, as the real labels were: a
limb is a faint trace across a few pixels. All joints are drawn, hidden or not; the face only as
far as the camera sees it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from framecast.sources.dancer.camera import Camera
from framecast.sources.dancer.score import LEFT, RIGHT
from framecast.sources.dancer.skeleton import Joints
from framecast.sources.dancer.vectors import Bools, Floats, dot, turned, unit

CANVAS = 1024  # pixels wide before averaging
Colour = tuple[int, int, int]
Stroke = tuple[str, str, Colour]

BONES: tuple[Stroke, ...] = (
    ("hips", "neck", (0, 0, 255)),
    ("neck", "nose", (50, 0, 255)),
    ("neck", "shoulder0", (0, 30, 255)),
    ("shoulder0", "elbow0", (0, 65, 255)),
    ("elbow0", "wrist0", (0, 115, 255)),
    ("neck", "shoulder1", (0, 150, 255)),
    ("shoulder1", "elbow1", (0, 210, 255)),
    ("elbow1", "wrist1", (0, 245, 255)),
    ("hips", "hip0", (0, 90, 255)),
    ("hip0", "knee0", (0, 255, 180)),
    ("knee0", "ankle0", (0, 255, 85)),
    ("heel0", "ankle0", (0, 255, 30)),
    ("ankle0", "toe0", (60, 255, 0)),
    ("hips", "hip1", (40, 0, 200)),
    ("hip1", "knee1", (115, 0, 0)),
    ("knee1", "ankle1", (255, 90, 0)),
    ("heel1", "ankle1", (255, 165, 0)),
    ("ankle1", "toe1", (255, 205, 0)),
)
FACE: tuple[Stroke, ...] = (
    ("nose", "eye0", (150, 0, 255)),
    ("eye0", "ear0", (255, 80, 255)),
    ("nose", "eye1", (200, 0, 170)),
    ("eye1", "ear1", (190, 60, 110)),
    ("ear0", "temple0", (255, 80, 255)),  # alone from behind
    ("ear1", "temple1", (190, 60, 110)),
)
HAND: tuple[tuple[float, Colour], ...] = (  # how far each stroke leans across the palm
    (-0.35, (200, 60, 60)),
    (0.0, (60, 170, 90)),
    (0.35, (150, 70, 180)),
)


def draw(joints: Joints, stature: float, camera: Camera) -> NDArray[np.uint8]:
    """One label a frame, uint8 [T, H, W, 3]."""
    scale = max(1, round(CANVAS / camera.width))
    wide = max(1, round(3 * camera.width * scale / CANVAS))
    world, seen = _keypoints(joints, stature, camera)
    spots = {}
    for name, points in world.items():
        # No picture reaches a million pixels; this keeps a point near the eye from overflowing.
        at = np.clip(camera.pixels(camera.seen(points)) * scale, -1e6, 1e6)
        spots[name] = np.rint(at).astype(int).tolist()
    frames = len(joints.hips)
    labels = np.empty((frames, camera.height, camera.width, 3), np.uint8)
    size = (camera.width * scale, camera.height * scale)
    for k in range(frames):
        picture = Image.new("RGB", size, (255, 255, 255))
        pen = ImageDraw.Draw(picture)
        for start, end, colour in BONES + FACE:
            if all(seen[name][k] for name in (start, end) if name in seen):
                pen.line((*spots[start][k], *spots[end][k]), fill=colour, width=wide)
        for side in (RIGHT, LEFT):
            wrist = spots[f"wrist{side}"][k]
            for n, (_, colour) in enumerate(HAND):
                pen.line((*wrist, *spots[f"finger{side}{n}"][k]), fill=colour, width=wide)
        labels[k] = np.asarray(picture.reduce(scale))
    return labels


def _keypoints(
    j: Joints, stature: float, camera: Camera
) -> tuple[dict[str, Floats], dict[str, Bools]]:
    """World places [T, 3] by name, and when those of the face can be seen [T]."""
    points: dict[str, Floats] = {"hips": j.hips, "neck": j.neck}
    for name in ("hip", "knee", "ankle", "heel", "toe", "shoulder", "elbow", "wrist"):
        for side in (RIGHT, LEFT):
            points[f"{name}{side}"] = getattr(j, name)[side]
    for side in (RIGHT, LEFT):
        reach = j.finger[side] - j.wrist[side]
        for n, (lean, _) in enumerate(HAND):
            across = lean * np.sqrt(dot(reach, reach))[:, None] * j.palm[side]
            points[f"finger{side}{n}"] = j.wrist[side] + reach + across
    face = {
        "nose": (0.060, 0.0, -0.008),
        "eye0": (0.050, -0.018, 0.010),
        "eye1": (0.050, 0.018, 0.010),
        "ear0": (0.002, -0.045, 0.0),
        "ear1": (0.002, 0.045, 0.0),
        "temple0": (0.010, -0.038, 0.004),
        "temple1": (0.010, 0.038, 0.004),
    }
    for name, at in face.items():
        points[name] = j.head + turned(j.head_frame, np.array(at) * stature)
    to_eye = unit(camera.eye - j.head)
    ahead, aside = dot(j.head_frame[..., 0], to_eye), dot(j.head_frame[..., 1], to_eye)
    seen = {"nose": ahead > -0.25}
    for side, out in ((RIGHT, -1.0), (LEFT, 1.0)):
        seen[f"eye{side}"] = ahead + 0.45 * out * aside > -0.15
        seen[f"ear{side}"] = out * aside > -0.55
    return points, seen
