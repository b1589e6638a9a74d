"""The pose family's demo, with short sequences; `make proofs-pose` runs it whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from framecast.cli import main

SMALL = ["--family", "pose", "--clips", "20", "--workers", "1", "--steps", "2"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, short_dances: None) -> Path:
    out = tmp_path_factory.mktemp("demo") / "demo"
    main(["demo", "--out", str(out), *SMALL])
    return out


def test_the_report_s_numbers_hold_the_model_the_baseline_and_both_oracles(demo: Path) -> None:
    result = json.loads((demo / "report.json").read_text())
    assert result["psnr"].keys() == {
        "model", "copy_last_frame", "mean_true_frame", "previous_true_frame",
        "model_shuffled_control",
    }  # fmt: skip
    gain = result["psnr"]["model"] - result["psnr"]["copy_last_frame"]
    assert result["gain_over_copy_last_frame"]["db"] == pytest.approx(gain, abs=1e-5)
    assert result["predictor"]["recipe"] == "b-demo"
    assert result["store"]["source"] == "dancer"


def test_each_sequence_is_shown_beside_its_truth_and_its_pose(demo: Path) -> None:
    page = (demo / "report.html").read_text()
    assert page.count("data:image/webp") == 2
    assert "previous true frame (oracle)" in page
    with Image.open(demo / "pictures" / "sequence-0.webp") as picture:
        assert picture.n_frames == 21
        assert picture.width > 3 * 3 * 64
    assert (demo / "pictures" / "strip.png").exists()


def test_a_folder_of_the_other_family_is_refused(
    demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["demo", "--out", str(demo), "--family", "action", "--clips", "20"])
    assert stop.value.code == 2
    assert "holds clips of dancer" in capsys.readouterr().err
