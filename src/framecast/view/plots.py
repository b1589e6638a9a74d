"""Plots of a run and of a judgement, drawn off screen and always byte for byte the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from framecast.publish import new_file
from framecast.view import bootstrap, colours

_STYLE: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters on every machine
    "font.size": 9,
    "axes.edgecolor": "#8a919c",
    "axes.labelcolor": "#24292f",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e7eb",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "xtick.color": "#57606a",
    "ytick.color": "#57606a",
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "text.color": "#24292f",
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "path.simplify": True,
}
_WIDTH = 7.2  # inches
_DOTS = 200  # per inch
_SMOOTH_FROM = 200  # with more points than this a running mean is drawn over them


class _Panel(NamedTuple):
    key: str
    label: str
    log: bool  # a log axis may serve it


_PANELS = (
    _Panel("loss", "loss per\npredicted frame", True),
    _Panel("mse", "MSE per\npredicted frame", True),
    _Panel("log_mse", "log MSE per\npredicted frame", False),
    _Panel("kl", "KL, nats per\npredicted frame", True),
    _Panel("kl_weight", "KL weight β", False),
    _Panel("teacher_forcing", "teacher-forcing\nratio", False),
    _Panel("lr", "learning rate", False),
    _Panel("grad_norm", "gradient norm", True),
    _Panel("validation_psnr", "validation\nPSNR (dB)", False),
)


def curves(path: Path, records: Sequence[Mapping[str, Any]], title: str = "") -> None:
    """Write a PNG of a run's log: one panel a quantity, all above one time axis.

    `records` are the lines of a run's log.jsonl, in any order; of two with one step the later
    counts. A quantity that no line has gets no panel. Events are dashed lines.
    """
    series = {panel: _series(records, panel.key) for panel in _PANELS}
    shown = [(panel, *points) for panel, points in series.items() if len(points[0])]
    events = _events(records)
    steps = [float(s) for _, at, _ in shown for s in (at[0], at[-1])] + [s for s, _ in events]
    first, last = (min(steps), max(steps)) if steps else (0.0, 1.0)
    pad = 0.015 * (last - first) or 0.5

    with rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, 1.15 * max(len(shown), 1) + 1.3), layout="constrained")
        if not shown:
            figure.text(0.5, 0.5, "nothing was logged", ha="center", color="#57606a")
            _save(figure, path)
            return
        panels: list[Axes] = list(figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0])
        smoothed = 0
        for axes, (panel, at, values) in zip(panels, shown):
            smoothed = max(smoothed, _draw(axes, panel, at, values))
            for step, _ in events:
                axes.axvline(step, color=colours.PREDICTED, linewidth=1, linestyle=(0, (4, 3)))
        panels[0].set_xlim(first - pad, last + pad)
        panels[-1].xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
        panels[-1].set_xlabel("training step")
        _label_events(panels[0], events)
        _add_epochs(panels[0], records)
        figure.align_ylabels(panels)
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
        if smoothed:
            note = f"pale: as logged; strong: running mean of {smoothed} points"
            figure.supxlabel(note, x=0.99, ha="right", fontsize=7.5, color="#57606a")
        _save(figure, path)


def psnr_per_frame(path: Path, curves: Mapping[str, NDArray[Any]], first_frame: int) -> None:
    """Write a PNG of PSNR against frame number: name -> PSNR [clips, frames] in dB.

    Lines are means over clips, bands their 95 % bootstrap intervals. `first_frame` is the
    number of the first column's frame.
    """
    assert curves, "no predictor to draw"
    colour = colours.of_predictors(curves)
    clips = {values.shape[0] for values in curves.values()}
    with rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, 3.7), layout="constrained")
        axes = figure.subplots()
        for index, (name, values) in enumerate(curves.items()):
            values = np.asarray(values, dtype=np.float64)
            frames = first_frame + np.arange(values.shape[1])
            mean, (low, high) = values.mean(axis=0), bootstrap.interval(values)
            seen = np.isfinite(mean)
            label = f"{name}  {_decibels(values.mean())}"
            if not seen.all():
                label += " (∞ where no line is drawn)"
                mean, low, high = (np.where(seen, line, np.nan) for line in (mean, low, high))
            tint = colour[name]
            high = np.where(np.isfinite(high), high, mean)
            axes.fill_between(frames, low, high, color=tint, alpha=0.18, linewidth=0)
            marker = "osD^vP"[index % 6] if len(frames) <= 60 else None
            axes.plot(frames, mean, color=tint, marker=marker, markersize=3.5, label=label)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=15, integer=True))
        axes.set_xlabel("frame number")
        axes.set_ylabel("PSNR (dB), higher is better")
        # Above the plot, where it can hide no line.
        figure.legend(
            loc="outside upper left", ncols=2 if len(curves) > 1 else 1, frameon=False, fontsize=9
        )
        count = " or ".join(str(n) for n in sorted(clips))
        said = f"mean over {count} clips; band: 95 % bootstrap interval"
        said = "one clip" if clips == {1} else said
        axes.set_title(said, loc="right", fontsize=7.5, color="#57606a")
        _save(figure, path)


def psnr_by_clip(
    path: Path, curves: Mapping[str, NDArray[Any]], clip_ids: Sequence[str], first_frame: int
) -> None:
    """Write a PNG of PSNR against frame number, a panel a clip and a line a predictor in each.

    name -> PSNR [clips, frames] in dB. For a few long sequences, whose mean would hide what
    happens in each. `first_frame` is the number of the first column's frame.
    """
    assert curves, "no predictor to draw"
    colour = colours.of_predictors(curves)
    with rc_context(_STYLE):
        size = (_WIDTH, 1.9 * len(clip_ids) + 1.1)
        figure = Figure(figsize=size, layout="constrained")
        panels: list[Axes] = list(
            figure.subplots(len(clip_ids), 1, sharex=True, squeeze=False)[:, 0]
        )
        for row, (axes, clip_id) in enumerate(zip(panels, clip_ids)):
            for index, (name, values) in enumerate(curves.items()):
                frames = first_frame + np.arange(values.shape[1])
                label = f"{name}  {_decibels(float(values.mean()))}" if row == 0 else None
                # Lines differ in more than colour: what learned nothing is thin or dashed.
                style = "-" if name not in colours.BASELINES else (0, (1 + index, 1.5))
                width = 1.5 if name not in colours.BASELINES else 1.0
                axes.plot(
                    frames, values[row], color=colour[name], label=label, linestyle=style,
                    linewidth=width,
                )  # fmt: skip
            axes.set_title(f"sequence {clip_id}", fontsize=9, loc="left")
            axes.set_ylabel("PSNR (dB)")
        panels[-1].xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True))
        panels[-1].set_xlabel("frame number")
        figure.legend(loc="outside upper left", ncols=2, frameon=False, fontsize=9)
        _save(figure, path)


def _series(
    records: Sequence[Mapping[str, Any]], key: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(steps, values) of one quantity, by step; what is missing or not finite is left out."""
    found: dict[float, float] = {}
    for record in records:
        value, step = record.get(key), record.get("step")
        if _is_number(value) and _is_number(step):
            found[float(step)] = float(value)
    steps = sorted(found)
    return np.array(steps), np.array([found[step] for step in steps])


