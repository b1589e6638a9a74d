from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from framecast.errors import InputError, LockedError, StorageError
from framecast.publish import locked, new_file, new_folder


def _write_half(path: Path) -> None:
    path.write_text("half")
    path.parent.read_bytes()  # fails


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), new_folder(tmp_path / "a") as aside:
        _write_half(aside / "half")
    assert list(tmp_path.iterdir()) == []
    with new_folder(tmp_path / "a") as aside:
        (aside / "whole").write_text("x")
        assert not (tmp_path / "a").exists()
    assert [p.name for p in tmp_path.rglob("*")] == ["a", "whole"]


def test_a_folder_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(InputError, match="exists already"), new_folder(tmp_path / "a"):
        pass


def test_a_file_is_replaced_whole_or_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(IsADirectoryError), new_file(tmp_path / "a.txt") as aside:
        _write_half(aside)
    assert (tmp_path / "a.txt").read_text() == "old"
    with new_file(tmp_path / "a.txt") as aside:
        aside.write_text("new")
    assert [p.read_text() for p in tmp_path.iterdir()] == ["new"]


def test_a_place_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"), new_folder(tmp_path / "file/a"):
        pass


def test_a_second_writer_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from framecast.publish import locked\n"
        "with locked(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / ".lock")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(LockedError, match="another process"), locked(tmp_path / ".lock"):
        pass
    holder.communicate(b"")
    with locked(tmp_path / ".lock"):
        pass
