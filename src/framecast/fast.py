"""The same predictor, faster: bfloat16 networks, compiled steps, CUDA graphs on a GPU.

One switch (`--fast`) for everything that predicts. It changes arithmetic, not mathematics:
frames differ from float32's by rounding, so a result says whether it was made this way.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils._pytree import tree_map

from framecast.predictor import Predictor, State


class Fast(Predictor):
    """A predictor in eval mode whose steps are compiled for the shapes that they first see.

    arithmetic  what a result should say; without bfloat16 in the hardware it stays float32
    """

    def __init__(self, predictor: Predictor, device: torch.device) -> None:
        super().__init__()
        assert not predictor.training, "compile a predictor in eval mode"
        self.predictor, self.device_type = predictor, device.type
        self.narrow = multiplies_bfloat16(device.type)
        self.arithmetic = f"{'bfloat16' if self.narrow else 'float32'}, compiled"
        self.noise_shape = predictor.noise_shape
        # Freezing makes the weights constants, which oneDNN then keeps in its own layout.
        options: dict[str, Any] = (
            {"triton.cudagraphs": True} if device.type == "cuda" else {"freezing": True}
        )
        self._step = torch.compile(predictor.step, dynamic=False, options=options)
        self.eval()

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device_type, torch.bfloat16, enabled=self.narrow)

    def encode_control(self, control: Float[Tensor, "B N ..."]) -> Float[Tensor, "B N ..."]:
        with self._autocast():
            return self.predictor.encode_control(control)

    def observe(self, frames: Tensor, control: Tensor, noise: Tensor) -> State:
        with self._autocast():
            return _settled(self.predictor.observe(frames, control, noise))

    def step(self, state: State, control: Tensor, noise: Tensor) -> tuple[Tensor, State]:
        with self._autocast():
            frame, state = self._step(state, control, noise)
        return _settled(frame), _settled(state)


def multiplies_bfloat16(device_type: str) -> bool:
    """Whether the hardware multiplies bfloat16 natively; elsewhere it is slower than float32."""
    if device_type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def _settled(nest: State) -> State:
    """Copies in float32 and one memory order: CUDA graphs reuse theirs, and a state that came
    back otherwise than it went in would be compiled anew."""

    def settled(part: Tensor) -> Tensor:
        return part.to(torch.float32, copy=True, memory_format=torch.contiguous_format)

    return tree_map(settled, nest)
