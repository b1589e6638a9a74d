"""A person's frames and the poses drawn for them, in folders, as the course on family B gives them.

    SRC/train/{train_img,train_label}/0.png ...         one sequence
    SRC/val/{val_img,val_label}/0.png ...               one sequence; `validate` is as good a name
    SRC/test/{test_img,test_label}/<sequence>/0.png ... a folder a sequence

SRC is the folder that holds the splits, or its parent; any of the splits may be absent. In each
split there is one folder called *_img and one called *_label, and each of them holds the
pictures of one sequence or a folder a sequence. Pictures are called N.png or frameN.png (any
letters, the same throughout a folder; zeros before N are fine), numbered from 0 or from 1. Hidden
files and files that are not .png are ignored.

Pairing: the label with frame t's number is the pose IN frame t, so it stands at index t (see the
control convention in `clip`).

Size: a sequence's pictures have one size, frames and labels alike, and are resized once, here, by
averaging over the area of each new pixel. Where the size is a whole multiple of the new one, as
1024×512 is, that is the mean of a block, rounded once; otherwise it is the mean of the pixels whose
centres fall into the new one, rounded across and then down. The aspect is not kept where it
differs: 1920×1080 comes out as 64×32, as 1024×512 does. A picture that has the size already keeps
its bytes. A label that is transparent is laid over white, the labels' ground; a frame's
transparency is dropped.

A test sequence may have its first frame only, as the course releases them to be predicted from:
the frames after it are black then. The fact "true_frames" says how many frames were given.

A few threads read the pictures. A frame of 1024×512 and its label take 13 ms of one core here, and
Pillow leaves the interpreter's lock free for all but a trace of it, so every free core helps; with
none free, 1, 2 and 4 threads read 77 pairs a second alike.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from framecast.clip import Clip, ControlSpec, Origin, Split
from framecast.errors import InputError
from framecast.sources.pictures import (
    First,
    decode,
    first_missing,
    missing,
    named_like,
    numbered_pngs,
    png_names,
    some,
    subfolders,
)

HEIGHT, WIDTH = 32, 64
MIN_SIDE = 8
MIN_FRAMES = 2  # one to look at and one to predict
THREADS = min(8, os.cpu_count() or 1)

CONTROL = ControlSpec(kind="image", names=("red", "green", "blue"), units=("1", "1", "1"))
SPLIT_FOLDERS: dict[str, Split] = {
    "train": "train",
    "val": "validate",
    "validate": "validate",
    "test": "test",
}
LAYOUT = "SRC/{train,val,test}/{*_img,*_label}/[<sequence>/]{0.png, 1.png ...}"


class _Sequence(NamedTuple):
    """One sequence: the label of each frame, and the frames (all of them, or the first)."""

    clip_id: str
    split: Split
    images: list[Path]
    labels: list[Path]


def origin(src: Path, height: int = HEIGHT, width: int = WIDTH, validate_frames: int = 0) -> Origin:
    """What pose clips are. Raises InputError if `src` does not have the layout."""
    if min(height, width) < MIN_SIDE:
        raise InputError(f"--height {height} --width {width}: expected at least {MIN_SIDE} of each")
    _sequences(src, validate_frames)
    return Origin(
        "pose",
        CONTROL,
        {
            "pairing": "control[t] is the pose in frame t",
            "height": height,
            "width": width,
            "validate_frames": validate_frames,
        },
    )


def count(src: Path, validate_frames: int = 0) -> int:
    """How many clips `clips` will give; only folders are listed, so it is quick."""
    sequences = _sequences(src, validate_frames)
    cut = sum(sequence.split == "train" for sequence in sequences) if validate_frames else 0
    return len(sequences) + cut


def count_frames(src: Path) -> int:
    """How many frames all clips together will have."""
    return sum(len(sequence.labels) for sequence in _sequences(src))


def clips(
    src: Path,
    height: int = HEIGHT,
    width: int = WIDTH,
    validate_frames: int = 0,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Clip]:
    """Every sequence as one clip, splits in the order train, validate, test.

    frames uint8 [T, height, width, 3]; control uint8 [T, height, width, 3], the labels; clip_id
    such as "train", "val" or "test/0". `validate_frames` cuts that many frames off the end of
    each training sequence, to be a validation clip that comes right after it, such as
    "train/last". `progress` is called with the number of frames read so far, after each.

    All names are looked at before the first picture is, so that a fault in them is found at once.
    Raises InputError, naming the file, at the first thing that is wrong.
    """
    done = 0
    for clip_id, split, images, labels in _sequences(src, validate_frames):
        frames = np.zeros((len(labels), height, width, 3), np.uint8)
        control = np.zeros_like(frames)
        for _ in _fill(frames, control, images, labels):
            done += 1
            if progress is not None:
                progress(done)
        cut = len(labels) - (validate_frames if split == "train" else 0)
        true_frames = float(min(len(images), cut))
        yield Clip(clip_id, split, frames[:cut], control[:cut], {"true_frames": true_frames})
        if cut < len(labels):
            facts = {"true_frames": float(validate_frames)}
            yield Clip(f"{clip_id}/last", "validate", frames[cut:], control[cut:], facts)


def _fill(
    frames: NDArray[np.uint8], control: NDArray[np.uint8], images: list[Path], labels: list[Path]
) -> Iterator[None]:
    """Read a sequence's pictures into both arrays [T, H, W, 3]; yields after each frame."""
    first = First.of(images[0])

    def read(t: int) -> None:
        if t < len(images):
            frames[t] = _resized(decode(images[t], first), *frames.shape[1:3])
        control[t] = _resized(decode(labels[t], first, ground="white"), *control.shape[1:3])

    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(read, range(len(labels))):  # in order, so the first fault is the first
            yield


