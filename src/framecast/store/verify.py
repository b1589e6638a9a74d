"""Is a store still what was written? Every byte is read."""

from __future__ import annotations

from pathlib import Path

from framecast.errors import StorageError
from framecast.publish import sha256
from framecast.store.format import ARRAYS, INDEX, render_index
from framecast.store.reader import COPY, open_store, read_index


def verify_store(path: Path) -> None:
    """Return if every byte of the store is as it was written.

    Raises StorageError naming the first damaged file, InputError if this is not a store.
    """
    path = Path(path)
    open_store(path)  # sizes and headers: the cheap checks first
    index = read_index(path)
    if (path / INDEX).read_bytes() != render_index(index).encode("utf-8"):
        raise StorageError(f"{path / INDEX} is damaged or was edited: {COPY}")
    for name in ARRAYS:
        expected, found = index["files"][name]["sha256"], sha256(path / name)
        if found != expected:
            raise StorageError(
                f"{path / name} is damaged: its sha256 is {found[:12]}…, the index says "
                f"{expected[:12]}…: {COPY}"
            )
