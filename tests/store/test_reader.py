from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from store_fakes import MakeStore

from framecast.errors import InputError, StorageError
from framecast.store import open_store
from framecast.store.format import index_hash


def test_splits_are_lists_of_positions_in_order(make_store: MakeStore) -> None:
    store = make_store(lengths=(2, 3, 4), splits=("test", "train", "test"))
    assert store.split("test") == [0, 2]
    assert store.split("train") == [1]
    assert store.split("validate") == []
    assert store.split_counts() == {"train": 1, "test": 2}


def test_an_unknown_clip_is_refused_with_the_nearest_names(make_store: MakeStore) -> None:
    store = make_store()
    with pytest.raises(InputError, match=r"no clip 'train/clip_9'; nearest: train/clip_"):
        store.clip("train/clip_9")
    with pytest.raises(InputError, match=r"no clip '@'; nearest: train/clip_0"):
        store.clip("@")
    with pytest.raises(InputError, match="no clip number 4: it has 4, numbered 0 to 3"):
        store.clip(4)
    with pytest.raises(InputError, match="no clip number -1"):
        store.clip(-1)


def test_the_arrays_of_a_store_cannot_be_written_to(make_store: MakeStore) -> None:
    store = make_store()
    with pytest.raises(ValueError, match="read-only"):
        store.frames[0] = 0
    store.clip(0).frames[0] = 0  # a clip is a copy, the caller's own


def test_control_statistics_are_of_the_steps_of_one_split(make_store: MakeStore) -> None:
    store = make_store(lengths=(3, 9, 4), splits=("test", "train", "train"))
    rows = np.concatenate([store.clip(1).control[1:], store.clip(2).control[1:]])
    mean, std = store.control_statistics("train")
    assert mean.dtype == std.dtype == np.float32
    np.testing.assert_allclose(mean, rows.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(std, rows.std(axis=0), rtol=1e-6)


def test_control_statistics_of_an_empty_split_are_those_of_all_clips(
    make_store: MakeStore,
) -> None:
    store = make_store(lengths=(3, 9, 4), splits=("test", "train", "train"))
    rows = np.concatenate([store.clip(i).control[1:] for i in range(3)])
    mean, std = store.control_statistics("validate")
    np.testing.assert_allclose(mean, rows.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(std, rows.std(axis=0), rtol=1e-6)


def test_statistics_of_a_picture_are_three_colours_in_unit_range(make_store: MakeStore) -> None:
    store = make_store(lengths=(3, 4), picture=True)
    rows = np.concatenate([store.clip(i).control[1:].reshape(-1, 3) for i in range(2)]) / 255
    mean, std = store.control_statistics("train")
    np.testing.assert_allclose(mean, rows.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(std, rows.std(axis=0), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (None, r"is not a framecast store: it does not exist; give the folder"),
        ({}, r"is not a framecast store: no index.json in it; give the folder"),
        ({"index.json": "{}"}, r"is not a framecast store: its index.json does not say"),
        ({"index.json": "[1]"}, r"is not a framecast store: its index.json does not say"),
    ],
)
def test_a_folder_that_is_no_store_is_refused(
    tmp_path: Path, files: dict[str, str] | None, message: str
) -> None:
    path = tmp_path / "thing"
    if files is not None:
        path.mkdir()
        for name, text in files.items():
            (path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        open_store(path)


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "video.mp4").write_bytes(b"")
    with pytest.raises(InputError, match="is not a framecast store: it is a file"):
        open_store(tmp_path / "video.mp4")


def test_a_store_of_another_version_is_refused_with_a_remedy(make_store: MakeStore) -> None:
    path = make_store().path
    index = json.loads((path / "index.json").read_text()) | {"version": 2}
    index["hash"] = index_hash(index)
    (path / "index.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match="store of version 2; this framecast reads version 1"):
        open_store(path)


def test_an_edited_index_is_found_when_the_store_is_opened(make_store: MakeStore) -> None:
    path = make_store().path
    text = (path / "index.json").read_text()
    (path / "index.json").write_text(text.replace("train/clip_0", "train/clip_X"))
    with pytest.raises(StorageError, match=r"index\.json is damaged: its hash does not fit"):
        open_store(path)


@pytest.mark.parametrize("name", ["frames.npy", "control.npy"])
def test_a_truncated_or_missing_array_is_named(make_store: MakeStore, name: str) -> None:
    file = make_store().path / name
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(StorageError, match=rf"{name} is damaged: [\d,]+ bytes, expected [\d,]+"):
        open_store(file.parent)
    file.unlink()
    with pytest.raises(StorageError, match=f"{name} is missing"):
        open_store(file.parent)


def test_everything_but_the_loader_works_without_torch() -> None:
    code = (
        "import sys; from framecast.store import write_store, open_store, verify_store, summary;"
        "from framecast.sources import bair; assert 'torch' not in sys.modules;"
        "from framecast.store import Loader; assert 'torch' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
