"""Opening a store: the index is read and checked, the arrays are mapped, nothing is copied."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from framecast.clip import SPLITS, Clip, Origin, Split
from framecast.errors import InputError, StorageError
from framecast.store.format import (
    CONTROL,
    FORMAT,
    FRAMES,
    HEADER_BYTES,
    INDEX,
    VERSION,
    ClipEntry,
    clip_from_json,
    index_hash,
    npy_header,
    origin_from_json,
)

COPY = "copy the store again, or convert the data again"


@dataclass(frozen=True, eq=False)
class Store:
    """An open store. The arrays are read-only maps of the files: reading pages them in.

    frames   uint8 [N, H, W, 3], the frames of all clips, one clip after another
    control  float32 [N, K], or uint8 [N, H, W, 3] (see the control convention in `clip`)
    """

    path: Path
    origin: Origin
    hash: str
    clips: tuple[ClipEntry, ...]
    statistics: Mapping[str, Any]
    frames: NDArray[np.uint8]
    control: NDArray[Any]

    @property
    def frame_shape(self) -> tuple[int, int, int]:
        """(H, W, 3)"""
        return cast(tuple[int, int, int], self.frames.shape[1:])

    @property
    def control_shape(self) -> tuple[int, ...]:
        """(K,), or (H, W, 3) for a picture."""
        return self.control.shape[1:]

    def split(self, name: str) -> list[int]:
        """The positions in `clips` of one split's clips, in order; empty if it has none."""
        return [i for i, entry in enumerate(self.clips) if entry.split == name]

    def split_counts(self) -> dict[str, int]:
        """How many clips each split has; splits without clips are left out."""
        counts = Counter(entry.split for entry in self.clips)
        return {name: counts[name] for name in SPLITS if counts[name]}

    def entry(self, which: str | int) -> ClipEntry:
        """One clip's line in the index, by id or by position; raises as `clip` does."""
        return self.clips[self._position(which)]

    def clip(self, which: str | int) -> Clip:
        """One whole clip, by id or by position in `clips`; its arrays are copies.

        Raises InputError for one that the store does not have, with the nearest names.
        """
        entry = self.entry(which)
        rows = slice(entry.start, entry.stop)
        return Clip(
            clip_id=entry.clip_id,
            split=cast(Split, entry.split),
            frames=np.array(self.frames[rows]),
            control=np.array(self.control[rows]),
            facts=entry.facts,
        )

    def control_statistics(self, split: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(mean [K], standard deviation [K]) of one split's control, as measured when written.

        Of all clips if the split has none. A picture gives three colours in [0, 1]. A channel
        that never changes has a deviation of 0. Each clip's index 0 is not counted: it drives
        no step within the clip.
        """
        numbers = self.statistics.get(split)
        if not numbers or not numbers["count"]:
            numbers = self.statistics["all"]
        return np.array(numbers["mean"], np.float32), np.array(numbers["std"], np.float32)

    def _position(self, which: str | int) -> int:
        if isinstance(which, str):
            if which in self._positions:
                return self._positions[which]
            near = difflib.get_close_matches(which, self._positions, n=3, cutoff=0.3)
            hint = ", ".join(near or list(self._positions)[:3])
            raise InputError(f"{self.path} has no clip {which!r}; nearest: {hint}")
        if not 0 <= which < len(self.clips):
            raise InputError(
                f"{self.path} has no clip number {which}: it has {len(self.clips)}, "
                f"numbered 0 to {len(self.clips) - 1}"
            )
        return which

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {entry.clip_id: i for i, entry in enumerate(self.clips)}


def open_store(path: Path) -> Store:
    """Open the store at `path`; nothing but the index is read (0.4 s for 43,264 clips).

    Checks the index's own hash and the sizes of the arrays; `verify_store` also reads every
    byte. Raises InputError if this is not a store that this version reads, StorageError if it
    is one and is damaged.
    """
    path = Path(path)
    index = read_index(path)
    frames, control = (_mapped(path / name, index) for name in (FRAMES, CONTROL))
    return Store(
        path=path,
        origin=origin_from_json(index["origin"]),
        hash=index["hash"],
        clips=tuple(map(clip_from_json, index["clips"])),
        statistics=index["statistics"],
        frames=frames,
        control=control,
    )


def read_index(path: Path) -> dict[str, Any]:
    """The index of the store at `path`, its format, version and own hash checked."""
    remedy = "give the folder that `framecast convert` or `framecast simulate` made"
    file = path / INDEX
    if not path.is_dir():
        found = "it is a file" if path.exists() else "it does not exist"
        raise InputError(f"{path} is not a framecast store: {found}; {remedy}")
    try:
        index = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} is not a framecast store: no {INDEX} in it; {remedy}") from None
    except OSError as error:
        raise StorageError(f"{file}: cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        raise StorageError(f"{file} is damaged ({error}): {COPY}") from error
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise InputError(
            f'{path} is not a framecast store: its {INDEX} does not say "format": "{FORMAT}"; '
            f"{remedy}"
        )
    if index.get("version") != VERSION:
        raise InputError(
            f"{path} is a framecast store of version {index.get('version')!r}; this framecast "
            f"reads version {VERSION}: convert the data again, or install the framecast that "
            f"wrote it"
        )
    if index.get("hash") != index_hash(index):
        raise StorageError(f"{file} is damaged: its hash does not fit it: {COPY}")
    return index


def _mapped(file: Path, index: Mapping[str, Any]) -> NDArray[Any]:
    """The array in `file`, mapped read-only, if its size and header are what the index says."""
    said = index["arrays"][file.name]
    dtype, shape = np.dtype(said["dtype"]), tuple(said["shape"])
    expected = index["files"][file.name]["bytes"]
    try:
        found = file.stat().st_size
        if found != expected:
            raise StorageError(f"{file} is damaged: {found:,} bytes, expected {expected:,}: {COPY}")
        with open(file, "rb") as opened:
            if opened.read(HEADER_BYTES) != npy_header(dtype, shape):
                raise StorageError(
                    f"{file} is damaged: its header does not say {dtype} {list(shape)}, as the "
                    f"index does: {COPY}"
                )
        return np.memmap(file, dtype, "r", HEADER_BYTES, shape)
    except FileNotFoundError:
        raise StorageError(f"{file} is missing: {COPY}") from None
    except PermissionError as error:
        raise StorageError(f"{file}: cannot be read ({error.strerror})") from error
