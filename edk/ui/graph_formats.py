"""What stands on what, for other programs: Mermaid, Graphviz's language, JSON.

Where bases are folded, what an image is built from stands in its box, not as an arrow: eighty arrows to one base say
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from edk.domain.encoding import encodable, to_json
from edk.domain.graph_view import GraphNode, GraphView, State
from edk.ui.graph_text import WORDS

SCHEMA = "edk.graph/v1"
FILL: dict[State, str] = {
    "current": "#e3f4e8",
    "stale": "#fff1d6",
    "unknown": "#eef1f5",
    "blocked": "#fde2e1",
    "ignored": "#f6f6f6",
}
STROKE: dict[State, str] = {
    "current": "#2e8b57",
    "stale": "#c77700",
    "unknown": "#7a8899",
    "blocked": "#c0392b",
    "ignored": "#b0b0b0",
}


def arrows(view: GraphView) -> Iterator[tuple[GraphNode, GraphNode, str]]:
    """Yield who depends on whom, and how: ``from`` or ``names``; without what is folded."""
    by_key = view.by_key
    for node in view.nodes:
        yield from ((node, by_key[key], "names") for key in node.names)
        bases = [by_key[key] for key in node.bases]
        yield from ((node, base, "from") for base in bases if not view.folded or node.role == "base")


def folded_bases(view: GraphView, node: GraphNode) -> str:
    """Return the names of the bases that are told in an image's box; empty if arrows tell them."""
    if not view.folded or node.role == "base":
        return ""
    return ", ".join(view.by_key[key].name for key in node.bases)


def mermaid(view: GraphView) -> str:
    """Return the graph as a Mermaid flowchart."""
    ids = {node.key: f"n{number}" for number, node in enumerate(view.nodes)}
    lines = ["flowchart LR"]
    for number, (title, nodes) in enumerate(view.groups.items()):
        lines.append(f'  subgraph g{number}["{_mermaid(title)}"]')
        for node in nodes:
            under = folded_bases(view, node)
            below = f"<br/><small>on {_mermaid(under)}</small>" if under else ""
            lines.append(f'    {ids[node.key]}["{_mermaid(node.name)}{below}"]:::{node.state}')
        lines.append("  end")
    lines += [
        f"  {ids[node.key]} {'-.->' if how == 'names' else '-->'} {ids[other.key]}" for node, other, how in arrows(view)
    ]
    lines += [
        f"  classDef {state} fill:{FILL[state]},stroke:{STROKE[state]},color:#1b1f24" for state in view.counts
    ]
    return "\n".join(lines) + "\n"


def dot(view: GraphView) -> str:
    """Return the graph in Graphviz's language."""
    lines = [
        "digraph edk {",
        '  rankdir=LR; fontname="sans-serif"; node [shape=box, style="rounded,filled", fontname="sans-serif"];',
    ]
    for number, (title, nodes) in enumerate(view.groups.items()):
        lines.append(f'  subgraph cluster_{number} {{ label="{_dot(title)}"; color="#c9d1d9"; style="rounded";')
        for node in nodes:
            under = folded_bases(view, node)
            label = _dot(node.name) + (f"\\non {_dot(under)}" if under else "")
            tip = _dot(f"{WORDS[node.state]}: {node.reason}")
            colours = f'fillcolor="{FILL[node.state]}", color="{STROKE[node.state]}"'
            lines.append(f'    "{_dot(node.key)}" [label="{label}", tooltip="{tip}", {colours}];')
        lines.append("  }")
    for node, other, how in arrows(view):
        style = " [style=dashed]" if how == "names" else ""
        lines.append(f'  "{_dot(node.key)}" -> "{_dot(other.key)}"{style};')
    return "\n".join([*lines, "}"]) + "\n"


def as_json(view: GraphView) -> str:
    """Return the graph as JSON; see ``docs/graph.md``. Nothing is folded in it."""
    by_key = view.by_key
    ids = {node.key: number for number, node in enumerate(view.nodes)}
    value: dict[str, Any] = {
        "schema": SCHEMA,
        "focus": ids.get(view.focus),
        "images": [
            {
                "id": ids[node.key],
                "name": node.name,
                "group": node.group,
                "role": node.role,
                "state": node.state,
                "reason": node.reason,
                "dockerfile": node.key,
                "externals": list(node.externals),
            }
            for node in view.nodes
        ],
        "edges": [
            {"image": ids[node.key], "needs": ids[key], "how": how}
            for node in view.nodes
            for how, keys in (("names", node.names), ("from", node.bases))
            for key in keys
            if key in by_key
        ],
    }
    return to_json(value).decode() + "\n"


def _mermaid(text: str) -> str:
    """Return text that is text in Mermaid, whatever characters it has."""
    return "".join(c if c.isalnum() or c in " ._-/:,+" else f"#{ord(c)};" for c in encodable(text))


def _dot(text: str) -> str:
    printable = encodable(text).replace("\\", "\\\\").replace('"', '\\"')
    return "".join(c if c.isprintable() else "�" for c in printable)


FORMATS: dict[str, Callable[[GraphView], str]] = {"mermaid": mermaid, "dot": dot, "json": as_json}
