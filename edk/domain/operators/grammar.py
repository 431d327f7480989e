"""The Python grammar: text to a syntax tree, in bounded time, whatever the text is."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language, Node

_MAX_MESSAGE = 40


_CLOSING = {"(": ")", "[": "]", "{": "}", "string_start": "string_end"}


@functools.cache
def _language() -> Language:
    import tree_sitter
    import tree_sitter_python

    return tree_sitter.Language(tree_sitter_python.language())


def parse(source: bytes) -> Node:
    """Return the root of the syntax tree; what can't be parsed is in ERROR nodes."""
    from tree_sitter import Parser

    # A parser is no thread's property but its own; making one takes microseconds.
    return Parser(_language()).parse(source).root_node


def fold(source: bytes, start: int, end: int, limit: int = 200) -> str:
    """Return a piece of the source as text with white space folded, cut at about `limit` characters."""
    raw = source[start : min(end, start + 4 * limit)].decode("utf-8", "replace")
    text = " ".join(raw.split())
    return text if len(text) <= limit and end - start <= 4 * limit else text[: limit - 1] + "…"


def first_error(root: Node, source: bytes) -> tuple[int, int, str] | None:
    """Return line and column (in bytes) from 1 and a message for the first syntax error, None if there is none."""
    if not root.has_error:
        return None
    node = root
    while not (node.is_error or node.is_missing):
        inner = next((child for child in node.children if child.has_error or child.is_missing), None)
        if inner is None:
            break
        node = inner
    if node.is_missing:
        return *_position(node), f"{node.type!r} is missing"
    opener = _unclosed(node)
    if opener is not None:
        text = fold(source, opener.start_byte, opener.end_byte)
        return *_position(opener), f"{text!r} is never closed"
    first = source[node.start_byte : node.end_byte].split(b"\n", 1)[0]
    return *_position(node), f"syntax error at {fold(first, 0, len(first), _MAX_MESSAGE)!r}"


def _unclosed(node: Node) -> Node | None:
    open_nodes: list[Node] = []
    for child in node.children:
        if child.type in _CLOSING:
            open_nodes.append(child)
        elif open_nodes and child.type == _CLOSING[open_nodes[-1].type]:
            open_nodes.pop()
    return open_nodes[-1] if open_nodes else None


def _position(node: Node) -> tuple[int, int]:
    return node.start_point[0] + 1, node.start_point[1] + 1
