"""The report page stands alone, says by what protocol it measured, and is the same each time."""

import base64
import dataclasses
import io
import math
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framecast.errors import InputError
from framecast.view import report, videos

HASH = "sha256:0123456789abcdef"


def png(width: int = 40, height: int = 30) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(buffer, format="PNG")
    return buffer.getvalue()


def animation(tmp_path: Path, name: str) -> Path:
    frames = np.zeros((3, 8, 8, 3), np.uint8)
    frames[1:] = [[[[80]]], [[[160]]]]
    write = videos.write_gif if name.endswith(".gif") else videos.write_webp
    write(tmp_path / name, frames)
    return tmp_path / name


def content(tmp_path: Path) -> report.Content:
    return report.Content(
        title="A run",
        lead="The model beats copying the last frame by 3.1 dB on 20 held-out clips.",
        rows=[
            report.Row("model", 24.1, (23.5, 24.7), {"SSIM": "0.91"}),
            report.Row("copy-last", 21.0, (20.2, 21.9), {"note": "no parameters"}),
        ],
        protocol=("push-12", HASH),
        pictures=[
            report.Picture("Training curves", png(), "curves"),
            report.Picture("Clip 7", animation(tmp_path, "a.webp"), "truth left"),
            ("Clip 8", animation(tmp_path, "a.gif"), "truth left"),
        ],
        notes=["Posterior collapse at step 12."],
        tables=[report.Table("Settings compared", ["KL schedule", "PSNR"], [["cyclical", "24.1"]])],
        settings={"seed": 3, "model": {"latent": 16, "layers": {"first": 32}}},
        facts={"parameters": 3_800_000, "hardware": "2 cores"},
        commands=["framecast train push", "framecast report runs/push"],
    )


def written(tmp_path: Path, shown: report.Content) -> str:
    report.write_report(tmp_path / "report.html", shown)
    return (tmp_path / "report.html").read_text(encoding="utf-8")


