"""The models: one file each. `build` makes any of them from its config."""

from __future__ import annotations

import torch

from framecast.models.action_cvae import ActionCVAE, ActionCVAEConfig
from framecast.predictor import DataSpec, Predictor

ModelConfig = ActionCVAEConfig


def build(config: ModelConfig, data: DataSpec, seed: int) -> Predictor:
    """A freshly initialised predictor; the same seed gives the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ActionCVAE(config, data)
