"""The lab template's nets of family B: five modules, all at full resolution, without pooling.

Widths and order are those of SPEC.md's reports B1 and B2; the depthwise block and its gated
feed-forward are DCVC-DC's (Li et al. 2023, "Neural Video Compression with Diverse Contexts").
Shapes: N pictures, F feature, L label and Z latent channels.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from framecast.models.layers import per_step


class ResidualBlock(nn.Module):
    """conv 3×3, LeakyReLU, conv 3×3, LeakyReLU, plus the input (through 1×1 if widths differ)."""

    def __init__(self, inside: int, out: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inside, out, 3, padding=1),
            nn.LeakyReLU(0.01),
            nn.Conv2d(out, out, 3, padding=1),
            nn.LeakyReLU(0.01),
        )
        self.identity = _identity(inside, out)

    def forward(self, x: Float[Tensor, "N i H W"]) -> Float[Tensor, "N o H W"]:
        return self.body(x) + self.identity(x)


class DepthConvBlock(nn.Module):
    """A depthwise convolution between two 1×1, then a gated feed-forward; both residual."""

    def __init__(self, inside: int, out: int) -> None:
        super().__init__()
        self.depth = nn.Sequential(
            nn.Conv2d(inside, inside, 1),
            nn.LeakyReLU(0.01),
            nn.Conv2d(inside, inside, 3, padding=1, groups=inside),
            nn.Conv2d(inside, out, 1),
        )
        self.identity = _identity(inside, out)
        self.spread = nn.Conv2d(out, 4 * out, 1)
        self.gate = nn.LeakyReLU(0.1)
        self.gather = nn.Conv2d(2 * out, out, 1)

    def forward(self, x: Float[Tensor, "N i H W"]) -> Float[Tensor, "N o H W"]:
        x = self.depth(x) + self.identity(x)
        value, gate = self.spread(x).chunk(2, dim=1)
        return x + self.gather(value * self.gate(gate))


class RGBEncoder(nn.Sequential):
    """A frame's features, [N, 3, H, W] -> [N, F, H, W]."""

    def __init__(self, features: int) -> None:
        super().__init__(
            ResidualBlock(3, features // 8),
            DepthConvBlock(features // 8, features // 8),
            ResidualBlock(features // 8, features // 4),
            DepthConvBlock(features // 4, features // 4),
            ResidualBlock(features // 4, features // 2),
            DepthConvBlock(features // 2, features // 2),
            nn.Conv2d(features // 2, features, 3, padding=1),
        )


class LabelEncoder(nn.Module):
    """A pose picture's features; its BatchNorm takes one time step after the other."""

    def __init__(self, labels: int, slope: float) -> None:
        super().__init__()
        self.pad = nn.ReflectionPad2d(3)
        self.conv = nn.Conv2d(3, labels // 2, 7)
        self.norm = nn.BatchNorm2d(labels // 2)
        self.activation = nn.LeakyReLU(slope)
        self.out = ResidualBlock(labels // 2, labels)

    def forward(self, label: Float[Tensor, "T B 3 H W"]) -> Float[Tensor, "T B L H W"]:
        y = per_step(self.norm, self.conv(self.pad(label.flatten(0, 1))), len(label))
        return self.out(self.activation(y)).unflatten(0, label.shape[:2])


class GaussianPredictor(nn.Module):
    """The posterior's maps: features of frame and label -> μ, logvar, each [N, Z, H, W]."""

    def __init__(self, inside: int, latents: int, slope: float) -> None:
        super().__init__()
        self.body = nn.Sequential(
            ResidualBlock(inside, latents // 4),
            DepthConvBlock(latents // 4, latents // 4),
            ResidualBlock(latents // 4, latents // 2),
            DepthConvBlock(latents // 2, latents // 2),
            ResidualBlock(latents // 2, latents),
            nn.LeakyReLU(slope),
            nn.Conv2d(latents, 2 * latents, 1),
        )

    def forward(
        self, features: Float[Tensor, "N F H W"], label: Float[Tensor, "N L H W"]
    ) -> tuple[Float[Tensor, "N Z H W"], Float[Tensor, "N Z H W"]]:
        mu, logvar = self.body(torch.cat([features, label], dim=1)).chunk(2, dim=1)
        return mu, logvar


class DecoderFusion(nn.Sequential):
    """Previous frame's features, label and latent, [N, F+L+Z, H, W] -> [N, D, H, W]."""

    def __init__(self, inside: int, out: int) -> None:
        super().__init__(
            DepthConvBlock(inside, inside),
            ResidualBlock(inside, inside // 4),
            DepthConvBlock(inside // 4, inside // 2),
            ResidualBlock(inside // 2, inside // 2),
            DepthConvBlock(inside // 2, out // 2),
            nn.Conv2d(out // 2, out, 1),
        )


class Generator(nn.Sequential):
    """Fused features -> a frame, [N, D, H, W] -> [N, 3, H, W], without an activation."""

    def __init__(self, inside: int) -> None:
        super().__init__(
            DepthConvBlock(inside, inside),
            ResidualBlock(inside, inside // 2),
            DepthConvBlock(inside // 2, inside // 2),
            ResidualBlock(inside // 2, inside // 4),
            DepthConvBlock(inside // 4, inside // 4),
            ResidualBlock(inside // 4, inside // 8),
            DepthConvBlock(inside // 8, inside // 8),
            nn.Conv2d(inside // 8, 3, 1),
        )


class TemplateNets(nn.Module):
    """The Nets of pose_cvae.py, as the template does them."""

    anchored = False

    def __init__(
        self, features: int, labels: int, latents: int, fused: int, slope: float, sigmoid: bool
    ) -> None:
        super().__init__()
        self.rgb_encoder = RGBEncoder(features)
        self.label_encoder = LabelEncoder(labels, slope)
        self.gaussian = GaussianPredictor(features + labels, latents, slope)
        self.fusion = DecoderFusion(features + labels + latents, fused)
        self.generator = Generator(fused)
        self.output = torch.sigmoid if sigmoid else nn.Identity()

    def anchor(
        self, frame: Float[Tensor, "B 3 H W"], label: Float[Tensor, "B L H W"]
    ) -> tuple[Tensor, ...]:
        """What is kept of the context for the whole rollout: nothing."""
        return ()

    def encode(self, frame: Float[Tensor, "N 3 H W"]) -> Float[Tensor, "N F H W"]:
        return self.rgb_encoder(frame)

    def encode_label(self, label: Float[Tensor, "T B 3 H W"]) -> Float[Tensor, "T B L H W"]:
        return self.label_encoder(label)

    def posterior(
        self, features: Float[Tensor, "N F H W"], label: Float[Tensor, "N L H W"]
    ) -> tuple[Float[Tensor, "N Z H W"], Float[Tensor, "N Z H W"]]:
        return self.gaussian(features, label)

    def generate(
        self,
        previous: Float[Tensor, "N F H W"],
        label: Float[Tensor, "N L H W"],
        z: Float[Tensor, "N Z H W"],
        anchor: tuple[Tensor, ...],
    ) -> Float[Tensor, "N 3 H W"]:
        """The frame, in the precision of z also where the networks are in another."""
        fused = self.fusion(torch.cat([previous, label, z.to(label.dtype)], dim=1))
        return self.output(self.generator(fused).to(z.dtype))


def _identity(inside: int, out: int) -> nn.Module:
    return nn.Identity() if inside == out else nn.Conv2d(inside, out, 1)
