"""Animations and strips keep every frame, its time and its colours, or leave no file at all."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from framecast.errors import InputError
from framecast.view import colours, videos

Frames = NDArray[np.uint8]


def moving_square(frames: int = 12, height: int = 16, width: int = 16) -> Frames:
    made = np.full((frames, height, width, 3), 40, np.uint8)
    for t in range(frames):
        x = t % (width - 4)
        made[t, 4:8, x : x + 4] = (220, 60, 30)
    return made


def one_colour_a_frame(frames: int, offset: int) -> Frames:
    """Every frame flat, in a colour that no other frame and no decoration has."""
    made = np.zeros((frames, 8, 8, 3), np.uint8)
    made[..., 0] = np.arange(frames)[:, None, None] * 7 + 5
    made[..., 1] = offset
    made[..., 2] = 201
    return made


def decoded(path: Path) -> tuple[Frames, list[int], int]:
    """(frames, milliseconds of each, loop count) as Pillow reads them back."""
    with Image.open(path) as picture:
        frames, durations = [], []
        for index in range(getattr(picture, "n_frames", 1)):
            picture.seek(index)
            picture.load()
            durations.append(int(picture.info["duration"]))
            frames.append(np.asarray(picture.convert("RGB")))
        return np.stack(frames), durations, picture.info.get("loop", -1)


def colours_in(path: Path) -> set[tuple[int, int, int]]:
    with Image.open(path) as picture:
        red, green, blue = np.moveaxis(np.asarray(picture).astype(np.int64), -1, 0)
    packed = np.unique(red << 16 | green << 8 | blue).tolist()
    return {(value >> 16, value >> 8 & 255, value & 255) for value in packed}


def test_side_by_side_shows_the_truth_left_and_the_prediction_right_pixel_for_pixel() -> None:
    truth = np.random.default_rng(0).integers(0, 256, (3, 8, 10, 3), dtype=np.uint8)
    prediction = 255 - truth
    shown = videos.side_by_side(truth, prediction, context=1, scale=4)
    assert shown.dtype == np.uint8
    height, width = shown.shape[1:3]
    assert (height % 2, width % 2) == (0, 0)
    for t in range(3):
        places = []
        for frame in (truth[t], prediction[t]):
            big = frame.repeat(4, axis=0).repeat(4, axis=1)
            places.append(
                [
                    (y, x)
                    for y in range(height - 32)
                    for x in range(width - 40)
                    if (shown[t, y, x] == big[0, 0]).all()
                    and np.array_equal(shown[t, y : y + 32, x : x + 40], big)
                ]
            )
        (left,), (right,) = places
        assert left[0] == right[0]
        assert left[1] + 40 < right[1]


@pytest.mark.parametrize("context", [0, 1, 5, 12])
def test_the_border_changes_colour_exactly_where_prediction_begins(context: int) -> None:
    frames = moving_square()
    shown = videos.side_by_side(frames, frames, context)
    given, predicted = colours.rgb(colours.GIVEN), colours.rgb(colours.PREDICTED)
    for t, picture in enumerate(shown):
        found = {tuple(c) for c in np.unique(picture.reshape(-1, 3), axis=0).tolist()}
        assert (given in found) == (t < context)
        assert (predicted in found) == (t >= context)


def test_each_frame_of_side_by_side_is_captioned_with_its_own_time() -> None:
    still = np.full((12, 32, 32, 3), 90, np.uint8)
    shown = videos.side_by_side(still, still, context=0)
    assert len({picture.tobytes() for picture in shown}) == 12


def test_side_by_side_fits_its_captions_over_frames_of_any_size() -> None:
    tiny = np.zeros((2, 5, 7, 3), np.uint8)
    assert len(videos.side_by_side(tiny, tiny, context=1, scale=1)) == 2


def test_frames_of_different_shapes_are_refused() -> None:
    with pytest.raises(AssertionError):
        videos.side_by_side(moving_square(5), moving_square(6), context=1)


def test_a_gif_keeps_every_frame_its_time_and_loops_for_ever(tmp_path: Path) -> None:
    shown = videos.side_by_side(moving_square(), moving_square(), context=2)
    videos.write_gif(tmp_path / "a.gif", shown, seconds_per_frame=0.2)
    frames, durations, loop = decoded(tmp_path / "a.gif")
    assert durations == [200] * 12
    assert loop == 0
    error = np.abs(frames.astype(int) - shown)
    assert error.mean() < 2


def test_a_gif_of_a_soft_gradient_keeps_its_colours_without_banding(tmp_path: Path) -> None:
    ramp = np.linspace(0, 255, 192).astype(np.uint8)
    picture = np.stack(
        [np.tile(ramp, (96, 1)), np.tile(ramp[::-1], (96, 1)), np.full((96, 192), 120)], axis=-1
    ).astype(np.uint8)
    videos.write_gif(tmp_path / "a.gif", np.stack([picture, picture[::-1, ::-1]]))
    frames, _, _ = decoded(tmp_path / "a.gif")
    # Averaged over small blocks, as an eye does, dithered colours stay close to the true ones.
    difference = frames[0].astype(float) - picture
    assert np.abs(difference.reshape(24, 4, 48, 4, 3).mean(axis=(1, 3))).max() < 8


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_equal_neighbours_last_as_long_together(tmp_path: Path, kind: str) -> None:
    write = videos.write_gif if kind == "gif" else videos.write_webp
    frames = moving_square()
    frames[3:7] = frames[3]
    write(tmp_path / "a", frames, seconds_per_frame=0.1)
    shown, durations, _ = decoded(tmp_path / "a")
    assert sum(durations) == 1200
    assert len(shown) in (9, 12)
    write(tmp_path / "a", frames[3:7], seconds_per_frame=0.1)
    with Image.open(tmp_path / "a") as still:
        assert np.array_equal(np.asarray(still.convert("RGB")), frames[3])


def test_a_gif_lasts_as_long_as_asked_though_it_counts_in_hundredths(tmp_path: Path) -> None:
    videos.write_gif(tmp_path / "a.gif", moving_square(30, 8, 40), seconds_per_frame=1 / 15)
    frames, durations, _ = decoded(tmp_path / "a.gif")
    assert len(frames) == 30
    assert sum(durations) == 2000
    assert set(durations) == {60, 70}


def test_a_webp_keeps_every_byte_and_every_frames_time(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (6, 20, 30, 3), dtype=np.uint8)
    videos.write_webp(tmp_path / "a.webp", noise, seconds_per_frame=0.15)
    frames, durations, loop = decoded(tmp_path / "a.webp")
    assert np.array_equal(frames, noise)
    assert durations == [150] * 6
    assert loop == 0


def test_a_frame_too_short_for_viewers_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"at least 0\.02 s.*choose a longer time"):
        videos.write_gif(tmp_path / "a.gif", moving_square(), seconds_per_frame=0.001)
    with pytest.raises(InputError):
        videos.write_webp(tmp_path / "a.webp", moving_square(), seconds_per_frame=float("nan"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [1, 12, 31])
def test_a_strip_shows_every_time_step_of_every_row(tmp_path: Path, count: int) -> None:
    truth, prediction = one_colour_a_frame(count, 10), one_colour_a_frame(count, 13)
    extra = {"copy-last": one_colour_a_frame(count, 90)}
    videos.strip(tmp_path / "s.png", truth, prediction, context=1, extra=extra)
    found = colours_in(tmp_path / "s.png")
    for t in range(count):
        for frames in (truth, prediction, extra["copy-last"]):
            assert tuple(frames[t, 0, 0].tolist()) in found
    assert (0, 3 * videos.AMPLIFY, 0) in found


def test_a_strip_of_every_third_frame_shows_those_and_no_others(tmp_path: Path) -> None:
    truth = one_colour_a_frame(10, 10)
    videos.strip(tmp_path / "s.png", truth, truth, context=2, every=3)
    found = colours_in(tmp_path / "s.png")
    shown = [t for t in range(10) if tuple(truth[t, 0, 0].tolist()) in found]
    assert shown == [0, 3, 6, 9]


def test_a_strip_wraps_into_even_lines_of_at_most_fifteen_columns(tmp_path: Path) -> None:
    sizes = {}
    for count in (12, 15, 16, 30):
        frames = moving_square(count)
        videos.strip(tmp_path / "s.png", frames, frames, context=0)
        with Image.open(tmp_path / "s.png") as picture:
            sizes[count] = picture.size
    assert sizes[16][1] == sizes[30][1] == 2 * sizes[15][1] - 20  # the margin is there once
    assert sizes[30][0] == sizes[15][0]
    assert sizes[16][0] < sizes[12][0]  # eight and eight, not fifteen and one


def test_a_strip_marks_given_and_predicted_columns_in_their_colours(tmp_path: Path) -> None:
    frames = np.full((4, 8, 8, 3), 90, np.uint8)
    given, predicted = colours.rgb(colours.GIVEN), colours.rgb(colours.PREDICTED)
    for context in (0, 2, 4):
        videos.strip(tmp_path / "s.png", frames, frames, context)
        found = colours_in(tmp_path / "s.png")
        assert (given in found) == (context > 0)
        assert (predicted in found) == (context < 4)


def test_the_same_frames_make_the_same_bytes(tmp_path: Path) -> None:
    frames = moving_square()
    for name, write in (
        ("a.gif", lambda p: videos.write_gif(p, frames)),
        ("a.webp", lambda p: videos.write_webp(p, frames)),
        ("a.png", lambda p: videos.strip(p, frames, frames, 2)),
    ):
        write(tmp_path / name)
        first = (tmp_path / name).read_bytes()
        write(tmp_path / name)
        assert (tmp_path / name).read_bytes() == first, name


def test_a_failed_write_leaves_the_old_file_and_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = moving_square(3)
    path = tmp_path / "a.gif"
    videos.write_gif(path, frames)
    before = path.read_bytes()

    def broken(self: Image.Image, aside: Path, **options: object) -> None:
        Path(aside).write_bytes(b"half")
        raise RuntimeError("the disk broke")

    monkeypatch.setattr(Image.Image, "save", broken)
    for write in (videos.write_gif, videos.write_webp):
        with pytest.raises(RuntimeError):
            write(path, frames)
    with pytest.raises(RuntimeError):
        videos.strip(path, frames, frames, 1)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_pose_stands_left_of_truth_and_prediction_pixel_for_pixel() -> None:
    rng = np.random.default_rng(1)
    pose, truth, prediction = rng.integers(0, 256, (3, 4, 8, 10, 3), dtype=np.uint8)
    shown = videos.side_by_side(truth, prediction, 1, scale=3, every=2, extra={"pose": pose})
    assert len(shown) == 2
    for index, t in enumerate((0, 2)):
        places = [place_of(panel[t], shown[index], 3) for panel in (pose, truth, prediction)]
        assert places == sorted(places)
        assert len(set(places)) == 3
    alone = videos.side_by_side(None, prediction, 1, scale=3, extra={"pose": pose})
    assert place_of(pose[3], alone[3], 3) < place_of(prediction[3], alone[3], 3)
    with pytest.raises(StopIteration):
        place_of(truth[3], alone[3], 3)


def place_of(frame: Frames, shown: Frames, scale: int) -> int:
    """The left edge of an enlarged frame in a picture."""
    large = frame.repeat(scale, 0).repeat(scale, 1)
    high, wide = large.shape[:2]
    return next(
        x
        for x in range(shown.shape[1] - wide + 1)
        for y in range(shown.shape[0] - high + 1)
        if (shown[y : y + high, x : x + wide] == large).all()
    )


def test_a_strip_without_a_truth_has_neither_its_row_nor_a_difference(tmp_path: Path) -> None:
    prediction = one_colour_a_frame(4, 30)
    truth = one_colour_a_frame(4, 60)
    videos.strip(tmp_path / "both.png", truth, prediction, 1)
    videos.strip(tmp_path / "one.png", None, prediction, 1)
    assert (5, 60, 201) in colours_in(tmp_path / "both.png")
    assert (5, 60, 201) not in colours_in(tmp_path / "one.png")
    assert (5, 30, 201) in colours_in(tmp_path / "one.png")
