"""Plots show what was logged, tolerate what was not, and are the same bytes every time."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from framecast.view import bootstrap, colours, plots


def log(steps: int = 40) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for step in range(1, steps + 1):
        lines.append(
            {
                "step": step,
                "epoch": step / 10,
                "loss": 1 / step,
                "mse": 0.9 / step,
                "kl": 30 / step,
                "kl_weight": 1e-4,
                "teacher_forcing": max(0.0, 1 - step / 20),
                "lr": 3e-4,
                "grad_norm": 2.0,
            }
        )
        if step % 10 == 0:
            lines.append({"step": step, "epoch": step / 10, "validation_psnr": 15 + step / 10})
    lines.append({"step": 25, "event": "posterior-collapse", "message": "the KL vanished"})
    return lines


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures as they are saved, to read what stands on them."""
    seen: list[Figure] = []
    save = plots._save

    def keep(figure: Figure, path: Path) -> None:
        seen.append(figure)
        save(figure, path)

    monkeypatch.setattr(plots, "_save", keep)
    monkeypatch.setattr(plots, "_DOTS", 30)  # quick: these tests read the figure, not its pixels
    return seen


def test_curves_give_each_quantity_a_panel_above_one_time_axis(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    plots.curves(tmp_path / "c.png", log(), "a run")
    labels = [axes.get_ylabel().replace("\n", " ") for axes in drawn[0].axes]
    assert labels == [
        "loss per predicted frame",
        "MSE per predicted frame",
        "KL, nats per predicted frame",
        "KL weight β",
        "teacher-forcing ratio",
        "learning rate",
        "gradient norm",
        "validation PSNR (dB)",
    ]
    assert len({axes.get_xlim() for axes in drawn[0].axes}) == 1
    assert drawn[0].axes[-1].get_xlabel() == "training step"
    assert [axes.get_yscale() for axes in drawn[0].axes[:4]] == ["log", "log", "log", "linear"]
    (epochs,) = drawn[0].axes[0].child_axes
    assert epochs.get_xlabel() == "epoch"
    low, high = drawn[0].axes[0].get_xlim()
    assert epochs.get_xlim() == pytest.approx((low / 10, high / 10))


def test_curves_mark_an_event_at_its_step_in_every_panel(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    plots.curves(tmp_path / "c.png", log())
    for axes in drawn[0].axes:
        assert any(list(line.get_xdata()) == [25, 25] for line in axes.lines)
    assert "posterior-collapse" in [text.get_text() for text in drawn[0].axes[0].texts]


def test_curves_skip_what_was_not_logged_and_what_is_no_number(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    lines = [
        {"step": 1, "loss": -1.5, "mse": None, "kl": math.nan},
        {"step": 2, "loss": -2.5, "mse": "much", "lr": math.inf},
        {"loss": 3.0},
        {"step": 3, "event": "stopped"},
    ]
    plots.curves(tmp_path / "c.png", lines)
    (only,) = drawn[0].axes
    assert list(only.lines[0].get_ydata()) == [-1.5, -2.5]
    assert only.get_yscale() == "linear"


@pytest.mark.parametrize("lines", [[], [{"step": 0, "epoch": 0.0, "loss": 1.0}]])
def test_curves_of_an_empty_or_a_one_line_log_are_still_a_picture(
    tmp_path: Path, lines: list[dict[str, Any]]
) -> None:
    plots.curves(tmp_path / "c.png", lines)
    with Image.open(tmp_path / "c.png") as picture:
        assert picture.size[0] == 1440


def test_curves_of_a_resumed_run_keep_the_later_of_two_lines_for_a_step(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    lines = [{"step": s, "loss": v} for s, v in ((1, 5.0), (2, 4.0), (3, 9.0), (3, 3.0), (2, 4.5))]
    plots.curves(tmp_path / "c.png", lines)
    line = drawn[0].axes[0].lines[0]
    assert list(line.get_xdata()) == [1, 2, 3]
    assert list(line.get_ydata()) == [5.0, 4.5, 3.0]


def test_a_long_log_is_drawn_pale_with_its_running_mean(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    plots.curves(tmp_path / "c.png", [{"step": s, "loss": 2.0 + s % 2} for s in range(1000)])
    raw, smooth = drawn[0].axes[0].lines
    assert np.ptp(raw.get_ydata()) == 1
    assert np.ptp(smooth.get_ydata()[20:-20]) < 0.2


def test_psnr_per_frame_draws_the_mean_of_each_predictor_from_the_first_frame(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    model = np.arange(12.0).reshape(3, 4) + 20
    plots.psnr_per_frame(tmp_path / "p.png", {"model": model, "copy-last-frame": model - 2}, 2)
    (axes,) = drawn[0].axes
    first, second = axes.lines
    assert list(first.get_xdata()) == [2, 3, 4, 5]
    assert list(first.get_ydata()) == list(model.mean(axis=0))
    assert list(second.get_ydata()) == list(model.mean(axis=0) - 2)
    assert first.get_color() != second.get_color()
    assert [line.get_label() for line in axes.lines] == [
        "model  25.50 dB",
        "copy-last-frame  23.50 dB",
    ]
    low, high = bootstrap.interval(model)
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (low.min(), high.max())


def test_psnr_per_frame_says_where_a_perfect_frame_leaves_the_scale(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    values = np.array([[math.inf, 30.0], [25.0, 28.0]])
    with np.errstate(all="raise"):
        plots.psnr_per_frame(tmp_path / "p.png", {"copy-last-frame": values}, 1)
    (axes,) = drawn[0].axes
    assert "∞" in str(axes.lines[0].get_label())
    assert np.isfinite(axes.get_ylim()).all()


def test_the_same_numbers_make_the_same_bytes_without_a_version_or_a_date(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(25, 2, (5, 6))
    for name in ("a", "b"):
        plots.curves(tmp_path / f"curves-{name}.png", log(), "a run")
        plots.psnr_per_frame(tmp_path / f"psnr-{name}.png", {"model": values}, 2)
    for kind in ("curves", "psnr"):
        data = (tmp_path / f"{kind}-a.png").read_bytes()
        assert data == (tmp_path / f"{kind}-b.png").read_bytes()
        assert b"tEXt" not in data
        assert b"atplotlib" not in data


def test_a_plot_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Figure, aside: Path, **options: object) -> None:
        Path(aside).write_bytes(b"half")
        raise RuntimeError("the disk broke")

    monkeypatch.setattr(Figure, "savefig", broken)
    with pytest.raises(RuntimeError):
        plots.curves(tmp_path / "c.png", log())
    with pytest.raises(RuntimeError):
        plots.psnr_per_frame(tmp_path / "p.png", {"model": np.ones((2, 2))}, 0)
    assert list(tmp_path.iterdir()) == []


def test_baselines_keep_their_colour_whatever_else_is_shown() -> None:
    alone = colours.of_predictors(["copy-last-frame"])
    among = colours.of_predictors(["action-cvae", "copy-last-frame", "pose-cvae"])
    assert alone["copy-last-frame"] == among["copy-last-frame"]
    assert len(set(among.values())) == 3


def test_the_bootstrap_interval_holds_the_mean_and_narrows_with_more_clips() -> None:
    generator = np.random.default_rng(3)
    few, many = generator.normal(20, 2, 10), generator.normal(20, 2, 1000)
    widths = []
    for values in (few, many):
        low, high = bootstrap.interval(values)
        assert low < values.mean() < high
        widths.append(high - low)
    assert widths[1] < widths[0] / 4
    # A mean's own spread is known: 1.96 standard errors to each side.
    expected = 2 * 1.96 * many.std() / math.sqrt(len(many))
    assert widths[1] == pytest.approx(expected, rel=0.1)


def test_the_bootstrap_interval_of_one_clip_is_its_value() -> None:
    low, high = bootstrap.interval(np.array([21.5]))
    assert (low, high) == (21.5, 21.5)


def test_the_bootstrap_resamples_whole_clips_so_frames_of_a_clip_stay_together() -> None:
    values = np.random.default_rng(0).normal(20, 2, (8, 3))
    low, high = bootstrap.interval(values, seed=4)
    for frame in range(3):
        alone = bootstrap.interval(values[:, frame], seed=4)
        assert alone == pytest.approx((low[frame], high[frame]))


def test_psnr_of_one_clip_claims_no_interval(tmp_path: Path, drawn: list[Figure]) -> None:
    plots.psnr_per_frame(tmp_path / "p.png", {"model": np.full((1, 4), 20.0)}, 2)
    plots.psnr_per_frame(tmp_path / "q.png", {"model": np.full((3, 4), 20.0)}, 2)
    one, several = (figure.axes[0].get_title(loc="right") for figure in drawn)
    assert one == "one clip"
    assert several == "mean over 3 clips; band: 95 % bootstrap interval"


def test_each_sequence_has_its_panel_and_each_predictor_its_line(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    curves = {"ours": 30 + rng.random((3, 629)), "copy last frame": 20 + rng.random((3, 629))}
    plots.psnr_by_clip(tmp_path / "three.png", curves, ["a", "b", "c"], 1)
    two = {name: values[:2] for name, values in curves.items()}
    plots.psnr_by_clip(tmp_path / "two.png", two, ["a", "b"], 1)
    sizes = [Image.open(tmp_path / f"{n}.png").height for n in ("two", "three")]
    assert sizes[1] - sizes[0] == pytest.approx(1.9 * 200, abs=2)  # a panel more
    swapped = {"ours": curves["copy last frame"], "copy last frame": curves["ours"]}
    plots.psnr_by_clip(tmp_path / "swapped.png", swapped, ["a", "b", "c"], 1)
    assert (tmp_path / "swapped.png").read_bytes() != (tmp_path / "three.png").read_bytes()
