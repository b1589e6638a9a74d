"""The simulated pushing world: a robot pushes household things about in a wooden bin.

Made to look and behave like the BAIR robot-pushing recordings, so that everything can be tried
without downloading them. Physics and pictures are MuJoCo's on the CPU; the same seed gives the
same bytes for any number of workers.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process

import mujoco
import numpy as np

from framecast.clip import Clip, ControlSpec, Origin, pair, split_of
from framecast.errors import InputError, StorageError
from framecast.sources.push import camera, motion, scene

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
    return _here(count, seed) if workers == 1 else _spread(count, seed, workers)


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


def _here(count: int, seed: int) -> Iterator[Clip]:
    for index in range(count):
        yield make_clip(seed, index)


def _spread(count: int, seed: int, workers: int) -> Iterator[Clip]:
    """Clips from `workers` fresh processes, a few ahead of the reader, in order."""
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_end_with_parent
    )
    waiting: deque[Future[Clip]] = deque()
    try:
        for index in range(count):
            waiting.append(pool.submit(make_clip, seed, index))
            if len(waiting) > 4 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise StorageError(
            "a simulating process died: for want of memory (use fewer --workers), or, in a script "
            "of your own, because it does not call push.clips under `if __name__ == '__main__'`"
        ) from error
    finally:  # also when the reader stops early: what has not begun is dropped
        pool.shutdown(wait=True, cancel_futures=True)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
