"""Small views out of text."""

from __future__ import annotations

from edk.domain.graph_view import GraphNode, GraphView, State

DAG = """
installer base
cpu base
gpu base = cpu
seg processing = gpu
mask processing = cpu
dag dag = installer > seg mask
other processing = cpu
"""


def view(text: str = DAG, *, folded: bool = False, states: dict[str, State] | None = None, **groups: str) -> GraphView:
    """A view out of lines such as ``dag dag = installer > seg mask``: name, role, bases, named images."""
    nodes = []
    for line in text.strip().splitlines():
        head, _, named = line.partition(">")
        head, _, bases = head.partition("=")
        name, role = head.split()
        state = (states or {}).get(name, "current")
        nodes.append(
            GraphNode(
                name,
                name,
                groups.get(name, "ext"),
                role,  # type: ignore[arg-type]
                state,
                f"{name} changed" if state == "stale" else "unchanged",
                tuple(bases.split()),
                tuple(named.split()),
                ("ubuntu:24.04",) if not bases.strip() else (),
                f"{name}/Dockerfile",
            )
        )
    return GraphView(tuple(nodes), folded)
