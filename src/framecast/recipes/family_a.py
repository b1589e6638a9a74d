"""Family A: the settings of reports A1, A2 and A3, and the demo's.

What a report leaves unsaid is the reference program's default (ActionCVAEConfig, TrainConfig):
Adam at 0.002, 300 epochs of 600 batches, 2 context and 10 predicted frames.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from framecast.models import ActionCVAEConfig
from framecast.recipes.config import RunConfig
from framecast.schedules import KLWeight, LearningRate, TeacherForcing
from framecast.train.config import TrainConfig

Annealing = Literal["cyclical", "monotonic"]


def kl(kind: Annealing) -> KLWeight:
    """The two schedules every report compares: three cycles of ratio 0.5, or one ramp of 25 %."""
    if kind == "cyclical":
        return KLWeight("cyclical", epochs=300, cycles=3, ratio=0.5)
    return KLWeight("monotonic", epochs=300, ratio=0.25)


def a1(annealing: Annealing, start_epoch: float = 150) -> RunConfig:
    """A1: teacher forcing 1.0 to epoch 150, then linearly to 0; posterior mean over the context."""
    return RunConfig(
        recipe=f"a1-{annealing}",
        model=ActionCVAEConfig(context_latent="mean"),
        train=TrainConfig(
            batch=12,
            window="first",
            kl=kl(annealing),
            teacher_forcing=TeacherForcing("linear", start_epoch=start_epoch, end_epoch=300),
        ),
    )


def a2(annealing: Annealing, rate: float = 0.002, g_dim: int = 128, z_dim: int = 64) -> RunConfig:
    """A2: batch 16, teacher forcing 1.0 to epoch 80, then linearly to 0."""
    return RunConfig(
        recipe=f"a2-{annealing}",
        model=ActionCVAEConfig(g_dim=g_dim, z_dim=z_dim),
        train=TrainConfig(
            batch=16,
            window="first",
            kl=kl(annealing),
            teacher_forcing=TeacherForcing("linear", start_epoch=80, end_epoch=300),
            learning_rate=LearningRate(peak=rate),
        ),
    )


def a3(annealing: Annealing, rate: float = 0.002) -> RunConfig:
    """A3: the condition through a linear layer; teacher forcing down by 0.01 an epoch from 20."""
    return RunConfig(
        recipe=f"a3-{annealing}",
        model=ActionCVAEConfig(condition="linear"),
        train=TrainConfig(
            batch=12,
            window="first",
            kl=kl(annealing),
            teacher_forcing=TeacherForcing("step", start_epoch=20, step=0.01),
            learning_rate=LearningRate(peak=rate),
        ),
    )


def demo() -> RunConfig:
    """A narrow model that two CPU cores train in minutes.

    The true frame is fed throughout: the positions in the control hold the rollout on course,
    and a forced step costs half of a self-fed one. A tenth of SVG's KL weight: in a world that
    the control nearly explains, SVG's own 1e-4 lets the latent go silent.
    """
    epochs = 10
    return RunConfig(
        recipe="a-demo",
        model=ActionCVAEConfig(
            image_net="dcgan64",
            width=0.5,
            z_dim=16,
            condition="linear",
            condition_dim=32,
            standardise_control=True,
            skips="last-past",
        ),
        train=TrainConfig(
            epochs=epochs,
            steps_per_epoch=100,
            batch=8,
            kl=KLWeight("constant", peak=1e-5),
            teacher_forcing=TeacherForcing("constant"),
            learning_rate=LearningRate("cosine", peak=2e-3, warmup=0.5, epochs=epochs),
            clip_norm=1.0,
            ema=0.98,
            precision="auto",
            validate_every=2,
            save_every=2,
        ),
    )


FAMILY_A: dict[str, tuple[Callable[[], RunConfig], str]] = {
    "a1-cyclical": (lambda: a1("cyclical"), "A1: teacher forcing down from epoch 150 of 300"),
    "a1-monotonic": (lambda: a1("monotonic"), "A1, KL weight in one ramp"),
    "a1-decay-from-0": (lambda: a1("cyclical", start_epoch=0), "A1's warning: down from the start"),
    "a2-cyclical": (lambda: a2("cyclical"), "A2 corrected: teacher forcing down from epoch 80"),
    "a2-monotonic": (lambda: a2("monotonic"), "A2 corrected, KL weight in one ramp"),
    "a2-swapped-cyclical": (
        lambda: a2("cyclical", g_dim=64, z_dim=128),
        "A2 as first run: z and g dimensions swapped",
    ),
    "a2-swapped-monotonic": (
        lambda: a2("monotonic", g_dim=64, z_dim=128),
        "the same, KL weight in one ramp",
    ),
    "a2-lr-0.003": (lambda: a2("cyclical", rate=0.003), "A2's learning rates: worse than 0.002"),
    "a2-lr-0.004": (lambda: a2("cyclical", rate=0.004), "A2's learning rates: worse than 0.002"),
    "a3-cyclical": (lambda: a3("cyclical"), "A3: linear condition, forcing down 0.01 an epoch"),
    "a3-monotonic": (lambda: a3("monotonic"), "A3, KL weight in one ramp"),
    "a3-lr-0.01": (lambda: a3("cyclical", rate=0.01), "A3's learning rate: worse than 0.002"),
    "a-demo": (demo, "a narrow model that two CPU cores train in minutes"),
}
"""Name -> (configuration, one line on it)."""
