"""Family A: the action-conditioned CVAE for robot video.

SVG with a fixed prior (Denton & Fergus 2018, "Stochastic Video Generation with a Learned
Prior", section 3.1) plus a control. Writing h_t = enc(x_t), and c_t for the control that
drives the step into frame t:

    q(z_t | x_1..t) = N(μ_t, exp logvar_t)   from an LSTM over h_1..t
    g_t = LSTM([c_t, h_{t-1}, z_t])          h_{t-1} of the true or of the predicted frame
    x̂_t = dec(g_t, skips)
    loss = Σ_t mean((x̂_t - x_t)²) + β Σ_t KL(q(z_t | ·) ‖ N(0, I))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from framecast.clip import Batch
from framecast.errors import InputError
from framecast.models.gaussian import kl_to_standard_normal, reparameterise
from framecast.models.images import SIZE, ImageNet, Skips, image_nets
from framecast.models.layers import normal_init, per_step
from framecast.predictor import DataSpec, Draws, Knobs, Losses, Predictor

LstmState = tuple[Tensor, Tensor] | None


@dataclass(frozen=True)
class ActionCVAEConfig:
    """Every option of family A; the defaults are the reports'."""

    kind: Literal["action-cvae"] = "action-cvae"
    image_net: ImageNet = "vgg64"
    width: float = 1.0
    """scales the image nets' 64-128-256-512 channels"""
    g_dim: int = 128
    z_dim: int = 64
    rnn_dim: int = 256
    posterior_layers: int = 1
    predictor_layers: int = 2
    context: int = 2
    """n_past: how many true frames come first"""
    condition: Literal["raw", "linear"] = "raw"
    """concatenate the control as it is (A1, A2) or after a linear layer (A3)"""
    condition_dim: int = 7
    """width of that linear layer"""
    standardise_control: bool = False
    """subtract the training clips' mean and divide by their standard deviation first"""
    skips: Literal["last-frame", "last-past", "reference"] = "reference"
    """where the decoder's skips come from. last-frame: frame t-1, fed back or true. last-past:
    the last context frame. reference: as SVG's loop does it, which takes skips while
    t < n_past from frame t-1, so that with n_past 2 every prediction uses frame 0's."""
    predictor_batch_norm: bool = False
    """BatchNorm1d before the frame predictor's tanh, as one reference has it"""
    true_context: bool = False
    """when self-fed, feed the context frames true all the same, as evaluation does"""
    detach: bool = False
    """when self-fed, cut the gradient at the frame fed back"""
    logvar_clamp: float = 0.0
    """clamp logvar to ± this; 0 is off"""
    context_latent: Literal["sample", "mean"] = "sample"
    """z over the context at prediction: a posterior sample, or its mean (A1)"""


class State(NamedTuple):
    """What a rollout carries; the first axis of everything is S*B."""

    frame: Float[Tensor, "SB 3 64 64"]
    hidden: Float[Tensor, "SB layers rnn"]
    cell: Float[Tensor, "SB layers rnn"]
    skips: Skips


class Posterior(nn.Module):
    """Linear embedding, LSTM, and two linear heads: h_1..t -> μ_t, logvar_t."""

    def __init__(self, g_dim: int, z_dim: int, rnn_dim: int, layers: int) -> None:
        super().__init__()
        self.embed = nn.Linear(g_dim, rnn_dim)
        self.lstm = nn.LSTM(rnn_dim, rnn_dim, layers)
        self.mu = nn.Linear(rnn_dim, z_dim)
        self.logvar = nn.Linear(rnn_dim, z_dim)

    def forward(
        self, h: Float[Tensor, "T B g"]
    ) -> tuple[Float[Tensor, "T B z"], Float[Tensor, "T B z"]]:
        y, _ = self.lstm(self.embed(h))
        return self.mu(y), self.logvar(y)


