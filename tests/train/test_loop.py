"""Training and resuming, by running them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from framecast.errors import NonFiniteError, StorageError
from framecast.models import ActionCVAEConfig, build
from framecast.predictor import DataSpec, Predictor
from framecast.schedules import KLWeight, LearningRate, TeacherForcing
from framecast.store import Loader, Store
from framecast.train import TrainConfig, load_checkpoint, read_log, train
from framecast.train.collapse import WINDOW, CollapseWatch

MODEL = ActionCVAEConfig(image_net="dcgan64", width=0.0625, g_dim=8, z_dim=4, rnn_dim=8)
CONFIG = TrainConfig(
    epochs=3,
    steps_per_epoch=2,
    batch=3,
    horizon=3,
    window="random",
    kl=KLWeight("constant", peak=1e-3),
    teacher_forcing=TeacherForcing("constant", start=0.5, coin="clip"),
    learning_rate=LearningRate("cosine", peak=1e-3, warmup=1, epochs=3),
    clip_norm=1.0,
    ema=0.9,
    validate_every=1,
    log_every=1,
)


def run(
    folder: Path, store: Store, spec: DataSpec, steps: int, config: TrainConfig = CONFIG
) -> Predictor:
    predictor = build(MODEL, spec, config.seed)
    frames = MODEL.context + config.horizon
    loader = Loader(store, "train", frames, config.batch, config.seed, config.window)
    train(
        predictor, config, loader.batch, folder, steps=steps, save_every=2,
        validate=lambda p: float(sum(v.double().sum() for v in p.state_dict().values())),
    )  # fmt: skip
    return predictor


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, through links as well."""
    return {
        f"{link.name}/{file.name}": file.read_bytes()
        for link in folder.iterdir()
        for file in link.iterdir()
    }


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    events = EventAccumulator(str(folder))
    events.Reload()
    return {
        tag: sorted((event.step, event.value) for event in events.Scalars(tag))
        for tag in events.Tags()["scalars"]
    }


def test_a_resumed_run_ends_with_the_same_bytes(
    tmp_path: Path, dots: Store, spec: DataSpec
) -> None:
    run(tmp_path / "whole", dots, spec, 6)
    for steps in (3, 4, 6):
        run(tmp_path / "parts", dots, spec, steps)
    whole, parts = (files(tmp_path / name / "checkpoints") for name in ("whole", "parts"))
    assert whole == parts
    assert "best/model.safetensors" in whole
    assert read_log(tmp_path / "whole") == read_log(tmp_path / "parts")
    shown, again = (scalars(tmp_path / name / "tensorboard") for name in ("whole", "parts"))
    assert shown == again


def test_a_killed_run_leaves_the_log_of_an_unbroken_one(
    tmp_path: Path, dots: Store, spec: DataSpec
) -> None:
    run(tmp_path / "whole", dots, spec, 6)
    run(tmp_path / "killed", dots, spec, 4)
    log = tmp_path / "killed/log.jsonl"
    # What a kill after the checkpoint of step 4 leaves: later lines, the last one cut short.
    with log.open("a") as file:
        file.write('{"step": 4, "loss": 9.0}\n{"step": 5, "lo')
    run(tmp_path / "killed", dots, spec, 6)
    assert read_log(tmp_path / "killed") == read_log(tmp_path / "whole")


def test_the_same_seed_gives_the_same_run_and_another_seed_another(
    tmp_path: Path, dots: Store, spec: DataSpec
) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        run(tmp_path / name, dots, spec, 2, dataclasses.replace(CONFIG, seed=seed))
    a, b, c = ((tmp_path / n / "checkpoints/last/model.safetensors").read_bytes() for n in "abc")
    assert a == b != c


