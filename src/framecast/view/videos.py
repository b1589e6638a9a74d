"""Frames as a person sees them: truth beside prediction, as an animation and as a strip.

Shape letters: T frames, H height, W width; every array is uint8 [T, H, W, 3]. `context` is
the number of frames the predictor was shown; `prediction[:context]` equals the truth.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from framecast.errors import InputError
from framecast.publish import new_file
from framecast.view import colours

Frames = NDArray[np.uint8]

_NIGHT, _CHALK, _DIM = (22, 24, 29), (236, 238, 242), (150, 157, 168)
_PAPER, _INK, _PENCIL = (255, 255, 255), (31, 35, 40), (101, 109, 118)
_GIVEN, _PREDICTED = colours.rgb(colours.GIVEN), colours.rgb(colours.PREDICTED)
# The dark tile needs lighter words than the white strip for the same contrast.
_GIVEN_ON_NIGHT, _PREDICTED_ON_NIGHT = (61, 201, 156), (255, 140, 66)

BORDER = 4  # pixels around each panel of `side_by_side`
COLUMNS = 15  # most frames in one line of `strip`
AMPLIFY = 3  # how much brighter `strip` shows the difference


def side_by_side(
    truth: Frames | None,
    prediction: Frames,
    context: int,
    scale: int = 3,
    every: int = 1,
    extra: Mapping[str, Frames] | None = None,
) -> Frames:
    """Truth left, prediction right, captioned: uint8 [T, H, W, 3] -> uint8 [T, H', W', 3].

    The prediction's border is green while frames are given and orange once they are predicted,
    and the caption below says so in words. `extra` (name -> frames), such as the pose, stands
    left of both; of long clips each `every`-th frame is shown. Without a truth the prediction
    stands alone. H' and W' are even, as video
    encoders need.
    """
    _check(truth, prediction, context)
    assert scale >= 1, scale
    known = {} if truth is None else {"truth": truth}
    panels = {**_extra(extra, prediction), **known, "prediction": prediction}
    _, height, width, _ = prediction.shape
    tall, wide = height * scale, width * scale
    font = _fitting("prediction", wide, size=5 * scale)
    margin, line = 2 * scale + 4, round(_size(font) * 1.5)
    left = margin + BORDER
    lefts = [left + i * (wide + 2 * BORDER + margin) for i in range(len(panels))]
    top = margin // 2 + line + BORDER
    canvas_wide = lefts[-1] + wide + BORDER + margin
    canvas_tall = top + tall + BORDER + margin // 2 + line
    canvas_wide, canvas_tall = canvas_wide + canvas_wide % 2, canvas_tall + canvas_tall % 2

    pictures = []
    for t in range(0, len(prediction), every):
        given = t < context
        canvas = Image.new("RGB", (canvas_wide, canvas_tall), _NIGHT)
        draw = ImageDraw.Draw(canvas)
        edges = dict.fromkeys(panels, _DIM) | {
            "truth": colours.rgb(colours.TRUTH),
            "prediction": _GIVEN if given else _PREDICTED,
        }
        above, below = top - BORDER - line // 2, top + tall + BORDER + line // 2
        for x, (name, frames) in zip(lefts, panels.items()):
            box = (x - BORDER, top - BORDER, x + wide + BORDER - 1, top + tall + BORDER - 1)
            draw.rectangle(box, fill=edges[name])
            canvas.paste(_enlarged(frames[t], scale), (x, top))
            draw.text((x - BORDER, above), name, _CHALK, font, anchor="lm")
        draw.text((left - BORDER, below), f"t = {t}", _DIM, font, anchor="lm")
        word, tint = ("given", _GIVEN_ON_NIGHT) if given else ("predicted", _PREDICTED_ON_NIGHT)
        draw.text((lefts[-1] - BORDER, below), word, tint, font, anchor="lm")
        pictures.append(np.asarray(canvas))
    return np.stack(pictures)


def write_gif(path: Path, frames: Frames, seconds_per_frame: float = 0.2) -> None:
    """Write uint8 [T, H, W, 3] as a GIF that loops for ever.

    One palette of 256 colours serves all frames, so that still parts keep their colour, and
    dithering hides its steps. GIF counts hundredths of a second: frames differ by one such tick
    where needed to keep the total right. Equal neighbours become one frame that lasts as long
    as both.
    """
    durations = _milliseconds(len(frames), seconds_per_frame, tick=10, shortest=20)
    palette = _palette(frames)
    dither = Image.Dither.FLOYDSTEINBERG
    pictures = [Image.fromarray(f).quantize(palette=palette, dither=dither) for f in frames]
    _write_animation(path, "GIF", pictures, durations, optimize=False)


def write_webp(path: Path, frames: Frames, seconds_per_frame: float = 0.2) -> None:
    """Write uint8 [T, H, W, 3] as a lossless WebP that loops for ever: every byte is kept.

    Equal neighbours become one frame that lasts as long as both; where all frames are equal
    the file is a still picture, which has no duration.
    """
    durations = _milliseconds(len(frames), seconds_per_frame, tick=1, shortest=10)
    pictures = [Image.fromarray(frame) for frame in frames]
    _write_animation(path, "WEBP", pictures, durations, lossless=True, quality=50, method=2)


def strip(
    path: Path,
    truth: Frames | None,
    prediction: Frames,
    context: int,
    every: int = 1,
    extra: Mapping[str, Frames] | None = None,
) -> None:
    """Write one PNG with every time step (or each `every`-th): a column a frame.

    Rows: truth, prediction, each of `extra` (name -> uint8 [T, H, W, 3]), and the absolute
    difference of the first two, amplified (no truth, no difference). More than 15 columns wrap
    into even lines.
    """
    _check(truth, prediction, context)
    assert every >= 1, every
    rows = {"prediction": prediction, **_extra(extra, prediction)}
    if truth is not None:
        gap = np.abs(truth.astype(np.int16) - prediction.astype(np.int16)) * AMPLIFY
        rows = {"truth": truth, **rows}
        rows[f"|difference| x{AMPLIFY}"] = gap.clip(0, 255).astype(np.uint8)

    times = list(range(0, len(prediction), every))
    columns = math.ceil(len(times) / math.ceil(len(times) / COLUMNS))
    lines = [times[i : i + columns] for i in range(0, len(times), columns)]
    picture = _drawn_strip(lines, rows, context)
    with new_file(Path(path)) as aside:
        picture.save(aside, format="PNG")


def _drawn_strip(
    lines: Sequence[Sequence[int]], rows: Mapping[str, Frames], context: int
) -> Image.Image:
    """The strip itself; `lines` hold the frame numbers of each line of columns."""
    height, width = next(iter(rows.values())).shape[1:3]
    scale = max(1, round(128 / max(height, width)))
    tall, wide = height * scale, width * scale
    gap, break_, margin, font = 4, 14, 20, ImageFont.load_default(26)
    labels = {name: _wrapped(name, font, 190) for name in rows}
    parts = [part for label in labels.values() for part in label.split("\n")]
    gutter = margin + math.ceil(max(font.getlength(part) for part in parts)) + 16
    head, bar = 82, 6  # words and numbers above the first row; the coloured bar among them
    block = head + len(rows) * (tall + gap) + 30

    def column_x(line: Sequence[int], column: int) -> int:
        crossed = line[0] < context <= line[column]
        return gutter + column * (wide + gap) + (break_ if crossed else 0)

    longest = max(column_x(line, len(line) - 1) for line in lines) + wide
    canvas = Image.new("RGB", (longest + margin, margin + len(lines) * block), _PAPER)
    draw = ImageDraw.Draw(canvas)
    for index, line in enumerate(lines):
        top = margin + index * block
        draw.text((margin, top + 60), "frame", _PENCIL, font, anchor="lm")
        for column, t in enumerate(line):
            x = column_x(line, column)
            given = t < context
            colour = _GIVEN if given else _PREDICTED
            first = column == 0 or (line[column - 1] < context) != given
            if first:
                draw.text((x, top + 14), "given" if given else "predicted", colour, font, "lm")
            # The bar runs on over the gap, and stops short only where the kind changes.
            last = column + 1 == len(line) or (line[column + 1] < context) != given
            bar_end = x + wide - 1 + (0 if last else gap)
            draw.rectangle((x, top + 33, bar_end, top + 33 + bar - 1), fill=colour)
            draw.text((x + wide // 2, top + 60), str(t), _INK, font, anchor="mm")
            for row, frames in enumerate(rows.values()):
                place = (x, top + head + row * (tall + gap))
                canvas.paste(_enlarged(frames[t], scale), place)
            if column and first:
                middle = x - (gap + break_) // 2
                bottom = top + head + len(rows) * (tall + gap) - gap - 1
                draw.rectangle((middle - 1, top + 4, middle + 1, bottom), fill=_PREDICTED)
        for row, label in enumerate(labels.values()):
            middle = top + head + row * (tall + gap) + tall // 2
            draw.multiline_text((margin, middle), label, _INK, font, anchor="lm", spacing=4)
    return canvas


def _check(truth: Frames | None, prediction: Frames, context: int) -> None:
    truth = prediction if truth is None else truth
    for frames in (truth, prediction):
        assert frames.dtype == np.uint8, frames.dtype
        assert frames.ndim == 4, frames.shape
        assert frames.shape[-1] == 3, frames.shape
    assert len(truth), "no frames to show"
    assert truth.shape == prediction.shape, (truth.shape, prediction.shape)
    assert 0 <= context <= len(truth), (context, len(truth))


def _extra(extra: Mapping[str, Frames] | None, shown: Frames) -> Mapping[str, Frames]:
    for name, frames in (extra or {}).items():
        assert frames.shape == shown.shape, (name, frames.shape, shown.shape)
    return extra or {}


def _enlarged(frame: Frames, scale: int) -> Image.Image:
    """One frame [H, W, 3], each pixel a sharp block of scale × scale."""
    return Image.fromarray(frame.repeat(scale, axis=0).repeat(scale, axis=1))


def _fitting(text: str, wide: int, size: int) -> Any:
    """Pillow's own font at `size` pixels, or smaller until `text` fits in `wide` pixels."""
    size = max(size, 8)
    while size > 8 and ImageFont.load_default(size).getlength(text) > wide:
        size -= 1
    return ImageFont.load_default(size)


