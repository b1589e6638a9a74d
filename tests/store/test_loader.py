from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from store_fakes import MakeStore

from framecast.clip import Batch
from framecast.errors import InputError
from framecast.store import Loader, open_store


def assert_equal(one: Batch, other: Batch) -> None:
    assert one.clip_ids == other.clip_ids
    assert torch.equal(one.frames, other.frames)
    assert torch.equal(one.control, other.control)


def test_a_batch_is_windows_of_its_clips_with_their_control(make_store: MakeStore) -> None:
    store = make_store(lengths=(5, 9, 7))
    loader = Loader(store, "train", frames=4, batch=6, seed=0)
    for step in range(10):
        frames, control, clip_ids = loader.batch(step)
        assert frames.shape == (6, 4, 3, 4, 6)
        assert control.shape == (6, 4, 2)
        assert frames.dtype == control.dtype == torch.float32
        red, green = (frames[:, :, c, 0, 0] * 255 for c in (0, 1))
        numbers = torch.tensor([int(name.rsplit("_", 1)[1]) for name in clip_ids])
        torch.testing.assert_close(red, numbers[:, None].expand(6, 4).float())
        torch.testing.assert_close(green, green[:, :1] + torch.arange(4))  # consecutive
        torch.testing.assert_close(control, torch.stack([red, green], dim=-1))  # still paired
        assert (frames == frames[..., :1, :1]).all()


def test_frames_and_a_picture_control_are_in_unit_range(make_store: MakeStore) -> None:
    store = make_store(lengths=(256, 256), picture=True)
    batch = Loader(store, "train", frames=256, batch=2, seed=0).batch(0)
    assert batch.control.shape == batch.frames.shape == (2, 256, 3, 4, 6)
    assert batch.frames.min() == 0
    assert batch.frames.max() == 1
    torch.testing.assert_close(batch.control, 1 - batch.frames)


def test_a_batch_depends_on_its_step_only(make_store: MakeStore) -> None:
    store = make_store(lengths=(6, 7, 8, 9, 5))
    loader = Loader(store, "train", frames=3, batch=4, seed=11)
    before = [loader.batch(step) for step in range(8)]
    for step in (7, 0, 3, 3, 6):
        assert_equal(loader.batch(step), before[step])
    again = Loader(open_store(store.path), "train", frames=3, batch=4, seed=11)  # a restart
    assert_equal(again.batch(5), before[5])


