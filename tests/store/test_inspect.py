from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from store_fakes import PICTURE, VECTOR, MakeStore, fake_clip

from framecast.clip import Clip
from framecast.store import contact_sheet, summary, write_store


def test_a_summary_says_what_is_in_a_store(make_store: MakeStore) -> None:
    store = make_store(lengths=(3, 9, 4), splits=("test", "train", "train"))
    found = json.loads(json.dumps(summary(store)))
    assert (found["clips"], found["frames"], found["source"]) == (3, 16, "fake")
    assert found["settings"] == {"speed": 2}
    assert found["frame_size"] == {"height": 4, "width": 6}
    assert found["length"] == {"min": 3, "mean": pytest.approx(16 / 3), "max": 9}
    assert found["splits"] == {
        "train": {"clips": 2, "frames": 13},
        "test": {"clips": 1, "frames": 3},
    }
    assert [(c["name"], c["unit"], c["min"], c["max"]) for c in found["control"]] == [
        ("clip", "1", 0, 2),
        ("frame", "s", 1, 8),
    ]
    assert found["facts"] == {"travel_m": {"clips": 3, "min": 0, "mean": 0.125, "max": 0.25}}


def test_a_picture_control_is_summed_up_by_colour(make_store: MakeStore) -> None:
    found = summary(make_store(picture=True))
    assert found["control_kind"] == "image"
    assert [channel["name"] for channel in found["control"]] == ["red", "green", "blue"]
    assert all(0 <= channel["min"] <= channel["max"] <= 1 for channel in found["control"])


def test_a_contact_sheet_shows_frames_enlarged_without_smoothing(tmp_path: Path) -> None:
    clip = fake_clip(9, 5)
    noise = np.random.default_rng(0).integers(0, 255, (5, 64, 64, 3), dtype=np.uint8)
    noise[..., 2] = 255
    object.__setattr__(clip, "frames", noise)
    store = write_store(tmp_path / "store", [clip], VECTOR)
    sheet = np.asarray(Image.open(contact_sheet(store, tmp_path / "sheet.png", frames=3)))
    assert sheet.shape[1] == 2 * 16 + 3 * 128 + 2 * 4
    for column, t in enumerate((0, 2, 4)):  # evenly spaced, the first and last among them
        left, bottom = 16 + column * 132, sheet.shape[0] - 16 - 4
        shown = sheet[bottom - 96 : bottom, left + 32 : left + 128]  # clear of the number
        expected = noise[t].repeat(2, axis=0).repeat(2, axis=1)[32:, 32:]
        np.testing.assert_array_equal(shown, expected)


def test_a_contact_sheet_shows_a_picture_control_under_its_frame(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (2, 5, 32, 64, 3), dtype=np.uint8)
    clip = Clip("train", "train", frames=noise[0], control=noise[1])
    store = write_store(tmp_path / "store", [clip], PICTURE)
    sheet = np.asarray(Image.open(contact_sheet(store, tmp_path / "sheet.png", frames=3)))
    assert sheet.shape[1] == 2 * 16 + 3 * 128 + 2 * 4
    for column, t in enumerate((0, 2, 4)):
        left, bottom = 16 + column * 132, sheet.shape[0] - 16 - 4
        shown = sheet[bottom - 128 : bottom, left : left + 128]
        expected = np.concatenate([clip.frames[t], clip.control[t]])
        expected = expected.repeat(2, axis=0).repeat(2, axis=1)
        np.testing.assert_array_equal(shown[64:], expected[64:])
        np.testing.assert_array_equal(shown[:64, 32:], expected[:64, 32:])  # clear of the number


def test_a_contact_sheet_copes_with_long_names_and_short_clips(tmp_path: Path) -> None:
    clip = fake_clip(1, 1)
    object.__setattr__(clip, "clip_id", "train/" + 90 * "long")
    store = write_store(tmp_path / "store", [clip, fake_clip(2, 3)], VECTOR)
    picture = Image.open(contact_sheet(store, tmp_path / "sheet.png"))
    assert picture.width > 100
    assert sorted(file.name for file in tmp_path.iterdir()) == ["sheet.png", "store"]
