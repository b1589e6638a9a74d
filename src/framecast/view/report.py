"""One self-contained HTML page that says how good a predictor is and how that was found out.

Nothing on the page comes from elsewhere: pictures are data: URIs, styles are inline, there is
no script, and a content security policy forbids the browser to fetch anything. The same
content gives the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framecast.publish import new_file
from framecast.view import bootstrap, colours
from framecast.view.embed import Embedded, Picture, embedded


@dataclass(frozen=True)
class Row:
    """One predictor's line of the summary table: mean PSNR in dB over clips and its interval."""

    predictor: str
    psnr: float
    interval: tuple[float, float]
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """Any further table of numbers, such as a comparison of settings. Cells are shown as given."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Content:
    """All that a report shows.

    `lead` is the verdict in one plain sentence. `rows` are summarised at the top (the first
    four) and in full below. `settings` may nest. `protocol` is the (name, hash) by which every
    number was measured. `commands` are the command lines that made it all, in order.
    """

    title: str
    lead: str
    rows: Sequence[Row]
    protocol: tuple[str, str]
    pictures: Sequence[Picture | tuple[str, bytes | Path, str]] = ()
    notes: Sequence[str] = ()
    tables: Sequence[Table] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    commands: Sequence[str] = ()


def row(predictor: str, values: NDArray[Any], columns: Mapping[str, str] | None = None) -> Row:
    """A Row from PSNR per clip in dB [clips]."""
    mean = float(np.mean(values))
    return Row(predictor, mean, bootstrap_interval(np.asarray(values)), dict(columns or {}))


def bootstrap_interval(values: NDArray[Any], seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval (low, high) of the mean of `values` [clips]."""
    low, high = bootstrap.interval(values, seed)
    return float(low), float(high)


def write_report(path: Path, content: Content) -> None:
    """Write the page. Raises InputError, and writes nothing, for a picture that cannot be read."""
    page = resources.files("framecast.view").joinpath("report.html").read_text(encoding="utf-8")
    pictures = [embedded(Picture(*picture)) for picture in content.pictures]
    sections = (
        _headline(content),
        _notes(content.notes),
        _moving([p for p in pictures if p.moves]),
        _still([p for p in pictures if not p.moves]),
        _summary(content),
        *(_table(table, content.protocol) for table in content.tables),
        _settings(content.settings),
        _how(content),
    )
    html = Template(page).substitute(
        title=escape(content.title),
        lead=escape(content.lead),
        sections="\n".join(filter(None, sections)),
    )
    with new_file(Path(path)) as aside:
        aside.write_text(html, encoding="utf-8")


def _headline(content: Content) -> str:
    if not content.rows:
        return ""
    tint = colours.of_predictors([r.predictor for r in content.rows])
    numbers = "\n".join(
        f'<div class="number"><div class="name">{_dot(tint[r.predictor])}{escape(r.predictor)}'
        f'</div><div class="value">{_decibels(r.psnr)} <small>dB</small></div>'
        f'<div class="range">{_decibels(r.interval[0])} to {_decibels(r.interval[1])}</div></div>'
        for r in content.rows[:4]
    )
    said = "PSNR of the predicted frames: mean over clips and its 95 % bootstrap interval."
    return (
        f'<div class="numbers">\n{numbers}\n</div>\n<p class="protocol">{said}</p>\n'
        f"{_protocol(content.protocol)}"
    )


def _notes(notes: Sequence[str]) -> str:
    if not notes:
        return ""
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f'<ul class="notes" aria-label="Notes">{items}</ul>'


def _moving(pictures: Sequence[Embedded]) -> str:
    if not pictures:
        return ""
    figures = "\n".join(
        f'<figure style="width:{p.width}px">{_image(p)}'
        f"<figcaption>{escape(p.caption)}</figcaption></figure>"
        for p in pictures
    )
    return f'<h2>Truth beside prediction</h2>\n<div class="clips">\n{figures}\n</div>'


def _still(pictures: Sequence[Embedded]) -> str:
    return "\n".join(
        f'<figure class="wide"><h2>{escape(p.caption)}</h2>'
        f'<div class="paper" tabindex="0" role="region" aria-label="{escape(p.caption)}">'
        f"{_image(p, _readable(p))}</div></figure>"
        for p in pictures
    )


def _readable(picture: Embedded) -> str:
    """Bounds on a plot's or strip's width: below the first it scrolls inside its own card."""
    if picture.width > 1500:  # a strip, not a plot: its frames are already enlarged
        return f"min-width:{min(picture.width // 2, 900)}px;max-width:{picture.width}px"
    return f"min-width:{min(picture.width, 540)}px;max-width:{min(picture.width, 860)}px"