def _draw(axes: Axes, panel: _Panel, at: NDArray[Any], values: NDArray[Any]) -> int:
    """Draw one quantity; returns the width of the running mean, 0 where none was drawn."""
    tint = colours.TERMS[panel.key]
    positive = values[values > 0]
    # A log axis only where the values spread over decades and (nearly) none would fall off it.
    log = panel.log and len(positive) > 0.95 * len(values)
    if log and positive.max() > 10 * positive.min():
        axes.set_yscale("log")
    width = 0
    if panel.key == "validation_psnr":
        axes.plot(at, values, color=tint, linewidth=1.4, marker="o", markersize=3.5)
        best = int(np.argmax(values))
        # PSNR climbs, so the lower right corner is the one that stays free.
        axes.text(
            0.99, 0.06, f"best {_decibels(values[best])} at step {at[best]:g}",
            transform=axes.transAxes, ha="right", va="bottom", fontsize=8, color=tint,
        )  # fmt: skip
    elif len(values) > _SMOOTH_FROM and panel.log:
        width = max(5, len(values) // 100) // 2 * 2 + 1
        axes.plot(at, values, color=tint, linewidth=0.6, alpha=0.3)
        axes.plot(at, _running_mean(values, width), color=tint, linewidth=1.5)
    else:
        marker = "o" if len(values) < 3 else None
        axes.plot(at, values, color=tint, linewidth=1.4, marker=marker, markersize=3)
    if axes.get_yscale() == "linear":
        axes.yaxis.set_major_locator(MaxNLocator(nbins=3, min_n_ticks=3))
        axes.ticklabel_format(axis="y", style="sci", scilimits=(-3, 4), useMathText=True)
        axes.yaxis.get_offset_text().set_fontsize(8)
    if panel.key == "teacher_forcing":
        axes.set_ylim(-0.05, 1.05)
        axes.set_yticks([0, 0.5, 1])
    axes.tick_params(axis="y", labelsize=8)
    axes.set_ylabel(panel.label, fontsize=8)
    return width


def _running_mean(values: NDArray[Any], width: int) -> NDArray[Any]:
    """Centred mean over `width` (odd) points, over fewer at the ends."""
    kernel = np.ones(width)
    return np.convolve(values, kernel, "same") / np.convolve(np.ones(len(values)), kernel, "same")


def _events(records: Sequence[Mapping[str, Any]]) -> list[tuple[float, str]]:
    """(step, name) of the first occurrence of each kind of event."""
    found: dict[str, float] = {}
    for record in records:
        name, step = record.get("event"), record.get("step")
        if isinstance(name, str) and _is_number(step):
            found[name] = min(float(step), found.get(name, math.inf))
    return sorted((step, name) for name, step in found.items())


def _label_events(axes: Axes, events: Sequence[tuple[float, str]]) -> None:
    low, high = axes.get_xlim()
    for index, (step, name) in enumerate(events):
        late = step > (low + high) / 2
        axes.annotate(
            name, (step, 1), xycoords=("data", "axes fraction"),
            xytext=(-4 if late else 4, -2 - 11 * index), textcoords="offset points",
            ha="right" if late else "left", va="top", fontsize=8, color=colours.PREDICTED,
            bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1},
        )  # fmt: skip


