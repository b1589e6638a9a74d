"""The numbers that README.md states, measured: `make proofs`, about half an hour on two cores."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow


def framecast(*arguments: object) -> None:
    subprocess.run([sys.executable, "-m", "framecast", *map(str, arguments)], check=True)


def psnr(file: Path) -> dict[str, float]:
    return json.loads(file.read_text())["psnr"]


@pytest.fixture(scope="module", params=[0, 1, 2])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / f"seed-{request.param}"
    start = time.monotonic()
    framecast("demo", "--out", out, "--seed", request.param)
    seconds = time.monotonic() - start
    print(f"\nseed {request.param}: {seconds:.0f} s, {psnr(out / 'report.json')}")
    assert seconds < 8 * 60
    return out


def test_the_demo_beats_copying_the_last_frame_by_2_db(demo: Path) -> None:
    result = psnr(demo / "report.json")
    assert result["model"] - result["copy_last_frame"] >= 2.0


def test_the_demo_s_model_obeys_its_control(demo: Path) -> None:
    result = psnr(demo / "report.json")
    assert result["model"] - result["model_shuffled_control"] >= 1.0


def test_the_demo_s_model_predicts_the_real_trajectory_without_error(
    demo: Path, real_bair: Path, tmp_path: Path
) -> None:
    framecast("convert", "bair", real_bair, "--out", tmp_path / "real")
    framecast("eval", demo / "run", "--data", tmp_path / "real", "--out", tmp_path / "r.json")
    print(f"\n{demo.name} on the real trajectory: {psnr(tmp_path / 'r.json')}")


def test_a_model_trained_on_the_real_trajectory_alone_reproduces_it_at_30_db(
    real_bair: Path, tmp_path: Path
) -> None:
    framecast("convert", "bair", real_bair, "--out", tmp_path / "real")
    framecast("train", "a-demo", "--train.split", "test", "--train.steps-per-epoch", 40,
              "--data", tmp_path / "real", "--out", tmp_path / "run")  # fmt: skip
    for horizon in (10, 28):
        out = tmp_path / f"horizon-{horizon}"
        framecast("predict", tmp_path / "run", "--data", tmp_path / "real", "--horizon", horizon,
                  "--clip", "test/traj_real/175", "--out", out)  # fmt: skip
        result = psnr(out / "prediction.json")
        print(f"\nreal trajectory, {horizon} frames from 2: {result}")
        assert result["model"] >= 30.0


def test_two_workers_simulate_30_frames_a_second_and_most_clips_move_something(
    tmp_path: Path,
) -> None:
    clips = 250
    start = time.monotonic()
    framecast("simulate", "push", "--clips", clips, "--workers", 2, "--out", tmp_path / "push")
    rate = clips * 30 / (time.monotonic() - start)
    index = json.loads((tmp_path / "push" / "index.json").read_text())
    moved = [clip["facts"]["object_travel_m"] > 0.02 for clip in index["clips"]]
    print(f"\n{rate:.0f} frames a second, {sum(moved) / clips:.0%} of clips move over 2 cm")
    assert rate >= 30
    assert sum(moved) >= 0.5 * clips


def test_a_store_reads_25000_clips_a_second_and_60_times_a_png_loader() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "store_reading.py")]
    line = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    result = json.loads(line.splitlines()[-1])
    print(f"\n{line}")
    assert result["clips_per_s"]["store"] >= 25_000
    assert result["ratio"] >= 60
