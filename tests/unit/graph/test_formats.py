"""The graph for other programs, and as a picture."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from edk.domain.graph_view import GraphView, focused
from edk.ui.graph_formats import FORMATS, as_json, dot, mermaid
from edk.ui.graph_svg import svg
from tests.unit.graph.views import view

SVG = "{http://www.w3.org/2000/svg}"
BAD = 'a"]\\ <b>&;%\u202e'


def odd() -> GraphView:
    """A view with a name that no format must believe."""
    shown = view()
    return replace(shown, nodes=tuple(replace(n, name=BAD, group=BAD, reason=BAD) for n in shown.nodes))


def test_mermaid() -> None:
    """Groups, states, arrows of both kinds."""
    lines = mermaid(view(states={"seg": "stale"}, seg="lib")).splitlines()

    assert "flowchart LR" == lines[0]
    assert ['  subgraph g0["ext"]', '  subgraph g1["lib"]'] == [line for line in lines if "subgraph" in line]
    assert '    n3["seg"]:::stale' in lines
    assert {"  n5 -.-> n3", "  n5 --> n0", "  n2 --> n1"} <= set(lines)
    assert 7 == sum("->" in line for line in lines)
    assert {"current", "stale"} == {line.split()[1] for line in lines if "classDef" in line}


def test_dot() -> None:
    """The same in Graphviz's language."""
    lines = dot(view(states={"seg": "stale"})).splitlines()

    assert "digraph edk {" == lines[0]
    assert {'  "dag" -> "seg" [style=dashed];', '  "dag" -> "installer";'} <= set(lines)
    assert 'tooltip="stale: seg changed"' in next(line for line in lines if '"seg" [label' in line)


@pytest.mark.parametrize("name", ["mermaid", "dot"])
def test_folded_bases_are_words_not_arrows(name: str) -> None:
    """But bases keep their arrows to each other."""
    shown = FORMATS[name](view(folded=True))
    arrows = [line for line in shown.splitlines() if "->" in line]

    assert 3 == len(arrows)
    assert "on gpu" in shown


def test_json() -> None:
    """All images and all edges, by number."""
    told = json.loads(as_json(view(folded=True, states={"seg": "stale"})))
    names = [image["name"] for image in told["images"]]

    assert ("edk.graph/v1", None) == (told["schema"], told["focus"])
    assert ("stale", "seg changed", "processing") == tuple(told["images"][3][k] for k in ("state", "reason", "role"))
    assert {("dag", "seg", "names"), ("seg", "gpu", "from")} <= {
        (names[edge["image"]], names[edge["needs"]], edge["how"]) for edge in told["edges"]
    }
    assert 7 == len(told["edges"])


def test_odd_names_do_no_harm() -> None:
    """What a name holds is text, in every format."""
    assert [BAD] * 7 == [image["name"] for image in json.loads(as_json(odd()))["images"]]
    assert [] == re.findall(r'\["[^"]*[<>\\;%\]](?!\d)[^"]*"\]', re.sub(r"#\d+;", "", mermaid(odd())))
    assert 'a\\"]\\\\ <b>' in dot(odd())
    assert "\u202e" not in dot(odd()) + mermaid(odd()) + svg(odd())
    ET.fromstring(svg(odd()))


@pytest.mark.parametrize("folded", [False, True])
def test_the_picture_shows_every_image_inside_of_it(folded: bool) -> None:
    """As well-formed SVG, with its state and reason as a tip."""
    root = ET.fromstring(svg(view(folded=folded, states={"seg": "stale"})))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    tips = [element.text or "" for element in root.iter(f"{SVG}title")]

    assert {"installer", "cpu", "gpu", "seg", "mask", "dag", "other"} == {tip.split("\n")[0] for tip in tips}
    assert "stale: seg changed" in next(tip for tip in tips if tip.startswith("seg")).split("\n")
    for shape in [*root.iter(f"{SVG}rect"), *root.iter(f"{SVG}text")]:
        x, y = float(shape.attrib.get("x", 0)), float(shape.attrib.get("y", 0))
        assert 0 <= x + float(shape.attrib.get("width", 0)) <= width
        assert 0 <= y + float(shape.attrib.get("height", 0)) <= height


def test_the_picture_around_an_image_marks_it() -> None:
    """Its box has a stronger border, and the title names it."""
    found = focused(view(), "gpu")
    assert found is not None
    root = ET.fromstring(svg(found))

    assert 1 == sum(rect.attrib.get("class") == "focus" for rect in root.iter(f"{SVG}rect"))
    assert "what gpu needs" in "".join(root.itertext())


def test_an_empty_picture() -> None:
    """Is still one."""
    for folded in (False, True):
        ET.fromstring(svg(GraphView((), folded)))
