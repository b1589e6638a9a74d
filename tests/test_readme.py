"""Every command in README.md, CONTRIBUTING.md and docs/ runs, at a size a test can afford."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framecast.cli import main
from framecast.store import open_store

ROOT = Path(__file__).parents[1]
SMALLER = {"push": {"--clips": "20"}, "dancer": {"--clips": "2", "--frames": "8"}}
TINY = ["--steps", "2", "--train.batch", "2"]
NARROW = {
    "a": shlex.split("--model.width 0.0625 --model.g-dim 8 --model.rnn-dim 8"),
    "b": shlex.split("--model.channels 8 --model.features 8 --model.labels 4 --model.fused 8"),
}


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(page: str) -> list[list[str]]:
    return [shlex.split(line, comments=True) for b in blocks(page, "sh") for line in b.splitlines()]


def shrunk(command: list[str]) -> list[str]:
    arguments = list(command)
    for world, flags in SMALLER.items():
        for flag, value in flags.items():
            if world in arguments and flag in arguments:
                arguments[arguments.index(flag) + 1] = value
    if arguments[0] == "demo":
        return [*arguments, "--clips", "20", "--workers", "1", "--steps", "2"]
    if arguments[0] != "train":
        return arguments
    return arguments + TINY + NARROW[arguments[1][0]]


def lab4(root: Path) -> None:
    """A person's frames and poses in the course's layout: one sequence in train, two to test."""
    rng = np.random.default_rng(0)
    for split, frames in (("train", 210), ("test/0", 630), ("test/1", 630)):
        name, _, sequence = split.partition("/")
        for kind in ("img", "label"):
            folder = root / "lab4" / name / f"{name}_{kind}" / sequence
            folder.mkdir(parents=True)
            for t in range(frames):
                picture = rng.integers(0, 255, (4, 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
                Image.fromarray(picture).save(folder / f"{t}.png")


def bair(root: Path) -> None:
    """Three clips in BAIR's layout, as a user's would lie beside the README's commands."""
    rng = np.random.default_rng(0)
    for split in ("train", "validate", "test"):
        clip = root / "processed_data" / split / "shard" / "0"
        clip.mkdir(parents=True)
        for t in range(12):
            Image.fromarray(rng.integers(0, 255, (64, 64, 3), np.uint8)).save(clip / f"{t}.png")
        np.savetxt(clip / "actions.csv", rng.normal(size=(12, 4)), delimiter=",")
        np.savetxt(clip / "endeffector_positions.csv", rng.normal(size=(12, 3)), delimiter=",")


def test_the_pages_framecast_commands_run_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short_dances: None
) -> None:
    monkeypatch.chdir(tmp_path)
    bair(tmp_path)
    lab4(tmp_path)
    ran = []
    for page in ("README.md", "docs/data.md", "docs/training.md", "docs/pose.md"):
        for program, *arguments in commands(page):
            if program == "framecast":
                main(shrunk(arguments))
                ran.append(arguments[0])
    assert set(ran) >= {
        "simulate", "convert", "inspect", "verify", "train", "eval", "predict", "plot", "submit",
        "score",
    }  # fmt: skip
    assert (tmp_path / "push.json").exists()
    assert (tmp_path / "prediction" / "strip.png").exists()


def test_the_readme_s_make_commands_do_what_the_text_says() -> None:
    targets = [c[1] for page in ("README.md", "CONTRIBUTING.md") for c in commands(page)
               if c and c[0] == "make"]  # fmt: skip
    assert {"demo", "test", "check"} <= set(targets)
    expected = {"demo": "framecast demo --out demo", "test": "pytest", "check": "ruff check"}
    for target in targets:
        plan = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
        assert plan.returncode == 0, plan.stderr
        assert expected.get(target, "") in plan.stdout


def test_ci_runs_the_checks_and_the_readme_s_own_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert "make check" in script
    assert "make test" in script


def test_the_readme_s_own_data_example_makes_a_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    recordings = [
        (rng.integers(0, 255, (15, 64, 64, 3), np.uint8), rng.normal(size=(15, 2)))
        for _ in range(3)
    ]
    (code,) = blocks("README.md", "python")
    exec(code, {"recordings": recordings})
    store = open_store(tmp_path / "stores" / "mine")
    assert store.split_counts() == {"train": 1, "validate": 1, "test": 1}
    np.testing.assert_allclose(store.clip("mine-0").control[1:], recordings[0][1][:-1], rtol=1e-6)
    main(["train", "a-demo", "--data", "stores/mine", "--out", "run", *TINY, *NARROW["a"]])


def test_the_readme_s_picture_is_there_and_every_placeholder_is_filled() -> None:
    text = (ROOT / "README.md").read_text()
    for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", text):
        assert (ROOT / picture).exists(), picture
    assert not re.findall(r"@[A-Z_]+@", text)


def test_no_real_frame_is_in_the_repository() -> None:
    """The repository's pictures are those of its docs, all drawn from simulation."""
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout
    pictures = re.findall(r"^.*\.(?:png|gif|webp|jpg|npy|tfrecords)$", files, re.MULTILINE)
    assert all(p.startswith("docs/") for p in pictures), pictures
