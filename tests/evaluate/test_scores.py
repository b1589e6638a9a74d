from __future__ import annotations

import dataclasses

import pytest
import torch

from framecast.errors import InputError
from framecast.evaluate import COURSE_A, COURSE_B, judge, named, predict
from framecast.evaluate.frames import psnr_finn, psnr_joint
from framecast.models import ActionCVAEConfig, build
from framecast.models.baselines import copy_last_frame, mean_frame
from framecast.predictor import DataSpec, Predictor
from framecast.store import Loader, Store

SHORT = dataclasses.replace(COURSE_A, horizon=4)


def test_a_predictor_that_follows_its_control_is_perfect_and_shuffling_ruins_it(
    dots: Store, oracle: Predictor
) -> None:
    """Off by one anywhere between store and score, and this is no longer perfect."""
    assert judge(oracle, dots, SHORT).mean() == pytest.approx(100.0)
    assert judge(oracle, dots, SHORT, shuffled_control=True).mean() < 40


def test_every_value_is_kept_and_frames_are_averaged_last(dots: Store) -> None:
    scores = judge(copy_last_frame(), dots, dataclasses.replace(SHORT, samples=3))
    assert scores.psnr.shape == (3, 3, 4)
    assert scores.clip_ids == ("dot-1", "dot-5", "dot-9")
    assert scores.mean() == pytest.approx(scores.psnr.mean())


def test_baselines_pass_through_the_same_door(dots: Store) -> None:
    clip = next(Loader(dots, "test", 6, 1, seed=0).eval_batches())
    copy = predict(copy_last_frame(), clip, SHORT)
    assert copy.shape == (1, 1, 4, 3, 64, 64)
    assert torch.equal(copy[0, 0, 3], clip.frames[0, 1])
    mean = predict(mean_frame(), clip, SHORT)
    torch.testing.assert_close(mean[0, 0, 2], clip.frames[0, :2].mean(0))


def test_a_score_does_not_depend_on_the_batch_a_clip_came_in(dots: Store, spec: DataSpec) -> None:
    model = build(ActionCVAEConfig(width=0.0625, g_dim=8, z_dim=4, rnn_dim=8), spec, 0).eval()
    together = judge(model, dots, SHORT).psnr
    alone = judge(model, dots, SHORT, batch=1).psnr
    assert abs(together - alone).max() < 1e-4


def test_a_predictor_in_training_mode_is_not_judged(dots: Store) -> None:
    with pytest.raises(AssertionError, match="eval"):
        judge(copy_last_frame().train(), dots, SHORT)


def test_a_clip_shorter_than_the_protocol_is_an_error_and_never_left_out(dots: Store) -> None:
    with pytest.raises(InputError, match="14"):
        judge(copy_last_frame(), dots, dataclasses.replace(COURSE_A, horizon=13))


def test_course_a_is_the_specification_s_and_its_hash_is_frozen() -> None:
    assert (COURSE_A.context, COURSE_A.horizon, COURSE_A.samples) == (2, 10, 1)
    assert COURSE_A.split == "test"
    # A change of any field is another protocol and needs another name.
    assert COURSE_A.hash.startswith("f101967ab285")
    assert dataclasses.replace(COURSE_A, seed=1).hash != COURSE_A.hash


def test_course_b_is_the_specification_s_and_its_hash_is_frozen() -> None:
    assert (COURSE_B.context, COURSE_B.horizon, COURSE_B.samples) == (1, 629, 1)
    assert COURSE_B.score is psnr_joint
    assert COURSE_A.score is psnr_finn
    assert COURSE_B.hash.startswith("83e589826a55")


def test_an_unknown_protocol_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="did you mean 'course-a'"):
        named("course_a")
