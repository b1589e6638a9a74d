from __future__ import annotations

import torch
from torch.distributions import Independent, Normal, kl_divergence

from framecast.models.gaussian import kl_to_standard_normal, reparameterise


def gaussians() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return tuple(torch.randn(2, 5, 16, generator=generator, dtype=torch.float64))


def test_kl_equals_torch_distributions() -> None:
    mu, logvar = gaussians()
    reference = kl_divergence(Normal(mu, (0.5 * logvar).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(kl_to_standard_normal(mu, logvar), reference)


def test_kl_is_zero_at_the_prior_and_nowhere_else() -> None:
    zero = torch.zeros(3)
    assert kl_to_standard_normal(zero, zero).abs().max() == 0
    assert (kl_to_standard_normal(zero + 0.1, zero) > 0).all()
    assert (kl_to_standard_normal(zero, zero + 0.1) > 0).all()


def test_reparameterised_samples_have_the_posterior_s_density_and_gradients() -> None:
    mu, logvar = (p.clone().requires_grad_() for p in gaussians())
    noise = torch.randn(5, 16, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    z = reparameterise(mu, logvar, noise)
    posterior = Normal(mu, (0.5 * logvar).exp())
    # The noise is the sample's standard score, so both densities must agree up to |dz/dε|.
    expected = Normal(0.0, 1.0).log_prob(noise) - 0.5 * logvar
    torch.testing.assert_close(posterior.log_prob(z), expected)
    z.sum().backward()
    torch.testing.assert_close(mu.grad, torch.ones_like(mu))
    torch.testing.assert_close(logvar.grad, 0.5 * (0.5 * logvar).exp() * noise)


def test_the_elbo_with_a_unit_gaussian_likelihood_is_half_the_squared_error_plus_the_kl() -> None:
    """-ELBO = ½‖x - x̂‖² + KL + const: the loss is an ELBO with the constant left out."""
    mu, logvar = gaussians()
    generator = torch.Generator().manual_seed(2)
    x, decoded = torch.rand(2, 5, 12, generator=generator, dtype=torch.float64)
    likelihood = Independent(Normal(decoded, 1.0), 1).log_prob(x)
    posterior = Independent(Normal(mu, (0.5 * logvar).exp()), 1)
    prior = Independent(Normal(torch.zeros_like(mu), 1.0), 1)
    elbo = likelihood - kl_divergence(posterior, prior)
    constant = 0.5 * 12 * torch.log(torch.tensor(2 * torch.pi, dtype=torch.float64))
    ours = 0.5 * (x - decoded).square().sum(-1) + kl_to_standard_normal(mu, logvar).sum(-1)
    torch.testing.assert_close(ours + constant, -elbo)