@pytest.mark.parametrize("ranks", [2, 3, 6])
def test_ranks_together_see_what_one_process_would(make_store: MakeStore, ranks: int) -> None:
    store = make_store(lengths=(6, 7, 8, 9, 5))
    alone = Loader(store, "train", frames=3, batch=6, seed=2)
    rank = Loader(store, "train", frames=3, batch=6 // ranks, seed=2)
    for step in range(5):
        parts = [rank.raw(step * ranks + r)[0] for r in range(ranks)]
        np.testing.assert_array_equal(np.concatenate(parts), alone.raw(step)[0])


def test_another_seed_gives_other_batches(make_store: MakeStore) -> None:
    store = make_store(lengths=[9] * 8)
    one, other = (Loader(store, "train", frames=3, batch=8, seed=seed) for seed in (0, 1))
    assert one.batch(0).clip_ids != other.batch(0).clip_ids


def ids(loader: Loader, steps: int) -> list[str]:
    return [name for step in range(steps) for name in loader.batch(step).clip_ids]


def test_every_clip_comes_once_a_pass_though_batches_cross_the_borders(
    make_store: MakeStore,
) -> None:
    loader = Loader(make_store(lengths=[5] * 7), "train", frames=5, batch=3, seed=0)
    assert len(loader) == 7
    seen = ids(loader, 7)
    passes = [seen[i : i + 7] for i in range(0, 21, 7)]
    assert all(len(set(one)) == 7 for one in passes)
    assert passes[0] != passes[1] != passes[2]


def test_a_batch_may_be_larger_than_the_split(make_store: MakeStore) -> None:
    loader = Loader(make_store(lengths=[5] * 3), "train", frames=2, batch=9, seed=0)
    assert set(Counter(loader.batch(0).clip_ids).values()) == {3}


def starts(loader: Loader, steps: int) -> set[int]:
    return {int(start) for step in range(steps) for start in loader.raw(step)[0][:, 0, 0, 0, 1]}


def test_random_windows_reach_every_start(make_store: MakeStore) -> None:
    loader = Loader(make_store(lengths=[7]), "train", frames=3, batch=8, seed=0)
    assert starts(loader, 10) == {0, 1, 2, 3, 4}


def test_first_windows_start_at_the_first_frame(make_store: MakeStore) -> None:
    store = make_store(lengths=[7, 9])
    loader = Loader(store, "train", frames=3, batch=8, seed=0, window="first")
    assert starts(loader, 10) == {0}


def test_without_shuffling_clips_keep_the_order_of_the_store(make_store: MakeStore) -> None:
    store = make_store(lengths=[5] * 3)
    loader = Loader(store, "train", frames=2, batch=4, seed=0, shuffle=False)
    assert [name[-1] for name in ids(loader, 2)] == list("01201201")


def test_only_clips_of_the_split_are_seen(make_store: MakeStore) -> None:
    store = make_store(lengths=[5] * 4, splits=["test", "train", "validate", "test"])
    loader = Loader(store, "test", frames=2, batch=4, seed=0)
    assert set(ids(loader, 3)) == {"test/clip_0", "test/clip_3"}


def test_clips_that_are_too_short_are_left_out_and_counted(make_store: MakeStore) -> None:
    loader = Loader(make_store(lengths=[3, 5, 4, 6]), "train", frames=5, batch=4, seed=0)
    assert (loader.length, loader.skipped) == (2, 2)
    assert {name[-1] for name in ids(loader, 3)} == {"1", "3"}
    assert [name[-1] for name in next(loader.eval_batches()).clip_ids] == ["1", "3"]


@pytest.mark.parametrize("picture", [False, True])
def test_raw_batches_are_what_is_stored(make_store: MakeStore, picture: bool) -> None:
    loader = Loader(make_store(lengths=(5, 9), picture=picture), "train", 3, batch=4, seed=0)
    frames, control = loader.raw(2)
    assert frames.dtype == np.uint8
    assert control.dtype == (np.uint8 if picture else np.float32)
    batch = loader.batch(2)
    np.testing.assert_array_equal(frames, (batch.frames * 255).round().movedim(2, -1).numpy())
    if not picture:
        np.testing.assert_array_equal(control, batch.control.numpy())


def test_a_batch_is_never_overwritten_unless_it_is_given_back(make_store: MakeStore) -> None:
    loader = Loader(make_store(lengths=(5, 9, 8)), "train", frames=3, batch=4, seed=0)
    first = loader.raw(0)
    kept = [array.copy() for array in first]
    second = loader.raw(1)
    loader.batch(2)
    for array, copy in zip(first, kept, strict=True):
        np.testing.assert_array_equal(array, copy)
    reused = loader.raw(1, out=first)
    for array, given, expected in zip(reused, first, second, strict=True):
        assert array is given
        np.testing.assert_array_equal(array, expected)


def test_evaluation_sees_the_first_window_of_every_clip_in_order(make_store: MakeStore) -> None:
    store = make_store(lengths=(5, 9, 8, 5, 6))
    batches = list(Loader(store, "train", frames=4, batch=2, seed=5).eval_batches(2))
    assert [len(batch.clip_ids) for batch in batches] == [2, 2, 1]
    assert [len(batch.frames) for batch in batches] == [2, 2, 1]
    assert [name for batch in batches for name in batch.clip_ids] == [
        entry.clip_id for entry in store.clips
    ]
    frames = torch.cat([batch.frames for batch in batches]) * 255
    for number, clip in enumerate(frames.round().movedim(2, -1).to(torch.uint8).numpy()):
        np.testing.assert_array_equal(clip, store.clip(number).frames[:4])


def refused(store: Store, **changes: Any) -> str:
    settings: dict[str, Any] = {"split": "train", "frames": 3, "batch": 2, "seed": 0} | changes
    with pytest.raises(InputError) as caught:
        Loader(store, **settings)
    return str(caught.value)


def test_a_loader_that_cannot_be_says_why(make_store: MakeStore) -> None:
    store = make_store(lengths=(5, 9, 8), splits=("test", "train", "train"))
    assert "no clips in split 'validate'; it has train (2 clips), test (1 clips)" in refused(
        store, split="validate"
    )
    assert "no clip of split 'train' has 12 frames; the longest has 9" in refused(store, frames=12)
    assert "must be at least 1" in refused(store, batch=0)
    with pytest.raises(InputError, match="a step counts from 0"):
        Loader(store, "train", frames=3, batch=2, seed=0).batch(-1)


def test_tiled_windows_cut_each_clip_once_without_overlap_and_in_order(
    make_store: MakeStore,
) -> None:
    store = make_store(lengths=(7, 2, 9, 3))
    loader = Loader(store, "train", 3, 1, seed=0, window="tiled", shuffle=False)
    usable = [store.clips[i] for i in store.split("train") if store.clips[i].length >= 3]
    expected = [
        list(range(entry.start + 3 * k, entry.start + 3 * k + 3))
        for entry in usable
        for k in range(entry.length // 3)
    ]
    rows = [loader._items(step)[1][0].tolist() for step in range(len(loader))]
    assert rows == expected
    assert loader._items(len(loader))[1][0].tolist() == expected[0]


def test_a_far_context_comes_from_anywhere_in_the_clip_and_the_future_stays(
    make_store: MakeStore,
) -> None:
    store = make_store(lengths=(20, 9, 30))
    plain = Loader(store, "train", 5, 4, seed=3)
    far = Loader(store, "train", 5, 4, seed=3, far_context=2)
    gaps = set()
    for step in range(50):
        (chosen, rows), (same, near) = far._items(step), plain._items(step)
        np.testing.assert_array_equal(chosen, same)
        np.testing.assert_array_equal(rows[:, 2:], near[:, 2:])
        np.testing.assert_array_equal(rows[:, 1], rows[:, 0] + 1)
        for item, row in zip(chosen, rows):
            entry = next(c for c in store.clips if c.clip_id == far._ids[item])
            assert entry.start <= row[0]
            assert row[1] < entry.stop
            gaps.add(int(row[2] - row[1]))
    assert min(gaps) < 0 < max(gaps)
