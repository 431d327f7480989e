"""Strings of Python source: prefixes, escapes, and the parts of f-strings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from edk.domain.operators.model import Expr

if TYPE_CHECKING:
    from tree_sitter import Node

_ESCAPE = re.compile(
    r"\\(?:(?P<line>\r?\n)|(?P<oct>[0-7]{1,3})|x(?P<hex>[0-9a-fA-F]{2})|u(?P<four>[0-9a-fA-F]{4})"
    r"|U(?P<eight>[0-9a-fA-F]{8})|N\{(?P<name>[^}]{1,90})\}|(?P<one>[\\'\"abfnrtv]))"
)
_ONE = {
    "\\": "\\",
    "'": "'",
    '"': '"',
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}


def unescape(text: str) -> str:
    """Return the text that a string literal's content means; unknown escapes stay, as in Python."""
    return _ESCAPE.sub(_replacement, text) if "\\" in text else text


def string_expr(node: Node, source: bytes, build: Callable[[Node], Expr]) -> Expr:
    """Return what a ``string`` node means.

    Args:
        node: a string, with its prefix and quotes.
        source: the file as UTF-8.
        build: reads the expressions inside an f-string.
    """
    children = node.children
    if not children or children[0].type != "string_start" or children[-1].type != "string_end":
        return Expr("unknown", "is a string without an end")
    prefix = source[children[0].start_byte : children[0].end_byte].decode("ascii", "replace").rstrip("'\"").lower()
    if "b" in prefix or "t" in prefix:
        return Expr("unknown", "is no text (bytes or a template string)")
    parts = tuple(_pieces(children[1:-1], source, prefix, build))
    if not parts:
        return Expr("text", "")
    return parts[0] if len(parts) == 1 and parts[0].kind == "text" else Expr("concat", "", parts)


def _pieces(children: list[Node], source: bytes, prefix: str, build: Callable[[Node], Expr]) -> Iterator[Expr]:
    for child in children:
        if child.type == "interpolation":
            yield _hole(child, source, build)
            continue
        text = source[child.start_byte : child.end_byte].decode("utf-8", "replace")
        if "f" in prefix:
            text = text.replace("{{", "{").replace("}}", "}")
        yield Expr("text", text if "r" in prefix else unescape(text))


def _hole(node: Node, source: bytes, build: Callable[[Node], Expr]) -> Expr:
    inner = node.child_by_field_name("expression")
    if inner is None or any(child.type == "=" for child in node.children):
        return Expr("unknown", "holds a part of an f-string that is for debugging")
    value = build(inner)
    conversion = node.child_by_field_name("type_conversion")
    specification = node.child_by_field_name("format_specifier")
    if conversion is None and specification is None:
        return value
    text = source[conversion.start_byte + 1 : conversion.end_byte].decode("ascii", "replace") if conversion else ""
    return Expr("spec", text, (value, _specification(specification, source, build)))


def _specification(node: Node | None, source: bytes, build: Callable[[Node], Expr]) -> Expr:
    if node is None:
        return Expr("text", "")
    parts: list[Expr] = []
    last = node.start_byte + 1
    for child in node.children:
        if child.type == "format_expression":
            parts.append(Expr("text", source[last : child.start_byte].decode("utf-8", "replace")))
            inner = child.child_by_field_name("expression")
            parts.append(build(inner) if inner is not None else Expr("unknown", "has an empty format"))
            last = child.end_byte
    parts.append(Expr("text", source[last : node.end_byte].decode("utf-8", "replace")))
    return Expr("concat", "", tuple(parts))


def _replacement(match: re.Match[str]) -> str:
    kind, text = match.lastgroup or "", match[match.lastgroup or 0]
    if kind == "line":
        return ""
    if kind == "one":
        return _ONE[text]
    if kind == "name":
        try:
            return unicodedata.lookup(text)
        except KeyError:
            return match[0]
    number = int(text, 8 if kind == "oct" else 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else match[0]
