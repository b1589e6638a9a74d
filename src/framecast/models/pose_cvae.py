"""Family B: the pose-conditioned CVAE for human video.

Each step predicts one frame from the frame before it, a drawn pose and a latent map. Writing
f for the frame encoder, l for the label encoder and x̄_{t-1} for the previous frame, true or
predicted:

    q(z_t | x_t, p_t) = N(μ, exp logvar)     maps from f(x_t), l(p_t)
    x̂_t = G(f(x̄_{t-1}), l(p_t), z_t)
    loss = Σ_t a·mean((x̂_t - x_t)²) + b·β Σ_t KL(q(z_t | ·) ‖ N(0, I))

A CVAE as Sohn et al. 2015, "Learning Structured Output Representation using Deep Conditional
Generative Models", with the prior fixed to N(0, I), fed with its own last frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, Protocol

import torch
from jaxtyping import Float
from torch import Tensor

from framecast.clip import Batch
from framecast.errors import InputError
from framecast.models.gaussian import kl_to_standard_normal, reparameterise
from framecast.models.layers import frame_by_frame
from framecast.models.pose_anchored import AnchoredNets
from framecast.models.pose_template import TemplateNets
from framecast.predictor import DataSpec, Draws, Knobs, Losses, Predictor


@dataclass(frozen=True)
class PoseCVAEConfig:
    """Every option of family B; the defaults are the lab template's."""

    kind: Literal["pose-cvae"] = "pose-cvae"
    nets: Literal["template", "anchored"] = "template"
    """the lab template's, or ours, which keep the first frame and pool"""
    context: ClassVar[int] = 1
    """how many true frames come first; family B is defined by its one"""
    latents: int = 12
    """channels of the latent map"""

    features: int = 128
    """template: F, channels of a frame's features"""
    labels: int = 32
    """template: L, channels of a pose's features"""
    fused: int = 192
    """template: channels between the decoder fusion and the generator"""
    slope: float = 1.0
    """template: negative slope of the label encoder's and the posterior's own activation. The
    template writes LeakyReLU(True), which is slope 1, no non-linearity at all; 0.01 is meant"""
    output: Literal["none", "sigmoid"] = "none"
    """template: the generator's last activation; anchored nets always end in a sigmoid"""

    channels: int = 32
    """anchored: channels at half resolution; a quarter has twice, an eighth four times as many"""
    paint: bool = True
    """anchored: paint the room behind the person once; off draws over the first frame itself"""

    detach: Literal["nothing", "frame", "features"] = "nothing"
    """where the gradient to the past is cut: at the frame fed back, or behind its features, so
    that the frame encoder learns through the posterior alone. Anchored nets have no features but
    the frame itself: there both are one"""
    feedback_noise: float = 0.0
    """standard deviation of the noise on the frame fed back in training"""
    likelihood: Literal["fixed", "optimal"] = "fixed"
    """the Gaussian's variance: fixed gives the MSE; the best one for each frame gives log MSE,
    which is PSNR but for a factor (Rybkin et al. 2021, "Simple and Effective VAE Training with
    Calibrated Decoders", equation 6)"""
    mse_weight: float = 1.0
    """a, of the MSE or of its logarithm; B1 0.85"""
    kl_share: float = 1.0
    """b; B1 0.15"""
    logvar_clamp: float = 0.0
    """clamp logvar to ± this; 0 is off"""


LOG_FLOOR = 1e-5
"""50 dB: a frame that good has nothing left to teach, and log MSE would be without bound"""


