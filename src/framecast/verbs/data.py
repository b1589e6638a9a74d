"""Verbs on stores: simulate, convert, inspect, verify."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from framecast.clip import Clip, Origin
from framecast.errors import InputError
from framecast.store import Store, contact_sheet, open_store, summary, verify_store, write_store
from framecast.verbs.progress import bar

MOVED = 0.02
"""metres: an object that travelled further was pushed"""


def simulate_push(out: Path, clips: int = 1000, seed: int = 0, workers: int = 2) -> None:
    """Simulate clips of a robot arm pushing objects in a bin, and write them to a store.

    Args:
        out: the store to make.
        clips: how many clips of 30 frames.
        seed: the same seed gives the same bytes, whatever the number of workers.
        workers: processes to simulate with.
    """
    from framecast.sources import push

    if clips < 1 or workers < 1 or seed < 0:
        raise InputError(
            f"--clips {clips} --workers {workers} --seed {seed}: expected at least one clip, "
            f"one worker, and a seed of 0 or more"
        )
    store = _write(out, push.clips(clips, seed, workers), push.origin(seed), clips, "simulating")
    travels = [entry.facts["object_travel_m"] for entry in store.clips]
    share = sum(t > MOVED for t in travels) / len(travels)
    print(f"{share:.0%} of the clips have an object that moves more than {100 * MOVED:.0f} cm")
    print(out)


def convert_bair(src: Annotated[Path, tyro.conf.Positional], out: Path) -> None:
    """Convert the BAIR robot-pushing folder layout to a store.

    Args:
        src: the folder that holds {train,validate,test}/<shard>/<n>/{0..29.png, actions.csv, \
endeffector_positions.csv}, or its parent.
        out: the store to make.
    """
    from framecast.sources import bair

    _write(out, bair.clips(src), bair.origin(src), bair.count(src), "converting")
    print(out)


def simulate_dancer(
    out: Path,
    clips: int = 40,
    frames: int = 630,
    seed: int = 0,
    workers: int = 2,
    looks: int = 0,
    height: int = 32,
    width: int = 64,
) -> None:
    """Simulate clips of a person who walks and dances, with drawn poses, and write them to a store.

    Test clips (1 in 10) dance combinations that no other clip has.

    Args:
        out: the store to make.
        clips: how many clips.
        frames: frames a clip, 30 a second.
        seed: the same seed gives the same bytes, whatever the number of workers.
        workers: processes to simulate with.
        looks: how many different persons, each with clothes, room and camera, take turns; 0 gives \
every clip its own.
        height: pixels.
        width: pixels.
    """
    from framecast.sources import dancer

    if min(clips, workers) < 1 or frames < 2 or min(seed, looks) < 0 or min(height, width) < 8:
        raise InputError(
            f"--clips {clips} --frames {frames} --workers {workers} --seed {seed} --looks {looks} "
            f"--height {height} --width {width}: expected at least one clip of 2 frames, one "
            f"worker, a seed and looks of 0 or more, and pictures of at least 8×8"
        )
    settings = {"frames": frames, "looks": looks, "height": height, "width": width}
    made = dancer.clips(clips, seed, workers, **settings)
    store = _write(out, made, dancer.origin(seed, **settings), clips, "simulating")
    tests = [entry.facts for entry in store.clips if entry.split == "test"]
    held = sum(facts["held_out_figures"] for facts in tests)
    print(
        f"{len(store.clips):,} clips of {frames} frames, {len(tests)} for testing: in these "
        f"{held:.0f} figures that no other clip has"
    )
    print(out)


def convert_pose(
    src: Annotated[Path, tyro.conf.Positional],
    out: Path,
    height: int = 32,
    width: int = 64,
    validate_frames: int = 0,
) -> None:
    """Convert folders of frames and the poses drawn for them to a store.

    Args:
        src: the folder that holds {train,val,test}/{*_img,*_label}/[<sequence>/]{0.png, 1.png, \
...}, or its parent.
        out: the store to make.
        height: of the stored pictures, in pixels; the aspect is not kept where it differs.
        width: of the stored pictures, in pixels.
        validate_frames: where there is no folder val, cut this many frames off the end of each \
training sequence for validation.
    """
    from framecast.sources import pose_folder

    origin = pose_folder.origin(src, height, width, validate_frames)
    total = pose_folder.count(src, validate_frames)
    # A clip can be tens of thousands of frames, so it is frames that the bar counts.
    with bar("converting", pose_folder.count_frames(src), "frames") as advance:
        clips = pose_folder.clips(src, height, width, validate_frames, advance)
        write_store(out, clips, origin, total=total)
    print(out)


def inspect(
    store: Annotated[Path, tyro.conf.Positional],
    sheet: Path | None = None,
    as_json: Annotated[bool, tyro.conf.arg(name="json")] = False,
) -> None:
    """Show what a store holds: counts, statistics, and a contact sheet of its clips.

    Args:
        store: the store.
        sheet: where the contact sheet goes (default: STORE-contact-sheet.png beside the store).
        as_json: print the numbers as JSON and draw nothing, unless --sheet is given.
    """
    opened = open_store(store)
    numbers = summary(opened)
    if as_json:
        print(json.dumps(numbers, indent=1))
    else:
        _show(numbers)
    if sheet is not None or not as_json:
        target = sheet or store.resolve().with_name(f"{store.resolve().name}-contact-sheet.png")
        contact_sheet(opened, target)
        if not as_json:
            print(f"contact sheet: {target}")


def verify(store: Annotated[Path, tyro.conf.Positional]) -> None:
    """Check every file of a store against the sha256 in its index.

    Args:
        store: the store.
    """
    verify_store(store)
    print(f"{store}: every file is as it was written")


def _write(out: Path, clips: Iterable[Clip], origin: Origin, total: int, title: str) -> Store:
    with bar(title, total, "clips") as advance:
        return write_store(out, clips, origin, total=total, progress=advance)


def _show(numbers: dict[str, Any]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    size, length = numbers["frame_size"], numbers["length"]
    console.print(
        f"[bold]{escape(numbers['path'])}[/] from {escape(numbers['source'])}: "
        f"{numbers['clips']:,} clips, "
        f"{numbers['frames']:,} frames of {size['height']}×{size['width']} (H×W), "
        f"{length['min']}–{length['max']} a clip, {numbers['bytes'] / 1e6:,.0f} MB",
    )
    console.print(
        ", ".join(f"{name} {n['clips']:,} clips" for name, n in numbers["splits"].items()),
    )
    table = Table(title="control, all clips", title_justify="left")
    for column in ("name", "unit", "mean", "std", "min", "max"):
        table.add_column(column, justify="left" if column in ("name", "unit") else "right")
    for channel in numbers["control"]:
        values = (f"{channel[key]:.4g}" for key in ("mean", "std", "min", "max"))
        table.add_row(escape(channel["name"]), escape(channel["unit"]), *values)
    console.print(table)
    for name, fact in numbers["facts"].items():
        console.print(
            f"{escape(name)}: mean {fact['mean']:.4g}, from {fact['min']:.4g} to {fact['max']:.4g}",
            highlight=False,
        )
    console.print(f"sha256 of the index: {numbers['hash']}")
