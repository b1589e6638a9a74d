"""Which clip comes when: pure functions of (seed, position), the same on every machine.

numpy's generators may change their streams between versions and draw in sequence. Here every
number is a hash of what it is for, so a run can start at any step, ranks can take any share,
and a resumed run sees exactly the clips that it would have seen.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from framecast.seeds import seed_for


def positions(count: int, seed: int, first: int, items: int, shuffle: bool) -> NDArray[np.int64]:
    """Which of `count` clips the items `first` .. `first + items - 1` of a run are.

    Item n is position n % count of pass n // count, and every pass is a permutation of its own.
    """
    numbers = np.arange(first, first + items)
    if not shuffle:
        return numbers % count
    passes, places = np.divmod(numbers, count)
    chosen = np.empty(items, np.int64)
    for one in np.unique(passes).tolist():
        mine = passes == one
        chosen[mine] = permutation(count, seed, one)[places[mine]]
    return chosen


@lru_cache(maxsize=8)
def permutation(count: int, seed: int, which: int) -> NDArray[np.int64]:
    """The order of the clips in pass `which`: all of 0 .. count - 1, once each."""
    order = np.argsort(draws(seed_for("order", seed, which), np.arange(count)), kind="stable")
    order.flags.writeable = False  # it is cached
    return order


def starts(seed: int, what: str, first: int, room: NDArray[np.int64]) -> NDArray[np.int64]:
    """A random start of `what` in 0 .. room[j] for item `first + j`, each equally likely."""
    numbers = draws(seed_for(what, seed), np.arange(first, first + len(room)))
    return (numbers % (room.astype(np.uint64) + np.uint64(1))).astype(np.int64)


def draws(stream: int, items: NDArray[np.int64]) -> NDArray[np.uint64]:
    """64 random bits for each item of a stream, by hashing (stream, item)."""
    return _mix(np.uint64(stream) ^ items.astype(np.uint64))


def _mix(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One step of SplitMix64 (Steele, Lea & Flood 2014): a bijection that scatters its input."""
    bits = bits + np.uint64(0x9E3779B97F4A7C15)  # arrays wrap around silently, as wanted
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
