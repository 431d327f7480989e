"""What is printed of a survey, and of what was removed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

from edk.cli import parser
from edk.domain.chart_pruning import ChartArchive
from edk.domain.pruning import Rules, Uses, Why, judge
from edk.domain.survey import EngineUse, Inventory, Removed, Survey
from edk.ui.survey_json import prune_as_json
from edk.ui.survey_text import prune_lines
from tests.unit.docs.tables import page
from tests.unit.pruning.test_judging import HOUR, NOW, digest, image

HELD = (
    image("dag", "d", tags="0.6.0 latest", refers=(digest("b"),), blobs="d=1000 s=5"),
    image("seg", "b", blobs="b=2000"),
    image("seg", "9", age=50 * HOUR, blobs="9=30000"),
    replace(image("seg", "8", age=3 * HOUR), recorded=False),
    image("theirs\x1b", "7", tags="1", fingerprint=""),
)
CHART = ChartArchive("/state/charts/c-1.tgz", "c", "1", 4000, NOW - 5 * HOUR)


def survey(*, complete: bool = True, unreadable: tuple[str, ...] = (), **engine: object) -> Survey:
    """A survey of a few images."""
    verdicts = judge(HELD, Uses(), Rules(NOW, keep=0))
    inventory = Inventory(HELD, unreadable, complete)
    charts = ((CHART, ""), (replace(CHART, path="/state/charts/c-2.tgz"), "the last one"))
    return Survey(NOW, inventory, verdicts, charts, EngineUse(**engine), targets=2)  # type: ignore[arg-type]


def test_a_prune_says_what_it_frees() -> None:
    """Images, charts, bytes, and how many stay for which reason."""
    lines = list(prune_lines(survey(copies=2, copies_bytes=5000, cache_bytes=3000), NOW, 1000))

    assert [
        "IMAGE  TAGS  DIGEST               SIZE     PUSHED",
        "seg    -     sha256:900000000000  30.0 kB  2 d ago",
        "chart /state/charts/c-1.tgz, 4.0 kB, packaged 5 h ago",
        "1 image and 1 chart are superseded; 30.0 kB of the registry become free",
        "kept: 2 (with a tag), 1 (another one refers to it), 1 (no record of its push here)",
        "the engine keeps 2 superseded images of ours without a tag, at most 5.0 kB",
        "the engine's build cache has 3.0 kB, the limit is 1.0 kB: at most 2.0 kB of it go",
    ] == lines[:7]


def test_what_is_not_known_is_said() -> None:
    """Bytes are at most so many where not everything is known; what could not be read is named."""
    found = survey(complete=False, unreadable=("a", "b"), problem="no engine")
    lines = list(prune_lines(replace(found, targets=0), NOW, -1))

    assert any("at most 30.0 kB" in line for line in lines)
    assert "the engine is left alone: no engine" in lines
    assert "could not be read, and left alone: a, b" in lines
    assert lines[-1].startswith("no extension was found")


def test_json_tells_the_same() -> None:
    """Every field is explained on the page."""
    removed = Removed((("seg", digest("9")),), ((("seg", digest("8")), "why"),), ("/c",), 1, 7)
    told = prune_as_json(survey(), "localhost:32000", True, removed, 5, ("step",))

    assert "edk.prune/v1" == told["schema"]
    assert [f"seg@{digest('9')}"] == told["removed"]["images"]
    assert (30000, 5, [{"image": f"seg@{digest('8')}", "reason": "why"}]) == (
        told["frees"], told["collected"], told["stayed"],
    )  # fmt: skip
    documented = set(re.findall(r"`([a-z_]+)`", page("pruning.md")))
    inner = (told["superseded"][0], told["engine"], told["removed"], told["charts"][0], told["stayed"][0])
    keys = {*told, *(key for value in inner for key in value)}
    assert set() == keys - documented


def test_every_reason_is_on_the_page() -> None:
    """By its word in JSON."""
    assert set() == set(get_args(Why)) - set(re.findall(r"`([a-z_]+)`", page("pruning.md")))


def test_every_option_is_on_the_page() -> None:
    """Of both commands."""
    commands = next(dict(a.choices) for a in parser()._actions if isinstance(a.choices, dict))
    options = {o for name in ("prune", "images") for a in commands[name]._actions for o in a.option_strings}

    named = set(re.findall(r"--[a-z-]+", page("pruning.md")))
    assert set() == {o for o in options if o.startswith("--")} - {"--help"} - named
