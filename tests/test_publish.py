from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from framecast.errors import InputError, LockedError, StorageError
from framecast.publish import locked, new_file, new_folder, new_link, remove_folder


def _write_half(path: Path) -> None:
    path.write_text("half")
    raise ValueError("clip 7 is bad")


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="clip 7"), new_folder(tmp_path / "a") as aside:
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
    with pytest.raises(ValueError, match="clip 7"), new_file(tmp_path / "a.txt") as aside:
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


def test_a_disk_that_fills_is_explained_with_the_file_s_name(tmp_path: Path) -> None:
    full = OSError(28, "No space left on device")
    with pytest.raises(StorageError, match=r"a\.txt: cannot be written \(No space"):
        _raise_inside(tmp_path / "a.txt", full)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_could_not_be_read_is_not_blamed_on_the_one_being_written(
    tmp_path: Path,
) -> None:
    with pytest.raises(FileNotFoundError, match="source"):
        _raise_inside(tmp_path / "a.txt", FileNotFoundError(2, "No such file", "/source"))
    with pytest.raises(OSError, match="truncated") as found:
        _raise_inside(tmp_path / "a.txt", OSError("image file is truncated"))
    assert not isinstance(found.value, StorageError)
    with pytest.raises(StorageError, match="explained already"):
        _raise_inside(tmp_path / "a.txt", StorageError("explained already"))


def _raise_inside(path: Path, error: Exception) -> None:
    with new_file(path):
        raise error


def test_a_folder_is_no_name_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"), new_file(tmp_path):
        pass


def test_a_link_moves_in_one_rename(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        new_link(tmp_path / "last", tmp_path / name)
        assert (tmp_path / "last").resolve().name == name
    assert {p.name for p in tmp_path.iterdir()} == {"one", "two", "last"}


def test_a_removed_folder_leaves_nothing_even_after_a_removal_that_was_cut_short(
    tmp_path: Path,
) -> None:
    for name in ("a", ".a.removed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
    remove_folder(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []
