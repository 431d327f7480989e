"""What an operator's ``env_vars`` holds that is surely no text.

Looked at are dictionaries that are given as ``env_vars=``, called ``env_vars``, or handed on under another name in the
same function. What a name or a call comes to is not guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edk.domain.checking.model import Edit

if TYPE_CHECKING:
    from tree_sitter import Node

_NAME = "env_vars"
_PLAIN = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?|True|False")
_KINDS = {
    "integer": "a number",
    "float": "a number",
    "true": "a boolean",
    "false": "a boolean",
    "none": "None",
    "list": "a list",
    "list_comprehension": "a list",
    "dictionary": "a dictionary",
    "tuple": "a tuple",
    "set": "a set",
}
_CALLS = {"int": "a number", "float": "a number", "len": "a number", "bool": "a boolean", "round": "a number"}


@dataclass(frozen=True, slots=True)
class EnvValue:
    """A key or value of ``env_vars`` that is no text.

    Args:
        line: from 1.
        column: from 1.
        key: the key, as written.
        part: ``key`` or ``value``.
        kind: what it is, with an article.
        edit: that puts it in quotes; None if that is not all there is to it.
    """

    line: int
    column: int
    key: str
    part: str
    kind: str
    edit: Edit | None = None


@dataclass(frozen=True, slots=True)
class _Held:
    """A dictionary, or one entry of it, under a name in a scope."""

    scope: int
    name: str
    entries: tuple[tuple[Node, Node], ...]


class EnvFacts:
    """Collects what may be ``env_vars`` in one file, and tells what of it is no text.

    Args:
        source: the file as UTF-8.
    """

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._held: list[_Held] = []
        self._names: set[tuple[int, str]] = set()
        self._given: list[tuple[_Held, bool]] = []

    def handed(self, value: Node, scope: int, *, with_server: bool) -> None:
        """Take the value of an argument ``env_vars=``."""
        if value.type == "dictionary":
            self._given.append((_Held(scope, "", _entries(value)), with_server))
            self._spread(value, scope)
        elif value.type in ("identifier", "attribute"):
            self._names.add((scope, _text(value)))

    def assigned(self, node: Node, scope: int) -> None:
        """Take an assignment of a dictionary to a name, or of a value to an entry of one."""
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return
        if left.type == "subscript":
            holder, keys = left.child_by_field_name("value"), left.children_by_field_name("subscript")
            if holder is not None and len(keys) == 1:
                self._held.append(_Held(scope, _text(holder), ((keys[0], right),)))
        elif right.type == "dictionary":
            self._held.append(_Held(scope, _text(left), _entries(right)))
            if _is_ours(_text(left)):
                self._spread(right, scope)

    def called(self, function: Node, arguments: Node, scope: int) -> None:
        """Take ``env_vars.update(…)``."""
        name = _text(function)
        if not name.endswith(".update") or not _is_ours(name.removesuffix(".update")):
            return
        for child in arguments.children:
            if child.type in ("dictionary", "identifier"):
                self.handed(child, scope, with_server=False)

    def found(self, *, editable: bool) -> tuple[EnvValue, ...]:
        """Return what is no text, in the order of the file.

        Args:
            editable: whether the source is the file's content byte for byte.
        """
        out: dict[tuple[int, int], EnvValue] = {}
        mine = [(held, False) for held in self._held if _is_ours(held.name) or (held.scope, held.name) in self._names]
        for held, with_server in (*mine, *self._given):
            for key, value in held.entries:
                for part, node in (("key", key), ("value", value)):
                    kind = _kind(node)
                    if kind and (kind != "None" or with_server or part == "key"):
                        one = self._value(key, node, part, kind, editable=editable)
                        out[one.line, one.column] = one
        return tuple(out[at] for at in sorted(out))

    def _spread(self, dictionary: Node, scope: int) -> None:
        for child in dictionary.children:
            if child.type == "dictionary_splat" and child.named_children:
                self._names.add((scope, _text(child.named_children[0])))

    def _value(self, key: Node, node: Node, part: str, kind: str, *, editable: bool) -> EnvValue:
        row, column = node.start_point
        before = self._source[node.start_byte - column : node.start_byte].decode("utf-8", "replace")
        text = _text(node)
        plain = editable and _PLAIN.fullmatch(text) and ("." not in text or str(float(text)) == text)
        edit = Edit(node.start_byte, node.end_byte, f'"{text}"'.encode()) if plain else None
        return EnvValue(row + 1, len(before) + 1, _text(key), part, kind, edit)


def _entries(dictionary: Node) -> tuple[tuple[Node, Node], ...]:
    found = []
    for child in dictionary.children:
        if child.type == "pair":
            key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
            if key is not None and value is not None:
                found.append((key, value))
    return tuple(found)


def _kind(node: Node) -> str:
    """Return what a node surely is, if that is no text; empty if it may be one."""
    if node.type == "call":
        return _CALLS.get(_text(node.child_by_field_name("function")), "")
    if node.type == "unary_operator":
        argument = node.child_by_field_name("argument")
        return _KINDS.get(argument.type, "") if argument is not None and argument.type in ("integer", "float") else ""
    if node.type in ("not_operator", "comparison_operator"):
        return "a boolean"
    return _KINDS.get(node.type, "")


def _is_ours(name: str) -> bool:
    return name in (_NAME, f"self.{_NAME}")


def _text(node: Node | None) -> str:
    return "" if node is None or node.text is None else node.text.decode("utf-8", "replace")
