"""The simulated pushing world: a robot pushes household things about in a wooden bin.

Made to look and behave like the BAIR robot-pushing recordings, so that everything can be tried
without downloading them. Physics and pictures are MuJoCo's on the CPU; the same seed gives the
same bytes for any number of workers.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import mujoco
import numpy as np

from framecast.clip import Clip, ControlSpec, Origin, pair, split_of
from framecast.errors import InputError
from framecast.sources.push import camera, motion, scene
from framecast.sources.workers import spread

CONTROL = ControlSpec(
    kind="vector",
    names=("dx", "dy", "gripper", "lift", "x", "y", "z"),
    units=("m", "m", "1", "1", "m", "m", "m"),
)
VERSION = 1  # of the world: raised whenever the same seed gives other bytes


def origin(seed: int) -> Origin:
    """Where these clips come from; the same settings give the same bytes."""
    settings = {
        "seed": seed,
        "version": VERSION,
        "mujoco": mujoco.__version__,
        "numpy": np.__version__,
    }
    return Origin("push", CONTROL, settings)


def clips(count: int, seed: int, workers: int = 1) -> Iterator[Clip]:
    """The first `count` clips of a seed, in order. A set of N is a prefix of any bigger one."""
    if count < 0 or seed < 0 or workers < 1:
        raise InputError(
            f"push clips: count={count}, seed={seed}, workers={workers}: "
            "count and seed must be 0 or more, workers 1 or more"
        )
    return spread(partial(make_clip, seed), count, workers)


def make_clip(seed: int, index: int) -> Clip:
    """Clip `index` of a seed: a pure function of the two."""
    rng = np.random.default_rng([seed, index])
    plan = motion.plan(rng)
    world = scene.build(rng, plan.start, motion.low_path(plan))
    recording = motion.simulate(world, plan)
    rows = np.concatenate([plan.actions, recording.positions], axis=1)
    travel = motion.travel(recording)
    return Clip(
        clip_id=f"push-{seed}-{index:06d}",
        split=split_of(index),
        frames=camera.film(world, recording),
        control=pair(rows),
        facts={
            "object_travel_m": round(float(travel.max()), 6),
            "objects": float(len(travel)),
            "objects_moved": float((travel > 0.02).sum()),
        },
    )
