"""One progress bar with the time left; plain lines where the output is no terminal."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Advance = Callable[..., None]
"""advance(done, note="") -> None"""

LINES = 10
"""how many plain lines a task prints where there is no terminal to draw on"""


@contextlib.contextmanager
def bar(title: str, total: int, unit: str) -> Iterator[Advance]:
    """Yield `advance(done, note)`; shows the share done, the time left and the latest note."""
    console = Console(stderr=True)
    if not console.is_terminal:
        with _lines(title, total, unit) as advance:
            yield advance
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=total, note="")

        def advance(done: int, note: str = "") -> None:
            progress.update(task, completed=done, **({"note": note} if note else {}))

        yield advance


@contextlib.contextmanager
def _lines(title: str, total: int, unit: str) -> Iterator[Advance]:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    start = time.monotonic()
    state = {"first": -1, "next": max(1, total // LINES), "note": ""}

    def advance(done: int, note: str = "") -> None:
        if state["first"] < 0:
            state["first"] = done
        state["note"] = note or state["note"]
        if done < min(state["next"], total):
            return
        state["next"] = done + max(1, total // LINES)
        elapsed = time.monotonic() - start
        rate = (done - state["first"] + 1) / max(elapsed, 1e-9)
        left = (total - done) / rate
        console.print(
            f"{title}: {done}/{total} {unit}, {elapsed:.0f} s, {left:.0f} s left {state['note']}"
        )

    yield advance
