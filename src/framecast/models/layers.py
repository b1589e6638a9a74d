"""Layers that take all time steps at once, [T, B, ...], and give what a loop over t would.

Convolutions do not care: time folds into the batch. BatchNorm does: the reports' loops
normalise each time step by its own batch and update the running statistics T times.
`per_step` keeps exactly that; statistics over T·B together would be another model.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn


def per_step(norm: nn.Module, x: Float[Tensor, "TB ..."], steps: int) -> Float[Tensor, "TB ..."]:
    """Apply a BatchNorm to time-major [T*B, ...], one time step after the other."""
    if steps == 1 or not norm.training:
        return norm(x)
    return torch.cat([norm(slab) for slab in x.chunk(steps)])


class ConvBlock(nn.Module):
    """Convolution (or transposed convolution), BatchNorm, activation, on [T, B, C, H, W]."""

    def __init__(
        self, conv: nn.Conv2d | nn.ConvTranspose2d, activation: Callable[[Tensor], Tensor]
    ) -> None:
        super().__init__()
        self.conv = conv
        self.norm = nn.BatchNorm2d(conv.out_channels)
        self.activation = activation

    def forward(self, x: Float[Tensor, "T B C H W"]) -> Float[Tensor, "T B D I J"]:
        steps, clips = x.shape[:2]
        y = per_step(self.norm, self.conv(x.flatten(0, 1)), steps)
        return self.activation(y).unflatten(0, (steps, clips))


def frame_by_frame(module: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Apply a module without BatchNorm to [T, B, C, H, W] in one call."""
    return module(x.flatten(0, 1)).unflatten(0, x.shape[:2])


def normal_init(root: nn.Module) -> None:
    """Weights N(0, 0.02), BatchNorm weights N(1, 0.02), biases 0; LSTMs keep torch's own.

    The initialisation of SVG (Denton & Fergus 2018) and DCGAN (Radford et al. 2016).
    """
    for module in root.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.zeros_(module.bias)
