"""Clips from several processes, in order: the bytes do not depend on how many there are."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process

from framecast.clip import Clip
from framecast.errors import StorageError


def spread(make: Callable[[int], Clip], count: int, workers: int) -> Iterator[Clip]:
    """make(0) .. make(count - 1), in order: here, or in `workers` fresh processes.

    The processes work a few clips ahead of the reader. `make` must be picklable and a pure
    function of the index.
    """
    return _here(make, count) if workers == 1 else _spread(make, count, workers)


def _here(make: Callable[[int], Clip], count: int) -> Iterator[Clip]:
    for index in range(count):
        yield make(index)


def _spread(make: Callable[[int], Clip], count: int, workers: int) -> Iterator[Clip]:
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_end_with_parent
    )
    waiting: deque[Future[Clip]] = deque()
    try:
        for index in range(count):
            waiting.append(pool.submit(make, index))
            if len(waiting) > 4 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise StorageError(
            "a simulating process died: for want of memory (use fewer --workers), or, in a script "
            "of your own, because it does not ask for clips under `if __name__ == '__main__'`"
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
