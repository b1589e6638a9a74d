"""Family B against SPEC.md's counts and against the template's loop, one frame at a time."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from framecast.clip import Batch
from framecast.errors import InputError
from framecast.models import PoseCVAEConfig, build
from framecast.models.latent import with_latent
from framecast.models.pose_cvae import PoseCVAE
from framecast.predictor import DataSpec, Draws, Knobs
from framecast.rollout import rollout

SMALL = {"features": 8, "labels": 4, "latents": 4, "fused": 8}
FORCED, FED = torch.zeros(3), torch.ones(3)


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def small(poses: DataSpec, **options: object) -> PoseCVAE:
    model = build(PoseCVAEConfig(**(SMALL | options)), poses, seed=0).double()
    assert isinstance(model, PoseCVAE)
    return model


def material(clips: int = 3, frames: int = 5) -> tuple[Batch, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)

    def draw(make, *shape: int) -> Tensor:
        return make(clips, frames, *shape, generator=generator, dtype=torch.float64)

    batch = Batch(draw(torch.rand, 3, 16, 16), draw(torch.rand, 3, 16, 16), tuple("abc"[:clips]))
    return batch, draw(torch.randn, 4, 16, 16), draw(torch.randn, 3, 16, 16)


def test_the_defaults_have_exactly_the_parameters_of_the_specification() -> None:
    data = DataSpec((32, 64, 3), (32, 64, 3), (0.0,) * 3, (1.0,) * 3)
    model = build(PoseCVAEConfig(), data, seed=0)
    assert isinstance(model, PoseCVAE)
    nets = model.nets
    parts = (nets.rgb_encoder, nets.label_encoder, nets.gaussian, nets.fusion, nets.generator)
    assert [count(part) for part in parts] == [193_568, 16_832, 8_289, 617_768, 749_163]
    assert count(model) == 1_585_620


def template_loop(
    model: PoseCVAE, batch: Batch, noise: Tensor, feedback: Tensor, beta: float, forced: bool
) -> tuple[Tensor, Tensor]:
    """The template's training loop: every frame alone, everything computed where it is used."""
    config = model.config
    x, p = batch.frames.transpose(0, 1), batch.control.transpose(0, 1)
    mse = kl = torch.zeros((), dtype=torch.float64)
    previous = x[0]
    for t in range(1, len(x)):
        past = model.nets.rgb_encoder(x[t - 1] if forced or t == 1 else previous)
        if config.detach == "features":
            past = past.detach()
        label = model.nets.label_encoder(p[t : t + 1])[0]
        mu, logvar = model.nets.gaussian(model.nets.rgb_encoder(x[t]), label)
        z = mu + (0.5 * logvar).exp() * noise[:, t]
        frame = model.nets.generator(model.nets.fusion(torch.cat([past, label, z], 1)))
        if config.output == "sigmoid":
            frame = 1 / (1 + (-frame).exp())
        mse = mse + nn.functional.mse_loss(frame, x[t])
        kl = kl - 0.5 * (1 + logvar - mu**2 - logvar.exp()).sum() / len(frame)
        previous = frame if config.detach == "nothing" else frame.detach()
        previous = previous + config.feedback_noise * feedback[:, t]
    return config.mse_weight * mse, config.kl_share * beta * kl


@pytest.mark.parametrize("forced", [True, False])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"detach": "frame", "output": "sigmoid", "slope": 0.01},
        {"detach": "features", "feedback_noise": 0.1, "mse_weight": 0.85, "kl_share": 0.15},
    ],
)
def test_batched_frames_and_labels_equal_the_template_s_loop(
    poses: DataSpec, options: dict[str, object], forced: bool
) -> None:
    batch, noise, feedback = material()
    ours, loop = small(poses, **options), small(poses, **options)
    draws = Draws(noise, FORCED if forced else FED, feedback if ours.feedback_noise else None)
    losses = ours(batch, Knobs(0.3, 0.5), draws)
    losses.total.backward()
    mse, kl = template_loop(loop, batch, noise, feedback, 0.3, forced)
    (mse + kl).backward()
    torch.testing.assert_close(losses.weights["mse"] * losses.terms["mse"], mse, rtol=1e-11, atol=0)
    torch.testing.assert_close(losses.weights["kl"] * losses.terms["kl"], kl, rtol=1e-10, atol=0)
    reference = dict(loop.named_parameters())
    for name, parameter in ours.named_parameters():
        if name != "nets.label_encoder.conv.bias":  # before a BatchNorm: rounding noise alone
            torch.testing.assert_close(
                parameter.grad, reference[name].grad, rtol=1e-6, atol=1e-10, msg=name
            )
    for (name, ours_buffer), buffer in zip(ours.named_buffers(), loop.buffers()):
        torch.testing.assert_close(ours_buffer, buffer, rtol=1e-12, atol=1e-14, msg=name)


def test_each_way_to_detach_gives_the_frame_encoder_another_gradient(poses: DataSpec) -> None:
    batch, noise, _ = material()
    gradients = []
    for detach in ("nothing", "frame", "features"):
        model = small(poses, detach=detach)
        model(batch, Knobs(0.0, 0.0), Draws(noise, FED)).total.backward()
        gradients.append(model.nets.rgb_encoder[0].body[0].weight.grad)
    assert not torch.allclose(gradients[0], gradients[1])
    assert not torch.allclose(gradients[1], gradients[2])


