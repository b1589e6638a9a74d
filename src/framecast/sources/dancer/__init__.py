"""The simulated dancer: a person of our own making walks, bends and dances in a lit room.

Made to look and behave like pose-conditioned video of one person before a fixed camera, so that
everything can be tried without such recordings. The control is a drawn pose, as those have.
Motion is written by rule (`routine`), bodies are capsules and ellipsoids, and every ray is cast
here in NumPy: the same seed gives the same bytes for any number of workers.

Test clips dance what no other split has seen: see `routine.HELD_OUT`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import PIL

from framecast.clip import Clip, ControlSpec, Origin, split_of
from framecast.errors import InputError
from framecast.sources.dancer import camera, film, flesh, label, looks, routine, skeleton
from framecast.sources.dancer.routine import HELD_OUT, TEST_ONLY, Figure
from framecast.sources.dancer.skeleton import FPS
from framecast.sources.workers import spread

CONTROL = ControlSpec(kind="image", names=("red", "green", "blue"), units=("1", "1", "1"))
VERSION = 1  # of the world: raised whenever the same seed gives other bytes
FRAMES, HEIGHT, WIDTH = 630, 32, 64


@dataclass(frozen=True)
class Scene:
    """All that stands behind a clip, before any picture is made."""

    look: looks.Look
    routine: routine.Routine
    begin: float  # s, where in the routine the clip begins
    joints: skeleton.Joints
    body: flesh.Flesh
    camera: camera.Camera

    def figures(self) -> tuple[Figure, ...]:
        """The figures of which a third of a second or more is in the clip."""
        end = self.begin + len(self.joints.hips) / FPS
        return tuple(
            f for f in self.routine.figures if min(f.end, end) - max(f.begin, self.begin) >= 1 / 3
        )


def origin(
    seed: int, frames: int = FRAMES, looks: int = 0, height: int = HEIGHT, width: int = WIDTH
) -> Origin:
    """Where these clips come from; the same settings give the same bytes."""
    settings = {
        "seed": seed,
        "frames": frames,
        "looks": looks,
        "height": height,
        "width": width,
        "version": VERSION,
        "numpy": np.__version__,
        "pillow": PIL.__version__,
    }
    return Origin("dancer", CONTROL, settings)


def clips(
    count: int,
    seed: int,
    workers: int = 1,
    frames: int = FRAMES,
    looks: int = 0,
    height: int = HEIGHT,
    width: int = WIDTH,
) -> Iterator[Clip]:
    """The first `count` clips of a seed, in order. A set of N is a prefix of any bigger one.

    `looks` persons (each with clothes, room and camera) take turns; 0 gives each clip its own.
    """
    least = {"count": (count, 0), "seed": (seed, 0), "workers": (workers, 1), "looks": (looks, 0)}
    least |= {"frames": (frames, 2), "height": (height, 8), "width": (width, 8)}
    for name, (given, low) in least.items():
        if given < low:
            raise InputError(f"dancer clips: {name}={given}: must be {low} or more")
    make = partial(make_clip, seed, frames=frames, looks=looks, height=height, width=width)
    return spread(make, count, workers)


def make_clip(
    seed: int,
    index: int,
    frames: int = FRAMES,
    looks: int = 0,
    height: int = HEIGHT,
    width: int = WIDTH,
) -> Clip:
    """Clip `index` of a seed: a pure function of its arguments."""
    made = scene(seed, index, frames, looks, height, width)
    return Clip(
        clip_id=f"dancer-{seed}-{index:06d}",
        split=split_of(index),
        frames=film.film(made.body, made.look.room, made.camera),
        control=label.draw(made.joints, made.look.body.build.stature, made.camera),
        facts=_facts(made, index if looks == 0 else index % looks),
    )


def scene(
    seed: int,
    index: int,
    frames: int = FRAMES,
    looks: int = 0,
    height: int = HEIGHT,
    width: int = WIDTH,
) -> Scene:
    """Who, where and what of clip `index`; `control[t]` and `frames[t]` both show joints[t]."""
    look = _look(seed, index if looks == 0 else index % looks)
    view = camera.place(look.view, height, width)
    build = look.body.build
    stage = camera.stage(look.view, look.room.depth, build.stature, height, width)
    rng = np.random.default_rng([seed, 1, index])
    begin = float(rng.uniform(0.0, 2.0))
    size = build.stature / 1.75 * build.limbs
    danced = routine.compose(rng, split_of(index), begin + frames / FPS + 1.0, size, stage)
    posed = skeleton.joints(danced.score, build, frames, begin)
    return Scene(look, danced, begin, posed, flesh.flesh(posed, look.body, look.clothes), view)


def _look(seed: int, number: int) -> looks.Look:
    return looks.look(np.random.default_rng([seed, 0, number]))


def _facts(made: Scene, look: int) -> dict[str, float]:
    figures = made.figures()
    held = [f for f in figures if f.pair in TEST_ONLY]
    way = np.diff(made.joints.hips[:, :2], axis=0)
    kinds = Counter(f.pair[0] for f in figures)
    facts = {
        "seconds": len(made.joints.hips) / FPS,
        "true_frames": float(len(made.joints.hips)),
        "travel_m": round(float(np.sqrt((way * way).sum(axis=1)).sum()), 4),
        "look": float(look),
        "figures": float(len(figures)),
        "held_out_figures": float(len(held)),
    }
    return facts | {f"figures_{kind}": float(kinds[kind]) for kind in HELD_OUT}