class Parsed(HTMLParser):
    """Every attribute, and every tag that was opened and not closed in turn."""

    VOID = frozenset({"meta", "img", "br", "link"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.mismatched: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.mismatched.append(tag)


def test_the_page_refers_to_nothing_outside_itself(tmp_path: Path) -> None:
    html = written(tmp_path, content(tmp_path))
    page = Parsed(html)
    for tag, name, value in page.attributes:
        if name in {"src", "href", "srcset", "data", "action", "poster"}:
            assert value.startswith("data:image/"), (tag, name, value[:60])
    without_data = re.sub(r"data:image/[a-z]+;base64,[A-Za-z0-9+/=]+", "", html)
    assert "://" not in without_data
    assert "url(" not in without_data
    assert "@import" not in without_data
    assert "<script" not in without_data
    assert "default-src 'none'" in html


def test_the_pages_tags_are_all_closed_in_turn(tmp_path: Path) -> None:
    page = Parsed(written(tmp_path, content(tmp_path)))
    assert (page.open, page.mismatched) == ([], [])


def test_pictures_are_embedded_byte_for_byte_with_their_kind_and_words(tmp_path: Path) -> None:
    shown = content(tmp_path)
    html = written(tmp_path, shown)
    for kind, data in (
        ("png", png()),
        ("webp", (tmp_path / "a.webp").read_bytes()),
        ("gif", (tmp_path / "a.gif").read_bytes()),
    ):
        assert f"data:image/{kind};base64,{base64.b64encode(data).decode()}" in html
    assert 'alt="truth left" width="8" height="8"' in html


def test_text_is_escaped_wherever_it_stands(tmp_path: Path) -> None:
    evil = '<b onclick="x">\'&$title</b>'
    shown = report.Content(
        title=evil,
        lead=evil,
        rows=[report.Row(evil, 1.0, (0.5, 1.5), {evil: evil})],
        protocol=(evil, evil),
        pictures=[(evil, png(), evil)],
        notes=[evil],
        tables=[report.Table(evil, [evil, evil], [[evil, evil]])],
        settings={evil: {evil: evil}},
        facts={evil: evil},
        commands=[evil],
    )
    html = written(tmp_path, shown)
    assert "<b onclick" not in html
    assert not [a for a in Parsed(html).attributes if a[1] == "onclick"]
    assert html.count("&lt;b onclick=&quot;x&quot;&gt;&#x27;&amp;$title&lt;/b&gt;") >= 20


def test_the_protocols_name_and_hash_stand_under_every_table_of_numbers(tmp_path: Path) -> None:
    html = written(tmp_path, content(tmp_path))
    ends = [m.end() for m in re.finditer(r"</table></div>", html)]
    ends.append(html.index('<ul class="notes"') - 1)
    assert len(ends) == 3
    for end in ends[:2]:
        following = html[end : html.index("</p>", end)]
        assert "push-12" in following
        assert HASH in following
        assert "<h2" not in following
    headline = html[html.index('<div class="numbers">') : ends[2]]
    assert HASH in headline


def test_the_page_tells_its_story_in_order(tmp_path: Path) -> None:
    html = written(tmp_path, content(tmp_path))
    marks = [
        "The model beats copying",
        'class="number"',
        "Posterior collapse at step 12.",
        "Clip 7",
        "Clip 8",
        "Training curves",
        "All predictors",
        "Settings compared",
        "<h2>Settings</h2>",
        "layers.first",
        "How it was made",
        "3,800,000",
        "framecast train push",
    ]
    places = [html.index(mark) for mark in marks]
    assert places == sorted(places)


def test_a_page_with_only_a_verdict_has_no_empty_sections(tmp_path: Path) -> None:
    html = written(tmp_path, report.Content("A run", "Nothing was judged.", [], ("none", HASH)))
    assert "<h2" not in html
    assert "<table" not in html


def test_infinite_and_missing_numbers_are_shown_as_such(tmp_path: Path) -> None:
    rows = [
        report.Row("perfect", math.inf, (math.inf, math.inf)),
        report.Row("broken", math.nan, (math.nan, math.nan)),
        report.Row("model", 20.0, (19.0, 21.0)),
    ]
    html = written(tmp_path, report.Content("A run", "Verdict.", rows, ("p", HASH)))
    assert "∞" in html
    assert "nan" not in html
    assert "inf" not in html.split("</style>")[1].replace("information", "")


def test_the_same_content_makes_the_same_bytes(tmp_path: Path) -> None:
    shown = content(tmp_path)
    assert written(tmp_path, shown) == written(tmp_path, shown)


def test_a_picture_that_is_none_is_named_and_the_old_page_stays(tmp_path: Path) -> None:
    shown = content(tmp_path)
    before = written(tmp_path, shown)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    files = set(tmp_path.iterdir())
    for image, message in (
        (broken, r"broken\.png.*PNG, GIF or WebP"),
        (tmp_path / "missing.png", r"missing\.png: cannot be read"),
        (b"", "'Clip 9'.*PNG, GIF or WebP"),
    ):
        changed = dataclasses.replace(shown, pictures=[("Clip 9", image, "")])
        with pytest.raises(InputError, match=message):
            report.write_report(tmp_path / "report.html", changed)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == before
    assert set(tmp_path.iterdir()) == files


def test_a_row_from_clips_has_their_mean_and_its_bootstrap_interval() -> None:
    values = np.random.default_rng(0).normal(22, 1, 20)
    made = report.row("model", values, {"SSIM": "0.9"})
    assert made.psnr == pytest.approx(values.mean())
    assert made.interval == report.bootstrap_interval(values)
    assert made.interval[0] < made.psnr < made.interval[1]
    assert report.bootstrap_interval(values, seed=1) != made.interval


def test_settings_read_as_words_not_as_code(tmp_path: Path) -> None:
    settings = {"data": {"flip": True, "lr": 3e-4, "weights": None, "betas": (0.9, 0.999)}}
    settings["data"] |= {"seed": 1234567, "decay": 0.12345678}
    shown = report.Content("A run", "Verdict.", [], ("p", HASH), settings=settings)
    html = written(tmp_path, shown)
    for pair in (
        "flip</dt><dd>yes",
        "lr</dt><dd>0.0003",
        "weights</dt><dd>none",
        "seed</dt><dd>1234567<",
        "decay</dt><dd>0.12345678",
    ):
        assert pair in html
    assert "betas</dt><dd>0.9, 0.999" in html


def test_looking_at_results_needs_no_torch() -> None:
    code = (
        "import sys; from framecast.view import plots, report, videos; "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
