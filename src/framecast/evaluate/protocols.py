"""Protocols: frozen, named, hashed definitions of what a number means."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

from torch import Tensor

from framecast.clip import ControlSpec, Split
from framecast.errors import InputError
from framecast.evaluate.frames import MSE_FLOOR, psnr_finn, psnr_joint

METRICS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = MappingProxyType(
    {"psnr-finn": psnr_finn, "psnr-joint": psnr_joint}
)
"""Name -> (predicted, truth) [..., C, H, W] -> a value a frame."""


@dataclass(frozen=True)
class Protocol:
    """Everything that decides a result besides the weights and the store.

    The first `context + horizon` frames of every clip of `split` are used; a shorter clip is
    an error, never left out. `metric` begins with its definition's name in METRICS; `reducer`
    says what is averaged, in which order. BatchNorm is in eval mode: a score never depends on
    the batch.
    """

    name: str
    split: Split
    context: int
    horizon: int
    samples: int
    seed: int
    metric: str
    reducer: str
    mse_floor: float = MSE_FLOOR
    batch_norm: str = "eval mode"

    @property
    def score(self) -> Callable[[Tensor, Tensor], Tensor]:
        """The metric's function."""
        return METRICS[self.metric.split(":")[0]]

    @property
    def hash(self) -> str:
        """sha256 of the definition's canonical JSON."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


COURSE_A = Protocol(
    name="course-a",
    split="test",
    context=2,
    horizon=10,
    samples=1,
    seed=0,
    metric="psnr-finn: per channel over [0,1] pixels, mean over channels, dB",
    reducer="mean over predicted frames, then over clips",
)

COURSE_B = Protocol(
    name="course-b",
    split="test",
    context=1,
    horizon=629,
    samples=1,
    seed=0,
    metric="psnr-joint: over [0,1] pixels of all channels together, dB",
    reducer="mean over predicted frames, then over clips",
)

PROTOCOLS: Mapping[str, Protocol] = MappingProxyType({p.name: p for p in (COURSE_A, COURSE_B)})


def usual(control: ControlSpec) -> Protocol:
    """The reports' protocol for a kind of control: a robot's numbers, or a person's poses."""
    return COURSE_B if control.kind == "image" else COURSE_A


def named(name: str) -> Protocol:
    """A protocol by name. Raises InputError with the nearest name."""
    if name in PROTOCOLS:
        return PROTOCOLS[name]
    near = difflib.get_close_matches(name, PROTOCOLS, 1, 0.0)
    raise InputError(
        f"no protocol is called {name!r}: did you mean {near[0]!r}? "
        f"There are: {', '.join(PROTOCOLS)}"
    )
