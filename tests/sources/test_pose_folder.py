from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framecast.cli import main
from framecast.clip import Clip
from framecast.errors import InputError
from framecast.sources import pose_folder
from framecast.sources.pictures import First, decode
from framecast.store import contact_sheet, open_store, summary, verify_store, write_store

HEIGHT, WIDTH, LENGTH = 32, 64, 12
REAL = Path(__file__).parents[3] / "shared" / "data" / "lab4"


def places(seed: int, length: int) -> np.ndarray:
    """Where the dot is in each frame, (y, x); no two frames have it in one place."""
    spots = np.random.default_rng(seed).permutation(HEIGHT * WIDTH)[:length]
    return np.stack(np.divmod(spots, WIDTH), axis=1)


def picture(place: tuple[int, int], ground: int) -> Image.Image:
    """A dot on a ground: white on black for a frame, black on white for a label."""
    pixels = np.full((HEIGHT, WIDTH, 3), ground, np.uint8)
    pixels[tuple(place)] = 255 - ground
    return Image.fromarray(pixels)


def write_pictures(
    folder: Path, seed: int, length: int, ground: int, name: str, start: int
) -> None:
    folder.mkdir(parents=True)
    for t, place in enumerate(places(seed, length)):
        picture(place, ground).save(folder / name.format(t + start))


def write_sequence(
    split: Path,
    sequence: str = "",
    seed: int = 0,
    length: int = LENGTH,
    names: tuple[str, str] = ("{}.png", "{}.png"),
    start: int = 0,
) -> None:
    """A dot that moves, in frames and in labels; flat, or in a folder `sequence`."""
    for kind, ground, name in (("img", 0, names[0]), ("label", 255, names[1])):
        folder = split / f"{split.name}_{kind}" / sequence
        write_pictures(folder, seed, length, ground, name, start)


def dots(pictures: np.ndarray, ground: int) -> np.ndarray:
    return np.array([np.argwhere(p[..., 0] != ground)[0] for p in pictures])


def read(src: Path, **settings: int) -> dict[str, Clip]:
    return {clip.clip_id: clip for clip in pose_folder.clips(src, **settings)}


@pytest.fixture
def src(tmp_path: Path) -> Path:
    """lab4 in small: one sequence in train, one in val, two in test."""
    root = tmp_path / "lab4"
    write_sequence(root / "train", seed=1)
    write_sequence(root / "val", seed=2)
    write_sequence(root / "test", "0", seed=3)
    write_sequence(root / "test", "1", seed=4)
    return root


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize(
    "names",
    [
        ("{}.png", "{}.png"),
        ("frame{}.png", "pose_{}.PNG"),
        ("{:04d}.png", "frame{:02d}.png"),
    ],
)
def test_control_t_is_the_pose_in_frame_t(
    tmp_path: Path, names: tuple[str, str], start: int
) -> None:
    # Twelve frames, so that 10 must come after 2 and not after 1.
    write_sequence(tmp_path / "train", seed=5, names=names, start=start)
    (clip,) = pose_folder.clips(tmp_path)
    np.testing.assert_array_equal(dots(clip.frames, ground=0), places(5, LENGTH))
    np.testing.assert_array_equal(dots(clip.control, ground=255), places(5, LENGTH))


def test_a_label_belongs_to_the_frame_of_its_number_not_of_its_place(tmp_path: Path) -> None:
    split = tmp_path / "train"
    write_pictures(split / "a_img", 0, LENGTH, 0, "{}.png", start=1)
    write_pictures(split / "a_label", 0, LENGTH, 255, "{}.png", start=0)
    with pytest.raises(InputError, match=r"a_img/12\.png has no label"):
        list(pose_folder.clips(tmp_path))


