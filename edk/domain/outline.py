"""A view as an outline: lines in groups, each as deep as what it belongs to, none of them endless."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from edk.domain.graph_view import GraphNode, GraphView

How = Literal["", "names", "from", "external"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an outline.

    Args:
        lasts: for each level that it is below, whether it, or what it belongs to, is the last one there.
        node: the image; None: one from elsewhere.
        how: what the line above it does with it.
        text: name of it.
        note: what else is to be told: the bases that are folded, where the image belongs to.
        above: whether what is below the image stands at an earlier line.
    """

    lasts: tuple[bool, ...]
    node: GraphNode | None
    how: How
    text: str
    note: str = ""
    above: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Lines under one title; `nodes` are the images that belong to it."""

    title: str
    lines: tuple[Line, ...]
    nodes: tuple[GraphNode, ...]


def outline(view: GraphView) -> tuple[Group, ...]:
    """Return a view as an outline: folded, a group for each extension; else one of everything, from top to bottom."""
    if view.folded:
        return tuple(_folded(view, title, nodes) for title, nodes in view.groups.items())
    whole = _Whole(view)
    if view.focus:
        return whole.around(view.focus)
    tops = [node for node in view.nodes if not view.dependents[node.key]]
    lines = [line for node in reversed(tops) for line in whole.down(node, (), "")]
    return (Group("", tuple(lines), view.nodes),)


def _folded(view: GraphView, title: str, nodes: tuple[GraphNode, ...]) -> Group:
    by_key = view.by_key
    own = {node.key for node in nodes}
    named = {key for node in nodes for key in node.names}
    counts = {key: len(keys) for key, keys in view.dependents.items()}

    def line(node: GraphNode, lasts: tuple[bool, ...], how: How) -> Line:
        notes = [f"on {', '.join(by_key[key].name for key in node.bases)}"] if node.bases else []
        if node.role == "base" and counts[node.key]:
            notes.append(f"needed by {counts[node.key]}")
        if node.key not in own:
            notes.append(f"of {node.group}")
        return Line(lasts, node, how, node.name, ", ".join(notes))

    def tree(node: GraphNode, lasts: tuple[bool, ...], how: How) -> Iterator[Line]:
        yield line(node, lasts, how)
        # Images of other groups have their own lines there.
        below = sorted((by_key[key] for key in node.names), key=lambda n: n.name) if node.key in own else []
        for number, named_one in enumerate(below, 1):
            yield from tree(named_one, (*lasts, number == len(below)), "names")

    tops = sorted((n for n in nodes if n.key not in named), key=_place)
    return Group(title, tuple(one for node in tops for one in tree(node, (), "")), nodes)


def _place(node: GraphNode) -> tuple[bool, bool, str]:
    """Return by what images of a group are ordered: bases as they stand on each other, DAGs, then by name."""
    return (node.role != "dag", not node.names, "" if node.role == "base" else node.name)


class _Whole:
    """Everything below an image, each image's own lines once."""

    def __init__(self, view: GraphView) -> None:
        self._by_key = view.by_key
        self._dependents = view.dependents
        self._told: set[str] = set()

    def down(self, node: GraphNode, lasts: tuple[bool, ...], how: How) -> Iterator[Line]:
        """Yield an image and what it depends on."""
        above = node.key in self._told and bool(node.below or node.externals)
        self._told.add(node.key)
        yield Line(lasts, node, how, node.name, above=above)
        if above:
            return
        below: list[tuple[How, GraphNode | str]] = [
            *(("names", self._by_key[key]) for key in node.names),
            *(("from", self._by_key[key]) for key in node.bases),
            *(("external", ref) for ref in node.externals),
        ]
        for number, (way, what) in enumerate(below, 1):
            deeper = (*lasts, number == len(below))
            if isinstance(what, str):
                yield Line(deeper, None, way, what)
            else:
                yield from self.down(what, deeper, way)

    def around(self, key: str) -> tuple[Group, ...]:
        """Return an image with what it depends on, and what depends on it."""
        node = self._by_key[key]
        down = tuple(self.down(node, (), ""))
        self._told.clear()
        up = tuple(self._up(key, (), top=True))
        nodes = tuple(self._by_key.values())
        return (Group("", down, nodes), *([Group(f"needs {node.name}", up, nodes)] if up else []))

    def _up(self, key: str, lasts: tuple[bool, ...], *, top: bool = False) -> Iterator[Line]:
        dependents = self._dependents[key]
        for number, name in enumerate(dependents, 1):
            node = self._by_key[name]
            deeper = () if top else (*lasts, number == len(dependents))
            above = name in self._told and bool(self._dependents[name])
            self._told.add(name)
            yield Line(deeper, node, "names" if key in node.names else "from", node.name, above=above)
            if not above:
                yield from self._up(name, deeper)
