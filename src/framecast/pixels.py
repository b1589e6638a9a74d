"""uint8 <-> [0, 1]: the only place where the range of a pixel changes."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, UInt8
from numpy.typing import NDArray
from torch import Tensor


def to_unit(pixels: UInt8[Tensor, "*lead H W C"]) -> Float[Tensor, "*lead C H W"]:
    """uint8 [..., H, W, C] in 0..255 -> float32 [..., C, H, W] in [0, 1]."""
    return pixels.movedim(-1, -3).to(torch.float32).div_(255.0)


def to_uint8(frames: Float[Tensor, "*lead C H W"]) -> NDArray[np.uint8]:
    """float [..., C, H, W] in [0, 1] -> uint8 array [..., H, W, C], rounded to nearest."""
    scaled = frames.detach().float().clamp(0.0, 1.0).mul(255.0).round_()
    return scaled.to(torch.uint8).movedim(-3, -1).contiguous().cpu().numpy()
