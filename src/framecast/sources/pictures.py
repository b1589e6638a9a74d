"""Folders of numbered PNGs: names, order, gaps, and decoding, with errors that name the file."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from framecast.errors import InputError

# Modes that convert to 8-bit RGB without loss of range; 16-bit and float pictures do not.
_EIGHT_BIT = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK"}

_FRAME = re.compile(r"(?P<letters>[^0-9]*)(?P<number>[0-9]+)\.png", re.IGNORECASE)


class First(NamedTuple):
    """The first picture of a set, whose size all others of the set must have."""

    path: Path
    width: int
    height: int

    @classmethod
    def of(cls, picture: Path) -> First:
        with _open(picture) as image:
            return cls(picture, *image.size)


def subfolders(folder: Path) -> list[Path]:
    """The folders in `folder`, hidden ones left out, in natural order."""
    with os.scandir(folder) as inside:
        names = [item.name for item in inside if item.is_dir() and not item.name.startswith(".")]
    return [folder / name for name in sorted(names, key=_natural)]


def some(names: Iterable[str]) -> str:
    """A few of the names found, for an error message."""
    return ", ".join(sorted(names)[:3]) or "nothing"


def by_number(folder: Path, names: Iterable[tuple[int, str]]) -> dict[int, Path]:
    """The pictures of `folder` by their numbers, of which no two may be the same."""
    pictures: dict[int, Path] = {}
    for number, name in sorted(names):
        if number in pictures:
            raise InputError(
                f"{pictures[number]} and {folder / name} have the same number; expected one "
                f"picture for each frame"
            )
        pictures[number] = folder / name
    return pictures


def numbered_pngs(folder: Path, expected: str) -> dict[int, Path]:
    """The PNGs of a folder by their numbers, in order: N.png, or any letters before the number.

    Hidden files and files that are not .png are left out; there must be one. Raises InputError,
    saying what was `expected`, if a name has no number, or other letters than the first.
    """
    names = png_names(folder)
    if not names:
        raise InputError(f"{folder} has no pictures (found {some(os.listdir(folder))}); {expected}")
    letters = re.sub("[0-9].*", "", names[0])
    numbers: list[tuple[int, str]] = []
    for name in names:
        match = _FRAME.fullmatch(name)
        if match is None:
            raise InputError(f"{folder / name} is not named like a frame; {expected}")
        if match["letters"] != letters:
            raise InputError(
                f"{folder / names[0]} and {folder / name} are named differently; expected the "
                f"same letters before the number throughout the folder"
            )
        numbers.append((int(match["number"]), name))
    return by_number(folder, numbers)


def png_names(folder: Path) -> list[str]:
    """The names of a folder's PNGs, hidden ones left out, sorted as text."""
    with os.scandir(folder) as inside:
        return sorted(
            item.name
            for item in inside
            if item.name.lower().endswith(".png")
            and not item.name.startswith(".")
            and not item.is_dir()
        )


def named_like(picture: Path, number: int) -> Path:
    """What the frame with this number would be called beside one of `numbered_pngs`."""
    match = _FRAME.fullmatch(picture.name)
    assert match is not None, picture
    digits = len(match["number"]) if match["number"].startswith("0") else 1
    return picture.with_name(f"{match['letters']}{number:0{digits}d}.png")


def first_missing(numbers: Collection[int], start: int) -> int | None:
    """The first number that is missing where `numbers` should run from `start` without a gap."""
    expected = range(start, start + len(numbers))
    return next((number for number in expected if number not in numbers), None)


def missing(picture: Path, numbers: Collection[int], expected: str) -> InputError:
    """The error that `picture` is missing among those whose numbers were found."""
    return InputError(
        f"{picture} is missing: found {len(numbers)} frames, numbered {min(numbers)} to "
        f"{max(numbers)}; {expected}"
    )


def decode(picture: Path, first: First, ground: str | None = None) -> Image.Image:
    """The picture in 8-bit RGB, of the size of the set's first.

    Where a picture is transparent, it is laid over the colour `ground`; if that is None, what
    the file says of its transparency is dropped. Raises InputError, naming the file.
    """
    with _open(picture) as image:
        if image.size != (first.width, first.height):
            raise InputError(
                f"{picture} is {image.width}×{image.height} pixels; expected "
                f"{first.width}×{first.height}, the size of {first.path}"
            )
        if image.mode not in _EIGHT_BIT:
            raise InputError(f"{picture} has pixels of kind {image.mode}; expected 8-bit RGB")
        try:
            image.load()
            if "A" not in image.mode and "transparency" not in image.info:
                return image if image.mode == "RGB" else image.convert("RGB")
            # By way of RGBA, since a palette with transparency warns on its way to RGB.
            clear = image.convert("RGBA")
        except (OSError, ValueError, SyntaxError) as error:
            raise InputError(_unreadable(picture, error)) from error
    if ground is not None:
        clear = Image.alpha_composite(Image.new("RGBA", clear.size, ground), clear)
    return clear.convert("RGB")


def _natural(name: str) -> list[tuple[int, str]]:
    """A sort key by which 2 comes before 10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(int(part), "") if part[0] in "0123456789" else (-1, part) for part in parts] + [
        (-2, name)  # decides between 7 and 07
    ]


def _open(picture: Path) -> Image.Image:
    """The picture, its header read and its pixels not yet."""
    try:
        return Image.open(picture, formats=["PNG"])
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(_unreadable(picture, error)) from error


def _unreadable(picture: Path, error: Exception) -> str:
    size = picture.stat().st_size if picture.is_file() else 0
    reason = "truncated or damaged" if size else "empty"
    detail = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"{picture} cannot be read as a PNG ({reason}, {size} bytes: {detail}); copy it again"