def _resized(image: Image.Image, height: int, width: int) -> NDArray[np.uint8]:
    """The picture as uint8 [height, width, 3], each pixel the mean over its area."""
    across, down = image.width // width, image.height // height
    if (width * across, height * down) == image.size:
        # `reduce` rounds once, `resize` after each direction.
        return np.asarray(image.reduce((across, down)))
    return np.asarray(image.resize((width, height), Image.Resampling.BOX))


def _sequences(src: Path, validate_frames: int = 0) -> list[_Sequence]:
    """All sequences in order, their names and numbers checked, no picture opened."""
    root = _root(Path(src))
    folders = {name: root / name for name in SPLIT_FOLDERS if (root / name).is_dir()}
    if {"val", "validate"} <= folders.keys():
        raise InputError(f"{root} has a folder val and a folder validate; expected one of them")
    if validate_frames:
        _check_validate_frames(validate_frames, root, folders)
    sequences = [
        _sequence(clip_id, SPLIT_FOLDERS[name], images, labels)
        for name, folder in folders.items()
        for clip_id, images, labels in _pairs(folder)
    ]
    for sequence in sequences:
        left = len(sequence.labels) - validate_frames
        if sequence.split == "train" and left < MIN_FRAMES:
            raise InputError(
                f"{sequence.images[0].parent} has {len(sequence.labels)} frames, of which "
                f"--validate-frames {validate_frames} leaves {max(left, 0)} to train on; expected "
                f"at least {MIN_FRAMES}"
            )
    return sequences


def _check_validate_frames(asked: int, root: Path, folders: Mapping[str, Path]) -> None:
    """Frames can be cut off training if there is some, and no validation beside it."""
    if asked < MIN_FRAMES:
        raise InputError(f"--validate-frames {asked}: expected 0, or at least {MIN_FRAMES}")
    for name in {"val", "validate"} & folders.keys():
        raise InputError(
            f"--validate-frames {asked}: {folders[name]} has validation sequences already; "
            f"expected one or the other"
        )
    if "train" not in folders:
        raise InputError(f"--validate-frames {asked}: {root} has no folder train to cut from")


