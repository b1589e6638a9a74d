from __future__ import annotations

from pathlib import Path

import pytest
from store_fakes import MakeStore

from framecast.errors import FramecastError, InputError, StorageError
from framecast.store import verify_store


def test_a_whole_store_passes(make_store: MakeStore) -> None:
    verify_store(make_store().path)
    verify_store(make_store(picture=True, name="pictures").path)


def flip(file: Path, position: int) -> None:
    data = bytearray(file.read_bytes())
    data[position] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("name", ["frames.npy", "control.npy", "index.json"])
@pytest.mark.parametrize("where", [0.0, 0.3, 0.5, 1.0])
def test_a_flipped_bit_is_found_and_its_file_named(
    make_store: MakeStore, name: str, where: float
) -> None:
    path = make_store().path
    flip(path / name, round(where * ((path / name).stat().st_size - 1)))
    with pytest.raises(StorageError, match=f"{name} is damaged"):
        verify_store(path)


@pytest.mark.parametrize("name", ["frames.npy", "control.npy", "index.json"])
def test_no_flipped_bit_anywhere_passes_as_whole(make_store: MakeStore, name: str) -> None:
    path = make_store(lengths=(2,)).path
    whole = (path / name).read_bytes()
    for position in range(0, len(whole), 7 if name == "index.json" else 1):
        flip(path / name, position)
        with pytest.raises(FramecastError):
            verify_store(path)
        (path / name).write_bytes(whole)
    verify_store(path)


def test_what_is_no_store_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a framecast store"):
        verify_store(tmp_path)
