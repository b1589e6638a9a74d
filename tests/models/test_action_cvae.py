"""Family A against SPEC.md's counts and against the reports' loop, one frame at a time."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor, nn

from framecast.clip import Batch
from framecast.errors import InputError
from framecast.models import ActionCVAEConfig, build
from framecast.models.action_cvae import ActionCVAE
from framecast.predictor import DataSpec, Draws, Knobs
from framecast.rollout import rollout

SMALL = {"width": 0.125, "g_dim": 12, "z_dim": 5, "rnn_dim": 16, "image_net": "dcgan64"}
FORCED, FED = torch.zeros(3), torch.ones(3)


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def small(spec: DataSpec, **options: object) -> ActionCVAE:
    model = build(ActionCVAEConfig(**(SMALL | options)), spec, seed=0).double()
    assert isinstance(model, ActionCVAE)
    return model


def material(clips: int = 3, frames: int = 6) -> tuple[Batch, Tensor]:
    generator = torch.Generator().manual_seed(3)
    x = torch.rand(clips, frames, 3, 64, 64, generator=generator, dtype=torch.float64)
    control = torch.randn(clips, frames, 7, generator=generator, dtype=torch.float64)
    noise = torch.randn(clips, frames, 5, generator=generator, dtype=torch.float64)
    return Batch(x, control, tuple("abc"[:clips])), noise


def test_the_defaults_have_exactly_the_parameters_of_the_specification(spec: DataSpec) -> None:
    model = build(ActionCVAEConfig(), spec, seed=0)
    assert isinstance(model, ActionCVAE)
    assert count(model.encoder) == 8_689_600
    assert count(model.decoder) == 11_822_659
    assert count(model.frame_predictor) == 1_136_768
    assert count(model.posterior) == 592_256
    assert count(model) == 22_241_283


def test_batch_norm_in_the_frame_predictor_adds_two_numbers_a_feature(spec: DataSpec) -> None:
    model = build(ActionCVAEConfig(predictor_batch_norm=True), spec, seed=0)
    assert isinstance(model, ActionCVAE)
    assert count(model.frame_predictor) == 1_137_024
    assert count(model) == 22_241_539


def test_dcgan_has_the_parameters_of_svg_s_dcgan64(spec: DataSpec) -> None:
    model = build(ActionCVAEConfig(image_net="dcgan64"), spec, seed=0)
    assert isinstance(model, ActionCVAE)
    norms = 2 * (64 + 128 + 256 + 512)
    convs = 16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512) + (64 + 128 + 256 + 512)
    assert count(model.encoder) == convs + norms + 16 * 512 * 128 + 128 + 2 * 128
    ups = 16 * (128 * 512 + 1024 * 256 + 512 * 128 + 256 * 64 + 128 * 3) + 512 + 256 + 128 + 64 + 3
    assert count(model.decoder) == ups + norms


def test_width_scales_every_channel_of_the_image_nets(spec: DataSpec) -> None:
    model = build(ActionCVAEConfig(width=0.25), spec, seed=0)
    assert isinstance(model, ActionCVAE)
    widths = {m.out_channels for m in model.encoder.modules() if isinstance(m, nn.Conv2d)}
    assert widths == {16, 32, 64, 128}


def test_weights_start_as_svg_s_and_the_seed_decides_them(spec: DataSpec) -> None:
    a, b, c = (build(ActionCVAEConfig(width=0.5), spec, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(a[k], b[k]) for k in a)
    kernel = a["encoder.stages.3.1.conv.weight"]
    assert kernel.std() == pytest.approx(0.02, rel=0.02)
    assert abs(kernel.mean()) < 1e-3
    assert not torch.equal(kernel, c["encoder.stages.3.1.conv.weight"])
    scale = a["encoder.stages.3.1.norm.weight"]
    assert scale.mean() == pytest.approx(1.0, abs=0.01)
    assert scale.std() == pytest.approx(0.02, rel=0.25)
    assert a["encoder.stages.3.1.conv.bias"].abs().max() == 0


def reports_loop(
    model: ActionCVAE, batch: Batch, noise: Tensor, beta: float, forced: bool
) -> tuple[Tensor, Tensor]:
    """SVG's training loop as the reports run it: every frame alone, losses added up.

    Shares the modules with the fast path, and nothing of its time handling.
    """
    config = model.config
    x = [frame[None] for frame in batch.frames.transpose(0, 1)]
    c = batch.control.transpose(0, 1)
    if config.standardise_control:
        c = (c - model.control_mean) / model.control_std
    c = model.condition(c)
    true = [model.encoder(frame) for frame in x]
    posterior_state = predictor_state = None
    mse = kl = torch.zeros((), dtype=torch.float64)
    previous, held = x[0], true[0][1]
    for t in range(1, len(x)):
        h, skips = true[t - 1] if forced or t == 1 else model.encoder(previous)
        wanted = {
            "last-frame": True,
            "last-past": t <= config.context,
            "reference": t < config.context,
        }[config.skips]
        if wanted:
            held = skips
        y, posterior_state = model.posterior.lstm(
            model.posterior.embed(true[t][0]), posterior_state
        )
        mu, logvar = model.posterior.mu(y), model.posterior.logvar(y)
        z = mu + (0.5 * logvar).exp() * noise[:, t][None]
        y, predictor_state = model.frame_predictor.lstm(
            model.frame_predictor.embed(torch.cat([c[t][None], h, z], -1)), predictor_state
        )
        g = model.frame_predictor.out(y)
        if model.frame_predictor.norm is not None:
            g = model.frame_predictor.norm(g[0])[None]
        previous = model.decoder(torch.tanh(g), held)
        mse = mse + (previous - x[t]).square().mean()
        kl = kl - 0.5 * (1 + logvar - mu**2 - logvar.exp()).sum() / x[t].shape[1]
    return mse, beta * kl


@pytest.mark.parametrize(
    ("skips", "forced", "image_net"),
    [
        *itertools.product(("last-frame", "last-past", "reference"), (True, False), ["dcgan64"]),
        ("reference", True, "vgg64"),
    ],
)
def test_all_frames_at_once_equal_the_reports_loop(
    spec: DataSpec, skips: str, forced: bool, image_net: str
) -> None:
    batch, noise = material()
    options = {
        "skips": skips, "image_net": image_net, "predictor_batch_norm": True,
        "condition": "linear", "context": 3,
    }  # fmt: skip
    ours, loop = small(spec, **options), small(spec, **options)
    losses = ours(batch, Knobs(0.3, 0.5), Draws(noise, FORCED if forced else FED))
    losses.total.backward()
    mse, weighted_kl = reports_loop(loop, batch, noise, 0.3, forced)
    (mse + weighted_kl).backward()

    torch.testing.assert_close(losses.terms["mse"], mse, rtol=1e-11, atol=0)
    torch.testing.assert_close(losses.terms["kl"] * 0.3, weighted_kl, rtol=1e-9, atol=1e-12)
    # A bias before a BatchNorm has no gradient but rounding noise, so it is left out.
    before_norm = {n.replace("norm", "conv") for n, _ in loop.named_parameters() if "norm" in n}
    before_norm.add("frame_predictor.out.bias")
    reference = dict(loop.named_parameters())
    for name, parameter in ours.named_parameters():
        if name not in before_norm or not name.endswith("bias"):
            torch.testing.assert_close(
                parameter.grad, reference[name].grad, rtol=1e-6, atol=1e-10, msg=name
            )
    if forced:  # self-fed runs interleave the encoder's updates in another order
        buffers = dict(loop.named_buffers())
        for name, buffer in ours.named_buffers():
            torch.testing.assert_close(buffer, buffers[name], rtol=1e-12, atol=1e-14, msg=name)


def test_a_coin_for_each_clip_feeds_each_clip_by_its_own(spec: DataSpec) -> None:
    """In eval mode clips do not touch each other, so a mixed batch is its clips one by one."""
    model, (batch, noise) = small(spec, skips="last-frame").eval(), material()
    coin = torch.tensor([0.0, 1.0, 0.0])
    knobs = Knobs(1.0, 0.5)
    mixed = model(batch, knobs, Draws(noise, coin)).terms["mse"]
    alone = [
        model(
            Batch(batch.frames[i : i + 1], batch.control[i : i + 1], ("a",)),
            knobs,
            Draws(noise[i : i + 1], coin[i : i + 1]),
        ).terms["mse"]
        for i in range(3)
    ]
    torch.testing.assert_close(mixed, torch.stack(alone).mean())


def test_detach_cuts_the_gradient_through_the_fed_back_frame(spec: DataSpec) -> None:
    batch, noise = material()
    gradients = []
    for detach in (False, True):
        model = small(spec, detach=detach)
        model(batch, Knobs(0.0, 0.0), Draws(noise, FED)).total.backward()
        gradients.append(model.decoder.to_rgb.weight.grad)
    assert not torch.allclose(*gradients)


def test_true_context_feeds_the_context_frames_true_even_when_self_fed(spec: DataSpec) -> None:
    batch, noise = material(frames=3)
    model = small(spec, context=3, true_context=True, skips="last-frame").eval()
    forced = model(batch, Knobs(0.1, 0.5), Draws(noise, FORCED)).total
    fed = model(batch, Knobs(0.1, 0.5), Draws(noise, FED)).total
    torch.testing.assert_close(forced, fed)


def test_logvar_is_clamped_on_both_sides(spec: DataSpec) -> None:
    model = small(spec, logvar_clamp=10.0)
    nn.init.constant_(model.posterior.logvar.bias, -80.0)
    _, logvar = model._posterior(torch.zeros(2, 3, 12, dtype=torch.float64))
    assert logvar.min() == -10.0


def test_a_standardised_control_has_mean_0_and_deviation_1(spec: DataSpec) -> None:
    data = spec._replace(control_mean=(5.0,) * 7, control_std=(2.0,) * 6 + (0.0,))
    model = small(data, standardise_control=True)
    control = torch.full((1, 7), 9.0, dtype=torch.float64)
    assert model._condition(control).tolist() == [[2.0] * 6 + [4.0]]


@pytest.mark.parametrize("skips", ["last-frame", "last-past", "reference"])
def test_a_rollout_continues_what_training_would_predict(spec: DataSpec, skips: str) -> None:
    """The posterior's mean over the context and noise after it, step by step by hand."""
    model = small(spec, skips=skips, context_latent="mean").eval()
    batch, _ = material(clips=2, frames=5)
    predicted = rollout(model, batch.frames[:, :2], batch.control, seeds=[7, 8])
    x, c = batch.frames.transpose(0, 1), batch.control.transpose(0, 1)
    generators = [torch.Generator().manual_seed(s) for s in (7, 8)]
    for g in generators:
        torch.randn(1, 2, 5, generator=g)  # the context's draws, unused with the posterior's mean
    h, feature_maps = model.encoder(x[:2])
    z, _ = model.posterior(h[1:])
    _, state = model.frame_predictor(torch.cat([c[1:2], h[:1], z], -1), None)
    skips_used = tuple(s[:1] if skips == "reference" else s[1:2] for s in feature_maps)
    features = h[1:2]
    for t in range(2, 5):
        noise = torch.cat([torch.randn(1, 1, 5, generator=g) for g in generators], 1).double()
        g_t, state = model.frame_predictor(torch.cat([c[t : t + 1], features, noise], -1), state)
        frame = model.decoder(g_t, skips_used)
        torch.testing.assert_close(predicted[0, :, t - 2], frame[0])
        features, fresh = model.encoder(frame)
        skips_used = fresh if skips == "last-frame" else skips_used


def test_samples_differ_and_each_clip_s_own_seed_decides_them(spec: DataSpec) -> None:
    model = small(spec).eval()
    # Untrained, the noise hardly reaches the frame: let it.
    nn.init.normal_(model.frame_predictor.embed.weight, 0.0, 1.0)
    batch, _ = material(clips=3, frames=4)
    past, control = batch.frames[:, :2], batch.control
    together = rollout(model, past, control, seeds=[1, 2, 3], samples=4)
    assert together.shape == (4, 3, 2, 3, 64, 64)
    assert (together[0] - together[1]).abs().max() > 0
    alone = rollout(model, past[1:2], control[1:2], seeds=[2], samples=4)
    torch.testing.assert_close(together[:, 1:2], alone)


def test_frames_of_another_size_are_refused_in_one_line(spec: DataSpec) -> None:
    with pytest.raises(InputError, match=r"64×64 RGB.*\(32, 64, 3\)"):
        build(ActionCVAEConfig(), spec._replace(frame_shape=(32, 64, 3)), seed=0)
