"""The models: one file each. `build` makes any of them from its config."""

from __future__ import annotations

import torch

from framecast.models.action_cvae import ActionCVAE, ActionCVAEConfig
from framecast.models.pose_cvae import PoseCVAE, PoseCVAEConfig
from framecast.predictor import DataSpec, Predictor

ModelConfig = ActionCVAEConfig | PoseCVAEConfig
MODEL_CONFIGS = {config().kind: config for config in (ActionCVAEConfig, PoseCVAEConfig)}
"""What a configuration's `kind` stands for."""


def build(config: ModelConfig, data: DataSpec, seed: int) -> Predictor:
    """A freshly initialised predictor; the same seed gives the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if isinstance(config, PoseCVAEConfig):
            return PoseCVAE(config, data)
        return ActionCVAE(config, data)
