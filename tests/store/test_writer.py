from __future__ import annotations

import dataclasses
import io
import json
import resource
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from store_fakes import PICTURE, VECTOR, MakeStore, fake_clip

from framecast.clip import Clip, ControlSpec, Origin
from framecast.errors import InputError, StorageError
from framecast.store import open_store, write_store
from framecast.store.format import HEADER_BYTES, npy_header


def assert_same(found: Clip, expected: Clip) -> None:
    assert (found.clip_id, found.split) == (expected.clip_id, expected.split)
    assert dict(found.facts) == dict(expected.facts)
    assert found.frames.dtype == expected.frames.dtype
    assert found.control.dtype == expected.control.dtype
    np.testing.assert_array_equal(found.frames, expected.frames)
    np.testing.assert_array_equal(found.control, expected.control)


@pytest.mark.parametrize("picture", [False, True])
def test_a_store_gives_back_the_clips_that_were_written(tmp_path: Path, picture: bool) -> None:
    clips = [
        fake_clip(0, 3, "test", picture),
        fake_clip(1, 7, "train", picture),
        fake_clip(2, 1, "validate", picture),
    ]
    origin = PICTURE if picture else VECTOR
    written = write_store(tmp_path / "store", iter(clips), origin, total=3)
    store = open_store(tmp_path / "store")
    assert store.hash == written.hash
    assert store.origin == origin
    assert store.frame_shape == (4, 6, 3)
    assert store.control_shape == ((4, 6, 3) if picture else (2,))
    assert [entry.start for entry in store.clips] == [0, 3, 10]
    for number, clip in enumerate(clips):
        assert_same(store.clip(number), clip)
        assert_same(store.clip(clip.clip_id), clip)


def test_the_arrays_are_ordinary_npy_files(make_store: MakeStore) -> None:
    path = make_store(lengths=(3, 4)).path
    frames, control = np.load(path / "frames.npy"), np.load(path / "control.npy")
    assert (frames.shape, frames.dtype) == ((7, 4, 6, 3), np.uint8)
    assert (control.shape, control.dtype) == ((7, 2), np.float32)
    assert sorted(file.name for file in path.iterdir()) == [
        "control.npy",
        "frames.npy",
        "index.json",
    ]


def test_the_same_clips_give_the_same_bytes(make_store: MakeStore) -> None:
    one, other = make_store(name="one").path, make_store(name="other").path
    for name in ("frames.npy", "control.npy", "index.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes()


def test_another_pixel_gives_another_hash(tmp_path: Path) -> None:
    clip, changed = fake_clip(1), fake_clip(1)
    changed.frames[0, 0, 0, 2] = 1
    one = write_store(tmp_path / "one", [clip], VECTOR)
    other = write_store(tmp_path / "other", [changed], VECTOR)
    assert one.hash != other.hash


@pytest.mark.parametrize("frames", [0, 9, 10, 1_298_000, 10**12])
def test_a_header_has_one_size_whatever_the_number_of_frames(frames: int) -> None:
    header = npy_header(np.uint8, (frames, 1080, 1920, 3))
    assert len(header) == HEADER_BYTES
    file = io.BytesIO(header)
    assert np.lib.format.read_magic(file) == (1, 0)
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    assert (shape, fortran, dtype) == ((frames, 1080, 1920, 3), False, np.dtype(np.uint8))
    assert file.tell() == HEADER_BYTES


def test_clips_are_never_all_in_memory(tmp_path: Path) -> None:
    alive: list[weakref.ref[Any]] = []
    most = 0

    def clips() -> Iterator[Clip]:
        nonlocal most
        for number in range(20):
            clip = fake_clip(number)
            alive.append(weakref.ref(clip))
            most = max(most, sum(ref() is not None for ref in alive))
            yield clip

    write_store(tmp_path / "store", clips(), VECTOR)
    assert most <= 3  # the first, the one being written, the one being made


def test_frames_that_are_a_view_of_something_larger_are_written_right(tmp_path: Path) -> None:
    large = np.random.default_rng(0).integers(0, 255, (5, 8, 12, 3), dtype=np.uint8)
    clip = dataclasses.replace(fake_clip(0), frames=large[:, ::2, ::-2])
    store = write_store(tmp_path / "store", [clip], VECTOR)
    np.testing.assert_array_equal(store.clip(0).frames, large[:, ::2, ::-2])


def test_progress_hears_of_every_clip(tmp_path: Path) -> None:
    heard: list[int] = []
    write_store(tmp_path / "store", map(fake_clip, range(3)), VECTOR, 3, heard.append)
    assert heard == [1, 2, 3]


def test_a_source_that_gives_fewer_clips_than_announced_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="announced 5 clips and gave 3"):
        write_store(tmp_path / "store", map(fake_clip, range(3)), VECTOR, total=5)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [InputError("no"), RuntimeError("no"), KeyboardInterrupt()])
