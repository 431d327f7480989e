"""What a YAML file says, as nodes that know their place and keep every scalar's text as written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MERGES_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar.

    Args:
        text: its content, never converted: ``no``, ``1.10`` and ``012`` stay what they are.
        line: from 1.
        column: from 0, in characters.
        start: offset of its first character, quotes and anchors included.
        end: offset behind its last character.
        plain: whether it stands without quotes, so that YAML may take it for a number or a boolean.
    """

    text: str
    line: int
    column: int
    start: int
    end: int
    plain: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping, in the order of the file; a key may stand in it twice, the last one counts."""

    entries: tuple[tuple[Text, Node], ...]
    line: int
    start: int
    end: int
    flow: bool

    def get(self, key: str) -> Node | None:
        """Return the value of a key, also from a merged mapping (``<<``); None if there is none."""
        table: Table | None = self
        for _ in range(MERGES_LIMIT):
            merged: Table | None = None
            found: Node | None = None
            for name, value in table.entries if table is not None else ():
                if name.text == key:
                    found = value
                elif name.text == "<<" and isinstance(value, Table):
                    merged = value
            if found is not None or merged is None:
                return found
            table = merged
        return None


@dataclass(frozen=True, slots=True)
class Row:
    """A sequence."""

    items: tuple[Node, ...]
    line: int


Node = Text | Table | Row


def table_at(node: Node | None, *keys: str) -> Table | None:
    """Return the mapping below a path of keys, None if there is none."""
    for key in keys:
        node = node.get(key) if isinstance(node, Table) else None
    return node if isinstance(node, Table) else None


def text_at(node: Node | None, *keys: str) -> Text | None:
    """Return the scalar below a path of keys, None if there is none; an empty plain one is none."""
    for key in keys:
        node = node.get(key) if isinstance(node, Table) else None
    if not isinstance(node, Text) or (node.plain and node.text in {"", "~", "null", "Null", "NULL"}):
        return None
    return node


def items_at(node: Node | None, *keys: str) -> tuple[Node, ...]:
    """Return the items of the sequence below a path of keys, none if there is no sequence."""
    for key in keys:
        node = node.get(key) if isinstance(node, Table) else None
    return node.items if isinstance(node, Row) else ()


def walk(root: Node | None) -> Iterator[tuple[str, Node]]:
    """Yield every node with the key it stands under (``""`` in a sequence), a shared node once."""
    stack: list[tuple[str, Node]] = [] if root is None else [("", root)]
    seen: set[int] = set()
    while stack:
        key, node = stack.pop()
        if not isinstance(node, Text):
            if id(node) in seen:
                continue
            seen.add(id(node))
        yield key, node
        if isinstance(node, Table):
            stack.extend((name.text, value) for name, value in reversed(node.entries))
        elif isinstance(node, Row):
            stack.extend(("", item) for item in reversed(node.items))
