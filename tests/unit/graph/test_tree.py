"""The tree in the terminal."""

from __future__ import annotations

from dataclasses import replace

from edk.domain.graph_view import GraphView, focused
from edk.ui.graph_text import tree_lines
from tests.unit.graph.views import view


def text(shown: GraphView, width: int = 0, unasked: tuple[str, ...] = ()) -> str:
    """The tree, without spaces at the ends of lines, its columns one space apart."""
    lines = [line.rstrip() for line in tree_lines(shown, unasked, width)]
    return "\n".join(line[: len(line) - len(line.lstrip("│ "))] + " ".join(line.lstrip("│ ").split()) for line in lines)


def test_from_top_to_bottom() -> None:
    """What nothing depends on comes first; what was shown is not shown again."""
    assert (
        """\
✓ other
└─ ✓ cpu
   └─ ubuntu:24.04 from elsewhere
● dag dag changed
├─ ● seg seg changed
│  └─ ✓ gpu
│     └─ ✓ cpu as above
├─ ✓ mask
│  └─ ✓ cpu as above
└─ ✓ installer
   └─ ubuntu:24.04 from elsewhere

7 images: ✓ 5 in the registry, ● 2 stale"""
        == text(view(states={"seg": "stale", "dag": "stale"}))
    )


def test_folded() -> None:
    """Bases first, by themselves; then each extension, with what each image is built from beside it."""
    assert (
        """\
bases (3 images)
✓ installer needed by 1
✓ cpu needed by 3
✓ gpu on cpu, needed by 1

ext (3 images, 1 stale)
✓ dag on installer
├─ ✓ mask on cpu, of lib
└─ ● seg on gpu seg changed
✓ other on cpu

lib (1 image)
✓ mask on cpu

7 images: ✓ 6 in the registry, ● 1 stale"""
        == text(view(folded=True, states={"seg": "stale"}, mask="lib"))
    )


def test_around_an_image() -> None:
    """What it depends on, and what depends on it."""
    found = focused(view(), "gpu")
    assert found is not None

    assert (
        """\
✓ gpu
└─ ✓ cpu
   └─ ubuntu:24.04 from elsewhere
needs gpu:
✓ seg
└─ ✓ dag

4 images: ✓ 4 in the registry"""
        == text(found)
    )


def test_every_image_is_shown_in_every_way() -> None:
    """None is lost, however it is folded."""
    for shown in (view(), view(folded=True)):
        assert [] == [node.name for node in shown.nodes if f" {node.name}" not in f" {text(shown)}"]


def test_dags_that_name_each_others_images() -> None:
    """An image that is named by one that is named itself stands below it, also folded."""
    shown = view("leaf processing\nmiddle dag > leaf\ntop dag > middle", folded=True)

    assert ["✓ top", "└─ ✓ middle", "   └─ ✓ leaf"] == text(shown).splitlines()[1:4]


def test_narrow_terminals() -> None:
    """Longer lines are cut."""
    lines = list(tree_lines(view(states={"seg": "stale"}), width=12))

    assert 12 == max(len(line) for line in lines if not line.startswith("7"))
    assert "│  └─ ✓ gpu" in lines


def test_what_could_not_be_asked_and_odd_names() -> None:
    """Is told at the end; what names hold can't harm the terminal."""
    shown = view()
    shown = replace(shown, nodes=(replace(shown.nodes[0], name="a\x1b[2J"), *shown.nodes[1:]))

    assert text(shown, unasked=("the registry is away",)).endswith("note: the registry is away")
    assert "\x1b" not in text(shown)


def test_nothing_to_show() -> None:
    """It says so."""
    assert "\nno Dockerfile found" == text(GraphView(()))
