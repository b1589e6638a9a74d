from __future__ import annotations

import numpy as np

from framecast.clip import pair, split_of


def test_a_log_s_row_drives_the_step_out_of_its_frame() -> None:
    """A dot that moves by action[t] from frame t to t+1: control[t] is the move into frame t."""
    actions = np.random.default_rng(0).normal(size=(6, 2))
    position = np.cumsum(np.concatenate([np.zeros((1, 2)), actions[:-1]]), axis=0)
    control = pair(actions)
    np.testing.assert_allclose(control[1:], np.diff(position, axis=0), rtol=1e-6)
    assert (control[0] == 0).all()
    assert control.dtype == np.float32


def test_splits_are_eight_one_one_in_ten_and_even_a_small_set_has_a_test_clip() -> None:
    splits = [split_of(i) for i in range(100)]
    assert [splits.count(s) for s in ("train", "validate", "test")] == [80, 10, 10]
    assert splits[:3] == ["train", "test", "validate"]
