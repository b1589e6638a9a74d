"""The demo's path at a size that a test can afford; `make proofs` runs it whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from framecast.cli import main

SMALL = ["--clips", "40", "--workers", "1", "--steps", "2"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "demo"
    main(["demo", "--out", str(out), *SMALL])
    return out


def test_the_report_s_numbers_are_where_scripts_look(demo: Path) -> None:
    result = json.loads((demo / "report.json").read_text())
    assert result["psnr"].keys() == {
        "model", "copy_last_frame", "mean_frame", "model_shuffled_control",
    }  # fmt: skip
    assert all(isinstance(value, float) for value in result["psnr"].values())
    gain = result["psnr"]["model"] - result["psnr"]["copy_last_frame"]
    assert result["gain_over_copy_last_frame"]["db"] == pytest.approx(gain, abs=1e-5)
    drop = result["psnr"]["model"] - result["psnr"]["model_shuffled_control"]
    assert result["drop_with_shuffled_control"]["db"] == pytest.approx(drop, abs=1e-5)


def test_the_report_page_is_whole_and_shows_what_was_measured(demo: Path) -> None:
    page = (demo / "report.html").read_text()
    result = json.loads((demo / "report.json").read_text())
    assert page.count("data:image/webp") == 4
    assert page.count("data:image/png") == 3
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert f"{result['psnr']['model']:.2f}" in page
    assert result["protocol"]["hash"][:12] in page


def test_a_second_run_reuses_what_the_first_made(
    demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = (demo / "run/checkpoints/last/model.safetensors").stat().st_mtime_ns
    frames = (demo / "store/frames.npy").stat().st_mtime_ns
    before = (demo / "report.json").read_bytes()
    capsys.readouterr()
    main(["demo", "--out", str(demo), *SMALL])
    printed = capsys.readouterr()
    assert (demo / "run/checkpoints/last/model.safetensors").stat().st_mtime_ns == weights
    assert (demo / "store/frames.npy").stat().st_mtime_ns == frames
    assert (demo / "report.json").read_bytes() == before
    assert printed.out.splitlines()[-2:] == [str(demo / "report.html"), str(demo / "report.json")]
    assert "simulating" not in printed.err


def test_another_seed_in_the_same_folder_is_refused(
    demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["demo", "--out", str(demo), "--seed", "1", *SMALL])
    assert stop.value.code == 2
    assert "--seed 0" in capsys.readouterr().err
