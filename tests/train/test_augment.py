"""A person moved about their room: pose and picture stay together, and the room stays."""

from __future__ import annotations

import dataclasses
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from framecast.clip import Clip, ControlSpec, Origin
from framecast.errors import InputError
from framecast.store import Loader, Store, write_store
from framecast.train import augment
from framecast.train.config import Augment

H, W = 32, 64


def scene(columns: list[int], seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """frames [T, 3, H, W] of a dark figure at each column, labels, and the room behind it."""
    generator = torch.Generator().manual_seed(seed)
    room = 0.5 + 0.4 * torch.rand(3, 1, 1, generator=generator).expand(3, H, W)
    room = room * torch.linspace(0.8, 1.0, W)
    frames, labels = room.repeat(len(columns), 1, 1, 1), torch.ones(len(columns), 3, H, W)
    for t, x in enumerate(columns):
        frames[t, :, 10:26, x : x + 4] = 0.05
        labels[t, :2, 11:25, x + 1 : x + 3] = 0.3
    return frames, labels, room


def centre(mask: Tensor) -> float:
    """The mean column of what is set in [H, W]."""
    return float((mask.float().sum(0) * torch.arange(W)).sum() / mask.sum())


def test_the_room_is_found_behind_a_person_who_walks_through_it() -> None:
    frames, labels, room = scene(list(range(4, 56, 2)))
    torch.testing.assert_close(augment.room_of(frames, labels), room)


def test_a_place_that_is_never_uncovered_is_guessed_and_not_a_number() -> None:
    frames, labels, _ = scene([30] * 9)
    assert torch.isfinite(augment.room_of(frames, labels)).all()


def test_the_person_is_cut_out_and_nothing_of_them_stays() -> None:
    frames, labels, room = scene([20, 40])
    mask = augment.alpha(frames, labels, room)
    torch.testing.assert_close(mask[0, 0, 10:26, 20:24], torch.ones(16, 4))
    assert mask[0, 0, :, 30:].max() == 0
    torch.testing.assert_close(augment.emptied(frames, labels, room), room.expand(2, 3, H, W))


def test_a_frame_s_own_exposure_is_kept_where_the_person_was() -> None:
    frames, labels, room = scene([20])
    empty = augment.emptied(0.8 * frames, labels, room)
    torch.testing.assert_close(empty[0], 0.8 * room, atol=1e-3, rtol=0)


def test_person_and_pose_move_together_and_the_room_stays() -> None:
    frames, labels, room = scene([20, 20, 21])
    moved = set()
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x, p = augment.relocated(frames, labels, room, 1.0, rng)
        person, limbs = (x - room).abs().amax(1) > 0.2, (1 - p).amax(1) > 0.2
        for t in (0, 1, 2):
            if limbs[t].sum() > 20:
                assert centre(person[t]) == pytest.approx(centre(limbs[t]), abs=0.8)
                moved.add(round(centre(limbs[t])))
                near = torch.nn.functional.max_pool2d((1 - p[t]).amax(0, keepdim=True), 13, 1, 6)
                assert (x[t] - room).abs().amax(0)[near[0] < 0.05].max() < 0.05
    assert len(moved) > 15


def test_the_later_frames_move_as_one_and_the_context_on_its_own() -> None:
    frames, labels, room = scene([20, 20, 20])
    apart = 0
    for seed in range(20):
        _, p = augment.relocated(frames, labels, room, 1.5, np.random.default_rng(seed))
        torch.testing.assert_close(p[1], p[2])
        apart += not torch.allclose(p[0], p[1], atol=0.05)
    assert apart > 15


def test_a_larger_person_covers_more_and_their_lines_grow_no_darker() -> None:
    frames, labels, room = scene([28])
    person = lambda x: int(((x - room).abs().amax(1) > 0.2).sum())  # noqa: E731
    sizes = []
    for seed in range(40):
        x, p = augment.relocated(frames, labels, room, 2.5, np.random.default_rng(seed))
        sizes.append(person(x) / person(frames))
        assert (1 - p).max() <= 0.7 * 1.1 + 1e-5
    assert max(sizes) > 2.5
    assert min(sizes) < 1.0


def test_zooming_moves_frames_and_poses_alike() -> None:
    frames, _, _ = scene([20, 30])
    for seed in range(10):
        x, p = augment.zoomed(frames, frames, 2.0, np.random.default_rng(seed))
        torch.testing.assert_close(x, p)
    assert not torch.allclose(x, frames)


@pytest.fixture
def walks(tmp_path) -> Store:
    frames, labels, _ = scene(list(range(4, 56, 2)))
    pictures = [
        (255 * part.permute(0, 2, 3, 1).numpy()).astype(np.uint8) for part in (frames, labels)
    ]
    control = ControlSpec("image", ("red", "green", "blue"), ("1",) * 3)
    return write_store(
        tmp_path / "walks", [Clip("a", "train", *pictures)], Origin("walks", control)
    )


def test_a_batch_is_varied_by_seed_and_step_alone(walks: Store) -> None:
    loader = Loader(walks, "train", 3, 4, seed=0)
    config = Augment(relocate=0.5, zoom=0.3, light=0.1)
    vary = partial(augment.augmented, loader.batch, config, walks, "train")
    first, again, other = vary(1), vary(1), vary(2)
    assert torch.equal(first(5).frames, again(5).frames)
    assert torch.equal(first(5).control, again(5).control)
    assert not torch.equal(first(5).frames, other(5).frames)
    assert not torch.equal(first(5).frames, first(6).frames)
    assert not torch.equal(first(5).frames, loader.batch(5).frames)
    assert 0 <= first(5).frames.min() <= first(5).frames.max() <= 1


def test_each_kind_of_variation_falls_as_often_as_asked(walks: Store) -> None:
    loader = Loader(walks, "train", 3, 8, seed=0)
    for config, share in ((Augment(relocate=0.5), 0.5), (Augment(zoom=0.25), 0.25)):
        batches = augment.augmented(loader.batch, config, walks, "train", 0)
        changed = [
            not torch.equal(a, b)
            for step in range(30)
            for a, b in zip(batches(step).frames, loader.batch(step).frames)
        ]
        assert np.mean(changed) == pytest.approx(share, abs=0.1)


def test_no_variation_is_no_change(walks: Store) -> None:
    loader = Loader(walks, "train", 3, 4, seed=0)
    assert augment.augmented(loader.batch, Augment(), walks, "train", 0) == loader.batch


def test_moving_pictures_under_a_control_of_numbers_is_refused(dots: Store) -> None:
    loader = Loader(dots, "train", 3, 4, seed=0)
    for config in (Augment(relocate=0.1), Augment(zoom=0.1)):
        with pytest.raises(InputError, match="no longer fit"):
            augment.augmented(loader.batch, config, dots, "train", 0)
    lit = augment.augmented(loader.batch, Augment(light=0.1), dots, "train", 0)(0)
    assert torch.equal(lit.control, loader.batch(0).control)
    assert dataclasses.replace(Augment(), light=0.1) != Augment()