class Nets(Protocol):
    """What family B needs of its nets. N pictures; F, L, Z are the nets' own channels."""

    anchored: bool
    """whether `anchor` keeps anything"""

    def anchor(self, frame: Tensor, label: Tensor) -> tuple[Tensor, ...]:
        """What is kept of the first frame [B, 3, H, W] and its encoded label for a rollout."""

    def encode(self, frame: Tensor) -> Tensor:
        """A frame's features, [N, 3, H, W] -> [N, F, H, W]."""

    def encode_label(self, label: Tensor) -> Tensor:
        """A pose picture's features, time-major, [T, B, 3, H, W] -> [T, B, L, H, W]."""

    def posterior(self, features: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        """μ and logvar of a true frame's features under its label, each [N, Z, h, w]."""

    def generate(
        self, previous: Tensor, label: Tensor, z: Tensor, anchor: tuple[Tensor, ...]
    ) -> Tensor:
        """The next frame [N, 3, H, W], in the precision of z."""


class State(NamedTuple):
    """What a rollout carries: the last frame, and what the nets keep of the first."""

    frame: Float[Tensor, "SB 3 H W"]
    anchor: tuple[Tensor, ...]


class PoseCVAE(Predictor):
    """Family B as a Predictor; time is the leading axis inside."""

    def __init__(self, config: PoseCVAEConfig, data: DataSpec) -> None:
        super().__init__()
        if len(data.control_shape) != 3 or data.control_shape != data.frame_shape:
            raise InputError(
                "the pose-cvae takes frames and pose pictures of one size; this store has frames "
                f"{data.frame_shape} and control {data.control_shape}"
            )
        height, width, _ = data.frame_shape
        anchored = config.nets == "anchored"
        if anchored and (height % 8 or width % 8):
            raise InputError(
                f"anchored nets take sizes that 8 divides; this store has {height}×{width} frames: "
                f"convert it with another --height and --width"
            )
        self.config = config
        latent_size = (height // 8, width // 8) if anchored else (height, width)
        self.noise_shape = (config.latents, *latent_size)
        self.feedback_noise = config.feedback_noise
        self.nets: Nets = (
            AnchoredNets((height, width), config.channels, config.latents, config.paint)
            if anchored
            else TemplateNets(
                config.features, config.labels, config.latents, config.fused, config.slope,
                sigmoid=config.output == "sigmoid",
            )
        )  # fmt: skip
        # 1×1 and depthwise convolutions are a quarter faster so. torch's stubs do not know it.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, batch: Batch, knobs: Knobs, draws: Draws) -> Losses:
        x, p = batch.frames.transpose(0, 1), batch.control.transpose(0, 1)
        true = frame_by_frame(self.nets.encode, x)
        label = self.nets.encode_label(p[1:])
        mu, logvar = self._posterior(true[1:], label)
        z = reparameterise(mu, logvar, draws.noise.transpose(0, 1)[1:])
        anchor = self._anchor(x[0], p[0])
        forced = draws.forced(knobs)
        if forced.all():
            predicted = self._forced(true, label, z, anchor)
        else:
            predicted = self._self_fed(true, label, z, anchor, forced.to(x.device), draws)
        # Under autocast the networks give bfloat16; the sums stay in the precision of the frames.
        mse = (predicted.to(x.dtype) - x[1:]).square().mean((2, 3, 4))
        kl = kl_to_standard_normal(mu.to(x.dtype), logvar.to(x.dtype)).sum((2, 3, 4))
        terms = {"mse": mse.mean(1).sum(), "kl": kl.mean(1).sum()}
        weights = {
            "mse": self.config.mse_weight,
            "kl": self.config.kl_share * knobs.kl_weight,
        }
        if self.config.likelihood == "optimal":
            terms["log_mse"] = (mse + LOG_FLOOR).log().mean(1).sum()
            weights |= {"log_mse": weights["mse"], "mse": 0.0}
        return Losses(terms, weights, frames=len(predicted))

    def _forced(
        self,
        true: Float[Tensor, "T B F H W"],
        label: Float[Tensor, "N B L H W"],
        z: Float[Tensor, "N B Z h w"],
        anchor: tuple[Tensor, ...],
    ) -> Float[Tensor, "N B 3 H W"]:
        """All frames in one call, each from the true frame before it."""
        previous = true[:-1].detach() if self.config.detach == "features" else true[:-1]
        steps = len(label)
        everywhere = tuple(part.repeat(steps, 1, 1, 1) for part in anchor)
        previous, z = previous.flatten(0, 1), z.flatten(0, 1)
        frames = self.nets.generate(previous, label.flatten(0, 1), z, everywhere)
        return frames.unflatten(0, label.shape[:2])

    def _self_fed(
        self,
        true: Float[Tensor, "T B F H W"],
        label: Float[Tensor, "N B L H W"],
        z: Float[Tensor, "N B Z h w"],
        anchor: tuple[Tensor, ...],
        forced: Tensor,
        draws: Draws,
    ) -> Float[Tensor, "N B 3 H W"]:
        """One frame after the other, each fed back; clips with `forced` see the truth instead."""
        features, mixed = true[0], bool(forced.any())
        predicted: list[Tensor] = []
        for t in range(1, len(true)):
            if self.config.detach == "features":
                features = features.detach()
            predicted.append(self.nets.generate(features, label[t - 1], z[t - 1], anchor))
            if t == len(true) - 1:
                break
            frame = predicted[-1]
            if self.config.detach != "nothing":
                frame = frame.detach()
            if draws.feedback is not None:
                frame = frame + self.config.feedback_noise * draws.feedback[:, t]
            features = self.nets.encode(frame)
            if mixed:
                features = torch.where(forced.view(-1, 1, 1, 1), true[t], features)
        return torch.stack(predicted)

    def encode_control(self, control: Float[Tensor, "B N 3 H W"]) -> Float[Tensor, "B N L H W"]:
        """The features of all labels, in one call."""
        return self.nets.encode_label(control.transpose(0, 1)).transpose(0, 1)

    def observe(
        self,
        frames: Float[Tensor, "B P 3 H W"],
        control: Float[Tensor, "B P L H W"],
        noise: Float[Tensor, "S B P Z h w"],
    ) -> State:
        samples = len(noise)
        anchor = self.nets.anchor(frames[:, 0], control[:, 0])
        return State(
            frames[:, -1].repeat(samples, 1, 1, 1),
            tuple(part.repeat(samples, 1, 1, 1) for part in anchor),
        )

    def step(
        self,
        state: State,
        control: Float[Tensor, "SB L H W"],
        noise: Float[Tensor, "SB Z h w"],
    ) -> tuple[Float[Tensor, "SB 3 H W"], State]:
        features = self.nets.encode(state.frame)
        frame = self.nets.generate(features, control, noise, state.anchor)
        return frame, State(frame, state.anchor)

    def _anchor(
        self, frame: Float[Tensor, "B 3 H W"], label: Float[Tensor, "B 3 H W"]
    ) -> tuple[Tensor, ...]:
        # The template's label encoder must not see one label more than its own loop shows it.
        if not self.nets.anchored:
            return ()
        return self.nets.anchor(frame, self.nets.encode_label(label[None])[0])

    def _posterior(
        self, features: Float[Tensor, "N B F H W"], label: Float[Tensor, "N B L H W"]
    ) -> tuple[Float[Tensor, "N B Z h w"], Float[Tensor, "N B Z h w"]]:
        mu, logvar = (
            part.unflatten(0, label.shape[:2])
            for part in self.nets.posterior(features.flatten(0, 1), label.flatten(0, 1))
        )
        if self.config.logvar_clamp:
            logvar = logvar.clamp(-self.config.logvar_clamp, self.config.logvar_clamp)
        return mu, logvar