def _size(font: Any) -> float:
    return float(getattr(font, "size", 11))


def _wrapped(text: str, font: Any, wide: int) -> str:
    """`text` broken at spaces into lines of at most `wide` pixels where words allow it."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > wide:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)


def _milliseconds(count: int, seconds: float, tick: int, shortest: int) -> list[int]:
    """How long each of `count` frames lasts, in whole ticks that sum to the right total."""
    if not seconds * 1000 >= shortest:
        raise InputError(
            f"seconds_per_frame is {seconds}: a frame must last at least {shortest / 1000} s, "
            "or viewers slow it down; choose a longer time or show fewer frames"
        )
    ends = [round(index * seconds * 1000 / tick) * tick for index in range(count + 1)]
    return [end - start for start, end in itertools.pairwise(ends)]


def _palette(frames: Frames) -> Image.Image:
    """A palette picture of the 256 colours that serve all frames [T, H, W, 3] best."""
    seen = Image.fromarray(np.ascontiguousarray(frames.reshape(-1, frames.shape[2], 3)))
    # On robot video an octree with dithering beat median cut with k-means by 6 dB (averaged over
    # the blocks a viewer sees) and took a hundredth of its time.
    return seen.quantize(256, method=Image.Quantize.FASTOCTREE)


def _write_animation(
    path: Path, format: str, pictures: list[Image.Image], durations: list[int], **options: Any
) -> None:
    assert pictures, "an animation needs at least one frame"
    with new_file(Path(path)) as aside:
        pictures[0].save(
            aside,
            format=format,
            save_all=True,
            append_images=pictures[1:],
            duration=durations,
            loop=0,
            **options,
        )
