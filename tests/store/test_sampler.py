from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from framecast.store import sampler

COUNTS, SEEDS = st.integers(1, 40), st.integers(0, 2**63)


@given(COUNTS, SEEDS, st.integers(0, 1000))
def test_a_pass_is_every_clip_once(count: int, seed: int, which: int) -> None:
    items = sampler.positions(count, seed, which * count, count, shuffle=True)
    assert sorted(items) == list(range(count))


@given(COUNTS, SEEDS, st.integers(0, 500), st.lists(st.integers(1, 50), min_size=1, max_size=5))
def test_how_a_run_is_cut_into_batches_changes_nothing(
    count: int, seed: int, first: int, cuts: list[int]
) -> None:
    whole = sampler.positions(count, seed, first, sum(cuts), shuffle=True)
    edges = np.cumsum([0, *cuts])
    parts = [
        sampler.positions(count, seed, first + int(edge), cut, shuffle=True)
        for edge, cut in zip(edges, cuts, strict=False)
    ]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


@given(SEEDS, st.integers(0, 500), st.integers(1, 50), st.integers(1, 50))
def test_a_start_depends_on_its_item_only(seed: int, first: int, skip: int, more: int) -> None:
    room = np.arange(100, 100 + skip + more)
    whole = sampler.starts(seed, "window", first, room)
    np.testing.assert_array_equal(
        sampler.starts(seed, "window", first + skip, room[skip:]), whole[skip:]
    )


def test_passes_and_seeds_have_orders_of_their_own() -> None:
    orders = {tuple(sampler.permutation(30, seed, n)) for seed in range(5) for n in range(5)}
    assert len(orders) == 25


def test_every_order_of_three_clips_is_equally_likely() -> None:
    orders = [tuple(sampler.permutation(3, seed, 0).tolist()) for seed in range(6000)]
    counts = [orders.count(order) for order in sorted(set(orders))]
    assert len(counts) == 6
    assert min(counts) > 850
    assert max(counts) < 1150


def test_every_start_is_equally_likely_and_inside() -> None:
    starts = sampler.starts(7, "window", 0, np.full(12_000, 5))
    counts = np.bincount(starts)
    assert len(counts) == 6
    assert counts.min() > 1800
    assert counts.max() < 2200
    assert (sampler.starts(7, "window", 0, np.zeros(9, np.int64)) == 0).all()


def test_unshuffled_clips_come_in_order_again_and_again() -> None:
    assert sampler.positions(3, 1, 2, 5, shuffle=False).tolist() == [2, 0, 1, 2, 0]


def test_the_draws_are_frozen() -> None:
    """A changed number here means that no run made before can be repeated or resumed."""
    assert sampler.positions(7, 3, 5, 9, shuffle=True).tolist() == [0, 2, 0, 2, 3, 5, 4, 6, 1]
    assert sampler.starts(3, "window", 5, np.full(9, 18)).tolist() == [
        16,
        2,
        5,
        17,
        13,
        10,
        8,
        8,
        5,
    ]
