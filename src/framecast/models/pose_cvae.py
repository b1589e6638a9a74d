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
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from framecast.clip import Batch
from framecast.errors import InputError
from framecast.models.gaussian import kl_to_standard_normal, reparameterise
from framecast.models.layers import frame_by_frame
from framecast.models.pose_template import (
    DecoderFusion,
    GaussianPredictor,
    Generator,
    LabelEncoder,
    RGBEncoder,
)
from framecast.predictor import DataSpec, Draws, Knobs, Losses, Predictor


@dataclass(frozen=True)
class PoseCVAEConfig:
    """Every option of family B; the defaults are the lab template's."""

    kind: Literal["pose-cvae"] = "pose-cvae"
    features: int = 128
    """F, channels of a frame's features"""
    labels: int = 32
    """L, channels of a pose's features"""
    latents: int = 12
    """channels of the latent map"""
    fused: int = 192
    """channels between the decoder fusion and the generator"""
    context: int = 1
    """how many true frames come first"""
    slope: float = 1.0
    """negative slope of the label encoder's and the posterior's own activation. The template
    writes LeakyReLU(True), which is slope 1: no non-linearity at all; 0.01 is what was meant"""
    output: Literal["none", "sigmoid"] = "none"
    """the generator's last activation"""
    detach: Literal["nothing", "frame", "features"] = "nothing"
    """where the gradient to the past is cut: at the frame fed back, or behind its features, so
    that the frame encoder learns through the posterior alone"""
    feedback_noise: float = 0.0
    """standard deviation of the noise on the frame fed back in training"""
    mse_weight: float = 1.0
    """a; B1 0.85"""
    kl_share: float = 1.0
    """b; B1 0.15"""
    logvar_clamp: float = 0.0
    """clamp logvar to ± this; 0 is off"""


class State(NamedTuple):
    """What a rollout carries: the last frame, nothing else. The first axis is S*B."""

    frame: Float[Tensor, "SB 3 H W"]


class PoseCVAE(Predictor):
    """Family B as a Predictor; time is the leading axis inside."""

    def __init__(self, config: PoseCVAEConfig, data: DataSpec) -> None:
        super().__init__()
        if len(data.control_shape) != 3 or data.control_shape != data.frame_shape:
            raise InputError(
                "the pose-cvae takes frames and pose pictures of one size; this store has frames "
                f"{data.frame_shape} and control {data.control_shape}"
            )
        self.config = config
        self.noise_shape = (config.latents, *data.frame_shape[:2])
        self.feedback_noise = config.feedback_noise
        self.rgb_encoder = RGBEncoder(config.features)
        self.label_encoder = LabelEncoder(config.labels, config.slope)
        seen = config.features + config.labels
        self.posterior = GaussianPredictor(seen, config.latents, config.slope)
        self.fusion = DecoderFusion(seen + config.latents, config.fused)
        self.generator = Generator(config.fused)
        # 1×1 and depthwise convolutions are a quarter faster so. torch's stubs do not know it.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, batch: Batch, knobs: Knobs, draws: Draws) -> Losses:
        x = batch.frames.transpose(0, 1)
        true = frame_by_frame(self.rgb_encoder, x)
        label = self.label_encoder(batch.control.transpose(0, 1)[1:])
        mu, logvar = self._posterior(true[1:], label)
        z = reparameterise(mu, logvar, draws.noise.transpose(0, 1)[1:])
        forced = draws.forced(knobs)
        if forced.all():
            previous = true[:-1]
            previous = previous.detach() if self.config.detach == "features" else previous
            inputs = (part.flatten(0, 1) for part in (previous, label, z))
            predicted = self._generate(*inputs).unflatten(0, label.shape[:2])
        else:
            predicted = self._self_fed(true, label, z, forced.to(x.device), draws)
        # Under autocast the networks give bfloat16; the sums stay in the precision of the frames.
        squared_error = (predicted.to(x.dtype) - x[1:]).square()
        kl = kl_to_standard_normal(mu.to(x.dtype), logvar.to(x.dtype))
        return Losses(
            terms={
                "mse": squared_error.mean((1, 2, 3, 4)).sum(),
                "kl": kl.sum((2, 3, 4)).mean(1).sum(),
            },
            weights={
                "mse": self.config.mse_weight,
                "kl": self.config.kl_share * knobs.kl_weight,
            },
            frames=len(predicted),
        )

    def _self_fed(
        self,
        true: Float[Tensor, "T B F H W"],
        label: Float[Tensor, "N B L H W"],
        z: Float[Tensor, "N B Z H W"],
        forced: Tensor,
        draws: Draws,
    ) -> Float[Tensor, "N B 3 H W"]:
        """One frame after the other, each fed back; clips with `forced` see the truth instead."""
        features = true[0]
        predicted: list[Tensor] = []
        for t in range(1, len(true)):
            if self.config.detach == "features":
                features = features.detach()
            predicted.append(self._generate(features, label[t - 1], z[t - 1]))
            if t == len(true) - 1:
                break
            frame = predicted[-1]
            if self.config.detach != "nothing":
                frame = frame.detach()
            if draws.feedback is not None:
                frame = frame + self.config.feedback_noise * draws.feedback[:, t]
            features = self.rgb_encoder(frame)
            if forced.any():
                features = torch.where(forced.view(-1, 1, 1, 1), true[t], features)
        return torch.stack(predicted)

    def encode_control(self, control: Float[Tensor, "B N 3 H W"]) -> Float[Tensor, "B N L H W"]:
        """The features of all labels, in one call."""
        return self.label_encoder(control.transpose(0, 1)).transpose(0, 1)

    def observe(
        self,
        frames: Float[Tensor, "B P 3 H W"],
        control: Float[Tensor, "B P L H W"],
        noise: Float[Tensor, "S B P Z H W"],
    ) -> State:
        return State(frames[:, -1].repeat(len(noise), 1, 1, 1))

    def step(
        self,
        state: State,
        control: Float[Tensor, "SB L H W"],
        noise: Float[Tensor, "SB Z H W"],
    ) -> tuple[Float[Tensor, "SB 3 H W"], State]:
        frame = self._generate(self.rgb_encoder(state.frame), control, noise)
        return frame, State(frame)

    def _generate(
        self,
        previous: Float[Tensor, "N F H W"],
        label: Float[Tensor, "N L H W"],
        z: Float[Tensor, "N Z H W"],
    ) -> Float[Tensor, "N 3 H W"]:
        frame = self.generator(self.fusion(torch.cat([previous, label, z.to(label.dtype)], dim=1)))
        frame = frame.to(z.dtype)  # a frame keeps its precision also where the networks do not
        return torch.sigmoid(frame) if self.config.output == "sigmoid" else frame

    def _posterior(
        self, features: Float[Tensor, "N B F H W"], label: Float[Tensor, "N B L H W"]
    ) -> tuple[Float[Tensor, "N B Z H W"], Float[Tensor, "N B Z H W"]]:
        mu, logvar = (
            part.unflatten(0, label.shape[:2])
            for part in self.posterior(features.flatten(0, 1), label.flatten(0, 1))
        )
        if self.config.logvar_clamp:
            logvar = logvar.clamp(-self.config.logvar_clamp, self.config.logvar_clamp)
        return mu, logvar
