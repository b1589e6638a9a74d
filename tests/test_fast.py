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
from framecast.models import PoseCVAEConfig, build
from framecast.models.latent import with_latent
from framecast.predictor import DataSpec
from framecast.rollout import rollout

torch.set_num_threads(1)
config = PoseCVAEConfig(latents=4, {options})
model = build(config, DataSpec((16, 16, 3), (16, 16, 3), (0.0,) * 3, (1.0,) * 3), seed=0).eval()
x, p = torch.rand(2, 2, 12, 3, 16, 16, generator=torch.Generator().manual_seed(1))
fast = Fast(model, torch.device("cpu"))
for latent in ("sample", "zero"):
    frames = [
        rollout(with_latent(predictor, latent), x[:, :1], p, seeds=[1, 2])
        for predictor in (fast, model)
    ]
    assert frames[0].dtype == frames[1].dtype == torch.float32
    assert not torch.equal(*frames), "nothing was rounded: is it bfloat16?"
    assert (frames[0] - frames[1]).square().mean() < 1e-5, "further than 50 dB apart"
assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1, "compiled more than once"
"""


@pytest.mark.parametrize(
    "options",
    ["features=8, labels=4, fused=8, output='sigmoid'", "nets='anchored', channels=8"],
)
def test_a_compiled_rollout_is_the_plain_one_up_to_bfloat16(options: str) -> None:
    script = SCRIPT.replace("{options}", options)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
