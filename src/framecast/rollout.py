"""The only rollout in the project: context and controls in, predicted frames out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from framecast.predictor import Predictor

CONTROLS = 1024
"""so many controls are encoded in one call: a sequence of the reports at once, and no rollout,
however long, holds more"""


def stream(
    predictor: Predictor,
    past: Float[Tensor, "B P C H W"],
    control: Float[Tensor, "B N ..."],
    seeds: Sequence[int],
    samples: int = 1,
) -> Iterator[Float[Tensor, "S B C H W"]]:
    """Predict frames P..N-1 one by one, each [S, B, C, H, W], from P context frames.

    `control` covers context and future: control[:, t] drives the step into frame t. A clip's
    noise comes from its own seed, so it does not depend on the batch the clip came in.
    """
    assert not predictor.training, "a rollout needs predictor.eval(): BatchNorm must not see it"
    clips, context = past.shape[:2]
    horizon = control.shape[1] - context
    assert len(seeds) == clips, (len(seeds), clips)
    assert horizon > 0, (context, control.shape)
    assert context < CONTROLS, context
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def draw(frames: int) -> Float[Tensor, "S B F ..."]:
        shape = (samples, frames, *predictor.noise_shape)
        noise = torch.stack([torch.randn(shape, generator=g) for g in generators], dim=1)
        return noise.to(past.device, past.dtype)

    with torch.no_grad():
        encoded = predictor.encode_control(control[:, :CONTROLS])
        state = predictor.observe(past, encoded[:, :context], draw(context))
    for t in range(context, context + horizon):
        with torch.no_grad():
            if t % CONTROLS == 0:
                encoded = predictor.encode_control(control[:, t : t + CONTROLS])
        drive = encoded[:, t % CONTROLS].repeat(samples, *[1] * (encoded.ndim - 2))
        with torch.no_grad():  # not around the yield: the caller's own mode is not ours to set
            frame, state = predictor.step(state, drive, draw(1).flatten(0, 1)[:, 0])
        yield frame.unflatten(0, (samples, clips))


def rollout(
    predictor: Predictor,
    past: Float[Tensor, "B P C H W"],
    control: Float[Tensor, "B N ..."],
    seeds: Sequence[int],
    samples: int = 1,
) -> Float[Tensor, "S B F C H W"]:
    """All predicted frames at once, [S, B, N-P, C, H, W]; see `stream`."""
    return torch.stack(list(stream(predictor, past, control, seeds, samples)), dim=2)
