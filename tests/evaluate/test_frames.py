from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio

from framecast.evaluate.frames import psnr_finn, psnr_joint


def test_finn_psnr_is_the_mean_of_each_channel_s_psnr() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 4, 3, 64, 64)).astype(np.float32)
    ours = psnr_finn(torch.from_numpy(a), torch.from_numpy(b))
    reference = [
        np.mean([peak_signal_noise_ratio(x, y, data_range=1.0) for x, y in zip(p, q)])
        for p, q in zip(a, b)
    ]
    np.testing.assert_allclose(ours.numpy(), reference, rtol=1e-6)


def test_finn_psnr_differs_from_the_joint_psnr_where_channels_do() -> None:
    a, b = torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)
    b[:, 0], b[:, 1], b[:, 2] = 0.1, 0.01, 0.001
    assert psnr_finn(a, b).item() == pytest.approx((20 + 40 + 60) / 3)


def test_an_exact_copy_counts_100_db_and_not_infinity() -> None:
    x = torch.rand(2, 3, 8, 8)
    assert psnr_finn(x, x).tolist() == [100.0, 100.0]


def test_joint_psnr_is_scikit_image_s_over_all_channels_together() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.random((2, 4, 3, 32, 64)).astype(np.float32)
    reference = [peak_signal_noise_ratio(p, q, data_range=1.0) for p, q in zip(a, b)]
    ours = psnr_joint(torch.from_numpy(a), torch.from_numpy(b))
    np.testing.assert_allclose(ours.numpy(), reference, rtol=1e-6)
