from __future__ import annotations

import dataclasses

import torch

from framecast.clip import Batch
from framecast.models.baselines import copy_last_frame
from framecast.predictor import Knobs
from framecast.schedules import TeacherForcing
from framecast.train import TrainConfig
from framecast.train.loop import draw

BATCH = Batch(torch.zeros(8, 3, 3, 2, 2), torch.zeros(8, 3, 1), ("",) * 8)


def forced(scope: str, step: int, ratio: float = 0.5) -> list[bool]:
    config = TrainConfig(steps_per_epoch=10)
    config = dataclasses.replace(config, teacher_forcing=TeacherForcing("constant", coin=scope))
    return draw(copy_last_frame(), BATCH, config, step).forced(Knobs(0.0, ratio)).tolist()


def test_a_batch_coin_decides_for_the_whole_batch_and_changes_by_step() -> None:
    rows = [forced("batch", step) for step in range(40)]
    assert all(len(set(row)) == 1 for row in rows)
    assert 8 < sum(row[0] for row in rows) < 32
    assert len({row[0] for row in rows[:10]}) == 2


def test_a_clip_coin_decides_for_each_clip() -> None:
    assert any(len(set(forced("clip", step))) == 2 for step in range(5))


def test_an_epoch_coin_stands_for_the_whole_epoch() -> None:
    rows = [forced("epoch", step)[0] for step in range(200)]
    assert all(len(set(rows[i : i + 10])) == 1 for i in range(0, 200, 10))
    assert len(set(rows)) == 2


def test_ratio_one_forces_always_and_ratio_zero_never() -> None:
    for scope in ("batch", "clip", "epoch"):
        assert all(forced(scope, 3, ratio=1.0))
        assert not any(forced(scope, 3, ratio=0.0))


def test_the_coin_falls_as_often_as_the_ratio_says() -> None:
    rate = sum(sum(forced("clip", step, ratio=0.3)) for step in range(500)) / 4000
    assert abs(rate - 0.3) < 0.03