def _add_epochs(axes: Axes, records: Sequence[Mapping[str, Any]]) -> None:
    """The same time in epochs, above the top panel: a fixed number of steps makes an epoch."""
    steps, epochs = _series(records, "epoch")
    if not len(steps) or steps[-1] <= 0 or epochs[-1] <= 0:
        return
    rate = epochs[-1] / steps[-1]
    convert: Callable[[Any], Any] = lambda step: np.asarray(step) * rate  # noqa: E731
    back: Callable[[Any], Any] = lambda epoch: np.asarray(epoch) / rate  # noqa: E731
    above = axes.secondary_xaxis("top", functions=(convert, back))
    above.set_xlabel("epoch", fontsize=8, color="#57606a")
    above.xaxis.set_major_locator(MaxNLocator(nbins=7))
    above.tick_params(labelsize=8)
    above.spines["top"].set_visible(False)


def _decibels(value: float) -> str:
    return f"{value:.2f} dB" if math.isfinite(value) else "∞ dB"


def _is_number(value: Any) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return False
    return math.isfinite(float(value))


def _save(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    with new_file(Path(path)) as aside:
        # matplotlib would stamp its version into the file; the same numbers must give its bytes.
        figure.savefig(aside, format="png", dpi=_DOTS, metadata={"Software": None})
