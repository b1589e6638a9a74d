"""The command as scripts use it: names, exit codes, one line for every error."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from framecast.cli import main
from framecast.clip import Clip, ControlSpec, Origin
from framecast.publish import locked
from framecast.store import Store, write_store

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
        "predict", "plot", "submit", "score", "simulate dancer", "convert pose",
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
    assert len((run / "sessions.jsonl").read_text().splitlines()) == 2
    assert {p.name for p in run.iterdir()} >= {
        "config.json", "data.json", "sessions.jsonl", "log.jsonl", "tensorboard", "checkpoints",
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
    result = framecast("eval", trained, "--data", dots.path, "--protocol", "course_a")
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


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--train.batch", 1), ("--train.steps-per-epoch", 0), ("--train.log-every", 0),
        ("--train.kl.ratio", 0), ("--train.kl.epochs", 0), ("--train.validate-clips", 0),
        ("--train.horizon", 0), ("--model.context", 0), ("--model.g-dim", 0), ("--threads", -1),
        ("--threads", 0), ("--train.betas", "2 2"), ("--train.learning-rate.peak", -1),
        ("--model.predictor-layers", 0), ("--save-every", 0), ("--steps", 0), ("--train.ema", 1.5),
        ("--train.save-every", 0), ("--train.seed", -1), ("--train.learning-rate.gamma", -1),
        ("--train.learning-rate.peak", "inf"), ("--train.kl.peak", "nan"),
    ],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_is_named_and_leaves_nothing(
    framecast, dots: Store, tmp_path: Path, flag: str, value: object
) -> None:
    out = tmp_path / "run"
    result = framecast("train", "a-demo", "--data", dots.path, "--out", out,
                       flag, *str(value).split())  # fmt: skip
    assert result.code == 2
    assert f"{flag} {str(value).split()[0]}" in error_line(result)
    assert not out.exists()


def test_weights_that_are_no_numbers_are_never_kept(framecast, dots: Store, tmp_path: Path) -> None:
    """The last step has no later loss that would tell."""
    out = tmp_path / "run"
    result = framecast(
        "train", "a-demo", "--data", dots.path, "--out", out, *TINY, "--steps", 1,
        "--train.learning-rate.kind", "constant", "--train.learning-rate.warmup", 0,
        "--train.learning-rate.peak", 1e39, "--train.ema", 0,
    )  # fmt: skip
    assert result.code == 5
    assert "weight" in error_line(result)
    assert not (out / "checkpoints").exists()


def test_a_checkpoint_that_is_gone_does_not_restart_the_run_in_silence(
    framecast, trained: Path, dots: Store, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run, symlinks=True)
    shutil.rmtree((run / "checkpoints/last").resolve())
    log = (run / "log.jsonl").read_bytes()
    result = framecast("train", "a-demo", "--data", dots.path, "--out", run, "--steps", 4, *TINY,
                       "--resume")  # fmt: skip
    assert result.code == 3
    assert "is gone" in error_line(result)
    assert (run / "log.jsonl").read_bytes() == log


def test_a_result_that_cannot_be_written_is_refused_before_the_work(
    framecast, trained: Path, dots: Store, tmp_path: Path
) -> None:
    result = framecast("eval", trained, "--data", dots.path, "--out", tmp_path)
    assert result.code == 2
    assert "is a folder" in error_line(result)
    assert "judging" not in result.err


def test_a_store_of_another_control_does_not_fit_the_run(
    framecast, trained: Path, tmp_path: Path
) -> None:
    frames = np.zeros((12, 64, 64, 3), np.uint8)
    clips = [Clip(f"c{i}", "test", frames, np.zeros((12, 2), np.float32)) for i in range(2)]
    control = ControlSpec("vector", ("dx", "dy"), ("m", "m"))
    write_store(tmp_path / "other", iter(clips), Origin("other", control))
    result = framecast("eval", trained, "--data", tmp_path / "other")
    assert result.code == 2
    assert "control (2,)" in error_line(result)


def test_short_validation_clips_are_predicted_as_far_as_they_go(framecast, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    clips = [
        Clip(f"c{i}", split, rng.integers(0, 255, (n, 64, 64, 3), np.uint8),
             rng.normal(size=(n, 2)).astype(np.float32))
        for i, (split, n) in enumerate([("train", 12), ("train", 12), ("validate", 5)])
    ]  # fmt: skip
    control = ControlSpec("vector", ("dx", "dy"), ("m", "m"))
    write_store(tmp_path / "store", iter(clips), Origin("other", control))
    train = ("train", "a-demo", "--data", tmp_path / "store", *TINY)
    plan = ("--train.epochs", 1, "--train.steps-per-epoch", 2)
    assert framecast(*train, *plan, "--out", tmp_path / "run").code == 0
    assert "validation_psnr" in (tmp_path / "run/log.jsonl").read_text()
    result = framecast(*train, "--out", tmp_path / "none", "--model.context", 5,
                       "--train.horizon", 2)  # fmt: skip
    assert result.code == 2
    assert "5 frames" in error_line(result)
    assert not (tmp_path / "none").exists()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_simulation_that_is_ended_leaves_no_store_and_no_workers(
    tmp_path: Path, ending: signal.Signals
) -> None:
    out = tmp_path / "made" / "store"
    command = [sys.executable, "-m", "framecast", "simulate", "push", "--clips", "2000",
               "--workers", "2", "--out", str(out)]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        # Beyond its header of 128 bytes: the workers are at work.
        _wait_until(
            lambda: any(
                file.stat().st_size > 128 for file in out.parent.glob(".store.partial-*/frames.npy")
            )
        )
        process.send_signal(ending)
        assert process.wait(timeout=60) != 0
        _wait_until(lambda: not _in_session(process.pid))
    finally:
        for pid in _in_session(process.pid):
            os.kill(pid, signal.SIGKILL)
    assert not out.exists()
    if ending != signal.SIGKILL:
        assert list(out.parent.iterdir()) == []


def _wait_until(met: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _in_session(session: int) -> list[int]:
    """The processes of a session, read from /proc."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, owner, *_ = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(owner) == session and state != "Z":
            found.append(int(stat.parent.name))
    return found


def test_a_killed_training_resumes(framecast, dots: Store, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train = ["train", "a-demo", "--data", str(dots.path), "--out", str(run), *TINY,
             "--save-every", "2", "--threads", "1"]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "framecast", *train], stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_until(lambda: (run / "checkpoints/last").exists())
    finally:
        process.kill()
        process.wait()
    step = json.loads((run / "checkpoints/last/state.json").read_text())["step"]
    assert framecast(*train, "--steps", step + 3, "--resume").code == 0
    assert json.loads((run / "checkpoints/last/state.json").read_text())["step"] == step + 3


def test_the_command_runs_in_a_thread_and_leaves_signals_as_they_were() -> None:
    before = signal.getsignal(signal.SIGTERM)
    main(["--version"])
    assert signal.getsignal(signal.SIGTERM) is before
    with ThreadPoolExecutor() as pool:
        pool.submit(main, ["--version"]).result()


def test_a_run_made_elsewhere_with_auto_precision_resumes_with_its_own(
    framecast, trained: Path, dots: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run, symlinks=True)
    for native in (True, False):
        monkeypatch.setattr("framecast.fast.multiplies_bfloat16", lambda _, n=native: n)
        result = framecast("train", "a-demo", "--data", dots.path, "--out", run, *TINY,
                           "--steps", 3, "--resume")  # fmt: skip
        assert result.code == 0, result.err
