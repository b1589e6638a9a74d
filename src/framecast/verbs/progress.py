"""One progress bar with the time left; plain lines where the output is no terminal."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class Advance(Protocol):
    """Say how many are done, and optionally something about the latest."""

    def __call__(self, done: int, note: str = "") -> None: ...


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
            progress.update(task, completed=done, note=note)

        yield advance


@contextlib.contextmanager
def _lines(title: str, total: int, unit: str) -> Iterator[Advance]:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    start = time.monotonic()
    first: int | None = None
    due = 0

    def advance(done: int, note: str = "") -> None:
        nonlocal first, due
        if first is None:  # a resumed task does not start at 0
            first, due = done - 1, done - 1 + max(1, total // LINES)
        if done < min(due, total):
            return
        due = done + max(1, total // LINES)
        elapsed = time.monotonic() - start
        left = (total - done) * elapsed / (done - first)
        console.print(
            f"{title}: {done}/{total} {unit}, {elapsed:.0f} s, {left:.0f} s left {note}".rstrip()
        )

    yield advance