def test_every_folder_of_pictures_is_a_clip_with_its_split(src: Path) -> None:
    write_sequence(src / "test", "10", seed=6)
    write_sequence(src / "test", "2", seed=7)
    clips = read(src)
    assert list(clips) == ["train", "val", "test/0", "test/1", "test/2", "test/10"]
    assert [clip.split for clip in clips.values()] == ["train", "validate"] + 4 * ["test"]
    assert pose_folder.count(src) == 6
    assert pose_folder.count_frames(src) == 6 * LENGTH
    for clip, seed in zip(clips.values(), (1, 2, 3, 4, 7, 6), strict=True):
        np.testing.assert_array_equal(dots(clip.frames, ground=0), places(seed, LENGTH))
        np.testing.assert_array_equal(dots(clip.control, ground=255), places(seed, LENGTH))
        assert clip.facts == {"true_frames": LENGTH}


def test_train_may_have_several_sequences_and_test_one(tmp_path: Path) -> None:
    write_sequence(tmp_path / "train", "a", length=3)
    write_sequence(tmp_path / "train", "b", length=5)
    write_sequence(tmp_path / "validate", length=2)
    write_sequence(tmp_path / "test", length=4)
    clips = read(tmp_path)
    assert {name: len(clip.frames) for name, clip in clips.items()} == {
        "train/a": 3, "train/b": 5, "validate": 2, "test": 4,
    }  # fmt: skip
    assert clips["validate"].split == "validate"


def test_the_parent_is_as_good_and_two_choices_are_none(src: Path) -> None:
    assert list(read(src.parent)) == list(read(src))
    assert pose_folder.origin(src.parent) == pose_folder.origin(src)
    write_sequence(src.parent / "other" / "train")
    with pytest.raises(InputError, match=r"more than one .* give one of .*/lab4, .*/other$"):
        pose_folder.origin(src.parent)


def test_hidden_files_and_other_files_are_ignored(src: Path) -> None:
    before = read(src)
    for name in ("Thumbs.db", ".DS_Store", "._3.png", "notes.txt", "3.jpg"):
        (src / "train" / "train_img" / name).write_bytes(b"nothing")
    (src / "test" / "test_img" / ".cache").mkdir()
    for name, clip in read(src).items():
        np.testing.assert_array_equal(clip.frames, before[name].frames)


# Size and colour.


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def convert_pair(
    root: Path, frame: Image.Image, label: Image.Image, **settings: int
) -> tuple[np.ndarray, np.ndarray]:
    """What one picture and one label become."""
    for kind, image in (("img", frame), ("label", label)):
        folder = root / "train" / f"train_{kind}"
        folder.mkdir(parents=True)
        for t in range(2):
            image.save(folder / f"{t}.png")
    (clip,) = pose_folder.clips(root, **settings)
    np.testing.assert_array_equal(clip.frames[0], clip.frames[1])
    return clip.frames[0], clip.control[0]


