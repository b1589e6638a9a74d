"""Varying the training clips of a person in a room: where they stand, how near, in what light.

Few recorded minutes hold few places for a person to be in, and a predictor learns those by
heart. Where the camera stands still, the room behind the person is known: at each pixel the
median over the frames in which no limb is near. So a person can be cut out, moved, enlarged and
put back elsewhere in their room, together with their drawn pose; or the whole picture can be
zoomed. Every draw is a function of (seed, step). docs/pose.md says what it is worth.

Shape letters: B clips, T frames, H height, W width; pictures are float in [0, 1].
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from framecast.clip import Batch
from framecast.errors import InputError
from framecast.pixels import to_unit
from framecast.seeds import seed_for
from framecast.store import Store
from framecast.train.config import Augment

PLATE_FRAMES = 512
"""frames of a clip that its room is taken from, evenly spread: more change nothing"""
LIMB = 0.1
"""a label darker than this has a limb on it"""
REACH = 0.2
"""how far a person's outline lies from their drawn limbs, at most, as a share of the height"""
CONTRAST = (0.04, 0.12)
"""a pixel this far from the room is surely room / surely person"""


def augmented(
    batch_at: Callable[[int], Batch], config: Augment, store: Store, split: str, seed: int
) -> Callable[[int], Batch]:
    """The same batches, varied. Raises InputError where a control would no longer fit its clip."""
    if config == Augment():
        return batch_at
    if config.moves and store.origin.control.kind != "image":
        raise InputError(
            f"{store.path}: --train.augment.relocate and .zoom move pictures and poses alike; this "
            f"store's control is numbers, which would no longer fit: leave them at 0"
        )
    rooms = _rooms(store, split) if config.relocate else {}

    def varied(step: int) -> Batch:
        batch = batch_at(step)
        rng = np.random.default_rng(seed_for(seed, "augment", step))
        return vary(batch, config, rooms, rng)

    return varied


def vary(
    batch: Batch, config: Augment, rooms: dict[str, Tensor], rng: np.random.Generator
) -> Batch:
    """One batch varied: `rooms` holds [3, H, W] for each clip id that can be relocated."""
    frames, control = batch.frames.clone(), batch.control.clone()
    for i, clip_id in enumerate(batch.clip_ids):
        kind = rng.random()
        if kind < config.relocate:
            room = rooms[clip_id].to(frames.device)
            frames[i], control[i] = relocated(frames[i], control[i], room, config.largest, rng)
        elif kind < config.relocate + config.zoom:
            frames[i], control[i] = zoomed(frames[i], control[i], config.largest, rng)
        if config.light:
            gain = 1.0 + config.light * rng.normal()
            offset = config.light * (0.15 * rng.normal(size=(3, 1, 1)) + 0.3 * rng.normal())
            shift = torch.as_tensor(offset, dtype=frames.dtype, device=frames.device)
            frames[i] = (frames[i] * gain + shift).clamp(0.0, 1.0)
    return batch._replace(frames=frames, control=control)


def relocated(
    frames: Float[Tensor, "T 3 H W"],
    labels: Float[Tensor, "T 3 H W"],
    room: Float[Tensor, "3 H W"],
    largest: float,
    rng: np.random.Generator,
) -> tuple[Float[Tensor, "T 3 H W"], Float[Tensor, "T 3 H W"]]:
    """The person put elsewhere in the room: once in the first frame, once in all later ones.

    The first frame is the context, which a long rollout leaves far behind, so its person moves
    on their own. Pixels between person and room keep the share that they had of each.
    """
    person = alpha(frames, labels, room)
    empty = emptied(frames, labels, room)
    maps = torch.stack([_elsewhere(labels[t], largest, rng) for t in (0, min(1, len(labels) - 1))])
    theta = maps[[0] + [1] * (len(frames) - 1)].to(frames)
    # Premultiplied, so that the room's colour at the person's edge does not come along.
    cut = torch.cat([frames * person, person, 1.0 - labels], dim=1)
    moved = _warped(cut, theta, "zeros")
    frames = moved[:, :3] + (1.0 - moved[:, 3:4]) * empty
    # A line's width is the drawing's, not the person's: enlarged, it must not grow darker.
    thin = theta[:, 0, 0].sqrt().clamp(0.7, 1.1).view(-1, 1, 1, 1)
    return frames.clamp(0.0, 1.0), (1.0 - moved[:, 4:] * thin).clamp(0.0, 1.0)


def zoomed(
    frames: Float[Tensor, "T 3 H W"],
    labels: Float[Tensor, "T 3 H W"],
    largest: float,
    rng: np.random.Generator,
) -> tuple[Float[Tensor, "T 3 H W"], Float[Tensor, "T 3 H W"]]:
    """The whole picture moved and enlarged, all frames alike; edges are drawn out."""
    size = max(0.85, _size(largest, rng))
    theta = torch.tensor(_map(size, rng.uniform(-0.4, 0.4), rng.uniform(-0.15, 0.15)))
    both = torch.cat([frames, labels], dim=1)
    moved = _warped(both, theta.expand(len(both), -1, -1).to(frames), "border")
    return moved[:, :3], moved[:, 3:]


