"""Tiny clips whose every pixel says which clip and which frame it belongs to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from framecast.clip import Clip, ControlSpec, Origin
from framecast.store import Store

MakeStore = Callable[..., Store]

VECTOR = Origin("fake", ControlSpec("vector", ("clip", "frame"), ("1", "s")), {"speed": 2})
PICTURE = Origin("fake-pose", ControlSpec("image", ("pose",), ("1",)))


def fake_clip(number: int, length: int = 5, split: str = "train", picture: bool = False) -> Clip:
    """Clip `number`: red is the clip's number, green the frame's; control says the same."""
    frames = np.zeros((length, 4, 6, 3), np.uint8)
    frames[..., 0] = number
    frames[..., 1] = np.arange(length)[:, None, None]
    control = np.stack([np.full(length, number), np.arange(length)], axis=1).astype(np.float32)
    return Clip(
        clip_id=f"{split}/clip_{number}",
        split=split,  # type: ignore[arg-type]
        frames=frames,
        control=255 - frames if picture else control,
        facts={"travel_m": number / 8},
    )
