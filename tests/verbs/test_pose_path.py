"""Family B through the command: train, judge, show, submit, score, plot."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framecast.cli import main
from framecast.clip import Clip, ControlSpec, Origin
from framecast.store import Store, write_store

TINY = (
    "--model.features", "8", "--model.labels", "4", "--model.latents", "4", "--model.fused", "8",
    "--train.horizon", "3", "--train.steps-per-epoch", "4",
)  # fmt: skip


def run(*arguments: object) -> None:
    main([str(a) for a in arguments])


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as stop:
        run(*arguments)
    assert stop.value.code == 2
    (line,) = [x for x in capsys.readouterr().err.splitlines() if x.startswith("framecast: ")]
    return line


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, pose_dots: Store) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    run("train", "b-public-best", "--data", pose_dots.path, "--out", out, "--steps", 4, *TINY)
    return out


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory, pose_dots: Store, trained: Path) -> Path:
    out = tmp_path_factory.mktemp("results") / "tiny.json"
    run("eval", trained, "--data", pose_dots.path, "--protocol", "course-b", "--out", out)
    return out


def values(result: Path, name: str) -> np.ndarray:
    return np.array(json.loads(result.read_text())["psnr_per_clip_sample_frame"][name])


def test_course_b_keeps_all_629_values_of_every_sequence(result: Path) -> None:
    written = json.loads(result.read_text())
    assert written["clips"] == ["a", "b"]
    assert written["protocol"]["name"] == "course-b"
    assert written["first_frame"] == 1
    assert set(written["psnr"]) == {
        "model", "model_shuffled_control", "copy_last_frame", "mean_true_frame",
        "previous_true_frame",
    }  # fmt: skip
    for name, mean in written["psnr"].items():
        assert values(result, name).shape == (2, 1, 629)
        assert values(result, name).mean() == pytest.approx(mean, abs=1e-5)


def test_the_three_baselines_are_what_they_say(result: Path, pose_dots: Store) -> None:
    for row, name in enumerate("ab"):
        frames = pose_dots.clip(name).frames / 255.0
        for kind, guess in (
            ("copy_last_frame", frames[:1]),
            ("mean_true_frame", frames[1:].mean(0, keepdims=True)),
            ("previous_true_frame", frames[:-1]),
        ):
            mse = ((guess - frames[1:]) ** 2).mean((1, 2, 3)).clip(1e-10)
            np.testing.assert_allclose(values(result, kind)[row, 0], -10 * np.log10(mse), atol=1e-3)


def test_how_the_latent_was_used_is_named_in_the_result(
    tmp_path: Path, pose_dots: Store, trained: Path
) -> None:
    results = []
    for latent in ("zero", "mean-of-2"):
        out = tmp_path / f"{latent}.json"
        run("eval", trained, "--data", pose_dots.path, "--latent", latent, "--out", out)
        written = json.loads(out.read_text())
        assert written["predictor"]["latent"] == latent
        assert written["predictor"]["arithmetic"] == "float32"
        results.append(written["psnr"]["model"])
    assert results[0] != results[1]


def test_a_prediction_is_shown_beside_truth_and_pose(
    tmp_path: Path, pose_dots: Store, trained: Path
) -> None:
    out = tmp_path / "shown"
    run("predict", trained, "--data", pose_dots.path, "--clip", "a", "--horizon", 5, "--out", out)
    with Image.open(out / "prediction.gif") as picture:
        three, frames = picture.width, picture.n_frames
    assert three > 3 * 8 * 3  # three panels, each three times as wide as its frame
    assert 2 <= frames <= 6
    assert json.loads((out / "prediction.json").read_text())["horizon"] == 5
    assert (out / "strip.png").stat().st_size > 1000


def test_a_submission_scores_what_the_evaluation_said_up_to_its_rounding(
    tmp_path: Path, pose_dots: Store, trained: Path, result: Path
) -> None:
    csv, score = tmp_path / "submission.csv", tmp_path / "score.json"
    run("submit", trained, "--data", pose_dots.path, "--out", csv)
    lines = csv.read_text().splitlines()
    assert lines[0].startswith("id,0,1,")
    assert len(lines) == 1 + 2 * 630
    assert {len(line.split(",")) for line in lines} == {1 + 3 * 8 * 8}
    first = np.array(lines[1 + 630].split(","), int)
    assert first[0] == 630
    np.testing.assert_array_equal(
        first[1:].reshape(3, 8, 8).transpose(1, 2, 0), pose_dots.clip("b").frames[0]
    )
    said = json.loads(csv.with_suffix(".json").read_text())
    assert said["predictor"] == json.loads(result.read_text())["predictor"]
    assert said["sequences"] == {"a": 630, "b": 630}
    run("score", csv, "--data", pose_dots.path, "--out", score)
    scored = json.loads(score.read_text())
    assert scored["protocol"] == json.loads(result.read_text())["protocol"]
    assert scored["predictor"]["submission_sha256"] == said["sha256"]
    assert values(score, "model").shape == (2, 1, 629)
    np.testing.assert_allclose(
        values(score, "model").mean(-1), values(result, "model").mean(-1), atol=0.2
    )
    run("plot", result, score, "--out", tmp_path / "psnr.png")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda lines: lines[:-1], "1259 rows"),
        (lambda lines: [*lines, lines[-1]], "more than 1260"),
        (lambda lines: [*lines[:5], lines[5] + ",7", *lines[6:]], "line 6 has 193 values"),
        (lambda lines: [*lines[:5], lines[5].replace(",", ",x", 1), *lines[6:]], "line 6"),
        (lambda lines: [*lines[:5], "4," + "256," * 191 + "0", *lines[6:]], "256"),
        (lambda lines: [*lines[:5], "9," + lines[5].split(",", 1)[1], *lines[6:]], "id 9, not 4"),
        (lambda lines: lines[1:], "line 1 does not begin"),
        (lambda lines: ["\x89PNG\x00\xff", *lines], "line 1 does not begin"),
    ],
)
def test_a_submission_that_is_off_is_refused_with_its_line(
    tmp_path: Path, pose_dots: Store, capsys: pytest.CaptureFixture[str], change, says: str
) -> None:
    lines = ["id," + ",".join(map(str, range(192)))]
    lines += [f"{row}," + ",".join(["7"] * 192) for row in range(1260)]
    csv = tmp_path / "bad.csv"
    csv.write_bytes(("\n".join(change(lines)) + "\n").encode("latin-1"))
    line = refusal(capsys, "score", csv, "--data", pose_dots.path)
    assert says in line
    assert "bad.csv" in line


def test_several_results_share_one_picture_and_others_are_refused(
    tmp_path: Path, pose_dots: Store, result: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "copy.json"
    run("eval", "copy-last-frame", "--data", pose_dots.path, "--out", other)
    run("plot", result, other, "--out", tmp_path / "psnr.png")
    with Image.open(tmp_path / "psnr.png") as picture:
        assert picture.width > 1000
    changed = json.loads(other.read_text())
    changed["store"]["hash"] = "0" * 64
    other.write_text(json.dumps(changed))
    line = refusal(capsys, "plot", result, other, "--out", tmp_path / "none.png")
    assert "cannot share an axis" in line
    assert not (tmp_path / "none.png").exists()
    line = refusal(capsys, "plot", tmp_path / "gone.json", "--out", tmp_path / "none.png")
    assert "does not exist" in line
    for part in ("store", "clips", "first_frame", "psnr_per_clip_sample_frame"):
        partial = {k: v for k, v in json.loads(result.read_text()).items() if k != part}
        other.write_text(json.dumps(partial))
        line = refusal(capsys, "plot", other, "--out", tmp_path / "none.png")
        assert "not a result" in line


def test_a_sequence_of_which_one_frame_was_given_is_submitted_and_never_judged(
    tmp_path: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = np.zeros((630, 8, 8, 3), np.uint8)
    frames[0] = 90
    clip = Clip("given-one", "test", frames, np.full_like(frames, 255), {"true_frames": 1.0})
    control = ControlSpec("image", ("red", "green", "blue"), ("1",) * 3)
    store = tmp_path / "store"
    write_store(store, [clip], Origin("bars", control))
    csv = tmp_path / "submission.csv"
    run("submit", trained, "--data", store, "--out", csv)
    assert len(csv.read_text().splitlines()) == 631
    assert "1 true frames" in refusal(capsys, "eval", trained, "--data", store)
    assert "no true frames" in refusal(capsys, "score", csv, "--data", store)
    line = refusal(capsys, "train", "b-best", "--data", store, "--out", tmp_path / "r",
                   "--train.split", "test")  # fmt: skip
    assert "cannot be trained on" in line
    shown = tmp_path / "shown"
    run("predict", trained, "--data", store, "--clip", "given-one", "--horizon", 4, "--out", shown)
    assert json.loads((shown / "prediction.json").read_text())["psnr"] is None
    assert not (shown / "psnr.png").exists()
    with Image.open(shown / "prediction.gif") as picture:
        two = picture.width
    assert 2 * 24 < two < 3 * 24 + 40  # pose and prediction, no truth


def test_a_clip_with_nothing_to_predict_is_refused_by_submit(
    tmp_path: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = np.zeros((1, 8, 8, 3), np.uint8)
    control = ControlSpec("image", ("red", "green", "blue"), ("1",) * 3)
    store, out = tmp_path / "store", tmp_path / "s.csv"
    write_store(store, [Clip("short", "test", frames, frames)], Origin("bars", control))
    assert "1 frames" in refusal(capsys, "submit", trained, "--data", store, "--out", out)
    assert not out.exists()


def test_a_pose_run_paused_and_resumed_ends_with_the_bytes_of_an_unbroken_one(
    tmp_path: Path, pose_dots: Store
) -> None:
    """Channels last, moments, averages, augmentation, far context, feedback noise, epoch coin."""
    flags = ("--data", pose_dots.path, "--threads", 1, "--model.channels", 8, "--train.batch", 2,
             "--train.steps-per-epoch", 3, "--train.epochs", 2, "--train.precision", "float32",
             "--train.teacher-forcing.start", 0.5, "--train.teacher-forcing.coin", "epoch",
             "--train.validate-horizon", 3)  # fmt: skip
    run("train", "b-best", "--out", tmp_path / "whole", *flags)
    run("train", "b-best", "--out", tmp_path / "parts", *flags, "--steps", 2)
    run("train", "b-best", "--out", tmp_path / "parts", *flags, "--steps", 5, "--resume")
    run("train", "b-best", "--out", tmp_path / "parts", *flags, "--resume")
    for name in ("model.safetensors", "state.safetensors"):
        whole, parts = (tmp_path / r / "checkpoints/last" / name for r in ("whole", "parts"))
        assert whole.read_bytes() == parts.read_bytes()
    logs = [(tmp_path / r / "log.jsonl").read_text() for r in ("whole", "parts")]
    assert logs[0] == logs[1]


def test_shares_of_clips_cannot_add_up_to_more_than_all(
    tmp_path: Path, pose_dots: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refusal(capsys, "train", "b-best", "--data", pose_dots.path, "--out", tmp_path / "r",
                   "--train.augment.relocate", 0.7, "--train.augment.zoom", 0.6)  # fmt: skip
    assert "at most 1 together" in line
    assert not (tmp_path / "r").exists()


def test_a_baseline_has_no_latent(pose_dots: Store, capsys: pytest.CaptureFixture[str]) -> None:
    line = refusal(capsys, "eval", "copy-last-frame", "--data", pose_dots.path, "--latent", "zero")
    assert "baseline" in line
