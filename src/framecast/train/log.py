"""A run's log: one JSON object a line in log.jsonl, and the same numbers in TensorBoard."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from framecast.publish import new_file


class RunLog:
    """Appends records; a resumed run first drops what it is about to write again."""

    def __init__(self, run: Path, from_step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.path = run / "log.jsonl"
        kept: list[dict[str, Any]] = []
        if self.path.exists():
            kept = [r for r in read_log(run) if r["step"] < from_step or _is_at_end(r, from_step)]
            with new_file(self.path) as aside:
                aside.write_text("".join(json.dumps(r) + "\n" for r in kept))
        run.mkdir(parents=True, exist_ok=True)
        self._file = open(self.path, "a")  # noqa: SIM115 (closed by __exit__)
        _wait_for_a_later_second(run / "tensorboard")
        self._board = SummaryWriter(str(run / "tensorboard"), purge_step=from_step)
        for record in kept:  # the purge takes what is logged at `from_step` too
            if record["step"] >= from_step:
                self._show(record)

    def __enter__(self) -> RunLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()
        self._board.close()

    def write(self, record: dict[str, Any]) -> None:
        """One record; it has a "step". Numbers go to TensorBoard under their own names."""
        self._file.write(json.dumps(record, allow_nan=False) + "\n")
        self._file.flush()
        self._show(record)

    def _show(self, record: dict[str, Any]) -> None:
        for name, value in record.items():
            if isinstance(value, int | float) and name not in ("step", "epoch"):
                self._board.add_scalar(name, value, record["step"])


def read_log(run: Path) -> list[dict[str, Any]]:
    """All whole records of a run; a line cut short by a crash is left out."""
    records = []
    path = run / "log.jsonl"
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            records.append(json.loads(line))
        except ValueError:
            continue
    return records


def _wait_for_a_later_second(board: Path) -> None:
    """TensorBoard reads event files by name, and a name's time has whole seconds only.

    Two sessions within one second could be read in the wrong order, and one would be purged.
    """
    taken = [int(file.name.split(".")[3]) for file in board.glob("events.out.tfevents.*")]
    while taken and time.time() < max(taken) + 1:
        time.sleep(0.05)


def _is_at_end(record: dict[str, Any], step: int) -> bool:
    """Validation after `step` steps belongs to the checkpoint of that step; training does not."""
    return record["step"] == step and "validation_psnr" in record
