"""Image encoders and decoders for 64×64 RGB: VGG64 and DCGAN64 of SVG (Denton & Fergus 2018).

An encoder gives features h [T, B, g] and four feature maps (skips), finest first. A decoder
takes features and skips; a skip of one time step, [1, B, ...], serves all T. `width` scales
the 64-128-256-512 channels.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from framecast.models.layers import ConvBlock, frame_by_frame

SIZE = 64
Skips = tuple[Tensor, ...]
ImageNet = Literal["vgg64", "dcgan64"]


class Vgg64Encoder(nn.Module):
    """conv3×3 stacks of 2, 2, 3, 3 with max-pooling between; 4×4 convolution and tanh last."""

    def __init__(self, g_dim: int, width: float) -> None:
        super().__init__()
        a, b, c, d = channels(width)
        self.stages = nn.ModuleList(
            [_vgg(3, a, a), _vgg(a, b, b), _vgg(b, c, c, c), _vgg(c, d, d, d)]
        )
        self.head = ConvBlock(nn.Conv2d(d, g_dim, 4), torch.tanh)

    def forward(self, x: Float[Tensor, "T B 3 64 64"]) -> tuple[Float[Tensor, "T B g"], Skips]:
        skips = []
        for stage in self.stages:
            skips.append(stage(x))
            x = frame_by_frame(_halve, skips[-1])
        return self.head(x).flatten(2), tuple(skips)


class Vgg64Decoder(nn.Module):
    """Mirror of the encoder: nearest ×2 and concatenation of the matching skip before a stack."""

    def __init__(self, g_dim: int, width: float) -> None:
        super().__init__()
        a, b, c, d = channels(width)
        self.head = ConvBlock(nn.ConvTranspose2d(g_dim, d, 4), _leaky)
        self.stages = nn.ModuleList(
            [_vgg(2 * d, d, d, c), _vgg(2 * c, c, c, b), _vgg(2 * b, b, a), _vgg(2 * a, a)]
        )
        self.to_rgb = nn.ConvTranspose2d(a, 3, 3, padding=1)

    def forward(self, g: Float[Tensor, "T B g"], skips: Skips) -> Float[Tensor, "T B 3 64 64"]:
        x = self.head(g[..., None, None])
        for stage, skip in zip(self.stages, reversed(skips), strict=True):
            x = stage(_join(frame_by_frame(_double, x), skip))
        return torch.sigmoid(frame_by_frame(self.to_rgb, x))


class Dcgan64Encoder(nn.Module):
    """4×4 convolutions of stride 2; 4×4 convolution and tanh last."""

    def __init__(self, g_dim: int, width: float) -> None:
        super().__init__()
        widths = (3, *channels(width))
        self.stages = nn.ModuleList(
            [ConvBlock(nn.Conv2d(i, o, 4, 2, 1), _leaky) for i, o in pairwise(widths)]
        )
        self.head = ConvBlock(nn.Conv2d(widths[-1], g_dim, 4), torch.tanh)

    def forward(self, x: Float[Tensor, "T B 3 64 64"]) -> tuple[Float[Tensor, "T B g"], Skips]:
        skips = []
        for stage in self.stages:
            x = stage(x)
            skips.append(x)
        return self.head(x).flatten(2), tuple(skips)


class Dcgan64Decoder(nn.Module):
    """Transposed 4×4 convolutions of stride 2, each after concatenation of the matching skip."""

    def __init__(self, g_dim: int, width: float) -> None:
        super().__init__()
        a, b, c, d = channels(width)
        self.head = ConvBlock(nn.ConvTranspose2d(g_dim, d, 4), _leaky)
        self.stages = nn.ModuleList(
            [
                ConvBlock(nn.ConvTranspose2d(2 * i, o, 4, 2, 1), _leaky)
                for i, o in ((d, c), (c, b), (b, a))
            ]
        )
        self.to_rgb = nn.ConvTranspose2d(2 * a, 3, 4, 2, 1)

    def forward(self, g: Float[Tensor, "T B g"], skips: Skips) -> Float[Tensor, "T B 3 64 64"]:
        x = self.head(g[..., None, None])
        for stage, skip in zip(self.stages, reversed(skips[1:]), strict=True):
            x = stage(_join(x, skip))
        return torch.sigmoid(frame_by_frame(self.to_rgb, _join(x, skips[0])))


def image_nets(kind: ImageNet, g_dim: int, width: float) -> tuple[nn.Module, nn.Module]:
    """The encoder and decoder of one kind."""
    if kind == "vgg64":
        return Vgg64Encoder(g_dim, width), Vgg64Decoder(g_dim, width)
    return Dcgan64Encoder(g_dim, width), Dcgan64Decoder(g_dim, width)


def channels(width: float) -> tuple[int, int, int, int]:
    """64, 128, 256, 512 scaled by `width`, at least 1 each."""
    a, b, c, d = (max(1, round(full * width)) for full in (64, 128, 256, 512))
    return a, b, c, d


def _vgg(*widths: int) -> nn.Sequential:
    pairs = pairwise(widths)
    return nn.Sequential(*(ConvBlock(nn.Conv2d(i, o, 3, padding=1), _leaky) for i, o in pairs))


def _leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)


def _halve(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 2)


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


def _join(x: Tensor, skip: Tensor) -> Tensor:
    return torch.cat([x, skip.expand(len(x), *skip.shape[1:])], dim=2)