def _summary(content: Content) -> str:
    if not content.rows:
        return ""
    tint = colours.of_predictors([r.predictor for r in content.rows])
    extra = list(dict.fromkeys(name for r in content.rows for name in r.columns))
    bounds = [x for r in content.rows for x in (r.psnr, *r.interval) if math.isfinite(x)] or [0.0]
    low, span = min(bounds), (max(bounds) - min(bounds)) or 1.0
    lines = []
    for r in content.rows:
        cells = "".join(
            f'<td data-name="{escape(name)}">{escape(r.columns.get(name, ""))}</td>'
            for name in extra
        )
        lines.append(
            f'<tr><th scope="row">{_dot(tint[r.predictor])}{escape(r.predictor)}</th>'
            f'<td data-name="PSNR (dB)"><span><b>{_decibels(r.psnr)}</b> <span class="of">'
            f"{_decibels(r.interval[0])} to {_decibels(r.interval[1])}</span>"
            f"{_bar(r, low, span, tint[r.predictor])}</span></td>{cells}</tr>"
        )
    heads = "".join(f'<th scope="col">{escape(n)}</th>' for n in extra)
    return (
        "<h2>All predictors</h2>\n"
        '<div class="card"><table class="stack"><thead><tr><th scope="col">predictor</th>'
        f'<th scope="col">PSNR (dB), mean and 95 % interval over clips</th>{heads}</tr></thead>\n'
        "<tbody>\n" + "\n".join(lines) + "\n</tbody></table></div>\n"
        f"{_protocol(content.protocol)}"
    )


def _bar(r: Row, low: float, span: float, tint: str) -> str:
    """A line for the interval and a dot for the mean, on the scale common to all rows."""
    if not all(math.isfinite(x) for x in (r.psnr, *r.interval)):
        return ""
    # 3 to 97 %: the outermost dots stay whole.
    left, at, right = (3 + 94 * (x - low) / span for x in (r.interval[0], r.psnr, r.interval[1]))
    return (
        f'<span class="bar" aria-hidden="true"><i style="left:{left:.1f}%;'
        f'width:{right - left:.1f}%;background:{tint}"></i>'
        f'<s style="left:{at:.1f}%;background:{tint}"></s></span>'
    )


def _table(table: Table, protocol: tuple[str, str]) -> str:
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.header)
    lines = []
    for cells in table.rows:
        assert len(cells) == len(table.header), (table.title, cells, table.header)
        first = f'<th scope="row">{escape(cells[0])}</th>'
        others = "".join(
            f'<td data-name="{escape(name)}">{escape(cell)}</td>'
            for name, cell in zip(table.header[1:], cells[1:])
        )
        lines.append(f"<tr>{first}{others}</tr>")
    return (
        f'<h2>{escape(table.title)}</h2>\n<div class="card"><table class="stack"><thead><tr>'
        f"{heads}</tr></thead>\n<tbody>\n" + "\n".join(lines) + "\n</tbody></table></div>\n"
        f"{_protocol(protocol)}"
    )


def _settings(settings: Mapping[str, Any]) -> str:
    if not settings:
        return ""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            groups[name] = list(_flat(value))
        else:
            groups.setdefault("general", []).append((name, _shown(value)))
    cards = "\n".join(
        f"<details{' open' if len(groups) == 1 else ''}><summary>{escape(name)}</summary>"
        f"{_pairs(pairs)}</details>"
        for name, pairs in groups.items()
    )
    return f'<h2>Settings</h2>\n<div class="card">{cards}</div>'


def _how(content: Content) -> str:
    parts = []
    if content.facts:
        # Facts are for reading, settings for copying: only facts get their thousands parted.
        facts = [
            (name, f"{value:,}" if type(value) is int else _shown(value))
            for name, value in content.facts.items()
        ]
        parts.append(f'<div class="card">{_pairs(facts)}</div>')
    if content.commands:
        lines = "".join(f"<span>{escape(line)}</span>" for line in content.commands)
        parts.append(f"<pre><code>{lines}</code></pre>")
    return "<h2>How it was made</h2>\n" + "\n".join(parts) if parts else ""


def _flat(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Nested settings as ("outer.inner", value) pairs, in their own order."""
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", _shown(value)


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    inside = "".join(f"<dt>{escape(n)}</dt><dd>{escape(v)}</dd>" for n, v in pairs)
    return f"<dl>{inside}</dl>"


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_shown(v)}" for k, v in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(_shown(v) for v in value) or "none"
    return str(value)


def _image(picture: Embedded, style: str = "") -> str:
    styled = f' style="{style}"' if style else ""
    return (
        f'<img src="{picture.uri}" alt="{escape(picture.alt)}" width="{picture.width}" '
        f'height="{picture.height}"{styled}>'
    )


def _protocol(protocol: tuple[str, str]) -> str:
    name, digest = protocol
    return (
        f'<p class="protocol">Measured by protocol {escape(name)}, '
        f"<code>{escape(digest)}</code></p>"
    )


def _dot(tint: str) -> str:
    return f'<span class="dot" style="background:{tint}" aria-hidden="true"></span>'


def _decibels(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.2f}" if math.isfinite(value) else "∞"
