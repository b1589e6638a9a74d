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
from framecast.recipes.run import data_spec
from framecast.rollout import rollout
from framecast.schedules import KLWeight, LearningRate, TeacherForcing
from framecast.store import Store
from framecast.train import train
from framecast.verbs.training import training_batches, validation


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
    batches, validate = training_batches(dots, watched_run), validation(dots, watched_run)
    train(predictor, training, batches, tmp_path, 2, 2, validate)  # type: ignore[arg-type]
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


@pytest.mark.parametrize("nets", ["template", "anchored"])
def test_a_field_of_family_b_that_nothing_reads_does_not_exist(
    tmp_path: Path, pose_dots: Store, nets: str
) -> None:
    seen: set[str] = set()
    config = recipe("b-best")
    tiny = NARROW["pose-cvae"] | {"channels": 8, "nets": nets, "detach": "frame"}
    model = watched(dataclasses.replace(config.model, **tiny), seen)
    varied = watched(dataclasses.replace(config.train.augment), seen)
    sizes = {"batch": 2, "steps_per_epoch": 2, "epochs": 1, "validate_horizon": 2}
    training = dataclasses.replace(config.train, augment=varied, precision="float32", **sizes)
    seen.clear()
    run = RunConfig("b-best", model, training)  # type: ignore[arg-type]
    predictor = build(model, data_spec(pose_dots, run), seed=0)  # type: ignore[arg-type]
    train(predictor, training, training_batches(pose_dots, run), tmp_path, 2, 2,
          validation(pose_dots, run))  # type: ignore[arg-type]  # fmt: skip
    other = {"template": {"channels", "paint"}, "anchored": {"features", "labels", "fused",
             "slope", "output"}}[nets]  # fmt: skip
    fields = {f.name for f in dataclasses.fields(config.model)} - other - {"kind"}
    assert {f"PoseCVAEConfig.{name}" for name in fields} <= seen
    # Which recipe augments is the config's to say: `moves` asks both its shares.
    assert {f"Augment.{f.name}" for f in dataclasses.fields(config.train.augment)} <= seen


def test_family_b_s_common_ground_is_in_every_report_s_recipe() -> None:
    for name in RECIPES:
        config, t = recipe(name), recipe(name).train
        if config.model.kind != "pose-cvae" or name in ("b-best", "b-demo"):
            continue
        assert (config.model.nets, config.model.context, t.horizon) == ("template", 1, 15)
        assert (t.window, t.shuffle, t.batch, t.clip_norm) == ("tiled", False, 2, 1.0)
        assert t.teacher_forcing.coin == "epoch"
        assert config.model.slope == 1.0
        assert t.steps_per_epoch == 731  # 23,410 frames, 16 a clip, 2 clips a batch


def test_the_reports_of_family_b_have_their_own_schedules() -> None:
    b1, b2, best = (recipe(n) for n in ("b1-cyclical", "b2-cyclical", "b-public-best"))
    forcing = b1.train.teacher_forcing
    assert [forcing(e) for e in (0, 8, 10, 20)] == pytest.approx([1, 0.96, 0.75, 0])
    forcing = b2.train.teacher_forcing
    assert [forcing(e) for e in (0, 8, 9, 17, 18, 50)] == pytest.approx([1, 1, 0.9, 0.1, 0, 0])
    assert [best.train.teacher_forcing(e) for e in (0, 399)] == [0, 0]
    assert recipe("b-public-forced").train.teacher_forcing(399) == 1
    kl = b1.train.kl  # ten cycles of 15 epochs, 9 of them rising
    assert [kl(e) for e in (0, 3, 9, 14, 15)] == pytest.approx([0, 1 / 3, 1, 1, 0])
    kl = b2.train.kl  # four cycles
    assert (kl.cycles, kl.ratio, kl.epochs) == (4, 0.5, 150)
    kl = best.train.kl  # forty cycles of 10 epochs
    assert [kl(e) for e in (0, 5, 9, 10)] == pytest.approx([0, 1, 1, 0])
    assert recipe("b1-without").train.kl(0) == 1.0
    ramp = recipe("b1-sigmoid").train.kl
    assert ramp(75) == pytest.approx(0.5)
    assert recipe("b1-monotonic").train.kl(37.5) < recipe("b1-monotonic").train.kl(38) == 1.0
    assert recipe("b1-monotonic-full").train.kl(75) == 0.5


def test_what_sets_family_b_s_recipes_apart_is_in_them() -> None:
    assert (recipe("b1-cyclical").model.mse_weight, recipe("b1-cyclical").model.kl_share) == (
        0.85, 0.15,
    )  # fmt: skip
    assert recipe("b1-cyclical").model.logvar_clamp == 10
    assert recipe("b2-cyclical").model.output == "none"
    best = recipe("b-public-best")
    assert (best.model.output, best.model.detach) == ("sigmoid", "features")
    assert best.train.optimizer == "adamw"
    assert best.train.learning_rate(0) == 3e-4
    assert best.train.learning_rate(400) == pytest.approx(0)
    assert best.train.epochs == 400


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
