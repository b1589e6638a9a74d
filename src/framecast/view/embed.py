"""Pictures put whole into a page, so that the page needs no other file."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import NamedTuple

from PIL import Image, UnidentifiedImageError

from framecast.errors import InputError

_TYPES = {"PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}


class Picture(NamedTuple):
    """A picture with its words. GIF and WebP come first on the page, side by side."""

    caption: str
    image: bytes | Path
    alt: str


class Embedded(NamedTuple):
    """A picture as it stands in the page; `moves` for an animation."""

    caption: str
    alt: str
    uri: str
    width: int  # pixels
    height: int
    moves: bool


def embedded(picture: Picture) -> Embedded:
    """The picture's bytes, unchanged, as a data: URI. Raises InputError if it is no picture."""
    named = "a picture" if isinstance(picture.image, bytes) else str(picture.image)
    try:
        data = picture.image if isinstance(picture.image, bytes) else picture.image.read_bytes()
        with Image.open(io.BytesIO(data)) as opened:
            kind, (width, height) = opened.format or "", opened.size
    except UnidentifiedImageError:
        kind = ""
    except OSError as error:
        raise InputError(
            f"{named}: cannot be read for the report ({error.strerror or error}); make it again"
        ) from error
    if kind not in _TYPES:
        raise InputError(
            f"{named} ({picture.caption!r}) is no PNG, GIF or WebP: give the report one of these"
        )
    uri = f"data:{_TYPES[kind]};base64,{base64.b64encode(data).decode('ascii')}"
    return Embedded(picture.caption, picture.alt, uri, width, height, moves=kind != "PNG")