def test_a_log_line_holds_every_term_and_schedule(
    tmp_path: Path, dots: Store, spec: DataSpec
) -> None:
    run(tmp_path / "r", dots, spec, 2)
    records = read_log(tmp_path / "r")
    assert records[0].keys() == {
        "step", "epoch", "loss", "mse", "kl", "kl_weight", "teacher_forcing", "lr", "grad_norm",
    }  # fmt: skip
    # All three are per predicted frame.
    assert records[0]["loss"] == pytest.approx(records[0]["mse"] + 1e-3 * records[0]["kl"])
    assert records[-1].keys() == {"step", "epoch", "validation_psnr"}
    assert list((tmp_path / "r/tensorboard").glob("events.*"))


def test_training_learns_the_dots(tmp_path: Path, dots: Store, spec: DataSpec) -> None:
    rate = LearningRate("constant", peak=5e-3)
    config = dataclasses.replace(
        CONFIG, ema=0.0, learning_rate=rate, teacher_forcing=TeacherForcing("constant")
    )
    run(tmp_path / "r", dots, spec, 60, config)
    losses = [r["mse"] for r in read_log(tmp_path / "r") if "mse" in r]
    assert sum(losses[-10:]) < 0.5 * sum(losses[:10])


def test_best_and_last_are_kept_and_nothing_else(
    tmp_path: Path, dots: Store, spec: DataSpec
) -> None:
    scores = iter([1.0, 3.0, 2.0])
    predictor = build(MODEL, spec, 0)
    loader = Loader(dots, "train", 5, 3, 0)
    train(
        predictor, CONFIG, loader.batch, tmp_path, steps=6, save_every=2,
        validate=lambda _: next(scores),
    )  # fmt: skip
    folder = tmp_path / "checkpoints"
    assert (folder / "best").resolve().name == "step-00000004"
    assert (folder / "last").resolve().name == "step-00000006"
    assert len(list(folder.glob("step-*"))) == 2
    assert load_checkpoint(folder / "last").facts["best_validation_psnr"] == 3.0


def test_the_averaged_weights_are_the_ones_kept_for_use(
    tmp_path: Path, dots: Store, spec: DataSpec
) -> None:
    """average <- d · average + (1 - d) · weights, with d = min(ema, (1 + n) / (10 + n))."""
    name = "encoder.head.conv.weight"
    average = build(MODEL, spec, 0).state_dict()[name]
    config = dataclasses.replace(CONFIG, ema=0.15)
    for step in range(4):
        weights = run(tmp_path / "r", dots, spec, step + 1, config).state_dict()[name]
        decay = min(0.15, (1 + step) / (10 + step))
        average = decay * average + (1 - decay) * weights
        saved = load_checkpoint(tmp_path / "r/checkpoints/last")
        torch.testing.assert_close(saved.optimizer[f"raw/{name}"], weights)
        torch.testing.assert_close(saved.model[name], average)


def test_bfloat16_trains_and_keeps_float32_weights(
    tmp_path: Path, dots: Store, spec: DataSpec
) -> None:
    config = dataclasses.replace(CONFIG, precision="bfloat16", ema=0.0)
    predictor = run(tmp_path / "r", dots, spec, 2, config)
    assert {p.dtype for p in predictor.parameters()} == {torch.float32}
    exact = run(tmp_path / "exact", dots, spec, 2, dataclasses.replace(config, precision="float32"))
    losses = [read_log(tmp_path / r)[0]["loss"] for r in ("r", "exact")]
    assert losses[0] == pytest.approx(losses[1], rel=0.01)
    assert losses[0] != losses[1]
    assert exact is not predictor


def test_a_loss_that_is_no_number_stops_the_run_and_spares_the_checkpoint(
    tmp_path: Path, dots: Store, spec: DataSpec
) -> None:
    run(tmp_path / "r", dots, spec, 2)
    before = (tmp_path / "r/checkpoints/last/model.safetensors").read_bytes()
    predictor, loader = build(MODEL, spec, 0), Loader(dots, "train", 5, 3, 0)

    def poisoned(step: int):
        batch = loader.batch(step)
        return batch._replace(frames=batch.frames * float("nan"))

    with pytest.raises(NonFiniteError, match="loss is nan at step 2"):
        train(predictor, CONFIG, poisoned, tmp_path / "r", steps=4, save_every=2)
    assert (tmp_path / "r/checkpoints/last/model.safetensors").read_bytes() == before


