"""Adds to JSON with comments, and leaves every character of what was there where it was.

Each function goes from text to text. What is added looks as its neighbours do: their indentation, their line ends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from edk.domain.jsonc.reading import JsoncError, Node, read

DEFAULT_UNIT = "    "
_INDENTED = re.compile(r'^([ \t]+)(?="|\{)', re.MULTILINE)


def with_member(text: str, key: str, value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return the text with a key of its outermost object set to a value; an empty text becomes an object.

    Raises:
        JsoncError: the text is no JSON with comments, or no object.
    """
    root = read(text)
    if root is None:
        eol = _eol(text)
        before = text.rstrip()
        return f"{before}{eol if before else ''}{{{eol}{_member(key, value, _unit(text), _unit(text), eol)}{eol}}}{eol}"
    there = _object(text, root).member(key)
    if there is None:
        return _added(text, root, f"{json.dumps(key, ensure_ascii=False)}: ", value)
    column = _indentation(text, there.start)
    return text[: there.start] + _rendered(value, _unit(text), column, _eol(text)) + text[there.end :]


def with_entry(text: str, key: str, name: str, value: Any, instead_of: str = "") -> str:  # noqa: ANN401
    """Return the text with a name set to a value in the object that is a key's value in the outermost object.

    Args:
        text: JSON with comments.
        key: of the outermost object; made if it is not there.
        name: in the object that is its value.
        value: any JSON value.
        instead_of: a name in that object that `name` takes the place of; empty: none.

    Raises:
        JsoncError: the text is no JSON with comments, no object, or the key's value is no object.
    """
    root = read(text)
    there = _object(text, root).member(key) if root is not None else None
    if there is None:
        return with_member(text, key, {name: value})
    if there.kind != "object":
        raise JsoncError(f'"{key}" is no object', *_place(text, there.start))
    known = there.member(name) or (there.member(instead_of) if instead_of else None)
    if known is None:
        return _added(text, there, f"{json.dumps(name, ensure_ascii=False)}: ", value)
    rendered = _rendered(value, _unit(text), _indentation(text, known.start), _eol(text))
    head = text[: known.start]
    if there.member(name) is None:
        before, _, between = head.rpartition(json.dumps(instead_of, ensure_ascii=False))
        head = before + json.dumps(name, ensure_ascii=False) + between
    return head + rendered + text[known.end :]


def with_items(text: str, key: str, values: Sequence[Any]) -> str:
    """Return the text with values added at the end of the array that is a key's value in the outermost object.

    Raises:
        JsoncError: the text is no JSON with comments, no object, or the key's value is no array.
    """
    if not values:
        return text
    root = read(text)
    there = _object(text, root).member(key) if root is not None else None
    if there is None:
        return with_member(text, key, list(values))
    for value in values:
        array = _object(text, read(text)).member(key)
        if array is None or array.kind != "array":
            raise JsoncError(f'"{key}" is no list', *_place(text, there.start))
        text = _added(text, array, "", value)
    return text


def _object(text: str, node: Node | None) -> Node:
    if node is None or node.kind != "object":
        raise JsoncError("expected an object in braces", *_place(text, node.start if node else 0))
    return node


def _added(text: str, container: Node, prefix: str, value: Any) -> str:  # noqa: ANN401
    """Return the text with one more part before a container's closing bracket, behind all comments."""
    eol, unit, close = _eol(text), _unit(text), container.end - 1
    outer = _indentation(text, close if _begins_line(text, close) else container.start)
    last = container.parts[-1] if container.parts else None
    inner = outer + unit
    if last is not None and "\n" in text[container.start : last.start]:
        inner = _indentation(text, last.start)
    head = text[:close].rstrip()
    if last is not None and not _has_comma(text, last.end, close):
        head = head[: last.end] + "," + head[last.end :]
    return f"{head}{eol}{inner}{prefix}{_rendered(value, unit, inner, eol)}{eol}{outer}{text[close:]}"


def _has_comma(text: str, start: int, end: int) -> bool:
    """Tell whether a comma stands between two places, comments aside."""
    return "," in re.sub(r"//[^\r\n]*|/\*.*?\*/", "", text[start:end], flags=re.DOTALL)


def _begins_line(text: str, position: int) -> bool:
    return not text[text.rfind("\n", 0, position) + 1 : position].strip(" \t\ufeff")


def _indentation(text: str, position: int) -> str:
    line = text[text.rfind("\n", 0, position) + 1 :]
    found = re.match(r"[ \t]*", line)
    return found[0] if found else ""


def _member(key: str, value: Any, unit: str, indentation: str, eol: str) -> str:  # noqa: ANN401
    return f"{indentation}{json.dumps(key, ensure_ascii=False)}: {_rendered(value, unit, indentation, eol)}"


def _rendered(value: Any, unit: str, indentation: str, eol: str) -> str:  # noqa: ANN401
    return json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", eol + indentation)


def _unit(text: str) -> str:
    """Return what one level is indented by."""
    found = _INDENTED.search(text)
    return found[1] if found else DEFAULT_UNIT


def _eol(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _place(text: str, position: int) -> tuple[int, int]:
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
