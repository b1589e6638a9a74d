"""Our nets of family B: an encoder and decoder with pooling, anchored in the first frame.

The template sees the past only through its own last frame, so whatever it smears is lost, and
at full resolution its view is narrow and its steps dear. Here the first frame and its pose are
kept for the whole rollout: once, the room without the person is painted from them; at each step
the person is drawn over it. Errors stay anchored then. Pooling sees the whole figure, at a
thirtieth of the template's operations.

Shapes: N pictures of H×W, both multiples of 8; latents are maps of H/8 × W/8.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

INK = 2.5
"""labels are thin pale lines on white: as much as this of their darkness is seen"""
EDGE = 0.004
"""a painted room is kept this far from black and white, where its logit would be infinite"""


class Block(nn.Module):
    """x + conv(silu(conv(silu(norm(x))))), two 3×3 convolutions at one width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(math.gcd(8, width), width)
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        with torch.no_grad():  # a block begins close to the identity
            self.second.weight.mul_(0.2)
            self.second.bias.zero_()  # type: ignore[union-attr]

    def forward(self, x: Float[Tensor, "N c H W"]) -> Float[Tensor, "N c H W"]:
        return x + self.second(F.silu(self.first(F.silu(self.norm(x)))))


class Painter(nn.Module):
    """The room behind the person: first frame, its pose and coordinates -> a frame."""

    def __init__(self, width: int) -> None:
        super().__init__()
        wide, wider = 2 * width, 3 * width
        self.down1 = nn.Conv2d(3 + 3 + 2, width, 4, 2, 1)
        self.block1 = Block(width)
        self.down2 = nn.Conv2d(width, wide, 4, 2, 1)
        self.block2 = _blocks(wide, 2)
        self.down3 = nn.Conv2d(wide, wider, 4, 2, 1)
        self.block3 = _blocks(wider, 2)
        self.up2 = nn.Conv2d(wider, wide, 1)
        self.up1 = nn.Conv2d(wide, width, 1)
        self.block0 = Block(width)
        self.spread = nn.Conv2d(width, 16, 1)
        self.mix = nn.Conv2d(4 + 3 + 3, 16, 3, padding=1)
        self.out = nn.Conv2d(16, 4, 3, padding=1)

    def forward(
        self,
        frame: Float[Tensor, "N 3 H W"],
        label: Float[Tensor, "N 3 H W"],
        where: Float[Tensor, "N 2 H W"],
    ) -> Float[Tensor, "N 3 H W"]:
        seen = torch.cat([frame - 0.5, label], dim=1)
        a = self.block1(self.down1(torch.cat([seen, where], dim=1)))
        b = self.block2(self.down2(F.silu(a)))
        c = self.block3(self.down3(F.silu(b)))
        b = b + _up(self.up2(c))
        a = self.block0(a + _up(self.up1(F.silu(b))))
        full = F.pixel_shuffle(self.spread(F.silu(a)), 2)
        full = self.out(F.silu(self.mix(torch.cat([full, seen.to(full.dtype)], dim=1))))
        full = full.to(frame.dtype)
        covered = torch.sigmoid(full[:, :1] + 1.0)
        # The offset begins with the paint in mid-grey, a little to the light.
        return (1 - covered) * frame + covered * torch.sigmoid(full[:, 1:] + 0.4)


