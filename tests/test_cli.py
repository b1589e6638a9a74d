"""The command as scripts use it: names, exit codes, one line for every error."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from framecast.cli import main
from framecast.publish import locked
from framecast.store import Store

TINY = (
    "--model.width", "0.0625", "--model.g-dim", "8", "--model.z-dim", "4", "--model.rnn-dim", "8",
    "--train.batch", "2",
)  # fmt: skip


class Result(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def framecast(capsys: pytest.CaptureFixture[str]):
    def run(*arguments: object) -> Result:
        capsys.readouterr()
        try:
            main([str(a) for a in arguments])
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        return Result(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, dots: Store) -> Path:
    run = tmp_path_factory.mktemp("runs") / "run"
    main(["train", "a-demo", "--data", str(dots.path), "--out", str(run), "--steps", "2", *TINY])
    return run


def error_line(result: Result) -> str:
    """The one line that a bad input gets, after whatever progress was shown."""
    lines = [line for line in result.err.splitlines() if line.startswith("framecast: ")]
    assert len(lines) == 1, result.err
    assert "Traceback" not in result.err
    return lines[0]


def bair_folder(root: Path, frames: int = 4) -> Path:
    clip = root / "processed_data" / "train" / "shard" / "0"
    clip.mkdir(parents=True)
    for t in range(frames):
        Image.fromarray(np.full((64, 64, 3), t, np.uint8)).save(clip / f"{t}.png")
    (clip / "actions.csv").write_text("0,0,0,0\n" * frames)
    (clip / "endeffector_positions.csv").write_text("0,0,0\n" * frames)
    return clip


def test_help_names_every_verb_and_answers_without_torch(framecast) -> None:
    result = framecast("--help")
    for verb in ("demo", "simulate push", "convert bair", "inspect", "verify", "train", "eval"):
        assert f"framecast {verb}" in result.out
    script = (
        "import sys; from framecast.cli import main; main(['--help'])\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], stdout=subprocess.DEVNULL).returncode == 0


@pytest.mark.parametrize(
    "verb",
    [
        "demo", "simulate push", "convert bair", "inspect", "verify", "train a-demo", "eval",
        "predict",
    ],
)  # fmt: skip
def test_every_verb_explains_its_flags(framecast, verb: str) -> None:
    result = framecast(*verb.split(), "--help")
    assert result.code == 0
    assert f"framecast {verb}" in result.out


def test_the_whole_path_in_verbs(framecast, tmp_path: Path) -> None:
    """simulate, inspect, verify, train, resume, eval, predict: the names that scripts rely on."""
    store, run = tmp_path / "store", tmp_path / "run"
    simulated = framecast("simulate", "push", "--clips", 4, "--seed", 3, "--workers", 1,
                          "--out", store)  # fmt: skip
    assert simulated.code == 0
    assert "of the clips have an object that moves more than 2 cm" in simulated.out

    shown = framecast("inspect", store)
    assert "4 clips, 120 frames of 64×64" in shown.out.replace("\n", " ")
    assert (tmp_path / "store-contact-sheet.png").exists()
    assert json.loads(framecast("inspect", store, "--json").out)["clips"] == 4
    assert framecast("verify", store).code == 0

    train = ("train", "a-demo", "--data", store, "--out", run, *TINY)
    assert framecast(*train, "--steps", 2, "--save-every", 1).code == 0
    assert (run / "checkpoints/last/model.safetensors").exists()
    assert framecast(*train, "--steps", 3, "--save-every", 1, "--resume").code == 0
    facts = json.loads((run / "checkpoints/last/state.json").read_text())
    assert facts["step"] == 3
    assert {p.name for p in run.iterdir()} >= {
        "config.json", "data.json", "environment.json", "log.jsonl", "tensorboard", "checkpoints",
    }  # fmt: skip

    result = tmp_path / "result.json"
    judge = ("eval", run, "--data", store, "--protocol", "course-a", "--out", result)
    assert framecast(*judge).code == 0
    first = result.read_bytes()
    assert framecast(*judge).code == 0
    assert result.read_bytes() == first
    data = json.loads(first)
    assert data["psnr"].keys() >= {"model", "copy_last_frame", "mean_frame"}
    assert data["protocol"]["name"] == "course-a"
    assert np.shape(data["psnr_per_clip_sample_frame"]["model"]) == (1, 1, 10)
    assert data["psnr"]["model"] == pytest.approx(
        np.mean(data["psnr_per_clip_sample_frame"]["model"]), abs=1e-5
    )

    clip = data["clips"][0]
    shown = framecast("predict", run, "--data", store, "--clip", clip, "--out", tmp_path / "p")
    assert shown.code == 0
    assert {p.name for p in (tmp_path / "p").iterdir()} == {
        "prediction.gif", "prediction.webp", "strip.png", "psnr.png", "curves.png",
        "prediction.json",
    }  # fmt: skip
    # What is shown is what was judged.
    shown_psnr = json.loads((tmp_path / "p/prediction.json").read_text())["psnr"]["model"]
    assert shown_psnr == pytest.approx(data["psnr"]["model"], abs=1e-4)


def test_a_baseline_is_judged_through_the_same_verb(
    framecast, dots: Store, tmp_path: Path
) -> None:  # fmt: skip
    result = framecast("eval", "copy-last-frame", "--data", dots.path, "--out", tmp_path / "r.json")
    assert result.code == 0
    psnr = json.loads((tmp_path / "r.json").read_text())["psnr"]
    assert psnr["model"] == psnr["copy_last_frame"]
    assert psnr["model_shuffled_control"] == psnr["model"]


def test_a_model_of_simulation_predicts_real_frames_without_error(
    framecast, trained: Path, real_bair: Path, tmp_path: Path
) -> None:  # fmt: skip
    assert framecast("convert", "bair", real_bair, "--out", tmp_path / "bair").code == 0
    result = framecast("eval", trained, "--data", tmp_path / "bair", "--out", tmp_path / "r.json")
    assert result.code == 0
    data = json.loads((tmp_path / "r.json").read_text())
    assert data["clips"] == ["test/traj_real/175"]
    assert data["psnr"]["model_shuffled_control"] is None  # one clip has nobody to swap with


def _no_frame(clip: Path) -> None:
    (clip / "2.png").unlink()


def _wrong_size(clip: Path) -> None:
    Image.new("RGB", (32, 64)).save(clip / "2.png")


def _truncated(clip: Path) -> None:
    data = (clip / "2.png").read_bytes()
    (clip / "2.png").write_bytes(data[: len(data) // 2])


def _missing_row(clip: Path) -> None:
    (clip / "actions.csv").write_text("0,0,0,0\n" * 3)


def _extra_row(clip: Path) -> None:
    (clip / "actions.csv").write_text("0,0,0,0\n" * 5)


def _non_numeric(clip: Path) -> None:
    (clip / "actions.csv").write_text("0,0,0,0\n0,left,0,0\n" + "0,0,0,0\n" * 2)


def _not_a_number(clip: Path) -> None:
    (clip / "endeffector_positions.csv").write_text("0,0,0\n0,nan,0\n" + "0,0,0\n" * 2)


def _empty(clip: Path) -> None:
    shutil.rmtree(clip.parents[2])
    clip.parents[2].mkdir()


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (_no_frame, "2.png"),
        (_wrong_size, "2.png"),
        (_truncated, "2.png"),
        (_missing_row, "actions.csv"),
        (_extra_row, "actions.csv"),
        (_non_numeric, "actions.csv"),
        (_not_a_number, "endeffector_positions.csv"),
        (_empty, "processed_data"),
    ],
)
def test_bad_frames_and_rows_get_one_line_and_leave_nothing(
    framecast, tmp_path: Path, damage, named: str
) -> None:  # fmt: skip
    damage(bair_folder(tmp_path / "src"))
    out = tmp_path / "out"
    out.mkdir()
    result = framecast("convert", "bair", tmp_path / "src", "--out", out / "store")
    assert result.code == 2
    assert named in error_line(result)
    assert list(out.iterdir()) == []


def test_an_unknown_recipe_is_answered_with_the_nearest(framecast, dots: Store) -> None:
    result = framecast("train", "a-dem", "--data", dots.path, "--out", "never")
    assert result.code == 2
    assert "did you mean 'a-demo'" in error_line(result)
    assert not Path("never").exists()


def test_an_unknown_verb_protocol_or_clip_is_answered_with_the_nearest(
    framecast, dots: Store, trained: Path, tmp_path: Path
) -> None:  # fmt: skip
    assert "'train'" in error_line(framecast("trian", "a-demo"))
    result = framecast("eval", trained, "--data", dots.path, "--protocol", "course")
    assert (result.code, "'course-a'" in error_line(result)) == (2, True)
    result = framecast("predict", trained, "--data", dots.path, "--clip", "dto-1",
                       "--out", tmp_path / "p")  # fmt: skip
    assert (result.code, "dot-1" in error_line(result)) == (2, True)
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("verb", ["inspect", "verify", "train", "eval"])
def test_a_folder_that_is_no_store_is_named(
    framecast, tmp_path: Path, trained: Path, verb: str
) -> None:  # fmt: skip
    folder = tmp_path / "photos"
    folder.mkdir()
    arguments = {
        "inspect": ("inspect", folder),
        "verify": ("verify", folder),
        "train": ("train", "a-demo", "--data", folder, "--out", tmp_path / "run"),
        "eval": ("eval", trained, "--data", folder, "--out", tmp_path / "r.json"),
    }[verb]
    result = framecast(*arguments)
    assert result.code == 2
    assert f"{folder} is not a framecast store" in error_line(result)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["photos"]


def test_a_folder_that_is_no_run_is_named(framecast, tmp_path: Path, dots: Store) -> None:
    result = framecast("eval", tmp_path, "--data", dots.path)
    assert result.code == 2
    assert f"{tmp_path} is not a framecast run" in error_line(result)


def test_an_existing_run_needs_resume(framecast, trained: Path, dots: Store) -> None:
    before = sorted(p for p in trained.rglob("*"))
    train = ("train", "a-demo", "--data", dots.path, "--out", trained, "--steps", 4)
    result = framecast(*train, *TINY)
    assert result.code == 2
    assert "--resume" in error_line(result)
    assert sorted(p for p in trained.rglob("*")) == before
    result = framecast(*train, *TINY, "--train.batch", 3, "--resume")
    assert result.code == 2
    assert "train.batch: 2 / 3" in error_line(result)


def test_a_locked_run_exits_with_4(framecast, trained: Path, dots: Store) -> None:
    with locked(trained / ".lock"):
        result = framecast("train", "a-demo", "--data", dots.path, "--out", trained, "--steps", 4,
                           *TINY, "--resume")  # fmt: skip
    assert result.code == 4
    assert "another process" in error_line(result)


def test_damaged_files_exit_with_3(framecast, trained: Path, dots: Store, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(dots.path, store)
    frames = bytearray((store / "frames.npy").read_bytes())
    frames[-1] ^= 1
    (store / "frames.npy").write_bytes(frames)
    result = framecast("verify", store)
    assert (result.code, "frames.npy" in error_line(result)) == (3, True)

    run = tmp_path / "run"
    shutil.copytree(trained, run, symlinks=True)
    weights = run / "checkpoints/last/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    result = framecast("eval", run, "--data", dots.path)
    assert (result.code, "model.safetensors" in error_line(result)) == (3, True)


def test_a_loss_that_explodes_exits_with_5(framecast, dots: Store, tmp_path: Path) -> None:
    result = framecast(
        "train", "a-demo", "--data", dots.path, "--out", tmp_path / "run", *TINY, "--steps", 20,
        "--train.learning-rate.kind", "constant", "--train.learning-rate.warmup", 0,
        "--train.learning-rate.peak", 1e18,
    )  # fmt: skip
    assert result.code == 5
    assert "at step" in error_line(result)


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "framecast", "verify", str(tmp_path), "--debug"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode != 0
    assert "Traceback" in result.stderr