class FramePredictor(nn.Module):
    """Linear embedding, LSTM, linear, (BatchNorm1d), tanh: [c_t, h_{t-1}, z_t] -> g_t."""

    def __init__(
        self, inputs: int, g_dim: int, rnn_dim: int, layers: int, batch_norm: bool
    ) -> None:
        super().__init__()
        self.embed = nn.Linear(inputs, rnn_dim)
        self.lstm = nn.LSTM(rnn_dim, rnn_dim, layers)
        self.out = nn.Linear(rnn_dim, g_dim)
        self.norm = nn.BatchNorm1d(g_dim) if batch_norm else None

    def forward(
        self, inputs: Float[Tensor, "T B i"], state: LstmState
    ) -> tuple[Float[Tensor, "T B g"], LstmState]:
        y, state = self.lstm(self.embed(inputs), state)
        g = self.out(y)
        if self.norm is not None:
            g = per_step(self.norm, g.flatten(0, 1), len(g)).unflatten(0, g.shape[:2])
        return torch.tanh(g), state


class ActionCVAE(Predictor):
    """Family A as a Predictor; time is the leading axis inside."""

    control_mean: Tensor
    control_std: Tensor

    def __init__(self, config: ActionCVAEConfig, data: DataSpec) -> None:
        super().__init__()
        if data.frame_shape != (SIZE, SIZE, 3) or len(data.control_shape) != 1:
            raise InputError(
                f"the action-cvae takes {SIZE}×{SIZE} RGB frames and a control vector; this store "
                f"has frames {data.frame_shape} and control {data.control_shape}"
            )
        self.config = config
        self.noise_shape = (config.z_dim,)
        self.encoder, self.decoder = image_nets(config.image_net, config.g_dim, config.width)
        self.posterior = Posterior(
            config.g_dim, config.z_dim, config.rnn_dim, config.posterior_layers
        )
        (controls,) = data.control_shape
        linear = config.condition == "linear"
        self.condition = nn.Linear(controls, config.condition_dim) if linear else nn.Identity()
        self.frame_predictor = FramePredictor(
            (config.condition_dim if linear else controls) + config.g_dim + config.z_dim,
            config.g_dim,
            config.rnn_dim,
            config.predictor_layers,
            config.predictor_batch_norm,
        )
        mean, std = torch.as_tensor(data.control_mean), torch.as_tensor(data.control_std)
        self.register_buffer("control_mean", mean.float().clone())
        # A control that never moves would divide by zero: leave its scale alone.
        self.register_buffer("control_std", torch.where(std > 1e-6, std, 1.0).float())
        normal_init(self)

    def forward(self, batch: Batch, knobs: Knobs, draws: Draws) -> Losses:
        x = batch.frames.transpose(0, 1)
        control = self._condition(batch.control.transpose(0, 1)[1:])
        h, skips = self.encoder(x)
        mu, logvar = self._posterior(h[1:])
        z = reparameterise(mu, logvar, draws.noise.transpose(0, 1)[1:])
        forced = draws.forced(knobs)
        if forced.all():
            inputs = torch.cat([control, h[:-1], z], dim=-1)
            g, _ = self.frame_predictor(inputs, None)
            predicted = self.decoder(g, self._true_skips(skips, len(g)))
        else:
            predicted = self._self_fed(control, h, skips, z, forced.to(x.device))
        # Under autocast the networks give bfloat16; the sums stay in the precision of the frames.
        squared_error = (predicted.to(x.dtype) - x[1:]).square()
        kl = kl_to_standard_normal(mu.to(x.dtype), logvar.to(x.dtype))
        return Losses(
            terms={
                "mse": squared_error.mean((1, 2, 3, 4)).sum(),
                "kl": kl.sum(-1).mean(1).sum(),
            },
            weights={"mse": 1.0, "kl": knobs.kl_weight},
            frames=len(predicted),
        )

    def _self_fed(
        self,
        control: Float[Tensor, "N B c"],
        h: Float[Tensor, "T B g"],
        skips: Skips,
        z: Float[Tensor, "N B z"],
        forced: Tensor,
    ) -> Float[Tensor, "N B 3 64 64"]:
        """One frame after the other, each fed back; clips with `forced` see the truth instead."""
        features, fed_skips = h[:1], _at(skips, 0)
        held: Skips = fed_skips
        state: LstmState = None
        predicted: list[Tensor] = []
        for t in range(1, len(h)):
            if self._skip_source(t) == t - 1:
                held = fed_skips
            inputs = torch.cat([control[t - 1 : t], features, z[t - 1 : t]], dim=-1)
            g, state = self.frame_predictor(inputs, state)
            predicted.append(self.decoder(g, held))
            if t == len(h) - 1:
                break
            if self.config.true_context and t < self.config.context:
                features, fed_skips = h[t : t + 1], _at(skips, t)
                continue
            frame = predicted[-1].detach() if self.config.detach else predicted[-1]
            features, fed_skips = self.encoder(frame)
            if forced.any():
                features = _choose(forced, h[t : t + 1], features)
                true = _at(skips, t)
                fed_skips = tuple(_choose(forced, a, b) for a, b in zip(true, fed_skips))
        return torch.cat(predicted)

    def observe(
        self,
        frames: Float[Tensor, "B P 3 64 64"],
        control: Float[Tensor, "B P c"],
        noise: Float[Tensor, "S B P z"],
    ) -> State:
        samples, clips, context = noise.shape[:3]
        x = frames.transpose(0, 1)
        h, skips = self.encoder(x)
        hidden = cell = x.new_zeros(
            self.config.predictor_layers, samples * clips, self.config.rnn_dim
        )
        if context > 1:
            mu, logvar = (m.repeat(1, samples, 1) for m in self._posterior(h[1:]))
            epsilon = noise.flatten(0, 1).transpose(0, 1)[1:]
            sampled = self.config.context_latent == "sample"
            z = reparameterise(mu, logvar, epsilon) if sampled else mu
            drive = self._condition(control.transpose(0, 1)[1:])
            past = torch.cat([drive, h[:-1]], dim=-1).repeat(1, samples, 1)
            _, (hidden, cell) = self.frame_predictor(torch.cat([past, z], dim=-1), None)
        source = min(context - 1, self._skip_source(context))
        return State(
            frame=frames[:, -1].repeat(samples, 1, 1, 1),
            hidden=hidden.transpose(0, 1),
            cell=cell.transpose(0, 1),
            skips=tuple(s[source].repeat(samples, 1, 1, 1) for s in skips),
        )

    def step(
        self, state: State, control: Float[Tensor, "SB c"], noise: Float[Tensor, "SB z"]
    ) -> tuple[Float[Tensor, "SB 3 64 64"], State]:
        h, skips = self.encoder(state.frame[None])
        if self.config.skips != "last-frame":
            skips = tuple(skip[None] for skip in state.skips)
        lstm = (state.hidden.transpose(0, 1).contiguous(), state.cell.transpose(0, 1).contiguous())
        inputs = torch.cat([self._condition(control)[None], h, noise[None]], dim=-1)
        g, (hidden, cell) = self.frame_predictor(inputs, lstm)
        frame = self.decoder(g, skips)[0]
        return frame, State(frame, hidden.transpose(0, 1), cell.transpose(0, 1), state.skips)

    def _condition(self, control: Float[Tensor, "*lead K"]) -> Float[Tensor, "*lead c"]:
        if self.config.standardise_control:
            control = (control - self.control_mean) / self.control_std
        return self.condition(control)

    def _posterior(self, h: Float[Tensor, "T B g"]) -> tuple[Tensor, Tensor]:
        mu, logvar = self.posterior(h)
        if self.config.logvar_clamp:
            logvar = logvar.clamp(-self.config.logvar_clamp, self.config.logvar_clamp)
        return mu, logvar

    def _skip_source(self, t: int) -> int:
        """Which frame's skips the step into frame t uses."""
        context = self.config.context
        match self.config.skips:
            case "last-frame":
                return t - 1
            case "last-past":
                return min(t, context) - 1
            case "reference":
                return min(t, max(context - 1, 1)) - 1

    def _true_skips(self, skips: Skips, steps: int) -> Skips:
        sources = [self._skip_source(t) for t in range(1, steps + 1)]
        if sources == list(range(steps)):
            return tuple(s[:-1] for s in skips)
        if len(set(sources)) == 1:
            return _at(skips, sources[0])
        return tuple(torch.cat([s[i : i + 1] for i in sources]) for s in skips)


def _at(skips: Skips, t: int) -> Skips:
    return tuple(skip[t : t + 1] for skip in skips)


def _choose(forced: Tensor, true: Tensor, fed: Tensor) -> Tensor:
    """[1, B, ...]: the true features where a clip is forced, the fed-back ones elsewhere."""
    return torch.where(forced.view(1, -1, *[1] * (true.ndim - 2)), true, fed)