def block_means(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    blocks = pixels.reshape(height, len(pixels) // height, width, -1, 3)
    return blocks.mean(axis=(1, 3), dtype=np.float64)


@pytest.mark.parametrize("size", [(512, 1024), (64, 512), (256, 64)])
def test_a_picture_of_1024_by_512_becomes_its_blocks_exact_means(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    frame, label = noise(*size, seed=1), noise(*size, seed=2)
    found = convert_pair(tmp_path, *map(Image.fromarray, (frame, label)))
    for pixels, small in zip((frame, label), found, strict=True):
        exact = block_means(pixels, HEIGHT, WIDTH)
        np.testing.assert_array_equal(small, np.floor(exact + 0.5))


@pytest.mark.parametrize(("height", "width"), [(96, 192), (160, 448), (544, 960)])
def test_other_multiples_become_their_blocks_means(tmp_path: Path, height: int, width: int) -> None:
    pixels = noise(height, width)
    small, _ = convert_pair(tmp_path, *2 * [Image.fromarray(pixels)])
    # Pillow rounds 7.53 down where it can: a half, and one pixel's share of the mean.
    assert abs(small - block_means(pixels, HEIGHT, WIDTH)).max() < 0.62


@pytest.mark.parametrize(("height", "width"), [(80, 150), (540, 960), (20, 70), (40, 40)])
def test_other_sizes_become_the_means_of_the_centres_in_each_pixel(
    tmp_path: Path, height: int, width: int
) -> None:
    pixels = noise(height, width)
    small, _ = convert_pair(tmp_path, *2 * [Image.fromarray(pixels)])
    weights = []
    for new, old in ((HEIGHT, height), (WIDTH, width)):
        if old >= new:  # a centre on the border counts to the left
            centres = np.arange(old) + 0.5
            inside = np.ceil(centres * new / old) - 1 == np.arange(new)[:, None]
        else:  # larger than it was: the pixel that is there
            inside = np.arange(old) == (np.arange(new)[:, None] + 0.5) * old // new
        weights.append(inside / inside.sum(axis=1, keepdims=True))
    exact = np.einsum("ih,hwc,jw->ijc", weights[0], pixels, weights[1], optimize=True)
    assert abs(small - exact).max() <= 1  # rounded across, then down


def test_a_picture_of_the_right_size_keeps_its_bytes(tmp_path: Path) -> None:
    frame, label = noise(HEIGHT, WIDTH, seed=1), noise(HEIGHT, WIDTH, seed=2)
    found = convert_pair(tmp_path, *map(Image.fromarray, (frame, label)))
    np.testing.assert_array_equal(found, (frame, label))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1"])
@pytest.mark.filterwarnings("error")
def test_a_picture_that_is_not_rgb_is_converted(tmp_path: Path, mode: str) -> None:
    plain = Image.fromarray(noise(HEIGHT, WIDTH, 1)).convert("1").convert("RGB")
    found = convert_pair(tmp_path, *2 * [plain.convert(mode)])
    np.testing.assert_array_equal(found, 2 * [np.asarray(plain)])


@pytest.mark.filterwarnings("error")
def test_a_clear_label_lies_on_white_and_a_frame_is_never_clear(tmp_path: Path) -> None:
    pixels = noise(2 * HEIGHT, 2 * WIDTH, 4)
    pixels[..., 3] = np.where(pixels[..., 3] > 127, 255, 0)
    frame, label = convert_pair(tmp_path, *2 * [Image.fromarray(pixels)])
    on_white = np.where(pixels[..., 3:] == 0, 255, pixels[..., :3])  # laid down, then made small
    for found, before in ((frame, pixels[..., :3]), (label, on_white)):
        exact = block_means(before, HEIGHT, WIDTH)
        np.testing.assert_array_equal(found, np.floor(exact + 0.5))


@pytest.mark.filterwarnings("error")
def test_a_palette_may_have_clear_colours(tmp_path: Path) -> None:
    image = Image.new("P", (WIDTH, HEIGHT), 1)
    image.putpalette([10, 20, 30, 200, 100, 0])
    image.info["transparency"] = bytes([255, 0])
    frame, label = convert_pair(tmp_path, image, image)
    assert (frame == (200, 100, 0)).all()
    assert (label == 255).all()


# Validation cut off training, and test sequences to be predicted.


def test_validation_can_be_the_end_of_each_training_sequence(tmp_path: Path) -> None:
    for name, length in (("a", 9), ("b", 6)):
        write_sequence(tmp_path / "train", name, seed=length, length=length)
    write_sequence(tmp_path / "test", length=3)
    clips = read(tmp_path, validate_frames=4)
    assert {name: (clip.split, len(clip.frames)) for name, clip in clips.items()} == {
        "train/a": ("train", 5), "train/a/last": ("validate", 4),
        "train/b": ("train", 2), "train/b/last": ("validate", 4),
        "test": ("test", 3),
    }  # fmt: skip
    assert pose_folder.count(tmp_path, validate_frames=4) == 5
    assert pose_folder.count(tmp_path) == 3
    for what, ground in (("frames", 0), ("control", 255)):
        parts = [getattr(clips[name], what) for name in ("train/a", "train/a/last")]
        np.testing.assert_array_equal(dots(np.concatenate(parts), ground), places(9, 9))
    assert all(clip.facts["true_frames"] == len(clip.frames) for clip in clips.values())


def test_a_test_sequence_may_have_its_first_frame_only(src: Path) -> None:
    before = read(src)
    for t in range(1, LENGTH):
        (src / "test" / "test_img" / "1" / f"{t}.png").unlink()
    clips = read(src)
    assert clips["test/0"].facts == {"true_frames": LENGTH}
    assert clips["test/1"].facts == {"true_frames": 1}
    np.testing.assert_array_equal(clips["test/1"].frames[0], before["test/1"].frames[0])
    assert not clips["test/1"].frames[1:].any()
    np.testing.assert_array_equal(clips["test/1"].control, before["test/1"].control)


# Stores.


def test_a_store_keeps_pictures_as_they_were_read(src: Path, tmp_path: Path) -> None:
    origin = pose_folder.origin(src)
    store = write_store(tmp_path / "store", pose_folder.clips(src), origin, pose_folder.count(src))
    verify_store(store.path)
    reopened = open_store(store.path)
    assert reopened.origin == origin
    assert (origin.source, origin.control.kind) == ("pose", "image")
    assert origin.control.names == ("red", "green", "blue")
    assert origin.control.units == ("1", "1", "1")
    for name, clip in read(src).items():
        kept = reopened.clip(name)
        assert (kept.split, kept.facts) == (clip.split, clip.facts)
        np.testing.assert_array_equal(kept.frames, clip.frames)
        np.testing.assert_array_equal(kept.control, clip.control)
    numbers = summary(reopened)
    white = 1 - 1 / (HEIGHT * WIDTH)  # one black dot in each label
    assert [c["mean"] for c in numbers["control"]] == pytest.approx(3 * [white])
    assert [(c["min"], c["max"]) for c in numbers["control"]] == 3 * [(0, 1)]
    sheet = np.asarray(Image.open(contact_sheet(reopened, tmp_path / "sheet.png")))
    assert sheet.shape[0] > 4 * 2 * 2 * HEIGHT  # four clips, frame and label, doubled


def test_the_command_makes_a_store_and_counts_frames(
    src: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(src / "val")
    settings = ["--height", "16", "--width", "8", "--validate-frames", "5"]
    main(["convert", "pose", str(src), "--out", str(tmp_path / "store"), *settings])
    out, err = capsys.readouterr()
    assert out.strip() == str(tmp_path / "store")
    assert f"converting: {3 * LENGTH}/{3 * LENGTH} frames" in err
    store = open_store(tmp_path / "store")
    assert store.frame_shape == store.control_shape == (16, 8, 3)
    assert store.split_counts() == {"train": 1, "validate": 1, "test": 2}
    assert {"height": 16, "width": 8, "validate_frames": 5}.items() <= store.origin.settings.items()


# Bad input: what is done to lab4, then the message.

IMAGES, LABELS = "test/test_img/0", "test/test_label/0"


def remove(*names: str) -> Callable[[Path], object]:
    return lambda root: [(root / name).unlink() for name in names]


def remove_folder(name: str) -> Callable[[Path], object]:
    return lambda root: shutil.rmtree(root / name)


def put(name: str, data: bytes | Image.Image) -> Callable[[Path], object]:
    def spoil(root: Path) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if isinstance(data, bytes):
            (root / name).write_bytes(data)
        else:
            data.save(root / name, format="PNG")

    return spoil


def rename(name: str, new: str) -> Callable[[Path], object]:
    return lambda root: (root / name).rename(root / new)


def both(*spoils: Callable[[Path], object]) -> Callable[[Path], object]:
    return lambda root: [spoil(root) for spoil in spoils]


def truncate(name: str) -> Callable[[Path], object]:
    def spoil(root: Path) -> None:
        Image.fromarray(noise(HEIGHT, WIDTH)).save(root / name)
        (root / name).write_bytes((root / name).read_bytes()[:-300])

    return spoil


SMALL = Image.new("RGB", (WIDTH // 2, HEIGHT // 2))
NUMBERS = r"expected 0\.png, 1\.png and so on, or frame1\.png and so on, at least 2, without a gap"
BAD = {
    "an image without label": (
        remove(f"{LABELS}/4.png"),
        rf"/{IMAGES}/4\.png has no label; expected a picture with number 4 in .*/{LABELS}$",
    ),
    "a label without image": (
        remove(f"{IMAGES}/4.png"),
        rf"/{LABELS}/4\.png has no image; expected a picture with number 4 in .*/{IMAGES}$",
    ),
    "a lone image in train": (
        remove(*[f"train/train_img/{t}.png" for t in range(1, LENGTH)]),
        r"/train_label/1\.png has no image; expected a picture with number 1 in .*/train_img$",
    ),
    "a lone image in test that is not the first": (
        remove(*[f"{IMAGES}/{t}.png" for t in range(LENGTH) if t != 3]),
        rf"/{LABELS}/0\.png has no image",
    ),
    "a gap": (
        remove(f"{IMAGES}/4.png", f"{LABELS}/4.png"),
        rf"/{IMAGES}/4\.png is missing: found 11 frames, numbered 0 to 11; {NUMBERS}$",
    ),
    "a gap after a lone image": (
        both(remove(*[f"{IMAGES}/{t}.png" for t in range(1, LENGTH)]), remove(f"{LABELS}/4.png")),
        rf"/{LABELS}/4\.png is missing: found 11 frames",
    ),
    "numbers from two": (
        remove(*[f"{folder}/{t}.png" for folder in (IMAGES, LABELS) for t in range(2)]),
        rf"/{IMAGES}/1\.png is missing: found 10 frames, numbered 2 to 11; {NUMBERS}$",
    ),
    "only one frame": (
        remove(*[f"{folder}/{t}.png" for folder in (IMAGES, LABELS) for t in range(1, LENGTH)]),
        rf"/{IMAGES} has 1 frame; {NUMBERS}$",
    ),
    "no pictures": (
        both(
            remove(*[f"{IMAGES}/{t}.png" for t in range(LENGTH)]),
            put(f"{IMAGES}/0.jpg", b""),
        ),
        rf"/{IMAGES} has no pictures \(found 0\.jpg\); {NUMBERS}$",
    ),
    "an image of another size": (
        put(f"{IMAGES}/4.png", SMALL),
        rf"/{IMAGES}/4\.png is 32×16 pixels; expected 64×32, the size of .*/{IMAGES}/0\.png$",
    ),
    "a label of another size than the images": (
        put(f"{LABELS}/0.png", SMALL),
        rf"/{LABELS}/0\.png is 32×16 pixels; expected 64×32, the size of .*/{IMAGES}/0\.png$",
    ),
    "two faults": (
        both(put(f"{IMAGES}/9.png", SMALL), put(f"{LABELS}/4.png", SMALL)),
        rf"/{LABELS}/4\.png is 32×16 pixels",
    ),
    "a truncated picture": (
        truncate(f"{LABELS}/4.png"),
        rf"/{LABELS}/4\.png cannot be read as a PNG \(truncated or damaged, .*\); copy it again$",
    ),
    "an empty file": (
        put(f"{IMAGES}/4.png", b""),
        rf"/{IMAGES}/4\.png cannot be read as a PNG \(empty, 0 bytes: .*\); copy it again$",
    ),
    "an empty first file": (
        put(f"{IMAGES}/0.png", b""),
        rf"/{IMAGES}/0\.png cannot be read as a PNG \(empty, 0 bytes: .*\); copy it again$",
    ),
    "a text": (
        put(f"{IMAGES}/4.png", b"hello"),
        rf"/{IMAGES}/4\.png cannot be read as a PNG \(truncated or damaged, 5 bytes: ",
    ),
    "sixteen bits": (
        put(f"{IMAGES}/4.png", Image.fromarray(np.zeros((HEIGHT, WIDTH), np.uint16))),
        rf"/{IMAGES}/4\.png has pixels of kind I;16; expected 8-bit RGB$",
    ),
    "two files of one number": (
        put(f"{IMAGES}/01.png", SMALL),
        rf"/{IMAGES}/01\.png and .*/{IMAGES}/1\.png have the same number; expected one picture "
        "for each frame$",
    ),
    "other letters": (
        put(f"{IMAGES}/frame12.png", SMALL),
        rf"/{IMAGES}/0\.png and .*/{IMAGES}/frame12\.png are named differently; expected the same "
        "letters before the number throughout the folder$",
    ),
    "a name without a number": (
        put(f"{IMAGES}/copy.png", SMALL),
        rf"/{IMAGES}/copy\.png is not named like a frame; {NUMBERS}$",
    ),
    "a name with more after the number": (
        put(f"{IMAGES}/1 (2).png", SMALL),
        rf"/{IMAGES}/1 \(2\)\.png is not named like a frame; {NUMBERS}$",
    ),
    "no label folder": (
        remove_folder(LABELS),
        rf"/{IMAGES} has no label folder beside it; expected .*/{LABELS}$",
    ),
    "no image folder": (
        remove_folder(IMAGES),
        rf"/{LABELS} has no image folder beside it; expected .*/{IMAGES}$",
    ),
    "no folder of labels at all": (
        remove_folder("val/val_label"),
        r"/val has no folder called \*_label \(found val_img\); expected SRC/",
    ),
    "no folder of images at all": (
        remove_folder("train/train_img"),
        r"/train has no folder called \*_img \(found train_label\); expected SRC/",
    ),
    "two folders of images": (
        put("train/old_img/0.png", SMALL),
        r"/train has more than one folder called \*_img \(found old_img, train_img, train_label\)",
    ),
    "an empty split": (
        both(remove_folder("val"), lambda root: (root / "val").mkdir()),
        r"/val has no folder called \*_img \(found nothing\); expected SRC/",
    ),
    "pictures and folders": (
        put("train/train_img/more/0.png", SMALL),
        r"/train_img holds pictures \(0\.png, 1\.png, 10\.png\) and folders \(more\); expected",
    ),
    "folders of images and flat labels": (
        both(remove_folder("test/test_label"), put("test/test_label/0.png", SMALL)),
        rf"/{IMAGES} has no label folder beside it; expected .*/{LABELS}$",
    ),
    "val and validate": (
        put("validate/a_img/0.png", SMALL),
        r"lab4 has a folder val and a folder validate; expected one of them$",
    ),
}


def refused(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line in which the command refuses; nothing is left behind."""
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SystemExit) as stop:
        main(["convert", "pose", *arguments, "--out", str(tmp_path / "store")])
    assert stop.value.code == 2
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if not line.startswith("converting: ")]
    assert not out
    assert len(lines) == 1, err
    assert lines[0].startswith("framecast: ")
    assert sorted(tmp_path.rglob("*")) == before
    return lines[0]


@pytest.mark.parametrize("name", BAD)
@pytest.mark.filterwarnings("error")
def test_bad_input_is_named_in_a_line_and_leaves_no_store(
    src: Path, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, message = BAD[name]
    spoil(src)
    assert re.search(message, refused([str(src)], tmp_path, capsys))


@pytest.mark.parametrize("name", ["a gap", "no label folder", "two files of one number"])
def test_a_wrong_name_is_found_before_any_picture_is_read(src: Path, name: str) -> None:
    BAD[name][0](src)
    for ask in (pose_folder.origin, pose_folder.count, lambda src: next(pose_folder.clips(src))):
        with pytest.raises(InputError, match=BAD[name][1]):
            ask(src)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--height 7", r"--height 7 --width 64: expected at least 8 of each$"),
        ("--width 0", r"--height 32 --width 0: expected at least 8 of each$"),
        ("--validate-frames 1", r"--validate-frames 1: expected 0, or at least 2$"),
        ("--validate-frames -3", r"--validate-frames -3: expected 0, or at least 2$"),
        (
            "--validate-frames 11",
            r"/train_img has 12 frames, of which --validate-frames 11 leaves 1 to train on; "
            r"expected at least 2$",
        ),
        ("--validate-frames 99", r"--validate-frames 99 leaves 0 to train on"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(
    src: Path, flags: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(src / "val")
    assert re.search(message, refused([str(src), *flags.split()], tmp_path, capsys))


def test_validation_is_cut_off_or_given_and_not_both(
    src: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refused([str(src), "--validate-frames", "4"], tmp_path, capsys)
    assert re.search(r"--validate-frames 4: .*/val has validation sequences already", line)
    for name in ("val", "train"):
        shutil.rmtree(src / name)
    line = refused([str(src), "--validate-frames", "4"], tmp_path, capsys)
    assert re.search(r"--validate-frames 4: .*/lab4 has no folder train to cut from", line)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (None, r"/src does not exist; expected the folder that holds train, val or test, or its"),
        ((), r"/src has no train, val or test folder \(found nothing\); expected SRC/"),
        (("a.mp4",), r"no train, val or test folder \(found a\.mp4\); expected SRC/"),
        (("train_img/0.png",), r"folder \(found train_img\); expected SRC/.* with SRC the folder"),
        (("train",), r"/src has no train, val or test folder \(found train\)"),
        (("train/traj/0/0.png",), r"/train has no folder called \*_img \(found traj\); expected"),
    ],
)
def test_another_layout_is_refused(
    tmp_path: Path,
    files: tuple[str, ...] | None,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if files is not None:
        (tmp_path / "src").mkdir()
        for file in files:
            put(file, b"")(tmp_path / "src")
    assert re.search(message, refused([str(tmp_path / "src")], tmp_path, capsys))


def test_a_file_is_not_a_folder(tmp_path: Path) -> None:
    (tmp_path / "lab4.zip").write_bytes(b"")
    with pytest.raises(InputError, match=r"lab4\.zip is a file; expected the folder that holds"):
        pose_folder.origin(tmp_path / "lab4.zip")


def test_a_picture_cut_short_anywhere_is_whole_or_an_input_error(tmp_path: Path) -> None:
    file = tmp_path / "0.png"
    Image.fromarray(noise(8, 8)).save(file)
    first, data = First.of(file), file.read_bytes()
    pixels = np.asarray(decode(file, first))
    needed = data.index(b"IEND") - 12  # after it come checksums
    for length in range(len(data)):
        file.write_bytes(data[:length])
        if length < needed:
            with pytest.raises(InputError, match=rf"0\.png cannot be read .* {length} bytes"):
                decode(file, first)
        else:
            with contextlib.suppress(InputError):
                np.testing.assert_array_equal(decode(file, first), pixels)


# The real thing.


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the real frames and poses are not at {REAL}")
def test_the_real_frames_and_poses_convert_to_the_pixels_of_their_pngs(tmp_path: Path) -> None:
    origin, total = pose_folder.origin(REAL), pose_folder.count(REAL)
    store = write_store(tmp_path / "store", pose_folder.clips(REAL), origin, total)
    verify_store(store.path)
    assert {entry.clip_id: entry.length for entry in store.clips} == {
        "train": 1000, "test/0": 630, "test/1": 630, "test/2": 630,
    }  # fmt: skip
    assert store.split_counts() == {"train": 1, "test": 3}
    for entry in store.clips:
        clip = store.clip(entry.clip_id)
        assert clip.frames.shape == clip.control.shape == (entry.length, 32, 64, 3)
        assert clip.facts == {"true_frames": entry.length}
        split, _, sequence = entry.clip_id.partition("/")
        for kind, pictures in (("img", clip.frames), ("label", clip.control)):
            folder = REAL / split / f"{split}_{kind}" / sequence
            for t, pixels in enumerate(pictures):
                np.testing.assert_array_equal(pixels, Image.open(folder / f"{t}.png"))
        assert clip.control.mean() > 240 > clip.frames.mean()  # poses are drawn on white
