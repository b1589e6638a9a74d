"""What is in a store: numbers for a table and a sheet of pictures, without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from framecast.publish import new_file
from framecast.store.reader import Store

COLOURS = ("red", "green", "blue")


def summary(store: Store) -> dict[str, Any]:
    """Numbers about a store, ready for JSON.

    clips and frames in all; lengths (frames a clip); the frame's height and width; clips
    and frames of each split; name, unit, mean, std, min and max of each control channel
    over all clips; mean, min and max of each fact over the clips that state it.
    """
    lengths = [entry.length for entry in store.clips]
    height, width, _ = store.frame_shape
    spec = store.origin.control
    numbers = store.statistics["all"]
    names, units = spec.names, spec.units
    if spec.kind == "image":
        names, units = COLOURS, ("1",) * 3
    facts: dict[str, list[float]] = {}
    for entry in store.clips:
        for name, value in entry.facts.items():
            facts.setdefault(name, []).append(value)
    return {
        "path": str(store.path),
        "hash": store.hash,
        "source": store.origin.source,
        "settings": dict(store.origin.settings),
        "clips": len(lengths),
        "frames": sum(lengths),
        "bytes": store.frames.nbytes + store.control.nbytes,
        "frame_size": {"height": height, "width": width},
        "length": {"min": min(lengths), "mean": float(np.mean(lengths)), "max": max(lengths)},
        "splits": {
            name: {"clips": count, "frames": sum(store.clips[i].length for i in store.split(name))}
            for name, count in store.split_counts().items()
        },
        "control_kind": spec.kind,
        "control": [
            {
                "name": name,
                "unit": units[k],
                **{key: numbers[key][k] for key in ("min", "mean", "std", "max")},
            }
            for k, name in enumerate(names)
        ],
        "facts": {
            name: {
                "clips": len(values),
                "min": min(values),
                "mean": float(np.mean(values)),
                "max": max(values),
            }
            for name, values in sorted(facts.items())
        },
    }


def contact_sheet(store: Store, path: Path, clips: int = 8, frames: int = 8) -> Path:
    """Write a picture of some clips, a row each: evenly spaced clips and evenly spaced frames.

    Where the control is a picture, it stands under the frame into which it drives.
    The suffix of `path` chooses the format (.png). Raises StorageError if it cannot be written.
    """
    chosen = _evenly(len(store.clips), clips)
    frames = min(frames, max(store.clips[i].length for i in chosen))
    height, width, _ = store.frame_shape
    # Small frames are doubled (or more) without smoothing, to show the pixels that are there.
    scale = max(1, round(128 / max(height, width)))
    pictured = store.origin.control.kind == "image"
    height, width = height * scale * (2 if pictured else 1), width * scale
    margin, gap, label, header = 16, 4, 20, 34
    sheet = Image.new(
        "RGB",
        (
            2 * margin + frames * (width + gap) - gap,
            2 * margin + header + len(chosen) * (label + height + gap),
        ),
        "white",
    )
    draw = ImageDraw.Draw(sheet)
    title, small = ImageFont.load_default(16), ImageFont.load_default(12)
    counts = ", ".join(f"{n} {name}" for name, n in store.split_counts().items())
    many = "1 clip" if len(store.clips) == 1 else f"{len(store.clips):,} clips"
    text = f"{store.path.name}: {many} ({counts}), source {store.origin.source}"
    text += "; under each frame its control" if pictured else ""
    draw.text((margin, margin), _fit(draw, text, title, sheet.width - 2 * margin), "black", title)
    for row, i in enumerate(chosen):
        entry = store.clips[i]
        top = margin + header + row * (label + height + gap)
        text = f"{entry.clip_id}   {entry.split}, {entry.length} frames"
        text = _fit(draw, text, small, sheet.width - 2 * margin)
        draw.text((margin, top + 2), text, "#555", small)
        for column, t in enumerate(_evenly(entry.length, frames)):
            left = margin + column * (width + gap)
            picture = store.frames[entry.start + t]
            if pictured:
                picture = np.concatenate([picture, store.control[entry.start + t]])
            sheet.paste(_enlarged(picture, scale), (left, top + label))
            corner = (left + 4, top + label + 3)
            draw.text(corner, str(t), "white", small, stroke_width=1, stroke_fill="black")
    with new_file(Path(path)) as aside:
        sheet.save(aside, format="PNG")
    return Path(path)


def _evenly(count: int, wanted: int) -> list[int]:
    """At most `wanted` of 0 .. count - 1, evenly spaced, the first and the last among them."""
    return np.linspace(0, count - 1, min(count, wanted)).round().astype(int).tolist()


def _enlarged(frame: NDArray[np.uint8], scale: int) -> Image.Image:
    return Image.fromarray(frame.repeat(scale, axis=0).repeat(scale, axis=1))


def _fit(
    draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont | Any, width: int
) -> str:
    """The text, shortened with an ellipsis if it is wider than `width` pixels."""
    if draw.textlength(text, font) <= width:
        return text
    while text and draw.textlength(text + "…", font) > width:
        text = text[:-1]
    return text + "…"