class AnchoredNets(nn.Module):
    """The Nets of pose_cvae.py: a painter, and an encoder and decoder of four scales."""

    anchored = True
    where: Tensor

    def __init__(self, size: tuple[int, int], width: int, latents: int, paint: bool) -> None:
        super().__init__()
        a, b, c = width, 2 * width, 4 * width
        rows, columns = (torch.linspace(-1.0, 1.0, n) for n in size)
        self.register_buffer("where", torch.stack(torch.meshgrid(columns, rows, indexing="xy")))
        self.painter = Painter(width) if paint else None
        self.from_anchor = nn.Conv2d(3 + 3 + 3 + 2, a, 4, 2, 1)
        self.from_previous = nn.Conv2d(3, a, 4, 2, 1)
        self.from_label = nn.Conv2d(3, a, 6, 2, 2)
        self.in1, self.down2 = Block(a), nn.Conv2d(a, b, 4, 2, 1)
        self.in2, self.down3 = Block(b), nn.Conv2d(b, c, 4, 2, 1)
        self.in3 = _blocks(c, 2)
        self.from_latent = nn.Conv2d(latents, c, 1)
        self.out3, self.up2 = Block(c), nn.Conv2d(c, b, 1)
        self.out2, self.up1 = _blocks(b, 2), nn.Conv2d(b, a, 1)
        self.out1 = _blocks(a, 2)
        self.spread = nn.Conv2d(a, 64, 1)
        self.mix = nn.Conv2d(16 + 3 + 3 + 3, 24, 3, padding=1)
        self.out0 = nn.Conv2d(24, 3, 3, padding=1)
        self.gaussian = nn.Sequential(
            nn.Conv2d(3 + 3, a, 4, 2, 1),
            nn.SiLU(),
            nn.Conv2d(a, b, 4, 2, 1),
            nn.SiLU(),
            nn.Conv2d(b, b, 4, 2, 1),
            nn.SiLU(),
        )
        self.heads = nn.Conv2d(b, 2 * latents, 1)
        for parameter in self.heads.parameters():
            nn.init.zeros_(parameter)  # the posterior begins as the prior

    def anchor(
        self, frame: Float[Tensor, "B 3 H W"], label: Float[Tensor, "B 3 H W"]
    ) -> tuple[Tensor, ...]:
        """The room without the person, and the first frame's features with it."""
        where = self.where.to(frame.dtype).expand(len(frame), -1, -1, -1)
        room = frame if self.painter is None else self.painter(frame, label, where)
        seen = torch.cat([frame - 0.5, label, room - 0.5, where], dim=1)
        return room, self.from_anchor(seen)

    def encode(self, frame: Float[Tensor, "N 3 H W"]) -> Float[Tensor, "N 3 H W"]:
        """The frame itself: it is read at two resolutions."""
        return frame

    def encode_label(self, label: Float[Tensor, "T B 3 H W"]) -> Float[Tensor, "T B 3 H W"]:
        return INK * (1.0 - label)

    def posterior(
        self, frame: Float[Tensor, "N 3 H W"], label: Float[Tensor, "N 3 H W"]
    ) -> tuple[Float[Tensor, "N Z h w"], Float[Tensor, "N Z h w"]]:
        seen = self.gaussian(torch.cat([frame - 0.5, label], dim=1))
        mu, logvar = self.heads(seen).chunk(2, dim=1)
        return mu, logvar

    def generate(
        self,
        previous: Float[Tensor, "N 3 H W"],
        label: Float[Tensor, "N 3 H W"],
        z: Float[Tensor, "N Z h w"],
        anchor: tuple[Tensor, ...],
    ) -> Float[Tensor, "N 3 H W"]:
        room, first = anchor
        h = first + self.from_label(label) + self.from_previous(previous - 0.5)
        h1 = self.in1(h)
        h2 = self.in2(self.down2(F.silu(h1)))
        h3 = self.in3(self.down3(F.silu(h2)))
        h3 = self.out3(h3 + self.from_latent(z))
        h2 = self.out2(h2 + _up(self.up2(h3)))
        h1 = self.out1(h1 + _up(self.up1(h2)))
        full = F.pixel_shuffle(self.spread(F.silu(h1)), 2)
        seen = torch.cat([label, room - 0.5, previous - 0.5], dim=1).to(full.dtype)
        drawn = self.out0(F.silu(self.mix(torch.cat([full, seen], dim=1)))).to(z.dtype)
        # Drawn over the room in logits, so that nothing drawn leaves the room as it is.
        return torch.sigmoid(drawn + torch.logit(room, EDGE))


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*[Block(width) for _ in range(count)])


def _up(x: Float[Tensor, "N c h w"]) -> Float[Tensor, "N c H W"]:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")
