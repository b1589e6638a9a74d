from __future__ import annotations

import pytest

from framecast.schedules import KLWeight, LearningRate, TeacherForcing


def test_monotonic_kl_rises_over_the_first_quarter_and_stays() -> None:
    beta = KLWeight("monotonic", epochs=300, ratio=0.25)
    assert [beta(e) for e in (0, 15, 75, 76, 299)] == pytest.approx([0, 0.2, 1, 1, 1])


def test_cyclical_kl_restarts_at_zero_every_cycle() -> None:
    beta = KLWeight("cyclical", epochs=300, cycles=3, ratio=0.5)
    for start in (0, 100, 200):
        values = [beta(start + e) for e in (0, 25, 50, 99)]
        assert values == pytest.approx([0, 0.5, 1, 1])


def test_sigmoid_kl_passes_half_its_peak_in_the_middle_of_the_ramp() -> None:
    beta = KLWeight("sigmoid", epochs=100, ratio=0.5, peak=0.2)
    assert beta(0) < 0.001
    assert beta(25) == pytest.approx(0.1)
    assert beta(99) == pytest.approx(0.2, rel=1e-3)


def test_constant_kl_is_its_peak_and_none_is_the_plain_elbo() -> None:
    assert KLWeight("constant", peak=1e-4)(7) == 1e-4
    assert KLWeight("none", peak=1e-4)(7) == 1.0


def test_a2_teacher_forcing_falls_linearly_from_epoch_80_to_0_at_300() -> None:
    ratio = TeacherForcing("linear", start_epoch=80, end_epoch=300)
    assert [ratio(e) for e in (0, 80, 190, 300)] == pytest.approx([1, 1, 0.5, 0])


def test_a3_teacher_forcing_falls_by_a_hundredth_an_epoch_from_20() -> None:
    ratio = TeacherForcing("step", start_epoch=20, step=0.01)
    assert [ratio(e) for e in (0, 20, 21, 70, 120, 299)] == pytest.approx([1, 1, 0.99, 0.5, 0, 0])


def test_teacher_forcing_never_falls_below_its_floor() -> None:
    assert TeacherForcing("step", step=0.1, floor=0.3)(50) == 0.3
    assert TeacherForcing("linear", end_epoch=10, floor=0.3)(50) == pytest.approx(0.3)
    assert TeacherForcing("constant", start=0.4)(50) == 0.4


def test_a_schedule_by_epoch_stands_still_within_an_epoch_and_by_step_does_not() -> None:
    by_epoch = TeacherForcing("linear", end_epoch=10, by="epoch")
    by_step = TeacherForcing("linear", end_epoch=10, by="step")
    assert by_epoch(3.9) == by_epoch(3.0)
    assert by_step(3.9) == pytest.approx(0.61)


def test_learning_rate_warms_up_then_follows_a_half_cosine_to_its_floor() -> None:
    rate = LearningRate("cosine", peak=1.0, warmup=10, epochs=110, floor=0.1)
    assert [rate(e) for e in (0, 5, 10, 60, 110, 200)] == pytest.approx([0, 0.5, 1, 0.55, 0.1, 0.1])


def test_multi_step_learning_rate_is_divided_at_each_milestone() -> None:
    rate = LearningRate("multi-step", peak=1.0, milestones=(10, 20), gamma=0.1)
    assert [rate(e) for e in (9, 10, 20)] == pytest.approx([1, 0.1, 0.01])
    assert LearningRate("constant", peak=0.002)(299) == 0.002


def test_forcing_can_drift_down_besides_its_steps() -> None:
    forcing = TeacherForcing("step", start_epoch=10, step=0.1, drift=0.01)
    assert [forcing(e) for e in (0, 5, 10, 12)] == pytest.approx([1, 0.95, 0.9, 0.68])
    assert forcing(100) == 0
