"""From a store to batches: one index computation and one copy a batch, no worker processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from framecast.clip import Batch
from framecast.errors import InputError
from framecast.pixels import to_unit
from framecast.store import sampler
from framecast.store.reader import Store

Arrays = tuple[NDArray[np.uint8], NDArray[Any]]
Window = Literal["first", "random", "tiled"]


class Loader:
    """Windows of `frames` consecutive frames from one split of a store, `batch` at a time.

    Step s holds items s·batch .. (s+1)·batch - 1 of an endless run over the split. Every clip
    comes once a pass, passes follow each other without a gap (batches cross their borders), and
    a batch is a pure function of (store, split, seed, step): nothing is remembered between
    calls. For R ranks that share a batch, give each `batch / R` and let rank r ask for step
    `s * R + r`: together they see what one process would.

    window   "random": a start drawn for each item; "first": always the clip's first frames;
             "tiled": a clip is cut into windows that do not overlap, and each counts as a clip
    shuffle  a new order of the clips each pass; False keeps the store's order
    far_context  so many of each window's first frames are swapped for as many consecutive ones
             from a random place of the same clip, anywhere: the past is then known, but old
    length   items in a pass: the clips of the split with at least `frames` frames (their
             windows, where tiled)
    skipped  clips of the split that are shorter, and so are never seen

    Raises InputError if the split has no clips, or none that is long enough.
    """

    def __init__(
        self,
        store: Store,
        split: str,
        frames: int,
        batch: int,
        seed: int,
        window: Window = "random",
        shuffle: bool = True,
        far_context: int = 0,
    ) -> None:
        if frames < 1 or batch < 1:
            raise InputError(f"frames and batch must be at least 1; found {frames} and {batch}")
        inside = store.split(split)
        if not inside:
            counts = ", ".join(f"{name} ({n} clips)" for name, n in store.split_counts().items())
            raise InputError(f"{store.path} has no clips in split {split!r}; it has {counts}")
        usable = [i for i in inside if store.clips[i].length >= frames]
        if not usable:
            longest = max(store.clips[i].length for i in inside)
            raise InputError(
                f"{store.path}: no clip of split {split!r} has {frames} frames; the longest has "
                f"{longest}: ask for at most {longest}"
            )
        self.store, self.split, self.frames, self.batch_size = store, split, frames, batch
        self.seed, self.window, self.shuffle = int(seed), window, shuffle
        self.far_context, self.skipped = far_context, len(inside) - len(usable)
        items = [
            (entry.clip_id, entry.start, start, entry.length)
            for entry in (store.clips[i] for i in usable)
            for start in (range(0, entry.length - frames + 1, frames) if window == "tiled" else [0])
        ]
        self.length = len(items)
        self._ids = [clip_id for clip_id, *_ in items]
        self._clip = np.array([first for _, first, _, _ in items])
        self._first = np.array([first + start for _, first, start, _ in items])
        self._frames_in = np.array([length for *_, length in items])
        # Plain arrays over the same maps: indexing np.memmap itself costs more than the copy.
        self._frames, self._control = np.asarray(store.frames), np.asarray(store.control)

    def __len__(self) -> int:
        """The items in a pass."""
        return self.length

    def batch(self, step: int, device: torch.device | str = "cpu") -> Batch:
        """Step `step` as float32 tensors on `device`: frames and a picture control in [0, 1].

        Pixels travel to the device as bytes and become floats there.
        """
        chosen, rows = self._items(step)
        return to_batch(*self._read(rows, None), self._names(chosen), device)

    def raw(self, step: int, out: Arrays | None = None) -> Arrays:
        """Step `step` as stored: frames uint8 [B, T, H, W, 3], control [B, T, ...].

        The arrays are new, or are those of `out`, filled and returned: a loop that is done with
        the last batch saves the page faults of a new one. A returned batch is never touched
        again, unless the caller passes it as `out`.
        """
        return self._read(self._items(step)[1], out)

    def eval_batches(
        self, batch: int | None = None, device: torch.device | str = "cpu"
    ) -> Iterator[Batch]:
        """The first window of every clip of the split (every window, where tiled), once, in order.

        The last batch is short if the clips do not fill it. `seed`, `shuffle` and `far_context`
        do not matter here.
        """
        size = batch or self.batch_size
        for first in range(0, self.length, size):
            chosen = np.arange(first, min(first + size, self.length))
            rows = self._first[chosen][:, None] + np.arange(self.frames)
            yield to_batch(*self._read(rows, None), self._names(chosen), device)

    def _items(self, step: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which usable clips [B], and which rows of the arrays [B, T]."""
        if step < 0:
            raise InputError(f"a step counts from 0; found {step}")
        item = step * self.batch_size
        chosen = sampler.positions(self.length, self.seed, item, self.batch_size, self.shuffle)
        first, length = self._first[chosen], self._frames_in[chosen]
        if self.window == "random":
            first = first + sampler.starts(self.seed, "window", item, length - self.frames)
        rows = first[:, None] + np.arange(self.frames)
        if self.far_context:
            room = length - self.far_context
            start = self._clip[chosen] + sampler.starts(self.seed, "far-context", item, room)
            rows[:, : self.far_context] = start[:, None] + np.arange(self.far_context)
        return chosen, rows

    def _read(self, rows: NDArray[np.int64], out: Arrays | None) -> Arrays:
        # mode="clip" only because the default, "raise", copies through a buffer when out is
        # given; every row is inside.
        frames, control = out if out is not None else (None, None)
        return (
            np.take(self._frames, rows, axis=0, out=frames, mode="clip"),
            np.take(self._control, rows, axis=0, out=control, mode="clip"),
        )

    def _names(self, chosen: NDArray[np.int64]) -> tuple[str, ...]:
        return tuple(self._ids[i] for i in chosen)


def to_batch(
    frames: NDArray[np.uint8],
    control: NDArray[Any],
    clip_ids: tuple[str, ...],
    device: torch.device | str = "cpu",
) -> Batch:
    """Stored arrays [B, T, ...] as a Batch: frames and a picture control in [0, 1]."""
    pixels, drive = (torch.from_numpy(array).to(device) for array in (frames, control))
    drive = to_unit(drive) if drive.dtype == torch.uint8 else drive
    return Batch(to_unit(pixels), drive, clip_ids)
