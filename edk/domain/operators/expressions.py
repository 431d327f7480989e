"""Expressions of Python source as `Expr`: what may become a text, and why not if it can't."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from edk.domain.operators.grammar import fold
from edk.domain.operators.model import Expr
from edk.domain.operators.strings import string_expr

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_DEPTH = 40
MAX_PARTS = 500
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_ENVIRONMENT = re.compile(r"(?:\w+\.)?(?:getenv|environ\.get|environ)")
_SELF_CLASS = re.compile(r"^(?:self\.__class__|type\(self\)|super\(\))(?=\.)")


class ExpressionReader:
    """Reads expressions of one file.

    Args:
        source: the file as UTF-8.
    """

    def __init__(self, source: bytes) -> None:
        self.source = source

    def read(self, node: Node, depth: int = 0) -> Expr:
        """Return what an expression means, with names still to be looked up."""
        if depth > MAX_DEPTH:
            return Expr("unknown", f"is nested more than {MAX_DEPTH} deep")
        reader = _READERS.get(node.type)
        if reader is None:
            return self._unknown(node, "is known at run time only")
        return reader(self, node, depth)

    def text(self, node: Node) -> str:
        """Return a node's source, folded and cut."""
        return fold(self.source, node.start_byte, node.end_byte)

    def dotted(self, node: Node) -> str:
        """Return a dotted name such as ``a.b`` or ``self.x``; empty if it is something else."""
        if node.end_byte - node.start_byte > 300:
            return ""
        text = re.sub(r"\s+", "", self.source[node.start_byte : node.end_byte].decode("utf-8", "replace"))
        text = _SELF_CLASS.sub("self", text)
        return text if _DOTTED.fullmatch(text) else ""

    def _unknown(self, node: Node, why: str) -> Expr:
        return Expr("unknown", f"`{self.text(node)}` {why}")

    def _string(self, node: Node, depth: int) -> Expr:
        return string_expr(node, self.source, lambda inner: self.read(inner, depth + 1))

    def _number(self, node: Node, _: int) -> Expr:
        return Expr("number", self.text(node))

    def _none(self, _: Node, __: int) -> Expr:
        return Expr("none")

    def _name(self, node: Node, _: int) -> Expr:
        name = self.dotted(node)
        return Expr("name", name) if name else self._unknown(node, "is known at run time only")

    def _wrapped(self, node: Node, depth: int) -> Expr:
        inner = [child for child in node.named_children if child.type != "comment"]
        return self.read(inner[0], depth + 1) if len(inner) == 1 else self._unknown(node, "is no single value")

    def _named(self, node: Node, depth: int) -> Expr:
        value = node.child_by_field_name("value")
        return self.read(value, depth + 1) if value is not None else self._unknown(node, "is incomplete")

    def _strings(self, node: Node, depth: int) -> Expr:
        parts = [self.read(child, depth + 1) for child in node.named_children if child.type != "comment"]
        return Expr("concat", "", tuple(parts[:MAX_PARTS])) if len(parts) <= MAX_PARTS else self._too_many(node)

    def _too_many(self, node: Node) -> Expr:
        return self._unknown(node, f"has more than {MAX_PARTS} parts")

    def _binary(self, node: Node, depth: int) -> Expr:
        parts: list[Expr] = []
        current = node
        # A chain of + leans to the left, one level for each term: walked down, never recursed into.
        while current.type == "binary_operator" and _operator(current) == "+":
            left, right = current.child_by_field_name("left"), current.child_by_field_name("right")
            if left is None or right is None or len(parts) > MAX_PARTS:
                return self._too_many(node) if parts else self._unknown(node, "is incomplete")
            parts.append(self.read(right, depth + 1))
            current = left
        if parts:
            return Expr("concat", "", (self.read(current, depth + 1), *reversed(parts)))
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if _operator(node) == "%" and left is not None and right is not None:
            return Expr("percent", "", (self.read(left, depth + 1), self.read(right, depth + 1)))
        return self._unknown(node, "is a calculation")

    def _boolean(self, node: Node, depth: int) -> Expr:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None or _operator(node) != "or":
            return self._unknown(node, "is known at run time only")
        return Expr("or", "", (self.read(left, depth + 1), self.read(right, depth + 1)))

    def _conditional(self, node: Node, depth: int) -> Expr:
        inner = [child for child in node.named_children if child.type != "comment"]
        if len(inner) != 3:
            return self._unknown(node, "is incomplete")
        return Expr("either", "", (self.read(inner[0], depth + 1), self.read(inner[2], depth + 1)))

    def _list(self, node: Node, depth: int) -> Expr:
        inner = [child for child in node.named_children if child.type != "comment"]
        if len(inner) > MAX_PARTS:
            return self._too_many(node)
        return Expr("list", "", tuple(self.read(child, depth + 1) for child in inner))

    def _dictionary(self, node: Node, depth: int) -> Expr:
        entries: list[Expr] = []
        for child in node.named_children[: MAX_PARTS + 1]:
            if child.type == "pair":
                key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
                name = self.read(key, depth + 1) if key is not None else Expr("none")
                if value is None or name.kind not in ("text", "number"):
                    return self._unknown(node, "has a key known at run time only")
                entries.append(Expr("entry", name.text, (self.read(value, depth + 1),)))
            elif child.type == "dictionary_splat":
                return self._unknown(node, "is put together of others")
        return Expr("dict", "", tuple(entries)) if len(entries) <= MAX_PARTS else self._too_many(node)

    def _subscript(self, node: Node, depth: int) -> Expr:
        value, keys = node.child_by_field_name("value"), node.children_by_field_name("subscript")
        if value is None or len(keys) != 1:
            return self._unknown(node, "is known at run time only")
        key = self.read(keys[0], depth + 1)
        if key.kind not in ("text", "number"):
            return self._unknown(node, "is known at run time only")
        if _ENVIRONMENT.fullmatch(self.dotted(value)):
            return self._environment(node, key.text)
        return Expr("item", key.text, (self.read(value, depth + 1), self._unknown(node, "is known at run time only")))

    def _environment(self, node: Node, variable: str) -> Expr:
        return Expr("variable", variable, (self._unknown(node, "is an environment variable"),))

    def _call(self, node: Node, depth: int) -> Expr:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or arguments is None or arguments.type != "argument_list":
            return self._unknown(node, "is known at run time only")
        name = self.dotted(function)
        inner = [child for child in arguments.named_children if child.type != "comment"]
        if _ENVIRONMENT.fullmatch(name) and inner and inner[0].type == "string":
            return self._environment(node, self.read(inner[0], depth + 1).text)
        if name == "str" and len(inner) == 1:
            return Expr("spec", "s", (self.read(inner[0], depth + 1), Expr("text", "")))
        if name == "dict":
            return self._dict_call(node, inner, depth)
        if function.type == "attribute":
            return self._method(node, function, inner, depth)
        return self._unknown(node, "is a call")

    def _dict_call(self, node: Node, inner: list[Node], depth: int) -> Expr:
        if len(inner) > MAX_PARTS or any(child.type != "keyword_argument" for child in inner):
            return self._unknown(node, "is known at run time only")
        return Expr("dict", "", tuple(self._argument(child, depth) for child in inner))

    def _method(self, node: Node, function: Node, inner: list[Node], depth: int) -> Expr:
        target, attribute = function.child_by_field_name("object"), function.child_by_field_name("attribute")
        method = self.text(attribute) if attribute is not None else ""
        if target is None or method not in ("format", "join") or len(inner) > MAX_PARTS:
            return self._unknown(node, "is a call")
        arguments = tuple(self._argument(child, depth) for child in inner)
        if method == "join" and len(arguments) != 1:
            return self._unknown(node, "is a call")
        return Expr("format" if method == "format" else "join", "", (self.read(target, depth + 1), *arguments))

    def _argument(self, node: Node, depth: int) -> Expr:
        if node.type != "keyword_argument":
            return self.read(node, depth + 1)
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None or value is None:
            return self._unknown(node, "is incomplete")
        return Expr("entry", self.text(name), (self.read(value, depth + 1),))

    def _splat(self, node: Node, depth: int) -> Expr:
        inner = node.named_children
        return Expr("entry", "**", (self.read(inner[0], depth + 1),)) if inner else self._unknown(node, "is incomplete")


def _operator(node: Node) -> str:
    operator = node.child_by_field_name("operator")
    return operator.type if operator is not None else ""


_READERS: dict[str, Callable[[ExpressionReader, Node, int], Expr]] = {
    "string": ExpressionReader._string,
    "concatenated_string": ExpressionReader._strings,
    "integer": ExpressionReader._number,
    "float": ExpressionReader._number,
    "none": ExpressionReader._none,
    "identifier": ExpressionReader._name,
    "attribute": ExpressionReader._name,
    "parenthesized_expression": ExpressionReader._wrapped,
    "named_expression": ExpressionReader._named,
    "binary_operator": ExpressionReader._binary,
    "boolean_operator": ExpressionReader._boolean,
    "conditional_expression": ExpressionReader._conditional,
    "list": ExpressionReader._list,
    "tuple": ExpressionReader._list,
    "expression_list": ExpressionReader._list,
    "set": ExpressionReader._list,
    "dictionary": ExpressionReader._dictionary,
    "subscript": ExpressionReader._subscript,
    "call": ExpressionReader._call,
    "dictionary_splat": ExpressionReader._splat,
}
