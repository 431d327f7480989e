"""Reads JSON with comments and trailing commas, as code-server does, and keeps where everything stands."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

MAX_DEPTH = 100
_BLANK = re.compile(r"(?:[ \t\r\n\ufeff]|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_SCALAR = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|true\b|false\b|null\b')


class JsoncError(ValueError):
    """A text is no JSON with comments.

    Args:
        message: what was expected, and what stands there.
        line: from 1.
        column: from 1.
    """

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its place.

    Args:
        kind: of the value.
        start: of its first character.
        end: behind its last character.
        value: in Python's types; of keys that stand twice the last one counts.
        members: of an object, in their order.
        items: of an array.
    """

    kind: Literal["object", "array", "scalar"]
    start: int
    end: int
    value: Any
    members: tuple[tuple[str, Node], ...] = ()
    items: tuple[Node, ...] = ()

    def member(self, key: str) -> Node | None:
        """Return the value of a key, None if there is none."""
        return next((node for name, node in reversed(self.members) if name == key), None)

    @property
    def parts(self) -> tuple[Node, ...]:
        """The values that an object or an array is made of."""
        return self.items or tuple(node for _, node in self.members)


def read(text: str) -> Node | None:
    """Return the value that a text holds; None if it holds blanks and comments alone.

    Raises:
        JsoncError: it is no JSON with comments.
    """
    start = _behind_blanks(text, 0)
    if start == len(text):
        return None
    node = _value(text, start, 0)
    rest = _behind_blanks(text, node.end)
    if rest != len(text):
        raise _error(text, rest, "the end of the file")
    return node


def _behind_blanks(text: str, position: int) -> int:
    found = _BLANK.match(text, position)
    return found.end() if found else position


def _value(text: str, start: int, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise _error(text, start, f"at most {MAX_DEPTH} values in each other")
    match text[start : start + 1]:
        case "{":
            return _object(text, start, depth + 1)
        case "[":
            return _array(text, start, depth + 1)
        case _:
            return _scalar(text, start, "a value")


def _scalar(text: str, start: int, expected: str) -> Node:
    found = _SCALAR.match(text, start)
    if found is None:
        raise _error(text, start, expected)
    try:
        return Node("scalar", start, found.end(), json.loads(found[0]))
    except ValueError as error:
        raise _error(text, start, expected) from error


def _object(text: str, start: int, depth: int) -> Node:
    members: list[tuple[str, Node]] = []
    position = _behind_blanks(text, start + 1)
    while text[position : position + 1] != "}":
        if text[position : position + 1] != '"':
            raise _error(text, position, 'a key in quotation marks or "}"')
        key = _scalar(text, position, "a key")
        position = _behind_blanks(text, key.end)
        if text[position : position + 1] != ":":
            raise _error(text, position, '":"')
        node = _value(text, _behind_blanks(text, position + 1), depth)
        members.append((key.value, node))
        position = _next(text, node.end, "}")
    value = {key: node.value for key, node in members}
    return Node("object", start, position + 1, value, members=tuple(members))


def _array(text: str, start: int, depth: int) -> Node:
    items: list[Node] = []
    position = _behind_blanks(text, start + 1)
    while text[position : position + 1] != "]":
        items.append(_value(text, position, depth))
        position = _next(text, items[-1].end, "]")
    return Node("array", start, position + 1, [item.value for item in items], items=tuple(items))


def _next(text: str, end: int, closing: str) -> int:
    """Return where the next part begins, or the closing bracket stands."""
    position = _behind_blanks(text, end)
    found = text[position : position + 1]
    if found == ",":
        return _behind_blanks(text, position + 1)
    if found != closing:
        raise _error(text, position, f'"," or "{closing}"')
    return position


def _error(text: str, position: int, expected: str) -> JsoncError:
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    found = text[position : position + 1]
    return JsoncError(f"expected {expected}, not {found!r}" if found else f"expected {expected}", line, column)