def alpha(
    frames: Float[Tensor, "T 3 H W"],
    labels: Float[Tensor, "T 3 H W"],
    room: Float[Tensor, "3 H W"],
) -> Float[Tensor, "T 1 H W"]:
    """How much of each pixel is person: what differs from the room, near a limb."""
    near, on = _near(labels), _dilated(_limbs(labels), 1)
    difference = (frames - room).abs().amax(1, keepdim=True)
    low, high = CONTRAST
    likely = ((difference - low) / (high - low)).clamp(0.0, 1.0) * near
    return torch.maximum(likely, on * (difference > low / 2))


def emptied(
    frames: Float[Tensor, "T 3 H W"],
    labels: Float[Tensor, "T 3 H W"],
    room: Float[Tensor, "3 H W"],
) -> Float[Tensor, "T 3 H W"]:
    """The frames without their person: the room, in each frame's own exposure, faded in softly.

    A person darkens the wall about them; a hard edge there would leave their ghost behind.
    """
    near = _near(labels)
    away = 1.0 - near
    seen = (frames * away).sum((2, 3), keepdim=True)
    exposure = (seen + 1e-3) / ((room * away).sum((2, 3), keepdim=True) + 1e-3)
    soft = F.avg_pool2d(F.pad(near, (3, 3, 3, 3), mode="replicate"), 7, 1)
    return (1.0 - soft) * frames + soft * (room * exposure)


def room_of(
    frames: Float[Tensor, "T 3 H W"], labels: Float[Tensor, "T 3 H W"]
) -> Float[Tensor, "3 H W"]:
    """The room behind the person: the median over the frames in which no limb is near."""
    uncovered = torch.where(_near(labels) > 0.5, math.nan, frames).nanmedian(0).values
    return torch.where(uncovered.isnan(), frames.median(0).values, uncovered)


def _rooms(store: Store, split: str) -> dict[str, Tensor]:
    rooms = {}
    for i in store.split(split):
        entry = store.clips[i]
        every = math.ceil(entry.length / PLATE_FRAMES)
        rows = slice(entry.start, entry.stop, every)
        pictures = (torch.from_numpy(np.array(a[rows])) for a in (store.frames, store.control))
        rooms[entry.clip_id] = room_of(*map(to_unit, pictures))
    return rooms


def _elsewhere(
    label: Float[Tensor, "3 H W"], largest: float, rng: np.random.Generator
) -> Float[Tensor, "2 3"]:
    """An affine map that puts the figure of one label at another place and size."""
    limbs = (1.0 - label).amax(0) > LIMB
    height, width = limbs.shape
    columns, rows = limbs.any(0).nonzero().flatten(), limbs.any(1).nonzero().flatten()
    x = y = 0.0  # the figure's middle, in -1..1 over the picture
    if len(columns):
        x = float(columns[0] + columns[-1] + 1) / width - 1.0
        y = float(rows[0] + rows[-1] + 1) / height - 1.0
    size = _size(largest, rng)
    to_x = rng.uniform(-1.02, 1.02) if rng.random() < 0.7 else x + 0.1 * rng.normal()
    # Who is enlarged stands nearer: their middle may leave the picture downwards.
    to_y = y + 0.08 * rng.normal() + rng.uniform(-0.5, 0.6) * max(0.0, size - 1.0)
    return torch.tensor(_map(size, x - to_x / size, y - to_y / size))


def _size(largest: float, rng: np.random.Generator) -> float:
    """Half of the time near the recorded size, half anywhere up to `largest`."""
    if rng.random() < 0.5:
        return math.exp(0.12 * rng.normal())
    return math.exp(rng.uniform(math.log(0.75), math.log(largest)))


def _map(size: float, x: float, y: float) -> list[list[float]]:
    return [[1.0 / size, 0.0, x], [0.0, 1.0 / size, y]]


def _warped(
    pictures: Float[Tensor, "T c H W"], theta: Float[Tensor, "T 2 3"], outside: str
) -> Float[Tensor, "T c H W"]:
    grid = F.affine_grid(theta, list(pictures.shape), align_corners=False)
    return F.grid_sample(pictures, grid, padding_mode=outside, align_corners=False)


def _limbs(labels: Float[Tensor, "T 3 H W"]) -> Float[Tensor, "T 1 H W"]:
    """1 where a limb is drawn."""
    return ((1.0 - labels).amax(1, keepdim=True) > LIMB).float()


def _near(labels: Float[Tensor, "T 3 H W"]) -> Float[Tensor, "T 1 H W"]:
    """1 where a person may be: within reach of a drawn limb."""
    return _dilated(_limbs(labels), round(REACH * labels.shape[-2]))


def _dilated(mask: Float[Tensor, "T 1 H W"], pixels: int) -> Float[Tensor, "T 1 H W"]:
    return F.max_pool2d(mask, 2 * pixels + 1, 1, pixels)
