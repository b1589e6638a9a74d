"""Family B's rollout at full width: the template's own loop beside ours, plain and fast.

    python benchmarks/rollout_pose.py [--frames 630] [--rounds 3] [--device cuda]

The template's loop encodes each label when its frame is due, in float32 with channels first;
ours encodes all labels before the rollout; the fast switch adds bfloat16 and compiled steps.
Rounds are interleaved in one process; compiling is not counted. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from framecast.fast import Fast
from framecast.models import PoseCVAEConfig, build
from framecast.models.pose_cvae import PoseCVAE
from framecast.predictor import DataSpec
from framecast.rollout import stream

DATA = DataSpec((32, 64, 3), (32, 64, 3), (0.0,) * 3, (1.0,) * 3)


@torch.no_grad()
def template_loop(model: PoseCVAE, first: Tensor, labels: Tensor) -> None:
    """What the template's validation does, frame by frame, with its modules."""
    nets, frame = model.nets, first[:, 0]
    generator = torch.Generator().manual_seed(0)
    for t in range(1, labels.shape[1]):
        features = nets.encode(frame)
        label = nets.encode_label(labels[None, :, t])[0]
        z = torch.randn(1, *model.noise_shape, generator=generator).to(first.device)
        frame = nets.generate(features, label, z, ())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--frames", type=int, default=630)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    device = torch.device(options.device)
    config = PoseCVAEConfig(output="sigmoid")
    model = build(config, DATA, seed=0).eval().to(device)
    plain = build(config, DATA, seed=0).eval().to(device)
    plain.to(memory_format=torch.contiguous_format)  # as the template lies in memory
    assert isinstance(plain, PoseCVAE)
    fast = Fast(model, device)
    generator = torch.Generator().manual_seed(0)
    first = torch.rand(1, 1, 3, 32, 64, generator=generator).to(device)
    labels = torch.rand(1, options.frames, 3, 32, 64, generator=generator).to(device)

    def rolled(predictor: PoseCVAE | Fast, frames: int) -> None:
        for _ in stream(predictor, first, labels[:, :frames], [0]):
            pass

    ways: dict[str, Callable[[int], None]] = {
        "template_loop": lambda frames: template_loop(plain, first, labels[:, :frames]),
        "ours": lambda frames: rolled(model, frames),
        "fast": lambda frames: rolled(fast, frames),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way(4)  # compiles
    for _ in range(options.rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way(options.frames)
            if device.type == "cuda":
                torch.cuda.synchronize()
            seconds[name].append(time.perf_counter() - start)
    rates = {
        name: (options.frames - 1) / statistics.median(values) for name, values in seconds.items()
    }
    ratios = [a / b for a, b in zip(seconds["template_loop"], seconds["fast"])]
    for name, rate in rates.items():
        print(f"{name:16} {rate:7.1f} frames a second")
    result = {
        "frames_per_s": {name: round(rate, 2) for name, rate in rates.items()},
        "ratio": round(statistics.median(ratios), 2),
        "ratio_range": [round(min(ratios), 2), round(max(ratios), 2)],
        "threads": torch.get_num_threads(),
        "device": str(device),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
