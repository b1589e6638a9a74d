"""How fast training clips are read: a framecast store beside the reports' folders of PNGs.

    python benchmarks/store_reading.py

Makes a store and a PNG tree in a temporary folder (no data needed), reads 12-frame clips of
64×64 from both in turn, in one process on one thread, with everything in the page cache, and
prints one line of JSON. Both loaders end with uint8 frames and float32 control in memory. The
PNG loader is the reports' `__getitem__`: PIL for each picture, csv for both tables, a stack a
clip, a stack a batch; their conversion to float, which they do besides, is left out, so the
ratio is a lower bound.
"""

from __future__ import annotations

import csv
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from framecast.clip import Clip, ControlSpec, Origin
from framecast.store import Loader, write_store

FRAMES, LENGTH, SIZE, BATCH = 12, 30, 64, 16
STORE_CLIPS = 600  # 221 MB: far more than the processor's caches hold
PNG_CLIPS = 60
ROUNDS, SECONDS = 5, 0.5
CONTROL = ControlSpec("vector", ("dx", "dy", "gripper", "lift", "x", "y", "z"), ("1",) * 7)


def make_clips(count: int) -> Iterator[Clip]:
    """Pictures as hard to compress as BAIR's: smooth shapes and a little noise, 8 KB a PNG."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    for n in range(count):
        phase = rng.uniform(0, 6, 3) + np.arange(LENGTH)[:, None] / 10
        waves = np.sin(6 * x[..., None] + phase[:, None, None]) * np.cos(5 * y[..., None])
        noise = rng.normal(0, 6, waves.shape)
        frames = (128 + 80 * waves + noise).clip(0, 255).astype(np.uint8)
        control = rng.normal(size=(LENGTH, 7)).astype(np.float32)
        yield Clip(f"train/s/{n}", "train", frames, control)


def write_pngs(root: Path, clips: Iterator[Clip]) -> list[Path]:
    """The reports' layout: a folder a clip, a PNG a frame, two tables."""
    folders = []
    for n, clip in enumerate(clips):
        folder = root / str(n)
        folder.mkdir(parents=True)
        for t, frame in enumerate(clip.frames):
            Image.fromarray(frame).save(folder / f"{t}.png")
        np.savetxt(folder / "actions.csv", clip.control[:, :4], delimiter=",")
        np.savetxt(folder / "endeffector_positions.csv", clip.control[:, 4:], delimiter=",")
        folders.append(folder)
    return folders


def read_png_clip(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """One clip as the reports read it."""
    frames = np.stack([np.array(Image.open(folder / f"{t}.png")) for t in range(FRAMES)])
    tables = []
    for name in ("actions.csv", "endeffector_positions.csv"):
        with open(folder / name, newline="") as file:
            tables.append([[float(cell) for cell in row] for row in csv.reader(file)][:FRAMES])
    return frames, np.concatenate(tables, axis=1).astype(np.float32)


def clips_a_second(read_batch: Callable[[int], object]) -> float:
    step, begin = 0, time.perf_counter()
    while (spent := time.perf_counter() - begin) < SECONDS:
        read_batch(step)
        step += 1
    return step * BATCH / spent


def main() -> None:
    torch.set_num_threads(1)
    folder = Path(tempfile.mkdtemp(prefix="framecast-bench-"))
    try:
        store = write_store(folder / "store", make_clips(STORE_CLIPS), Origin("bench", CONTROL))
        folders = write_pngs(folder / "png", make_clips(PNG_CLIPS))
        loader = Loader(store, "train", frames=FRAMES, batch=BATCH, seed=0)
        out = loader.raw(0)

        def png_batch(step: int) -> object:
            chosen = [folders[(step * BATCH + j) % PNG_CLIPS] for j in range(BATCH)]
            frames, control = zip(*map(read_png_clip, chosen), strict=True)
            return np.stack(frames), np.stack(control)

        readers: dict[str, Callable[[int], object]] = {
            "store": loader.raw,
            "store_reused_buffer": lambda step: loader.raw(step, out),
            "store_float_batch": loader.batch,
            "png": png_batch,
        }
        rates: dict[str, list[float]] = {name: [] for name in readers}
        for turn in range(ROUNDS + 1):  # in turn, so that a slow moment falls on all alike
            for name, read in readers.items():
                rate = clips_a_second(read)
                if turn:  # the first fills the caches
                    rates[name].append(rate)
        middle = {name: statistics.median(values) for name, values in rates.items()}
        ratios = [a / b for a, b in zip(rates["store"], rates["png"], strict=True)]
        print(
            json.dumps(
                {
                    "benchmark": "store_reading",
                    "clip": [FRAMES, SIZE, SIZE, 3],
                    "batch": BATCH,
                    "clips_per_s": {name: round(value) for name, value in middle.items()},
                    "ratio": round(statistics.median(ratios), 1),
                    "ratio_range": [round(min(ratios), 1), round(max(ratios), 1)],
                    "png_bytes": round(
                        statistics.mean(f.stat().st_size for f in (folder / "png").rglob("*.png"))
                    ),
                }
            )
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
