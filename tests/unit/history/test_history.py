"""`edk history`: what is chosen, what it comes to, and how it looks."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from edk.adapters.store.store import SqliteStore
from edk.cli import main
from edk.domain.build_record import BuildRecord, Cost, StepTime, chosen, costs, series
from edk.orchestrator.build_history import encode_record
from edk.ui.history_svg import MOST_BARS, MOST_IMAGES, history_svg
from edk.ui.history_text import history_lines

DAY = 86_400.0
SVG = "{http://www.w3.org/2000/svg}"


def build(image: str, day: float, seconds: float, *steps: tuple[str, float], **more: object) -> BuildRecord:
    """A build on a day since the epoch."""
    slowest = tuple(StepTime(title, 3, took) for title, took in steps)
    made = BuildRecord(image, f"/w/{image}/Dockerfile", day * DAY, seconds, "done", "run.sh changed", slowest=slowest)
    return replace(made, **more)  # type: ignore[arg-type]


FAILED = {"ended": "failed", "message": "/w/seg/Dockerfile:3: RUN false exited with code 1", "line": 3}
RECORDS = (
    build("seg", 4, 2.0, ("[2/3] RUN slow", 1.5), steps=4, cached=3, built=1.5, pushed=0.25),
    build("seg", 3, 1.0, **FAILED),
    build("base", 2, 8.0, ("[2/2] RUN apt", 7.0), steps=2, attempts=2),
    build("seg", 1, 4.0, ("[3/4] RUN slow", 3.0), steps=4, cached=1),
)


def when(seconds: float) -> str:
    """A time that is the same everywhere."""
    return f"day {seconds / DAY:.0f}"


@pytest.mark.parametrize(
    ("images", "since", "days"),
    [((), 0, [4, 3, 2, 1]), (("base",), 0, [2]), (("seg", "base"), 2, [4, 3, 2]), (("x",), 0, [])],
)
def test_which_builds(images: tuple[str, ...], since: float, days: list[int]) -> None:
    """Of the images that were named, from a time on."""
    assert days == [record.started / DAY for record in chosen(RECORDS, images, since * DAY)]


def test_what_steps_cost() -> None:
    """The same instruction of an image is one, whatever its number was then."""
    assert (Cost("base", "RUN apt", 3, 7.0, 1), Cost("seg", "RUN slow", 3, 4.5, 2)) == costs(RECORDS)


def test_builds_by_image() -> None:
    """Oldest first; the median is that of builds that were done; the dearest image comes first."""
    base, seg = series(RECORDS)

    assert ("base", 8.0, "seg", 3.0) == (base.image, base.median, seg.image, seg.median)
    assert [1, 3, 4] == [record.started / DAY for record in seg.records]
    assert 0.0 == series(RECORDS[1:2])[0].median


def test_the_text() -> None:
    """Builds, what cost most, times by image, what it comes to."""
    assert (
        """\
day 4  seg   ███                2.00 s  3 of 4 cached  run.sh changed
day 3  seg   █▌                 1.00 s                 failed: RUN false exited with code 1 at line 3 (run.sh changed)
day 2  base  ████████████       8.00 s  0 of 2 cached  run.sh changed (attempt 2)
… and 1 earlier build; --limit 0 shows all

steps that cost most
       7.00 s  base: RUN apt
       4.50 s  seg: RUN slow in 2 builds

build times, from the oldest to the latest
  base  █  1 build, median 8.00 s, longest 8.00 s
  seg   █✗▅  3 builds, median 3.00 s, longest 4.00 s

