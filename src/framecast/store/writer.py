"""Writing a store: clips stream through, one in memory at a time, and all appear at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from io import RawIOBase
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framecast.clip import SPLITS, Clip, ControlSpec, Origin
from framecast.errors import InputError, StorageError
from framecast.publish import new_folder, sha256
from framecast.store.format import (
    ARRAYS,
    FORMAT,
    HEADER_BYTES,
    INDEX,
    VERSION,
    ClipEntry,
    canonical,
    clip_to_json,
    index_hash,
    npy_header,
    origin_to_json,
    render_index,
)
from framecast.store.reader import Store, open_store
from framecast.store.statistics import Moments, driving


def write_store(
    path: Path,
    clips: Iterable[Clip],
    origin: Origin,
    total: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Store:
    """Write `clips` as a new store at `path` and open it.

    `total` is the number of clips the source announced, if it knows: fewer or more is an
    error, since a source that stops early would otherwise pass unseen. `progress` is called
    with the number of clips written so far, after each.

    Clips must agree in frame size and in the shape of their control; lengths may differ.
    Raises InputError for a clip that does not fit, StorageError if the disk refuses. After any
    error, one raised by `clips` itself included, nothing is left at `path`.
    """
    path = Path(path)
    canonical(origin_to_json(origin))  # a setting that JSON cannot hold fails before the work
    with new_folder(path) as folder:
        entries, arrays, moments = _write_arrays(path, folder, clips, origin, progress)
        if total is not None and len(entries) != total:
            raise InputError(
                f"{path}: the source announced {total} clips and gave {len(entries)}: "
                "did its files change while they were read?"
            )
        index: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "origin": origin_to_json(origin),
            "clips": [clip_to_json(entry) for entry in entries],
            "splits": {name: sum(entry.split == name for entry in entries) for name in SPLITS},
            "statistics": {name: moments[name].to_json() for name in sorted(moments)},
            "arrays": arrays,
            "files": {
                name: {"bytes": (folder / name).stat().st_size, "sha256": sha256(folder / name)}
                for name in ARRAYS
            },
        }
        index["hash"] = index_hash(index)
        (folder / INDEX).write_text(render_index(index), encoding="utf-8")
    return open_store(path)


def _write_arrays(
    path: Path,
    folder: Path,
    clips: Iterable[Clip],
    origin: Origin,
    progress: Callable[[int], None] | None,
) -> tuple[list[ClipEntry], dict[str, Any], dict[str, Moments]]:
    """Stream the clips into the two arrays; return the index's clips, shapes and statistics."""
    entries: list[ClipEntry] = []
    seen: set[str] = set()
    moments: dict[str, Moments] = {}
    first: Clip | None = None
    stop = 0
    with ExitStack() as stack:
        # Unbuffered: a full disk is met at the write, where it is explained, not at the close.
        files = [stack.enter_context(open(folder / name, "wb", buffering=0)) for name in ARRAYS]
        for file in files:
            _write(path, file, bytes(HEADER_BYTES))
        for clip in clips:
            if first is None:
                _check_control_kind(path, clip, origin.control)
                first = clip
            _check_clip(path, clip, first, seen)
            for name in ("all", clip.split):
                moments.setdefault(name, Moments(clip.control.shape[-1]))
            for rows in driving(clip.control):
                for name in ("all", clip.split):
                    moments[name].add(rows)
            for file, array in zip(files, (clip.frames, clip.control), strict=True):
                _write(path, file, np.ascontiguousarray(array).data)
            facts = {name: float(value) for name, value in clip.facts.items()}
            entries.append(ClipEntry(clip.clip_id, clip.split, stop, len(clip.frames), facts))
            seen.add(clip.clip_id)
            stop += len(clip.frames)
            if progress is not None:
                progress(len(entries))
        if first is None:
            raise InputError(f"{path}: the source {origin.source!r} gave no clips")
        arrays = {}
        for name, file, array in zip(ARRAYS, files, (first.frames, first.control), strict=True):
            shape = (stop, *array.shape[1:])
            file.seek(0)
            _write(path, file, npy_header(array.dtype, shape))
            arrays[name] = {"dtype": array.dtype.str, "shape": list(shape)}
    return entries, arrays, moments


def _write(path: Path, file: RawIOBase, data: bytes | memoryview) -> None:
    """All of `data`, whatever the system takes at a time."""
    rest = memoryview(data).cast("B")
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror or error})") from error


def _check_control_kind(path: Path, clip: Clip, spec: ControlSpec) -> None:
    """The first clip's control must be what the origin says it is."""
    control = clip.control
    if spec.kind == "image":
        if control.dtype != np.uint8 or control.shape != clip.frames.shape:
            raise InputError(
                f"{path}: clip {clip.clip_id!r} has a control of {_kind(control)}; a picture "
                f"control must be {_kind(clip.frames)}, like the frames"
            )
    elif control.dtype != np.float32 or control.shape[1:] != (len(spec.names),):
        raise InputError(
            f"{path}: clip {clip.clip_id!r} has a control of {_kind(control)}; expected "
            f"float32 {[len(control), len(spec.names)]}, one column for each of "
            f"{', '.join(spec.names)}"
        )


def _check_clip(path: Path, clip: Clip, first: Clip, seen: set[str]) -> None:
    """Every clip must look like the first, and its numbers must be numbers."""
    where = f"{path}: clip {clip.clip_id!r}"
    if not clip.clip_id or clip.clip_id in seen:
        problem = "comes twice" if clip.clip_id else "has no name"
        raise InputError(f"{where} {problem}: every clip needs an id of its own")
    if clip.split not in SPLITS:
        raise InputError(f"{where} is of split {clip.split!r}; expected {', '.join(SPLITS)}")
    if len(clip.frames) == 0:
        raise InputError(f"{where} has no frames; expected at least one")
    if clip.frames.shape[-1] != 3:
        raise InputError(f"{where} has frames of {_kind(clip.frames)}; expected RGB, [T, H, W, 3]")
    for what in ("frames", "control"):
        here, there = getattr(clip, what), getattr(first, what)
        if here.shape[1:] != there.shape[1:] or here.dtype != there.dtype:
            raise InputError(
                f"{where} has {what} of {_kind(here)}, but the first clip, {first.clip_id!r}, "
                f"has {_kind(there)}: all clips of a store must agree"
            )
    if clip.control.dtype == np.float32 and not np.isfinite(clip.control).all():
        frame, channel = np.argwhere(~np.isfinite(clip.control))[0]
        raise InputError(
            f"{where} has control {clip.control[frame, channel]} at frame {frame}, channel "
            f"{channel}; expected a finite number"
        )
    for name, value in clip.facts.items():
        if not math.isfinite(value):
            raise InputError(f"{where} has fact {name} = {value}; expected a finite number")


def _kind(array: NDArray[Any]) -> str:
    return f"{array.dtype} {list(array.shape)}"
