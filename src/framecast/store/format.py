"""What a clip store is on the disk.

    STORE/frames.npy   uint8   [N, H, W, 3]   the frames of all clips, one clip after another
    STORE/control.npy  float32 [N, K]         or uint8 [N, H, W, 3] for a picture
    STORE/index.json   what the arrays mean: origin, clips, splits, statistics, sizes and sha256

The arrays are ordinary `.npy` files, so numpy alone can read them. The index is written last.
It ends with `hash`, the sha256 of everything else in it; since it holds the sha256 of both
arrays, that one number names the whole store. The same clips give the same bytes: there is no
time stamp, no host name and no path in a store.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from framecast.clip import ControlSpec, Origin, true_frames

FORMAT = "framecast-store"
VERSION = 1

INDEX = "index.json"
FRAMES = "frames.npy"
CONTROL = "control.npy"
ARRAYS = (FRAMES, CONTROL)

# A whole number of cache lines, as numpy itself does, with room for any number of frames.
HEADER_BYTES = 128


@dataclass(frozen=True)
class ClipEntry:
    """One clip's line in the index: rows `start` to `start + length` of both arrays."""

    clip_id: str
    split: str
    start: int
    length: int
    facts: Mapping[str, float] = field(default_factory=dict)

    @property
    def stop(self) -> int:
        return self.start + self.length

    @property
    def true_frames(self) -> int:
        """How many of the frames are recorded ones; the rest were never given and are black."""
        return true_frames(self.facts, self.length)


def npy_header(dtype: DTypeLike, shape: tuple[int, ...]) -> bytes:
    """A `.npy` header (format 1.0) of always HEADER_BYTES bytes.

    numpy's own header grows with the digits of the shape and differs between numpy versions.
    This one has a fixed size, so it can be written before the number of frames is known and
    again when it is, and the same clips give the same bytes under any numpy.
    """
    fields = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
    prefix = b"\x93NUMPY\x01\x00" + struct.pack("<H", HEADER_BYTES - 10)
    text = repr(fields).encode("ascii")
    assert len(prefix) + len(text) < HEADER_BYTES, shape
    return prefix + text.ljust(HEADER_BYTES - len(prefix) - 1) + b"\n"


def origin_to_json(origin: Origin) -> dict[str, Any]:
    """An Origin as the index keeps it."""
    return {
        "source": origin.source,
        "control": {
            "kind": origin.control.kind,
            "names": list(origin.control.names),
            "units": list(origin.control.units),
        },
        "settings": dict(origin.settings),
    }


def origin_from_json(data: Mapping[str, Any]) -> Origin:
    """The inverse of `origin_to_json` (a tuple among the settings comes back as a list)."""
    control = data["control"]
    spec = ControlSpec(control["kind"], tuple(control["names"]), tuple(control["units"]))
    return Origin(data["source"], spec, data["settings"])


def clip_to_json(clip: ClipEntry) -> dict[str, Any]:
    """A ClipEntry as the index keeps it."""
    return {
        "id": clip.clip_id,
        "split": clip.split,
        "start": clip.start,
        "length": clip.length,
        "facts": dict(clip.facts),
    }


def clip_from_json(data: Mapping[str, Any]) -> ClipEntry:
    """The inverse of `clip_to_json`."""
    return ClipEntry(data["id"], data["split"], data["start"], data["length"], data["facts"])


def index_hash(index: Mapping[str, Any]) -> str:
    """sha256 of the index's canonical JSON, without the hash itself."""
    kept = {key: value for key, value in index.items() if key != "hash"}
    return hashlib.sha256(canonical(kept).encode()).hexdigest()


def render_index(index: Mapping[str, Any]) -> str:
    """The text of index.json: canonical JSON, but a line a key and a line a clip to be readable.

    A pure function of the index, so `verify_store` can tell a changed space from a whole file.
    """
    lines = []
    for key in sorted(index):
        value = index[key]
        if key == "clips" and value:
            text = "[\n  " + ",\n  ".join(map(canonical, value)) + "\n ]"
        else:
            text = canonical(value)
        lines.append(f' "{key}": {text}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces. Raises ValueError at NaN, TypeError at an object."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
