"""What binds names: targets of assignments and loops, parameters, imports."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from edk.domain.operators.expressions import ExpressionReader
from edk.domain.operators.model import Expr, Place
from edk.domain.operators.scoping import NOWHERE, Names, Where
from edk.domain.operators.sites import Sites

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_PATTERN_DEPTH = 10
KNOWN_AT_RUN_TIME = Expr("unknown", "is known at run time only")
_PATTERNS = ("pattern_list", "tuple_pattern", "list_pattern")
_SEQUENCES = ("expression_list", "tuple", "list")


class Binder:
    """Binds the names of one file.

    Args:
        names: takes the bindings.
        reader: reads expressions.
        sites: takes the assignments that may name an image.
        place: says where a node stands.
    """

    def __init__(self, names: Names, reader: ExpressionReader, sites: Sites, place: Callable[[Node], Place]) -> None:
        self.stars: list[str] = []
        self._names = names
        self._reader = reader
        self._sites = sites
        self._place = place

    def target(self, target: Node, right: Node, value: Expr, where: Where, position: int, depth: int = 0) -> None:
        """Bind a target to the value of `right`, whose node tells the place."""
        if target.type == "identifier":
            place = self._place(right) if where.scope == where.owner else NOWHERE
            self._names.bind(where, self._reader.text(target), value, position, place)
            self._sites.assigned(target, right, value, where)
        elif target.type == "attribute":
            parts = self._reader.dotted(target).split(".")
            if len(parts) == 2 and parts[0] in ("self", "cls") and where.owner >= 0:
                self._names.bind_attribute(where, parts[1], value, position, self._place(right))
            self._sites.assigned(target, right, value, where)
        elif target.type == "subscript":
            self._sites.assigned(target, right, value, where)
        elif target.type in _PATTERNS and depth < MAX_PATTERN_DEPTH:
            self._pattern(target, right, value, where, position, depth)

    def loop(self, node: Node, where: Where, position: int) -> None:
        """Bind the target of a ``for`` to one element of what it runs over."""
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None and right is not None:
            self.target(left, right, Expr("each", "", (self._reader.read(right),)), where, position)

    def parameter(self, node: Node) -> tuple[str, Node | None, bool]:
        """Return a parameter's name, its default, and whether it can be given by position; no name if it has none."""
        if node.type in ("default_parameter", "typed_default_parameter"):
            return self.field(node, "name"), node.child_by_field_name("value"), True
        if node.type == "identifier":
            return self._reader.text(node), None, True
        inner = next(iter(node.named_children), None)
        if inner is None or node.type not in ("typed_parameter", "list_splat_pattern", "dictionary_splat_pattern"):
            return "", None, False
        if inner.type == "identifier":
            return self._reader.text(inner), None, node.type == "typed_parameter"
        return self._reader.text(next(iter(inner.named_children), inner)), None, False

    def modules(self, node: Node, where: Where) -> None:
        """Bind the names of ``import a.b, c as d``."""
        for name in node.children_by_field_name("name"):
            alias = name.child_by_field_name("alias")
            module = self.field(name, "name") if alias is not None else self._reader.text(name)
            bound = self._reader.text(alias) if alias is not None else module.partition(".")[0]
            value = Expr("import", module if alias is not None else bound)
            self._names.bind(where, bound, value, node.start_byte)

    def imported(self, node: Node, where: Where) -> None:
        """Bind the names of ``from a import b as c``."""
        module = self.field(node, "module_name").replace(" ", "")
        if any(child.type == "wildcard_import" for child in node.children):
            self.stars.append(module)
        for name in node.children_by_field_name("name"):
            alias = name.child_by_field_name("alias")
            wanted = self.field(name, "name") if alias is not None else self._reader.text(name)
            bound = self._reader.text(alias) if alias is not None else wanted
            self._names.bind(where, bound, Expr("import", module, (Expr("text", wanted),)), node.start_byte)

    def field(self, node: Node, field: str) -> str:
        """Return the text of a node's field, empty if it has none."""
        child = node.child_by_field_name(field)
        return self._reader.text(child) if child is not None else ""

    def _pattern(self, target: Node, right: Node, value: Expr, where: Where, position: int, depth: int) -> None:
        targets = target.named_children
        values = right.named_children if right.type in _SEQUENCES else []
        for index, child in enumerate(targets):
            source = values[index] if len(values) == len(targets) and value.kind == "list" else right
            part = Expr("item", str(index), (value, KNOWN_AT_RUN_TIME))
            self.target(child, source, part, where, position, depth + 1)
