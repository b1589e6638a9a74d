"""Our nets of family B: what they keep of the first frame, and what they owe to it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from framecast.clip import Batch
from framecast.errors import InputError
from framecast.models import PoseCVAEConfig, build
from framecast.models.pose_cvae import LOG_FLOOR, PoseCVAE
from framecast.predictor import DataSpec, Draws, Knobs
from framecast.rollout import rollout

FORCED, FED = torch.zeros(2), torch.ones(2)


def small(poses: DataSpec, **options: object) -> PoseCVAE:
    defaults = {"nets": "anchored", "channels": 8, "latents": 4}
    model = build(PoseCVAEConfig(**(defaults | options)), poses, seed=0).double()
    assert isinstance(model, PoseCVAE)
    return model


def material(frames: int = 4) -> tuple[Batch, Tensor]:
    generator = torch.Generator().manual_seed(5)
    x, p = torch.rand(2, 2, frames, 3, 16, 16, generator=generator, dtype=torch.float64)
    noise = torch.randn(2, frames, 4, 2, 2, generator=generator, dtype=torch.float64)
    return Batch(x, p, ("a", "b")), noise


def test_forced_frames_in_one_call_equal_steps_from_the_true_frames(poses: DataSpec) -> None:
    model, (batch, noise) = small(poses, logvar_clamp=5.0), material()
    losses = model(batch, Knobs(0.7, 0.5), Draws(noise, FORCED))
    nets, x, p = model.nets, batch.frames, nets_labels(model, batch)
    anchor = nets.anchor(x[:, 0], p[:, 0])
    mse = kl = torch.zeros((), dtype=torch.float64)
    for t in (1, 2, 3):
        mu, logvar = nets.posterior(nets.encode(x[:, t]), p[:, t])
        z = mu + (0.5 * logvar).exp() * noise[:, t]
        frame = nets.generate(nets.encode(x[:, t - 1]), p[:, t], z, anchor)
        mse = mse + (frame - x[:, t]).square().mean()
        kl = kl - 0.5 * (1 + logvar - mu**2 - logvar.exp()).sum() / 2
    torch.testing.assert_close(losses.terms["mse"], mse)
    torch.testing.assert_close(losses.total, mse + 0.7 * kl)


def nets_labels(model: PoseCVAE, batch: Batch) -> Tensor:
    return model.nets.encode_label(batch.control)


def test_a_rollout_is_the_steps_that_training_takes(poses: DataSpec) -> None:
    model, (batch, _) = small(poses).eval(), material()
    predicted = rollout(model, batch.frames[:, :1], batch.control, seeds=[3, 4])
    noise = torch.zeros(2, 4, 4, 2, 2, dtype=torch.float64)
    for i, seed in enumerate((3, 4)):
        generator = torch.Generator().manual_seed(seed)
        for t in range(4):
            noise[i, t] = torch.randn(1, 1, 4, 2, 2, generator=generator)[0, 0]
    # An untrained posterior is the prior, so training's z is its noise.
    losses = model(batch, Knobs(0.0, 0.0), Draws(noise, FED))
    errors = (predicted[0] - batch.frames[:, 1:]).square().mean((2, 3, 4)).mean(0).sum()
    torch.testing.assert_close(losses.terms["mse"], errors)


def test_the_first_frame_stays_in_view_however_long_the_rollout(poses: DataSpec) -> None:
    model = small(poses).eval()
    batch, _ = material()
    control = batch.control[:, :1].expand(-1, 40, -1, -1, -1)
    last = [
        rollout(model, first, control, seeds=[0, 0])[0, :, -1]
        for first in (batch.frames[:, :1], 1 - batch.frames[:, :1])
    ]
    assert (last[0] - last[1]).abs().mean() > 0.1


def test_nothing_drawn_leaves_the_painted_room_as_it_is(poses: DataSpec) -> None:
    model, (batch, _) = small(poses).eval(), material()
    torch.nn.init.zeros_(model.nets.out0.weight)
    torch.nn.init.zeros_(model.nets.out0.bias)
    predicted = rollout(model, batch.frames[:, :1], batch.control, seeds=[0, 0])
    p = nets_labels(model, batch)
    room, _ = model.nets.anchor(batch.frames[:, 0], p[:, 0])
    torch.testing.assert_close(
        predicted[0], room.clamp(0.004, 0.996)[:, None].expand_as(predicted[0])
    )
    unpainted = small(poses, paint=False)
    assert torch.equal(unpainted.nets.anchor(batch.frames[:, 0], p[:, 0])[0], batch.frames[:, 0])


def test_the_optimal_variance_gives_the_logarithm_of_each_frame_s_mse(poses: DataSpec) -> None:
    batch, noise = material()
    fixed = small(poses)(batch, Knobs(0.5, 0.5), Draws(noise, FED))
    model = small(poses, likelihood="optimal", mse_weight=0.1)
    losses = model(batch, Knobs(0.5, 0.5), Draws(noise, FED))
    assert losses.terms["mse"] == fixed.terms["mse"]
    assert losses.weights == {"mse": 0.0, "log_mse": 0.1, "kl": 0.5}
    x = batch.frames
    frames = model._self_fed(
        model.nets.encode(x.transpose(0, 1).flatten(0, 1)).unflatten(0, (4, 2)),
        nets_labels(model, batch).transpose(0, 1)[1:],
        noise.transpose(0, 1)[1:],
        model.nets.anchor(x[:, 0], nets_labels(model, batch)[:, 0]),
        torch.zeros(2, dtype=torch.bool),
        Draws(noise, FED),
    )
    mse = (frames - x.transpose(0, 1)[1:]).square().mean((2, 3, 4))
    torch.testing.assert_close(losses.terms["log_mse"], (mse + LOG_FLOOR).log().mean(1).sum())


def test_gradients_reach_every_parameter(poses: DataSpec) -> None:
    model, (batch, noise) = small(poses), material()
    for parameter in model.nets.heads.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.1)  # at zero they would shield what lies before
    model(batch, Knobs(0.1, 0.0), Draws(noise, FED)).total.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_sizes_that_8_does_not_divide_are_refused(poses: DataSpec) -> None:
    data = poses._replace(frame_shape=(20, 16, 3), control_shape=(20, 16, 3))
    with pytest.raises(InputError, match="20×16"):
        build(PoseCVAEConfig(nets="anchored"), data, seed=0)