def test_a_source_that_fails_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    def clips() -> Iterator[Clip]:
        yield fake_clip(0)
        raise error

    with pytest.raises(type(error)):
        write_store(tmp_path / "store", clips(), VECTOR)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_explained_and_leaves_nothing(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(StorageError, match=r"store: cannot be written \(File too large\)"):
            write_store(tmp_path / "store", map(fake_clip, range(9)), VECTOR)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_an_existing_store_is_not_overwritten(make_store: MakeStore) -> None:
    store = make_store()
    with pytest.raises(InputError, match="exists already"):
        make_store()
    assert open_store(store.path).hash == store.hash


def test_a_setting_that_json_cannot_hold_fails_before_any_clip_is_made(tmp_path: Path) -> None:
    def clips() -> Iterator[Clip]:
        raise AssertionError("asked for a clip")
        yield

    origin = dataclasses.replace(VECTOR, settings={"when": object()})
    with pytest.raises(TypeError):
        write_store(tmp_path / "store", clips(), origin)


def changed(number: int = 1, **values: Any) -> Clip:
    return dataclasses.replace(fake_clip(number), **values)


def with_nan() -> Clip:
    clip = fake_clip(1)
    clip.control[3, 1] = np.nan
    return clip


@pytest.mark.parametrize(
    ("clip", "message"),
    [
        (fake_clip(0), r"'train/clip_0' comes twice"),
        (changed(clip_id=""), r"has no name"),
        (changed(split="val"), r"split 'val'; expected train, validate, test"),
        (
            changed(frames=np.zeros((5, 4, 4, 3), np.uint8)),
            r"'train/clip_1' has frames of uint8 \[5, 4, 4, 3\].*'train/clip_0'.*\[5, 4, 6, 3\]",
        ),
        (
            changed(control=np.zeros((5, 3), np.float32)),
            r"control of float32 \[5, 3\].*float32 \[5, 2\]",
        ),
        (
            changed(control=np.zeros((5, 4, 6, 3), np.uint8)),
            r"control of uint8 \[5, 4, 6, 3\].*float32 \[5, 2\]",
        ),
        (with_nan(), r"'train/clip_1' has control nan at frame 3, channel 1; expected a finite"),
        (changed(facts={"far": float("inf")}), r"fact far = inf; expected a finite number"),
        (
            changed(frames=np.zeros((0, 4, 6, 3), np.uint8), control=np.zeros((0, 2), np.float32)),
            r"has no frames",
        ),
    ],
)
def test_a_clip_that_does_not_fit_is_refused(tmp_path: Path, clip: Clip, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        write_store(tmp_path / "store", [fake_clip(0), clip], VECTOR)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("clip", "origin", "message"),
    [
        (fake_clip(0, picture=True), VECTOR, r"expected float32 \[5, 2\].*clip, frame"),
        (fake_clip(0), PICTURE, r"a picture control must be uint8 \[5, 4, 6, 3\]"),
        (
            fake_clip(0),
            Origin("fake", ControlSpec("vector", ("a", "b", "c"), ("1", "1", "1"))),
            r"float32 \[5, 2\]; expected float32 \[5, 3\], one column for each of a, b, c",
        ),
        (changed(0, frames=np.zeros((5, 4, 6, 1), np.uint8)), VECTOR, r"expected RGB"),
    ],
)
def test_clips_that_are_not_what_the_origin_says_are_refused(
    tmp_path: Path, clip: Clip, origin: Origin, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        write_store(tmp_path / "store", [clip], origin)
    assert list(tmp_path.iterdir()) == []


def test_a_source_without_clips_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'fake' gave no clips"):
        write_store(tmp_path / "store", [], VECTOR)
    assert list(tmp_path.iterdir()) == []


def test_the_index_is_one_line_a_clip_and_holds_no_path(make_store: MakeStore) -> None:
    path = make_store(lengths=(3, 4)).path
    text = (path / "index.json").read_text()
    assert sum('"id":' in line for line in text.splitlines()) == 2
    assert str(path.parent) not in text
    index = json.loads(text)
    assert index["splits"] == {"train": 2, "validate": 0, "test": 0}
    assert set(index["files"]) == {"frames.npy", "control.npy"}