def _root(src: Path) -> Path:
    """The folder that holds the splits: `src`, or the one folder in it that does."""
    asked = "the folder that holds train, val or test, or its parent"
    if not src.is_dir():
        found = "is a file" if src.exists() else "does not exist"
        raise InputError(f"{src} {found}; expected {asked}")
    if _has_splits(src):
        return src
    inside = [folder for folder in subfolders(src) if _has_splits(folder)]
    if len(inside) > 1:
        names = ", ".join(str(folder) for folder in inside)
        raise InputError(f"{src} has more than one folder with splits in it: give one of {names}")
    if not inside:
        raise InputError(
            f"{src} has no train, val or test folder (found {some(os.listdir(src))}); expected "
            f"{LAYOUT}, with SRC {asked}"
        )
    return inside[0]


def _has_splits(folder: Path) -> bool:
    return any((folder / name).is_dir() for name in SPLIT_FOLDERS)


def _pairs(split: Path) -> list[tuple[str, Path, Path]]:
    """The id, the folder of images and the folder of labels of each sequence of a split."""
    images, labels = _only(split, "_img"), _only(split, "_label")
    inside = {folder: [item.name for item in subfolders(folder)] for folder in (images, labels)}
    for folder, names in inside.items():
        if names and (pngs := png_names(folder)):
            raise InputError(
                f"{folder} holds pictures ({some(pngs)}) and folders ({some(names)}); "
                f"expected the pictures of one sequence, or a folder for each sequence"
            )
    if not inside[images] and not inside[labels]:
        return [(split.name, images, labels)]
    for here, there, what in ((images, labels, "label"), (labels, images, "image")):
        for name in inside[here]:
            if name not in inside[there]:
                raise InputError(
                    f"{here / name} has no {what} folder beside it; expected {there / name}"
                )
    return [(f"{split.name}/{name}", images / name, labels / name) for name in inside[images]]


def _only(split: Path, ending: str) -> Path:
    """The one folder of `split` whose name ends so."""
    found = [folder for folder in subfolders(split) if folder.name.endswith(ending)]
    if len(found) != 1:
        what = "more than one folder" if found else "no folder"
        raise InputError(
            f"{split} has {what} called *{ending} (found {some(os.listdir(split))}); expected "
            f"{LAYOUT}"
        )
    return found[0]


def _sequence(clip_id: str, split: Split, images: Path, labels: Path) -> _Sequence:
    """A sequence whose frames and labels have the same numbers, without a gap."""
    expected = (
        f"expected 0.png, 1.png and so on, or frame1.png and so on, at least {MIN_FRAMES}, "
        f"without a gap"
    )
    frames, poses = numbered_pngs(images, expected), numbered_pngs(labels, expected)
    # The course's own test set: poses for all frames, and the first frame to start from.
    first_only = split == "test" and len(frames) == 1 and min(frames) == min(poses)
    _check_partners(frames, poses, "label", labels)
    if not first_only:
        _check_partners(poses, frames, "image", images)
    if (gap := first_missing(poses, start=0 if 0 in poses else 1)) is not None:
        like = next(iter((poses if first_only else frames).values()))
        raise missing(named_like(like, gap), poses, expected)
    if len(poses) < MIN_FRAMES:
        raise InputError(f"{images} has 1 frame; {expected}")
    return _Sequence(clip_id, split, list(frames.values()), list(poses.values()))


def _check_partners(
    pictures: Mapping[int, Path], partners: Mapping[int, Path], what: str, folder: Path
) -> None:
    """Every picture has the partner that belongs to it: an image its label, a label its image."""
    for number, picture in pictures.items():
        if number not in partners:
            raise InputError(
                f"{picture} has no {what}; expected a picture with number {number} in {folder}"
            )
