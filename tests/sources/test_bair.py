from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framecast.errors import InputError
from framecast.sources import bair
from framecast.store import open_store, verify_store, write_store

SIZE, LENGTH = 16, 6
REAL = Path(__file__).parents[3] / "shared" / "data" / "bair"


def write_table(file: Path, rows: np.ndarray) -> None:
    file.write_text("".join(",".join(f"{cell:.18e}" for cell in row) + "\n" for row in rows))


def write_clip(folder: Path, seed: int = 0, length: int = LENGTH) -> None:
    """A white dot on black: action row t says how far it moves (dx, dy) from frame t to t + 1,
    position row t says where it is (x, y) in frame t."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    moves = rng.integers(-1, 2, (length, 2))
    moves[0] = (1, -1)  # not zero: a row that is dropped or shifted must show
    places = SIZE // 2 + np.cumsum(np.vstack([[0, 0], moves[:-1]]), axis=0)
    for t, (x, y) in enumerate(places):
        frame = np.zeros((SIZE, SIZE, 3), np.uint8)
        frame[y, x] = 255
        Image.fromarray(frame).save(folder / f"{t}.png")
    write_table(folder / "actions.csv", np.hstack([moves, np.full((length, 2), [3, 2])]))
    write_table(folder / "endeffector_positions.csv", np.hstack([places, np.full((length, 1), 9)]))


@pytest.fixture
def src(tmp_path: Path) -> Path:
    """processed_data with two clips in train and one in test."""
    root = tmp_path / "processed_data"
    for number, name in enumerate(("train/traj_0_to_255/0", "train/traj_0_to_255/1", "test/t/0")):
        write_clip(root / name, seed=number)
    return root


def test_control_t_is_the_step_into_frame_t(src: Path) -> None:
    for clip in bair.clips(src):
        dots = np.array([np.argwhere(frame[..., 0])[0][::-1] for frame in clip.frames])
        np.testing.assert_array_equal(clip.control[1:, :2], np.diff(dots, axis=0))
        np.testing.assert_array_equal(clip.control[1:, 4:6], dots[:-1])
        assert (clip.control[1:, 2:4] == (3, 2)).all()
        assert (clip.control[1:, 6] == 9).all()
        assert (clip.control[0] == 0).all()


def test_control_has_a_name_and_a_unit_a_column(src: Path) -> None:
    origin = bair.origin(src)
    assert origin.source == "bair"
    assert origin.control.kind == "vector"
    assert origin.control.names == ("dx", "dy", "gripper", "lift", "x", "y", "z")
    assert origin.control.units == ("m", "m", "1", "1", "m", "m", "m")
    assert next(bair.clips(src)).control.shape == (LENGTH, 7)


def test_clips_come_in_natural_order_with_their_splits(tmp_path: Path) -> None:
    names = (
        "train/traj_256_to_511/0",
        "train/traj_1024_to_1279/2",
        "train/traj_1024_to_1279/10",
        "validate/v/7",
        "test/traj_real/175",
    )
    for name in reversed(names):
        write_clip(tmp_path / name)
    (tmp_path / "train" / ".cache").mkdir()
    (tmp_path / "notes.txt").write_text("not a clip")
    clips = list(bair.clips(tmp_path))
    assert tuple(clip.clip_id for clip in clips) == names
    assert [clip.split for clip in clips] == ["train"] * 3 + ["validate", "test"]
    assert bair.count(tmp_path) == 5


def test_the_parent_of_processed_data_is_as_good(src: Path) -> None:
    here, above = list(bair.clips(src)), list(bair.clips(src.parent))
    assert [clip.clip_id for clip in here] == [clip.clip_id for clip in above]
    assert bair.count(src) == bair.count(src.parent) == 3
    assert bair.origin(src) == bair.origin(src.parent)


def test_frames_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    write_clip(tmp_path / "train/s/0", length=12)
    for t in range(12):
        Image.new("RGB", (SIZE, SIZE), (t, 0, 0)).save(tmp_path / f"train/s/0/{t}.png")
    (clip,) = bair.clips(tmp_path)
    assert clip.frames[:, 0, 0, 0].tolist() == list(range(12))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1"])
def test_a_picture_that_is_not_rgb_is_converted(src: Path, mode: str) -> None:
    file = src / "train/traj_0_to_255/0/2.png"
    before = next(bair.clips(src)).frames
    Image.open(file).convert(mode).save(file)
    np.testing.assert_array_equal(next(bair.clips(src)).frames, before)


def test_tables_may_have_spaces_windows_line_ends_and_a_last_empty_line(src: Path) -> None:
    file = src / "train/traj_0_to_255/0/actions.csv"
    before = next(bair.clips(src)).control
    text = "\ufeff" + file.read_text().replace(",", " , ").replace("\n", "\r\n") + "\r\n"
    file.write_bytes(text.encode("utf-8"))
    np.testing.assert_array_equal(next(bair.clips(src)).control, before)


def test_a_split_without_clips_is_fine_if_another_has_some(src: Path) -> None:
    (src / "validate").mkdir()
    assert bair.count(src) == len(list(bair.clips(src))) == 3


# Bad input: what is done to processed_data, then the message. CLIP is the second clip.

CLIP = "train/traj_0_to_255/1"


def edit(name: str, change: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    def spoil(root: Path) -> None:
        file = root / CLIP / name
        file.write_text("\n".join(change(file.read_text().splitlines())) + "\n")

    return spoil


def cell(row: int, column: int, text: str) -> Callable[[Path], None]:
    """actions.csv with one cell changed; row and column count from 0."""

    def change(lines: list[str]) -> list[str]:
        cells = lines[row].split(",")
        cells[column] = text
        return [*lines[:row], ",".join(cells), *lines[row + 1 :]]

    return edit("actions.csv", change)


def remove(*names: str) -> Callable[[Path], None]:
    return lambda root: [(root / CLIP / name).unlink() for name in names] and None


def replace(name: str, data: bytes | Image.Image) -> Callable[[Path], None]:
    def spoil(root: Path) -> None:
        if isinstance(data, bytes):
            (root / CLIP / name).write_bytes(data)
        else:
            data.save(root / CLIP / name)

    return spoil


def truncate(root: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE, 3), dtype=np.uint8)
    file = root / CLIP / "4.png"
    Image.fromarray(noise).save(file)
    file.write_bytes(file.read_bytes()[:-300])


ROWS = r"expected 6 rows \(one a frame\) of"
BAD = {
    "a missing frame": (
        remove("3.png"),
        r"/1/3\.png is missing: found 5 frames, numbered 0 to 5; expected 0\.png",
    ),
    "a missing first frame": (remove("0.png"), r"/1/0\.png is missing: found 5 frames"),
    "a missing last frame": (remove("5.png"), r"/1/actions\.csv has 6 rows; expected 5 rows"),
    "a frame too many": (
        replace("6.png", Image.new("RGB", (SIZE, SIZE))),
        r"/1/actions\.csv has 6 rows; expected 7 rows",
    ),
    "no frames": (remove(*[f"{t}.png" for t in range(LENGTH)]), r"/1 has no frames .*expected 0"),
    "two frames": (
        remove(*[f"{t}.png" for t in range(2, LENGTH)]),
        r"/1 has 2 frames; expected .* at least 3",
    ),
    "a frame of another size": (
        replace("2.png", Image.new("RGB", (SIZE, 8))),
        r"/1/2\.png is 16×8 pixels; expected 16×16, the size of .*/0/0\.png",
    ),
    "a truncated frame": (truncate, r"/1/4\.png cannot be read as a PNG \(truncated or damaged"),
    "an empty frame": (replace("4.png", b""), r"/1/4\.png cannot be read as a PNG \(empty"),
    "a frame that is text": (replace("4.png", b"hello"), r"/1/4\.png cannot be read as a PNG"),
    "a frame of 16 bits": (
        replace("4.png", Image.fromarray(np.full((SIZE, SIZE), 999, np.uint16))),
        r"/1/4\.png has pixels of kind I;16; expected 8-bit RGB",
    ),
    "no actions": (remove("actions.csv"), rf"/1/actions\.csv is missing; {ROWS} 4 numbers: dx"),
    "no positions": (
        remove("endeffector_positions.csv"),
        rf"/1/endeffector_positions\.csv is missing; {ROWS} 3 numbers: x, y, z",
    ),
    "a missing row": (
        edit("actions.csv", lambda lines: lines[:-1]),
        rf"/1/actions\.csv has 5 rows; {ROWS} 4 numbers",
    ),
    "a row too many": (
        edit("endeffector_positions.csv", lambda lines: [*lines, lines[0]]),
        rf"/1/endeffector_positions\.csv has 7 rows; {ROWS} 3 numbers",
    ),
    "an empty table": (
        edit("actions.csv", lambda lines: []),
        rf"/1/actions\.csv has 0 rows; {ROWS}",
    ),
    "a missing column": (
        edit("actions.csv", lambda lines: [line.rpartition(",")[0] for line in lines]),
        rf"/1/actions\.csv, row 1 has 3 columns; {ROWS} 4 numbers",
    ),
    "a column too many in one row": (
        edit("actions.csv", lambda lines: [*lines[:4], lines[4] + ",1", lines[5]]),
        rf"/1/actions\.csv, row 5 has 5 columns; {ROWS} 4 numbers",
    ),
    "an empty row between": (
        edit("actions.csv", lambda lines: [*lines[:2], "", *lines[3:]]),
        r"/1/actions\.csv, row 3 is empty; expected",
    ),
    "a header": (
        edit("actions.csv", lambda lines: ["dx,dy,gripper,lift", *lines]),
        r"/1/actions\.csv, row 1: dx is 'dx'; expected a number; a header is not expected",
    ),
    "a word": (cell(3, 2, "open"), r"/1/actions\.csv, row 4: gripper is 'open'; expected a number"),
    "an empty cell": (cell(3, 1, ""), r"/1/actions\.csv, row 4: dy is ''; expected a number"),
    "an underscore": (cell(3, 1, "1_0"), r"/1/actions\.csv, row 4: dy is '1_0'; expected a number"),
    "nan": (cell(2, 0, "nan"), r"/1/actions\.csv, row 3: dx is nan; expected a finite number"),
    "infinity": (cell(5, 3, "-inf"), r"/1/actions\.csv, row 6: lift is -inf; expected a finite"),
    "a number too large": (cell(5, 3, "1e99"), r"row 6: lift is 1e99; expected a finite number"),
    "a table that is not text": (
        replace("actions.csv", b"\xff\xfe\x00\x01"),
        r"/1/actions\.csv cannot be read as text",
    ),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.filterwarnings("error")
def test_bad_input_is_named_and_leaves_no_store(src: Path, name: str, tmp_path: Path) -> None:
    spoil, message = BAD[name]
    spoil(src)
    with pytest.raises(InputError, match=message) as caught:
        write_store(tmp_path / "store", bair.clips(src), bair.origin(src), bair.count(src))
    assert "\n" not in str(caught.value)
    assert [item.name for item in tmp_path.iterdir()] == ["processed_data"]


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        (None, r"src does not exist; expected BAIR's folder processed_data or its parent"),
        ((), r"src has no train, validate or test folder \(found nothing\); expected SRC/"),
        (("photos",), r"no train, validate or test folder \(found photos\); expected SRC/"),
        (("train", "test/shard"), r"src has no clips in it; expected SRC/"),
        (("processed_data/train",), r"src/processed_data has no clips in it; expected SRC/"),
    ],
)
def test_a_folder_that_is_not_bair_is_refused_before_reading(
    tmp_path: Path, folders: tuple[str, ...] | None, message: str
) -> None:
    src = tmp_path / "src"
    if folders is not None:
        src.mkdir()
        for folder in folders:
            (src / folder).mkdir(parents=True)
    for ask in (bair.origin, bair.count, lambda path: list(bair.clips(path))):
        with pytest.raises(InputError, match=message):
            ask(src)


def test_a_file_is_not_bair(tmp_path: Path) -> None:
    (tmp_path / "bair.tar").write_bytes(b"")
    with pytest.raises(InputError, match=r"bair\.tar is a file; expected BAIR's folder"):
        bair.origin(tmp_path / "bair.tar")


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the real trajectory is not at {REAL}")
def test_a_real_trajectory_converts_to_frozen_bytes(tmp_path: Path) -> None:
    write_store(tmp_path / "store", bair.clips(REAL), bair.origin(REAL), bair.count(REAL))
    verify_store(tmp_path / "store")
    store = open_store(tmp_path / "store")
    clip = store.clip("test/traj_real/175")
    assert (clip.split, clip.frames.shape, clip.control.shape) == ("test", (30, 64, 64, 3), (30, 7))
    dx, dy, gripper, lift, x, y, z = clip.control[1:].T
    assert abs(np.concatenate([dx, dy])).max() < 0.08
    assert set(gripper) <= {0, 1, 2, 3, 4}
    assert set(lift) <= {0, 1, 2}
    for values, low, high in ((x, 0.42, 0.53), (y, -0.22, 0.16), (z, 0.19, 0.32)):
        assert low < values.min() < values.max() < high
    assert hashlib.sha256(clip.frames.tobytes()).hexdigest()[:16] == "32af680cd09ddf83"
    assert hashlib.sha256(clip.control.tobytes()).hexdigest()[:16] == "0ff64d9da3b8a2f6"
