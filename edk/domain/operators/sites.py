"""The places of one file that may name an image."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from edk.domain.operators.candidates import Candidates, operator_like
from edk.domain.operators.expressions import ExpressionReader
from edk.domain.operators.model import Expr, ImageSite, Place
from edk.domain.operators.scoping import Names, Where

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_SITES = 2_000
MAX_BROKEN = 100
Role = Literal["operator", "argument", "attribute", "loose"]
_TEXTLESS = frozenset({"number", "none", "list", "dict"})
_CALLEE = re.compile(rb"([\w.]+(?:\(\))?[\w.]*)\s*\($")


class Sites:
    """Collects the places of one file that may name an image.

    Args:
        names: the scopes of the file.
        reader: reads its expressions.
        candidates: knows the functions of the file that take an image.
        place: says where a node stands.
    """

    def __init__(
        self, names: Names, reader: ExpressionReader, candidates: Candidates, place: Callable[[Node], Place]
    ) -> None:
        self.found: list[ImageSite] = []
        self.cut = False
        self._names = names
        self._reader = reader
        self._candidates = candidates
        self._place = place
        self._splatted: set[str] = set()
        self._held_by: dict[int, str] = {}
        self._broken = 0

    def finished(self) -> tuple[ImageSite, ...]:
        """Return all places in the order of the file; a dict that is handed to an operator counts as its arguments."""
        sites = [
            replace(site, role="operator")
            if site.role == "loose" and self._held_by.get(site.place.start) in self._splatted
            else site
            for site in self.found
        ]
        return tuple(sorted(sites, key=lambda site: (site.place.start, site.place.end)))

    def called(self, node: Node, where: Where) -> None:
        """Take the arguments of a call."""
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or arguments is None or arguments.type != "argument_list":
            return
        callee = self._callee(function)
        inner = [child for child in arguments.named_children if child.type != "comment"]
        first = self._reader.dotted(inner[0]) if inner else ""
        if callee.rpartition(".")[2] == "partial" and operator_like(first):
            callee, inner = first, inner[1:]
        if callee.endswith((".update", ".setdefault")):
            self._filled(callee.rpartition(".")[0], inner, where)
        taken = self._makes_operator(callee)
        for index, child in enumerate(inner):
            self._argument(child, index, callee, taken, where)

    def dictionary(self, node: Node, where: Where) -> None:
        """Take the value under ``"image"`` in a dict."""
        for value in _values_of(node, self._reader):
            self._add(value, where, "loose", "", "image")

    def assigned(self, target: Node, right: Node, value: Expr, where: Where) -> None:
        """Take ``self.image = …``, a class attribute ``image = …`` and ``kwargs["image"] = …``."""
        if target.type == "identifier":
            name = self._reader.text(target)
            if name == "image" and where.scope == where.owner:
                self._add(right, where, "attribute", "", name, value)
            self._hold(name, right)
        elif target.type == "attribute":
            parts = self._reader.dotted(target).split(".")
            if parts[-1] == "image":
                self._add(right, where, "attribute" if parts == ["self", "image"] else "loose", "", "image", value)
        else:
            holder, keys = target.child_by_field_name("value"), target.children_by_field_name("subscript")
            if holder is not None and len(keys) == 1 and self._reader.read(keys[0]) == Expr("text", "image"):
                self._add(right, where, "loose", "", "image", value)
                self._held_by[self._place(right).start] = self._reader.dotted(holder)

    def among_siblings(self, node: Node, where: Where) -> None:
        """Take ``image = …`` out of a piece of broken syntax, where the parser found no call around it."""
        children = node.children
        for before, name, equals, value in zip(children, children[1:], children[2:], children[3:], strict=False):
            if name.type == "identifier" and equals.type == "=" and before.type in ("(", ","):
                self._broken_site(name, value, where)
        for child in children:
            name_node, held = child.child_by_field_name("name"), child.child_by_field_name("value")
            if child.type == "keyword_argument" and name_node is not None and held is not None:
                self._broken_site(name_node, held, where)

    def _broken_site(self, name: Node, value: Node, where: Where) -> None:
        if self._reader.text(name) != "image":
            return
        if self._broken >= MAX_BROKEN:
            self.cut = True
            return
        self._broken += 1
        source, start = self._reader.source, value.start_byte
        opened = _opening(source, start)
        match = _CALLEE.search(source, max(0, opened - 300), opened + 1) if opened >= 0 else None
        callee = match[1].decode("utf-8", "replace").replace("super()", "super") if match else ""
        self._add(value, where, "operator" if self._makes_operator(callee) else "loose", callee, "image")

    def _makes_operator(self, callee: str) -> bool:
        return operator_like(callee) or callee.endswith("__init__") or callee in self._candidates.factories

    def _argument(self, node: Node, index: int, callee: str, taken: bool, where: Where) -> None:
        if node.type == "keyword_argument":
            name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
            keyword = self._reader.text(name) if name is not None else ""
            if value is not None and (taken or keyword == "image"):
                self._add(value, where, _role(keyword, taken), callee, keyword)
        elif node.type == "dictionary_splat" and taken:
            inner = next(iter(node.named_children), None)
            if inner is not None and inner.type == "dictionary":
                for value in _values_of(inner, self._reader):
                    self._held_by[self._place(value).start] = "**"
                self._splatted.add("**")
            elif inner is not None:
                self._splatted.add(self._reader.dotted(inner))
        elif taken and node.type not in ("list_splat", "dictionary_splat"):
            self._add(node, where, "argument", callee, f"#{index}")

    def _filled(self, holder: str, inner: list[Node], where: Where) -> None:
        if len(inner) == 2 and self._reader.read(inner[0]) == Expr("text", "image"):
            self._add(inner[1], where, "loose", "", "image")
            self._held_by[self._place(inner[1]).start] = holder
        for child in inner:
            self._hold(holder, child)
            value = child.child_by_field_name("value") if child.type == "keyword_argument" else None
            if value is not None:
                self._held_by[self._place(value).start] = holder

    def _hold(self, name: str, node: Node) -> None:
        if node.type == "dictionary":
            for value in _values_of(node, self._reader):
                self._held_by[self._place(value).start] = name
        elif node.type == "call":
            function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
            if function is None or arguments is None or self._reader.dotted(function) != "dict":
                return
            for child in arguments.named_children:
                held = child.child_by_field_name("value") if child.type == "keyword_argument" else None
                if held is not None:
                    self._held_by[self._place(held).start] = name

    def _add(
        self,
        node: Node,
        where: Where,
        role: Role,
        callee: str,
        parameter: str,
        value: Expr | None = None,
    ) -> None:
        read = self._reader.read(node) if value is None else value
        if role == "argument" and (read.kind in _TEXTLESS or (read.kind == "name" and read.text in ("True", "False"))):
            return
        if len(self.found) >= MAX_SITES:
            self.cut = True
            return
        owner, place = self._names.owner_name(where), self._place(node)
        self.found.append(
            ImageSite(
                *(place, place.start, where.scope, where.branch, owner, role, callee, parameter, read),
                self._branches(node, read),
            )
        )

    def _branches(self, node: Node, read: Expr) -> tuple[Place, ...]:
        """Return where the parts of a conditional or an ``or`` stand."""
        while node.type == "parenthesized_expression" and len(node.named_children) == 1:
            node = node.named_children[0]
        inner = [child for child in node.named_children if child.type != "comment"]
        if node.type == "conditional_expression" and read.kind == "either" and len(inner) == 3:
            return self._place(inner[0]), self._place(inner[2])
        if node.type == "boolean_operator" and read.kind == "or" and len(inner) == 2:
            return self._place(inner[0]), self._place(inner[1])
        return ()

    def _callee(self, function: Node) -> str:
        text = self._reader.text(function)
        if re.match(r"super\(.{0,80}\)\.__init__$", text):
            return "super.__init__"
        if function.type == "attribute":
            target = function.child_by_field_name("object")
            if target is not None and target.type == "call":
                inner = target.child_by_field_name("function")
                return self._reader.dotted(inner) if inner is not None else ""
        return self._reader.dotted(function)


def _role(keyword: str, taken: bool) -> Role:
    if not taken:
        return "loose"
    return "operator" if keyword == "image" else "argument"


def _values_of(node: Node, reader: ExpressionReader) -> list[Node]:
    found: list[Node] = []
    for child in node.named_children:
        if child.type != "pair":
            continue
        key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
        if key is not None and value is not None and reader.read(key) == Expr("text", "image"):
            found.append(value)
    return found


def _opening(source: bytes, before: int) -> int:
    depth = 0
    for index in range(before - 1, max(-1, before - 5000), -1):
        byte = source[index]
        if byte in b")]}":
            depth += 1
        elif byte in b"([{":
            if depth == 0:
                return index
            depth -= 1
    return -1
