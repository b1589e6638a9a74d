"""Watching for posterior collapse: the latent that the KL term has silenced."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

WINDOW = 200
"""steps that β must have been on, and over which the KL is averaged"""
SILENT = 0.01
"""nats per frame: below this the latent carries nothing (A2's log fell from 105 to below 0.001)"""


GENTLE = 1e-3
"""a KL weight up to this does not silence a latent that has something to say"""


class CollapseWatch:
    """Says it once: KL below `SILENT` over `WINDOW` steps in which β was above zero.

    `said` when the run's log has it already; a resumed run counts its steps anew.
    """

    def __init__(self, said: bool = False) -> None:
        self.recent: deque[float] = deque(maxlen=WINDOW)
        self.said = said

    def look(self, record: Mapping[str, float]) -> str | None:
        """A message the first time the posterior has collapsed, else None."""
        if "kl" not in record or record["kl_weight"] <= 0.0:
            self.recent.clear()
            return None
        self.recent.append(record["kl"])
        mean = sum(self.recent) / len(self.recent)
        if self.said or len(self.recent) < WINDOW or mean >= SILENT:
            return None
        self.said = True
        if record["kl_weight"] <= GENTLE:
            remedy = (
                "At so low a weight this means that the control alone explains the frames so far: "
                "fine if samples need not differ, otherwise train longer or on more varied clips."
            )
        else:
            remedy = (
                "Lower the weight (SVG's is --train.kl.kind constant --train.kl.peak 1e-4), or "
                "raise it more slowly."
            )
        return (
            f"posterior collapse: the KL is {mean:.2g} nats a frame over the last {WINDOW} steps "
            f"while its weight is {record['kl_weight']:.3g}, so z carries nothing and every sample "
            f"will be the same. {remedy}"
        )
