from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from store_fakes import PICTURE, VECTOR, MakeStore, fake_clip

from framecast.clip import SPLITS
from framecast.store import Store, write_store

torch.set_num_threads(1)


@pytest.fixture
def make_store(tmp_path: Path) -> MakeStore:
    """make_store(lengths, splits=..., picture=...) -> a Store in tmp_path / name."""

    def make(
        lengths: Sequence[int] = (5, 5, 5, 5),
        splits: Sequence[str] | None = None,
        picture: bool = False,
        name: str = "store",
    ) -> Store:
        splits = splits or [SPLITS[0]] * len(lengths)
        clips = (fake_clip(n, lengths[n], splits[n], picture) for n in range(len(lengths)))
        return write_store(tmp_path / name, clips, PICTURE if picture else VECTOR)

    return make
