"""The diagonal Gaussian posterior q(z|x,c) = N(μ, exp(logvar)) against the prior N(0, I).

Kingma & Welling 2014, "Auto-Encoding Variational Bayes", section 2.4 and appendix B.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def reparameterise(
    mu: Float[Tensor, "*d"], logvar: Float[Tensor, "*d"], noise: Float[Tensor, "*d"]
) -> Float[Tensor, "*d"]:
    """z = μ + exp(logvar / 2) · ε, with the ε handed in."""
    return mu + torch.exp(0.5 * logvar) * noise


def kl_to_standard_normal(
    mu: Float[Tensor, "*d"], logvar: Float[Tensor, "*d"]
) -> Float[Tensor, "*d"]:
    """KL(N(μ, exp(logvar)) ‖ N(0, 1)) of each latent number, in nats."""
    return 0.5 * (mu.square() + logvar.exp() - 1.0 - logvar)
