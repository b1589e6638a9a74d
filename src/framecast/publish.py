"""Writing folders and files so that nobody ever sees half of one.

Everything framecast writes goes to a hidden sibling first, is flushed to the disk, and takes
its final name by one rename. A kill leaves at most a hidden sibling to delete (`.*partial*`, or
`.*.removed` where a folder was being removed), which nothing reads.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from framecast.errors import FramecastError, InputError, LockedError, StorageError

DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}
"""errors of a write that carry no file's name"""


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a hidden folder to fill; on success it becomes `path`, on any error it is removed.

    Raises InputError if `path` exists, StorageError if the disk refuses.
    """
    path = Path(path)
    must_be_new(path)
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{path.name}.partial-", dir=path.parent))
    try:
        with _explained(path, aside):
            yield aside
            os.chmod(aside, 0o777 & ~_umask())
            for file in (p for p in aside.rglob("*") if p.is_file()):
                _flush(file)
            _flush(aside)
            os.rename(aside, path)
            _flush(path.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield a hidden path to write; on success it replaces `path`, on any error it is removed.

    The hidden name keeps the suffix, since writers such as Pillow choose the format by it.
    Raises InputError if `path` cannot name a file, StorageError if the disk refuses.
    """
    path = Path(path)
    can_be_written(path)
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".partial-{os.getpid()}-{path.name}")
    try:
        with _explained(path, aside):
            yield aside
            _flush(aside)
            os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def must_be_new(path: Path) -> None:
    """Raises InputError if there is something at `path`: worth knowing before long work."""
    if path.exists() or path.is_symlink():
        raise InputError(f"{path} exists already: choose another name or delete it first")


def can_be_written(path: Path) -> None:
    """Raises InputError if `path` cannot name a file: worth knowing before long work."""
    if not path.name or path.is_dir():
        raise InputError(f"{path} is a folder: give the name of a file to write")


def new_link(link: Path, target: Path) -> None:
    """Make `link` name its sibling `target`, in one rename that is on the disk on return."""
    aside = link.with_name(f".{link.name}.partial")
    with _explained(link):
        aside.unlink(missing_ok=True)
        aside.symlink_to(target.name)
        os.replace(aside, link)
        _flush(link.parent)


def remove_folder(path: Path) -> None:
    """Delete a folder; a crash half-way leaves only a hidden one, never half of `path`."""
    aside = path.with_name(f".{path.name}.removed")
    with _explained(path):
        shutil.rmtree(aside, ignore_errors=True)
        os.rename(path, aside)
        shutil.rmtree(aside)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold `path` as this process's alone while it is written. Raises LockedError if taken."""
    lock = Path(path)
    with _explained(lock):
        lock.parent.mkdir(parents=True, exist_ok=True)
        handle = open(lock, "w")  # noqa: SIM115 (opening is explained, holding is not)
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(
                f"{lock.parent} is being written by another process: wait for it, or stop it"
            ) from None
        yield


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _explained(path: Path, aside: Path | None = None) -> Iterator[None]:
    """A bare OSError of writing `path` as a StorageError that names it.

    One that is explained already is left alone. Where a caller writes `aside`, so is one that
    is about something that was read: it names another file, or is none of a disk's own.
    """
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            foreign = aside is not None and not os.fsdecode(error.filename).startswith(str(aside))
        else:
            foreign = aside is not None and error.errno not in DISK
        if isinstance(error, FramecastError) or foreign:
            raise
        raise StorageError(f"{path}: cannot be written ({error.strerror or error})") from error


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