4 builds since day 1: 3 done, 1 failed; 15.0 s in all; 4 of 10 steps from the cache"""
        == "\n".join(history_lines(RECORDS, when, 3))
    )


def test_all_are_listed_if_there_is_no_limit() -> None:
    """And nothing is said of others."""
    lines = list(history_lines(RECORDS, when, 0))

    assert 4 == sum(line.startswith("day ") for line in lines)
    assert [] == [line for line in lines if "earlier" in line]


def test_builds_that_took_no_time() -> None:
    """Clocks may be set back."""
    assert "day 1  seg" in next(history_lines((build("seg", 1, 0.0),), when, 0))
    ET.fromstring(history_svg((build("seg", 1, 0.0),), when))


def test_odd_texts_do_no_harm() -> None:
    """In the terminal and in the picture."""
    bad = 'a\x1b[2J<b>&"'
    records = (build(bad, 1, 1.0, (bad, 1.0), reason=bad),)

    assert "\x1b" not in "\n".join(history_lines(records, when, 0))
    assert "<b>" in "".join(ET.fromstring(history_svg(records, when)).itertext())


def test_the_picture() -> None:
    """A panel for each image, a bar for each build inside of it, with a tip; the parts of a bar add up."""
    root = ET.fromstring(history_svg(RECORDS, when))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    groups = root.findall(f"{SVG}g")
    tips = [group.findtext(f"{SVG}title") or "" for group in groups]

    assert ["day 2", "day 1", "day 3", "day 4"] == [tip.split(":")[0] for tip in tips]
    assert "1.50 s  [2/3] RUN slow" in tips[3]
    heights = [sum(float(bar.attrib["height"]) for bar in group.findall(f"{SVG}rect")) for group in groups]
    assert pytest.approx([heights[1] / 4, heights[1] / 2], abs=0.2) == heights[2:]
    for rect in root.iter(f"{SVG}rect"):
        x, y = float(rect.attrib.get("x", 0)), float(rect.attrib.get("y", 0))
        assert 0 <= x + float(rect.attrib["width"]) <= width
        assert 0 <= y + float(rect.attrib["height"]) <= height


def test_a_picture_of_many() -> None:
    """Stays of a size: the latest builds of the dearest images."""
    many = [build(f"i{n}", n, 1.0 + n) for n in range(MOST_IMAGES + 5)]
    root = ET.fromstring(history_svg(many, when))
    assert MOST_IMAGES == len(root.findall(f"{SVG}g"))
    assert "and 5 images that cost less" in "".join(root.itertext())

    often = [build("seg", n, 1.0) for n in range(MOST_BARS + 30)]
    assert MOST_BARS == len(ET.fromstring(history_svg(often, when)).findall(f"{SVG}g"))


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state that remembers builds."""
    monkeypatch.setenv("EDK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("EDK_EXTENSIONS_DIR", str(tmp_path / "none"))
    store = SqliteStore(str(tmp_path / "state"))
    for record in reversed(RECORDS):
        store.record_build(encode_record(record))
    store.close()
    return tmp_path / "state"


def test_the_command(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Shows what the state remembers."""
    assert 0 == main(["history"])
    shown = capsys.readouterr().out

    assert ["seg", "seg", "base", "seg"] == [line.split()[2] for line in shown.splitlines()[:4]]
    assert "1970-01-0" in shown.splitlines()[0]


def test_json(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The builds as values, whatever the limit."""
    assert 0 == main(["history", "--json", "--image", "seg", "--limit", "1"])
    told = json.loads(capsys.readouterr().out)

    assert "edk.history/v1" == told["schema"]
    assert [4 * DAY, 3 * DAY, DAY] == [one["started"] for one in told["builds"]]
    assert {"title": "[2/3] RUN slow", "line": 3, "seconds": 1.5} == told["builds"][0]["slowest"][0]
    assert [{"image": "seg", "builds": 3, "median": 3.0, "total": 7.0}] == told["images"]


@pytest.mark.parametrize(("since", "count"), [("1970-01-03T12:00+00:00", 2), ("100000w", 4), ("1h", 0)])
def test_since(since: str, count: int, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A duration before now, or a date."""
    assert 0 == main(["history", "--json", "--since", since])
    assert count == len(json.loads(capsys.readouterr().out)["builds"])


def test_svg(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Is written beside the text, and said."""
    assert 0 == main(["history", "--svg", str(tmp_path / "h.svg")])

    assert f"{tmp_path}/h.svg: written" in capsys.readouterr().err
    ET.parse(tmp_path / "h.svg")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--since", "yesterday"], "--since 'yesterday' is no time"),
        (["--since", "2026-13-01"], "--since '2026-13-01' is no time"),
        (["--limit", "-1"], "--limit must not be negative"),
        (["--image", "sag"], "no build of 'sag' is remembered\n    did you mean 'seg'?"),
        (["--svg", "/proc/nowhere/h.svg"], "--svg /proc/nowhere/h.svg: "),
    ],
)
def test_wrong_usage(arguments: list[str], message: str, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Is told with what to do."""
    assert 2 == main(["history", *arguments])
    assert message in capsys.readouterr().err


def test_nothing_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A state that is new, or was deleted, says so."""
    monkeypatch.setenv("EDK_STATE_DIR", str(tmp_path))

    assert 0 == main(["history"])
    assert f"no build is remembered in {tmp_path}\n" == capsys.readouterr().out
