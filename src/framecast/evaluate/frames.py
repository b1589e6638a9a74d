"""Frame metrics: a value per frame, averaged nowhere; averaging comes last."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

MSE_FLOOR = 1e-10
"""An exact copy would be infinitely good and drown every mean: its PSNR is 100 dB here."""


def psnr_joint(
    predicted: Float[Tensor, "*lead C H W"], truth: Float[Tensor, "*lead C H W"]
) -> Float[Tensor, "*lead"]:
    """PSNR of each frame in dB, 10·log10(1/MSE) over all its numbers; pixels in [0, 1]."""
    mse = (predicted.double() - truth.double()).square().mean((-3, -2, -1))
    return -10.0 * mse.clamp_min(MSE_FLOOR).log10()


def psnr_finn(
    predicted: Float[Tensor, "*lead C H W"], truth: Float[Tensor, "*lead C H W"]
) -> Float[Tensor, "*lead"]:
    """PSNR of each frame in dB, 10·log10(1/MSE) of each channel, averaged over channels.

    The "finn" definition of SVG's evaluation (after Finn et al. 2016); pixels in [0, 1].
    """
    mse = (predicted.double() - truth.double()).square().mean((-2, -1))
    return (-10.0 * mse.clamp_min(MSE_FLOOR).log10()).mean(-1)