@pytest.mark.parametrize("name", ["model.safetensors", "state.safetensors", "state.json"])
def test_a_damaged_checkpoint_is_found_and_named(
    tmp_path: Path, dots: Store, spec: DataSpec, name: str
) -> None:
    run(tmp_path / "r", dots, spec, 2)
    file = tmp_path / "r/checkpoints/last" / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(StorageError, match=name):
        load_checkpoint(tmp_path / "r/checkpoints/last")
    file.write_bytes(data[:-1])
    with pytest.raises(StorageError, match="cut short"):
        load_checkpoint(tmp_path / "r/checkpoints/last")


def test_half_a_checkpoint_in_the_way_is_written_again(
    tmp_path: Path, dots: Store, spec: DataSpec
) -> None:
    """What a removal that was killed leaves, ahead of the step that `last` names."""
    run(tmp_path / "whole", dots, spec, 4)
    run(tmp_path / "r", dots, spec, 2)
    half = tmp_path / "r/checkpoints/step-00000004"
    half.mkdir()
    (half / "state.json").write_text("{}")
    run(tmp_path / "r", dots, spec, 4)
    assert files(tmp_path / "r/checkpoints") == files(tmp_path / "whole/checkpoints")


def test_a_collapse_that_a_kill_took_from_the_log_is_said_again(
    tmp_path: Path, dots: Store, spec: DataSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("framecast.train.collapse.SILENT", 1e9)
    monkeypatch.setattr("framecast.train.collapse.WINDOW", 1)
    run(tmp_path / "r", dots, spec, 2, dataclasses.replace(CONFIG, kl=KLWeight("constant", peak=0)))
    with (tmp_path / "r/log.jsonl").open("a") as file:
        for step in (2, 3):
            file.write(f'{{"step": {step}, "event": "posterior-collapse", "message": ""}}\n')
    said: list[str] = []
    predictor, loader = build(MODEL, spec, 0), Loader(dots, "train", 5, 3, 0)
    train(predictor, CONFIG, loader.batch, tmp_path / "r", 6, 2, tell=said.append)
    assert len(said) == 1
    assert sum("event" in r for r in read_log(tmp_path / "r")) == 1


def test_no_pickle_is_in_a_checkpoint(tmp_path: Path, dots: Store, spec: DataSpec) -> None:
    run(tmp_path / "r", dots, spec, 2)
    files = {p.name for p in (tmp_path / "r/checkpoints/last").iterdir()}
    assert files == {"model.safetensors", "state.safetensors", "state.json", "manifest.json"}
    json.loads((tmp_path / "r/checkpoints/last/manifest.json").read_text())


def record(kl: float, weight: float) -> dict[str, float]:
    return {"kl": kl, "kl_weight": weight}


def test_a_collapsed_posterior_is_reported_once_with_a_remedy() -> None:
    watch = CollapseWatch()
    said = [watch.look(record(1e-4, 1.0)) for _ in range(2 * WINDOW)]
    messages = [m for m in said if m]
    assert len(messages) == 1
    assert "posterior collapse" in messages[0]
    assert "--train.kl.peak 1e-4" in messages[0]
    assert said.index(messages[0]) == WINDOW - 1


@pytest.mark.parametrize(("kl", "weight"), [(5.0, 1.0), (1e-5, 0.0)])
def test_a_live_posterior_or_a_kl_weight_of_zero_is_not_reported(kl: float, weight: float) -> None:
    watch = CollapseWatch()
    assert not any(watch.look(record(kl, weight)) for _ in range(2 * WINDOW))
