"""Every test: one thread (two spinning threads on a shared box cost up to ten times), no GPU
surprises, and shapes checked at run time: jaxtyping's hook makes every annotation an assertion.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from jaxtyping import install_import_hook

install_import_hook(
    [
        "framecast.pixels",
        "framecast.predictor",
        "framecast.rollout",
        "framecast.models",
        "framecast.evaluate",
    ],
    "beartype.beartype",
)

import numpy as np
import pytest
import torch
from torch import Tensor

from framecast.clip import Clip, ControlSpec, Origin
from framecast.predictor import DataSpec, Predictor
from framecast.store import Store, write_store

torch.set_num_threads(1)

REAL = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_bair() -> Path:
    """The real BAIR trajectory; it is never in the repository."""
    if not (REAL / "bair").is_dir():
        pytest.skip("the real BAIR frames are not on this machine (../shared/data/bair)")
    return REAL / "bair"


@pytest.fixture(scope="session")
def real_pose() -> Path:
    """The real pose frames; they are never in the repository."""
    if not (REAL / "lab4").is_dir():
        pytest.skip("the real pose frames are not on this machine (../shared/data/lab4)")
    return REAL / "lab4"


@pytest.fixture(scope="session")
def dots(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store of 12 clips in which the control moves a dot: small, quick and predictable."""
    control = ControlSpec("vector", ("dx", "dy", "gripper", "lift", "x", "y", "z"), ("1",) * 7)
    path = tmp_path_factory.mktemp("dots") / "store"
    return write_store(path, (dot_clip(i) for i in range(12)), Origin("dots", control))


def dot_clip(index: int, frames: int = 14) -> Clip:
    """A bright dot on a coloured ground; control[t] is its step into frame t."""
    rng = np.random.default_rng(index)
    pictures = np.empty((frames, 64, 64, 3), np.uint8)
    pictures[:] = rng.integers(0, 120, 3)
    control = np.zeros((frames, 7), np.float32)
    x, y = rng.integers(16, 48, 2)
    for t in range(frames):
        if t:
            dx, dy = rng.integers(-4, 5, 2)
            control[t, 4:6] = x / 64, y / 64
            control[t, :2] = dx / 64, dy / 64
            x, y = np.clip(x + dx, 4, 60), np.clip(y + dy, 4, 60)
        pictures[t, y - 4 : y + 4, x - 4 : x + 4] = 255
    split = "test" if index % 4 == 1 else "validate" if index % 4 == 2 else "train"
    return Clip(f"dot-{index}", split, pictures, control)


@pytest.fixture(scope="session")
def spec() -> DataSpec:
    """64×64 frames and a control of 7 numbers that is already standardised."""
    return DataSpec((64, 64, 3), (7,), (0.0,) * 7, (1.0,) * 7)


@pytest.fixture(scope="session")
def poses() -> DataSpec:
    """Frames and pose pictures of 16×16."""
    return DataSpec((16, 16, 3), (16, 16, 3), (0.0,) * 3, (1.0,) * 3)


@pytest.fixture(scope="session")
def pose_dots(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A bar that follows its drawn pose, in 8×8: training, validation, two tests of 630 frames."""
    control = ControlSpec("image", ("red", "green", "blue"), ("1",) * 3)
    lengths = {
        "train": ("train", 80),
        "val": ("validate", 12),
        "a": ("test", 630),
        "b": ("test", 630),
    }
    clips = (bar_clip(name, *what, seed=i) for i, (name, what) in enumerate(lengths.items()))
    return write_store(tmp_path_factory.mktemp("poses") / "store", clips, Origin("bars", control))


def bar_clip(name: str, split: str, frames: int, seed: int) -> Clip:
    """A dark column on a light ground; its pose is one red line where the column's left edge is."""
    rng = np.random.default_rng(seed)
    x = np.clip(np.cumsum(rng.integers(-1, 2, frames)) + 3, 0, 6)
    pictures = np.full((frames, 8, 8, 3), (180, 170, 160), np.uint8)
    poses = np.full((frames, 8, 8, 3), 255, np.uint8)
    for t in range(frames):
        pictures[t, 2:, x[t] : x[t] + 2] = (30, 40, 60)
        poses[t, 2:, x[t], 1:] = 40
    return Clip(name, split, pictures, poses, {"true_frames": float(frames)})


@pytest.fixture(scope="session")
def short_dances() -> Iterator[None]:
    """The pose demo with sequences of 21 frames instead of 630; everything else as it is."""
    from framecast.verbs import demo
    from framecast.verbs.data import simulate_dancer

    short = dataclasses.replace(
        demo.WORLDS["pose"],
        protocol=dataclasses.replace(demo.COURSE_B, horizon=20),
        simulate=lambda out, clips, seed, workers: simulate_dancer(
            out, clips, frames=21, seed=seed, workers=workers, looks=1
        ),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(demo.WORLDS, "pose", short)
        yield


class Oracle(Predictor):
    """Draws the dot from its control: perfect, and only as long as the control is its own."""

    def observe(self, frames: Tensor, control: Tensor, noise: Tensor) -> Tensor:
        return frames[:, -1].repeat(len(noise), 1, 1, 1)

    def step(self, state: Tensor, control: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        frame = state[:, :, :1, :1].expand_as(state).clone()
        for picture, numbers in zip(frame, control):
            dx, dy, _, _, x, y, _ = (64 * numbers).round().long().tolist()
            x, y = min(max(x + dx, 4), 60), min(max(y + dy, 4), 60)
            picture[:, y - 4 : y + 4, x - 4 : x + 4] = 1.0
        return frame, frame


@pytest.fixture
def oracle() -> Predictor:
    """A predictor that is perfect on `dots`, ready to be judged."""
    return Oracle().eval()
