"""The image nets against SVG's written plainly: one frame at a time, modules in a row."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from framecast.models.images import channels, image_nets
from framecast.models.layers import normal_init

WIDTH, G = 0.125, 12
A, B, C, D = channels(WIDTH)


def vgg(*widths: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i, o in pairwise(widths):
        layers += [nn.Conv2d(i, o, 3, 1, 1), nn.BatchNorm2d(o), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers)


def block(conv: nn.Module, activation: nn.Module) -> nn.Sequential:
    return nn.Sequential(conv, nn.BatchNorm2d(conv.out_channels), activation)


class PlainVgg(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.e = nn.ModuleList([vgg(3, A, A), vgg(A, B, B), vgg(B, C, C, C), vgg(C, D, D, D)])
        self.e5 = block(nn.Conv2d(D, G, 4, 1, 0), nn.Tanh())
        self.d1 = block(nn.ConvTranspose2d(G, D, 4, 1, 0), nn.LeakyReLU(0.2))
        self.d = nn.ModuleList(
            [vgg(D * 2, D, D, C), vgg(C * 2, C, C, B), vgg(B * 2, B, A), vgg(A * 2, A)]
        )
        self.rgb = nn.ConvTranspose2d(A, 3, 3, 1, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h1 = self.e[0](x)
        h2 = self.e[1](nn.MaxPool2d(2)(h1))
        h3 = self.e[2](nn.MaxPool2d(2)(h2))
        h4 = self.e[3](nn.MaxPool2d(2)(h3))
        h5 = self.e5(nn.MaxPool2d(2)(h4))
        up = nn.UpsamplingNearest2d(scale_factor=2)
        d1 = self.d1(h5)
        d2 = self.d[0](torch.cat([up(d1), h4], 1))
        d3 = self.d[1](torch.cat([up(d2), h3], 1))
        d4 = self.d[2](torch.cat([up(d3), h2], 1))
        d5 = self.d[3](torch.cat([up(d4), h1], 1))
        return h5.flatten(1), torch.sigmoid(self.rgb(d5))


class PlainDcgan(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        pairs = [(3, A), (A, B), (B, C), (C, D)]
        self.e = nn.ModuleList([block(nn.Conv2d(*p, 4, 2, 1), nn.LeakyReLU(0.2)) for p in pairs])
        self.e5 = block(nn.Conv2d(D, G, 4, 1, 0), nn.Tanh())
        self.d1 = block(nn.ConvTranspose2d(G, D, 4, 1, 0), nn.LeakyReLU(0.2))
        ups = [(D * 2, C), (C * 2, B), (B * 2, A)]
        self.d = nn.ModuleList(
            [block(nn.ConvTranspose2d(*p, 4, 2, 1), nn.LeakyReLU(0.2)) for p in ups]
        )
        self.rgb = nn.ConvTranspose2d(A * 2, 3, 4, 2, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h1 = self.e[0](x)
        h2 = self.e[1](h1)
        h3 = self.e[2](h2)
        h4 = self.e[3](h3)
        h5 = self.e5(h4)
        d2 = self.d[0](torch.cat([self.d1(h5), h4], 1))
        d3 = self.d[1](torch.cat([d2, h3], 1))
        d4 = self.d[2](torch.cat([d3, h2], 1))
        return h5.flatten(1), torch.sigmoid(self.rgb(torch.cat([d4, h1], 1)))


@pytest.mark.parametrize(("kind", "plain"), [("vgg64", PlainVgg), ("dcgan64", PlainDcgan)])
@pytest.mark.parametrize("training", [True, False])
def test_the_image_nets_are_svg_s_frame_by_frame(
    kind: str, plain: type[nn.Module], training: bool
) -> None:
    encoder, decoder = (net.double() for net in image_nets(kind, G, WIDTH))
    ours, reference = nn.ModuleList([encoder, decoder]), plain().double()
    normal_init(ours)
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.mul_(5.0)  # from 0.02 up, so that every path through the net shows
    ours_named, theirs = list(ours.parameters()), list(reference.parameters())
    assert [p.shape for p in ours_named] == [p.shape for p in theirs]
    with torch.no_grad():
        for mine, other in zip(ours_named, theirs):
            other.copy_(mine)
    ours.train(training)
    reference.train(training)
    x = torch.rand(3, 2, 3, 64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    h, skips = encoder(x)
    frames = decoder(h, skips)
    for t in range(3):
        features, frame = reference(x[t])
        torch.testing.assert_close(h[t], features)
        torch.testing.assert_close(frames[t], frame)


def test_one_step_s_skips_serve_every_step() -> None:
    encoder, decoder = (net.double().eval() for net in image_nets("dcgan64", G, WIDTH))
    x = torch.rand(3, 2, 3, 64, 64, dtype=torch.float64)
    h, skips = encoder(x)
    first = tuple(s[:1] for s in skips)
    repeated = tuple(s[:1].repeat(3, 1, 1, 1, 1) for s in skips)
    torch.testing.assert_close(decoder(h, first), decoder(h, repeated))
