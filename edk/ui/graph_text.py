"""What stands on what, as a tree in the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from edk.domain.graph_view import GraphNode, GraphView, State
from edk.domain.outline import Group, Line, outline
from edk.ui.text import plural, safe

MARKS: dict[State, str] = {"current": "✓", "stale": "●", "unknown": "?", "blocked": "✗", "ignored": "·"}
WORDS: dict[State, str] = {
    "current": "in the registry",
    "stale": "stale",
    "unknown": "not asked for",
    "blocked": "can't be built",
    "ignored": "not to be built",
}
MAX_NAME = 52
MAX_NOTE = 40


def tree_lines(view: GraphView, unasked: tuple[str, ...] = (), width: int = 0) -> Iterator[str]:
    """Yield the tree line by line.

    Args:
        view: what to show.
        unasked: what could not be asked, as sentences.
        width: columns of the terminal; longer lines are cut; 0: none is.
    """
    groups = outline(view)
    told = [(group, [(_head(line), line) for line in group.lines]) for group in groups]
    every = [pair for _, lines in told for pair in lines]
    columns = (
        min(MAX_NAME, max((len(head) for head, line in every if line.node is not None), default=0)),
        min(MAX_NOTE, max((len(line.note) for _, line in every), default=0)),
    )
    for group, lines in told:
        if group.title:
            yield _cut(safe(_title(group, view)), width)
        for head, line in lines:
            yield _cut(safe(_row(head, line, columns)), width)
        if group.title and group is not groups[-1]:
            yield ""
    yield ""
    yield counted(view)
    for sentence in unasked:
        yield safe(f"note: {sentence}")


def counted(view: GraphView) -> str:
    """Return how many images there are in each state, which is the legend of the marks too."""
    found = ", ".join(f"{MARKS[state]} {count} {WORDS[state]}" for state, count in view.counts.items())
    return f"{plural(len(view.nodes), 'image')}: {found}" if found else "no Dockerfile found"


def _title(group: Group, view: GraphView) -> str:
    stale = sum(node.state == "stale" for node in group.nodes)
    if not view.folded:
        return f"{group.title}:"
    return f"{group.title} ({plural(len(group.nodes), 'image')}{f', {stale} stale' if stale else ''})"


def _head(line: Line) -> str:
    """Return a line's branches, mark and name."""
    branches = "".join("   " if last else "│  " for last in line.lasts[:-1])
    branch = "" if not line.lasts else "└─ " if line.lasts[-1] else "├─ "
    mark = MARKS[line.node.state] if line.node is not None else " "
    return f"{branches}{branch}{mark} {line.text}"


def _row(head: str, line: Line, columns: tuple[int, int]) -> str:
    name, note = columns
    if line.node is None:
        return f"{head:<{name}}  from elsewhere"
    tail = "as above" if line.above else _reason(line.node)
    noted = f"  {line.note:<{note}}" if note else ""
    return f"{head:<{name}}{noted}  {tail}".rstrip()


def _reason(node: GraphNode) -> str:
    """Return what is to be told of a state: nothing where all is well, or where nobody was asked."""
    return "" if node.state in {"current", "unknown"} else node.reason


def _cut(line: str, width: int) -> str:
    return line if not width or len(line) <= width else line[: max(width - 1, 1)] + "…"