def test_a_coin_for_each_clip_feeds_each_clip_by_its_own(poses: DataSpec) -> None:
    model, (batch, noise, _) = small(poses).eval(), material()
    knobs, coin = Knobs(1.0, 0.5), torch.tensor([0.0, 1.0, 0.0])
    mixed = model(batch, knobs, Draws(noise, coin)).terms["mse"]
    alone = []
    for i in range(3):
        one = Batch(batch.frames[i : i + 1], batch.control[i : i + 1], ("a",))
        draws = Draws(noise[i : i + 1], coin[i : i + 1])
        alone.append(model(one, knobs, draws).terms["mse"])
    torch.testing.assert_close(mixed, torch.stack(alone).mean())


def test_slope_1_takes_the_label_encoder_s_non_linearity_away(poses: DataSpec) -> None:
    """With slope 1 doubling a picture's distance from a ground doubles the features' step."""
    ground, step = torch.zeros(1, 1, 3, 16, 16, dtype=torch.float64), 0.1
    for slope, linear in ((1.0, True), (0.01, False)):
        model = small(poses, slope=slope).eval().nets.label_encoder
        model.out = nn.Identity()
        direction = torch.randn(1, 1, 3, 16, 16, dtype=torch.float64)
        once, twice = (model(ground + k * step * direction) - model(ground) for k in (1, 2))
        assert torch.allclose(2 * once, twice) == linear


def test_a_rollout_feeds_its_own_frames_and_each_frame_s_own_label(poses: DataSpec) -> None:
    model = small(poses, output="sigmoid").eval()
    batch, _, _ = material(clips=2)
    predicted = rollout(model, batch.frames[:, :1], batch.control, seeds=[7, 8])
    generators = [torch.Generator().manual_seed(s) for s in (7, 8)]
    for g in generators:
        torch.randn(1, 1, 4, 16, 16, generator=g)  # the context's draw, which nothing uses
    frame = batch.frames[:, 0]
    for t in range(1, 5):
        z = torch.cat([torch.randn(1, 4, 16, 16, generator=g) for g in generators]).double()
        label = model.nets.label_encoder(batch.control[None, :, t])[0]
        features = torch.cat([model.nets.rgb_encoder(frame), label, z], 1)
        frame = torch.sigmoid(model.nets.generator(model.nets.fusion(features)))
        torch.testing.assert_close(predicted[0, :, t - 1], frame)


def test_labels_are_encoded_in_one_call_for_a_whole_rollout(poses: DataSpec) -> None:
    model, (batch, _, _) = small(poses).eval(), material()
    calls = []
    model.nets.label_encoder.register_forward_hook(lambda *call: calls.append(call))
    rollout(model, batch.frames[:, :1], batch.control, seeds=[0, 1, 2], samples=2)
    assert len(calls) == 1


def test_a_rollout_longer_than_one_call_of_labels_is_the_same(
    poses: DataSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, (batch, _, _) = small(poses).eval(), material()
    whole = rollout(model, batch.frames[:, :1], batch.control, seeds=[0, 1, 2])
    monkeypatch.setattr("framecast.rollout.CONTROLS", 2)
    torch.testing.assert_close(
        rollout(model, batch.frames[:, :1], batch.control, seeds=[0, 1, 2]), whole
    )


def test_zero_latent_and_mean_of_draws_are_what_their_names_say(poses: DataSpec) -> None:
    model = small(poses, output="sigmoid").eval()
    nn.init.normal_(
        model.nets.fusion[0].depth[0].weight, 0.0, 0.5
    )  # let the latent reach the frame
    batch, _, _ = material(clips=1, frames=3)
    past, control = batch.frames[:, :1], batch.control

    zero = [rollout(with_latent(model, "zero"), past, control, seeds=[s]) for s in (0, 1)]
    assert torch.equal(*zero)
    assert not torch.equal(zero[0], rollout(model, past, control, seeds=[0]))

    mean = rollout(with_latent(model, "mean-of-6"), past, control, seeds=[4], samples=2)
    generator, frame = torch.Generator().manual_seed(4), past[:, 0].repeat(2, 1, 1, 1)
    torch.randn(2, 1, 6, 4, 16, 16, generator=generator)
    for t in (1, 2):
        z = torch.randn(2, 1, 6, 4, 16, 16, generator=generator).double()[:, 0]
        label = model.nets.label_encoder(control[None, :, t])[0]
        steps = []
        for sample in range(2):
            features = torch.cat([model.nets.rgb_encoder(frame[sample : sample + 1]), label], 1)
            inputs = torch.cat([features.expand(6, -1, -1, -1), z[sample]], 1)
            steps.append(torch.sigmoid(model.nets.generator(model.nets.fusion(inputs))).mean(0))
        frame = torch.stack(steps)
        torch.testing.assert_close(mean[:, 0, t - 1], frame)


@pytest.mark.parametrize("latent", ["mean", "mean-of-0", "mean-of-x", "one"])
def test_an_unknown_use_of_the_latent_is_refused(poses: DataSpec, latent: str) -> None:
    with pytest.raises(InputError, match="mean-of-10"):
        with_latent(small(poses), latent)


def test_logvar_is_clamped_on_both_sides(poses: DataSpec) -> None:
    model, (batch, _, _) = small(poses, logvar_clamp=10.0), material()
    nn.init.constant_(model.nets.gaussian.body[-1].bias, -80.0)
    x = batch.frames.transpose(0, 1)
    features = model.nets.rgb_encoder(x.flatten(0, 1)).unflatten(0, x.shape[:2])
    _, logvar = model._posterior(features, model.nets.label_encoder(batch.control.transpose(0, 1)))
    assert logvar.min() == -10.0


def test_a_control_that_is_no_picture_is_refused_in_one_line(spec: DataSpec) -> None:
    with pytest.raises(InputError, match=r"pose pictures.*\(7,\)"):
        build(PoseCVAEConfig(), spec, seed=0)
