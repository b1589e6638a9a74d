"""Every recipe holds what its report says, survives JSON, and builds."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from framecast.errors import InputError
from framecast.models import build
from framecast.predictor import DataSpec
from framecast.recipes import RECIPES, recipe
from framecast.recipes.config import RunConfig, differences, from_json, to_json
from framecast.rollout import rollout
from framecast.schedules import KLWeight, LearningRate, TeacherForcing
from framecast.store import Store
from framecast.train import train
from framecast.verbs.training import training_loader, validation


def test_the_reports_common_ground_is_in_every_one_of_their_recipes() -> None:
    for name in RECIPES:
        config = recipe(name)
        assert config.recipe == name
        if name == "a-demo" or config.model.kind != "action-cvae":
            continue
        t = config.train
        assert (t.epochs, t.steps_per_epoch) == (300, 600)
        assert (config.model.context, t.horizon) == (2, 10)
        assert (t.optimizer, t.betas) == ("adam", (0.9, 0.999))
        assert 12 <= t.batch <= 20
        assert config.model.width == 1.0
        assert config.model.rnn_dim == 256


@pytest.mark.parametrize(
    ("name", "epochs", "ratios"),
    [
        ("a1-cyclical", (0, 150, 225, 300), (1, 1, 0.5, 0)),
        ("a1-decay-from-0", (0, 150, 300), (1, 0.5, 0)),
        ("a2-monotonic", (0, 80, 190, 300), (1, 1, 0.5, 0)),
        ("a3-cyclical", (0, 20, 30, 120, 299), (1, 1, 0.9, 0, 0)),
    ],
)
def test_teacher_forcing_is_each_report_s(
    name: str, epochs: tuple[int, ...], ratios: tuple[float, ...]
) -> None:
    schedule = recipe(name).train.teacher_forcing
    assert [schedule(e) for e in epochs] == pytest.approx(ratios)


def test_kl_schedules_are_three_cycles_or_one_ramp_of_a_quarter() -> None:
    for report in ("a1", "a2", "a3"):
        cyclical = recipe(f"{report}-cyclical").train.kl
        assert [cyclical(e) for e in (0, 25, 50, 99, 100, 150)] == pytest.approx(
            [0, 0.5, 1, 1, 0, 1]
        )
        monotonic = recipe(f"{report}-monotonic").train.kl
        assert [monotonic(e) for e in (0, 37, 75, 299)] == pytest.approx([0, 37 / 75, 1, 1])


def test_what_sets_the_reports_apart_is_in_their_recipes() -> None:
    assert recipe("a1-monotonic").model.context_latent == "mean"
    swapped, corrected = recipe("a2-swapped-cyclical").model, recipe("a2-cyclical").model
    assert (swapped.z_dim, swapped.g_dim) == (128, 64)
    assert (corrected.z_dim, corrected.g_dim) == (64, 128)
    assert recipe("a3-cyclical").model.condition == "linear"
    assert {recipe(f"{r}-cyclical").model.condition for r in ("a1", "a2")} == {"raw"}
    rates = {n: recipe(n).train.learning_rate(0) for n in RECIPES if "lr-" in n}
    assert rates == {"a2-lr-0.003": 0.003, "a2-lr-0.004": 0.004, "a3-lr-0.01": 0.01}
    assert recipe("a2-cyclical").train.learning_rate(299) == 0.002


NARROW = {
    "action-cvae": {"width": 0.0625},
    "pose-cvae": {"features": 8, "labels": 4, "latents": 4, "fused": 8},
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_survives_json_and_builds(name: str, spec: DataSpec, poses: DataSpec) -> None:
    config = recipe(name)
    back = from_json(json.loads(json.dumps(to_json(config))), "test")
    assert back == config
    assert differences(back, config) == []
    kind = config.model.kind
    data = spec if kind == "action-cvae" else poses
    build(dataclasses.replace(config.model, **NARROW[kind]), data, seed=0)


def test_a_difference_between_two_configurations_is_named() -> None:
    assert differences(recipe("a2-cyclical"), recipe("a2-lr-0.003")) == [
        "recipe: a2-cyclical / a2-lr-0.003",
        "train.learning_rate.peak: 0.002 / 0.003",
    ]


def watched(part: object, seen: set[str]) -> object:
    """The same configuration, but it notes which of its fields are read."""
    names = {f.name for f in dataclasses.fields(part)}  # type: ignore[arg-type]

    def read(self: object, name: str) -> object:
        if name in names:
            seen.add(f"{type(part).__name__}.{name}")
        return object.__getattribute__(self, name)

    spy = type(type(part).__name__, (type(part),), {"__getattribute__": read})
    copy = object.__new__(spy)
    for name in names:
        object.__setattr__(copy, name, getattr(part, name))
    return copy


def test_a_field_that_nothing_reads_does_not_exist(
    tmp_path: Path, dots: Store, spec: DataSpec
) -> None:
    """Builds, trains, validates, predicts, and asks every schedule of every kind."""
    seen: set[str] = set()
    tiny = {"width": 0.0625, "g_dim": 8, "z_dim": 4, "rnn_dim": 8, "image_net": "dcgan64"}
    config = recipe("a3-cyclical")
    model = watched(dataclasses.replace(config.model, **tiny), seen)
    schedules = {
        "kl": [KLWeight(k) for k in ("monotonic", "cyclical", "sigmoid", "constant", "none")],
        "teacher_forcing": [TeacherForcing(k, start=0.0) for k in ("linear", "step", "constant")],
        "learning_rate": [LearningRate(k) for k in ("constant", "multi-step", "cosine")],
    }
    for kinds in schedules.values():
        for schedule in kinds:
            watched(schedule, seen)(100.0)  # type: ignore[operator]
    parts = {name: watched(kinds[0], seen) for name, kinds in schedules.items()}
    sizes = {"batch": 2, "horizon": 2, "steps_per_epoch": 2, "epochs": 1}
    training = watched(dataclasses.replace(config.train, **sizes, **parts), seen)
    seen.clear()  # what making the copies read does not count, nor would writing them as JSON
    watched_run = RunConfig("a3-cyclical", model, training)  # type: ignore[arg-type]
    predictor = build(model, spec, seed=0)  # type: ignore[arg-type]
    loader, validate = training_loader(dots, watched_run), validation(dots, watched_run)
    train(predictor, training, loader.batch, tmp_path, 2, 2, validate)  # type: ignore[arg-type]
    predictor.eval()
    rollout(predictor, torch.zeros(1, 2, 3, 64, 64), torch.zeros(1, 4, 7), seeds=[0])
    for kinds in schedules.values():
        for schedule in kinds:
            watched(schedule, seen)(100.0)  # type: ignore[operator]
    everything = {
        f"{type(part).__name__}.{field.name}"
        for part in (config.model, config.train, *(kinds[0] for kinds in schedules.values()))
        for field in dataclasses.fields(part)
    }
    # A config's own name, and the default of --save-every, which the command's test covers.
    elsewhere = {"ActionCVAEConfig.kind", "TrainConfig.save_every"}
    assert everything - seen == elsewhere


def test_an_unknown_recipe_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="did you mean 'a1-cyclical'"):
        recipe("a1_cyclic")


def test_a_configuration_of_another_version_is_refused_with_the_field() -> None:
    data = to_json(recipe("a-demo"))
    data["train"] = data["train"] | {"warp": 9}
    with pytest.raises(InputError, match="warp"):
        from_json(data, "run/config.json")


def test_a_run_config_is_a_model_and_its_training() -> None:
    assert {f.name for f in dataclasses.fields(RunConfig)} == {"recipe", "model", "train"}
