"""The fast switch changes rounding and nothing else.

In a process of its own: the shape checks of conftest.py are not for compiled code.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import torch
from framecast.fast import Fast
from framecast.models import ActionCVAEConfig, PoseCVAEConfig, build
from framecast.models.latent import with_latent
from framecast.predictor import DataSpec
from framecast.rollout import rollout

torch.set_num_threads(1)
config = {config}
size, control = (64, (7,)) if config.kind == "action-cvae" else (16, (16, 16, 3))
model = build(config, DataSpec((size, size, 3), control, (0.0,) * 7, (1.0,) * 7), seed=0).eval()
generator = torch.Generator().manual_seed(1)
x = torch.rand(2, 2, 3, size, size, generator=generator)
p = torch.rand(2, 12, *(control if len(control) == 1 else (3, 16, 16)), generator=generator)
fast, compiled = Fast(model, torch.device("cpu")), torch._dynamo.utils.counters["stats"]
rollout(fast, x[:, : config.context], p[:, : config.context + 1], seeds=[1, 2])
after_one_step = compiled["unique_graphs"]
assert after_one_step > 0
for latent in ("sample", "zero"):
    frames = [
        rollout(with_latent(predictor, latent), x[:, : config.context], p, seeds=[1, 2])
        for predictor in (fast, model)
    ]
    assert frames[0].dtype == frames[1].dtype == torch.float32
    assert not torch.equal(*frames), "nothing was rounded: is it bfloat16?"
    assert (frames[0] - frames[1]).square().mean() < 1e-5, "further than 50 dB apart"
assert compiled["unique_graphs"] == after_one_step, "a later step was compiled anew"
"""


@pytest.mark.parametrize(
    "config",
    [
        "PoseCVAEConfig(latents=4, features=8, labels=4, fused=8, output='sigmoid')",
        "PoseCVAEConfig(latents=4, nets='anchored', channels=8)",
        "ActionCVAEConfig(width=0.125, g_dim=16, z_dim=4, rnn_dim=16, image_net='dcgan64')",
    ],
)
def test_a_compiled_rollout_is_the_plain_one_up_to_bfloat16(config: str) -> None:
    script = SCRIPT.replace("{config}", config)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
