"""One walk over a syntax tree that collects scopes, bindings and the places that may name an image.

The walk keeps its own stack: no nesting in a file, however deep, can exhaust ours. Subtrees without anything of
interest are skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from edk.domain.operators.binding import KNOWN_AT_RUN_TIME, Binder
from edk.domain.operators.candidates import Candidates
from edk.domain.operators.expressions import ExpressionReader
from edk.domain.operators.grammar import fold
from edk.domain.operators.model import Expr, Place, PythonReading
from edk.domain.operators.scoping import Names, Where
from edk.domain.operators.sites import Sites

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_NODES = 400_000
_SKIPPED = frozenset({"comment", "string", "integer", "float", "identifier", "type"})


class Walker:
    """Walks one file.

    Args:
        source: the file as UTF-8.
    """

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.candidates = Candidates(source)
        self.names = Names()
        self.reader = ExpressionReader(source)
        self.sites = Sites(self.names, self.reader, self.candidates, self.place)
        self.binder = Binder(self.names, self.reader, self.sites, self.place)
        self.cut = False
        self._stack: list[tuple[Node, Where]] = []

    def walk(self, root: Node) -> None:
        """Walk the whole tree, or as much of it as the limit allows; `cut` then says so."""
        self._push(root, Where())
        visited = 0
        while self._stack:
            node, where = self._stack.pop()
            visited += 1
            if visited > MAX_NODES:
                self.cut = True
                return
            handler = _HANDLERS.get(node.type)
            if handler is not None:
                handler(self, node, where)
            elif node.type not in _SKIPPED and self.candidates.within(node.start_byte, node.end_byte):
                self._push_children(node, where)

    def reading(self) -> PythonReading:
        """Return what was found, without diagnostics."""
        return PythonReading(
            scopes=tuple(self.names.scopes),
            bindings=tuple(sorted(self.names.bindings, key=lambda binding: binding.position)),
            sites=self.sites.finished(),
            choices=tuple(self.names.choices),
            stars=tuple(self.binder.stars),
        )

    def place(self, node: Node) -> Place:
        """Return where a node stands, its column in characters, offsets still those of the UTF-8 source."""
        while node.type == "parenthesized_expression":
            inner = [child for child in node.named_children if child.type != "comment"]
            if len(inner) != 1:
                break
            node = inner[0]
        row, column = node.start_point
        start, end = node.start_byte, node.end_byte
        characters = len(self.source[start - column : start].decode("utf-8", "replace"))
        return Place(row + 1, characters + 1, start, end, fold(self.source, start, end))

    def _push(self, node: Node | None, where: Where) -> None:
        if node is not None:
            self._stack.append((node, where))

    def _push_children(self, node: Node, where: Where) -> None:
        self._stack.extend((child, where) for child in reversed(node.children) if child.is_named)

    def _block(self, node: Node, where: Where) -> None:
        self._push_children(node, where)

    def _broken(self, node: Node, where: Where) -> None:
        self.sites.among_siblings(node, where)
        self._push_children(node, where)

    def _class(self, node: Node, where: Where) -> None:
        bases = node.child_by_field_name("superclasses")
        name = self.binder.field(node, "name")
        dotted = [self.reader.dotted(child) for child in (bases.named_children if bases is not None else [])]
        position = node.start_byte
        inside = self.names.open("class", name, where, position, bases=tuple(base for base in dotted if base))
        self.names.bind(where, name, Expr("class", str(inside.scope)), position)
        self._push(node.child_by_field_name("body"), inside)
        self._push(bases, where)

    def _function(self, node: Node, where: Where) -> None:
        name, position = self.binder.field(node, "name"), node.start_byte
        parameters = node.child_by_field_name("parameters")
        children = parameters.named_children if parameters is not None else []
        found = [self.binder.parameter(child) for child in children]
        positional = tuple(name for name, _, by_position in found if name and by_position)
        inside = self.names.open("function", name, where, position, parameters=positional)
        if name:
            self.names.bind(where, name, Expr("function", str(inside.scope)), position)
        for parameter, default, _ in found:
            if parameter:
                value = self.reader.read(default) if default is not None else Expr("parameter", parameter)
                self.names.bind(inside, parameter, value, position)
        body = node.child_by_field_name("body")
        if body is not None and (self.candidates.worth_reading or where.scope == where.owner >= 0):
            self._push(body, inside)

    def _comprehension(self, node: Node, where: Where) -> None:
        if not self.candidates.within(node.start_byte, node.end_byte):
            return
        inside = self.names.open("block", "", where, node.start_byte)
        for clause in node.named_children:
            if clause.type == "for_in_clause":
                self.binder.loop(clause, inside, node.start_byte)
        self._push_children(node, inside)

    def _assignment(self, node: Node, where: Where) -> None:
        targets: list[Node] = []
        current: Node | None = node
        while current is not None and current.type == "assignment":
            left = current.child_by_field_name("left")
            if left is not None:
                targets.append(left)
            current = current.child_by_field_name("right")
        if current is None:
            return
        value = self.reader.read(current)
        for target in targets:
            self.binder.target(target, current, value, where, node.start_byte)
        self._push(current, where)

    def _augmented(self, node: Node, where: Where) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        if left is None or right is None:
            return
        if left.type == "identifier":
            value = Expr("unknown", f"`{self.reader.text(node)}` is a calculation")
            if operator is not None and operator.type == "+=":
                value = Expr("concat", "", (self.reader.read(left), self.reader.read(right)))
            self.names.bind(where, self.reader.text(left), value, node.start_byte)
        self._push(right, where)

    def _walrus(self, node: Node, where: Where) -> None:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is not None and value is not None:
            self.names.bind(where, self.reader.text(name), self.reader.read(value), node.start_byte)
            self._push(value, where)

    def _for(self, node: Node, where: Where) -> None:
        number = self.names.choose(0)
        inside = where.under(number, 0)
        self.binder.loop(node, inside, node.start_byte)
        self._push(node.child_by_field_name("alternative"), where.under(number, 1))
        self._push(node.child_by_field_name("body"), inside)
        self._push(node.child_by_field_name("right"), where)

    def _while(self, node: Node, where: Where) -> None:
        number = self.names.choose(0)
        self._push(node.child_by_field_name("alternative"), where.under(number, 1))
        self._push(node.child_by_field_name("body"), where.under(number, 0))
        self._push(node.child_by_field_name("condition"), where)

    def _if(self, node: Node, where: Where) -> None:
        alternatives = node.children_by_field_name("alternative")
        has_else = any(child.type == "else_clause" for child in alternatives)
        number = self.names.choose(len(alternatives) + 1 if has_else else 0)
        for index, child in enumerate(alternatives, start=1):
            self._push(child, where.under(number, index))
        self._push(node.child_by_field_name("consequence"), where.under(number, 0))
        self._push(node.child_by_field_name("condition"), where)

    def _try(self, node: Node, where: Where) -> None:
        handlers = [child for child in node.children if child.type in ("except_clause", "except_group_clause")]
        number = self.names.choose(len(handlers) + 1, exclusive=False)
        for index, child in enumerate(handlers, start=1):
            self._push(child, where.under(number, index))
        for child in node.children:
            if child.type == "finally_clause":
                self._push_children(child, where)
            elif child.type in ("block", "else_clause"):
                self._push(child, where.under(number, 0))

    def _match(self, node: Node, where: Where) -> None:
        body = node.child_by_field_name("body")
        cases = [child for child in (body.named_children if body is not None else []) if child.type == "case_clause"]
        patterns = [child for child in (cases[-1].named_children if cases else []) if child.type == "case_pattern"]
        guarded = bool(cases) and cases[-1].child_by_field_name("guard") is not None
        covers = len(patterns) == 1 and self.reader.text(patterns[0]) == "_" and not guarded
        number = self.names.choose(len(cases) if covers else 0)
        for index, child in enumerate(cases):
            self._push(child.child_by_field_name("consequence"), where.under(number, index))

    def _as(self, node: Node, where: Where) -> None:
        alias = node.child_by_field_name("alias")
        for target in alias.named_children if alias is not None else []:
            if target.type == "identifier":
                self.names.bind(where, self.reader.text(target), KNOWN_AT_RUN_TIME, node.start_byte)
        if self.candidates.within(node.start_byte, node.end_byte):
            self._push_children(node, where)

    def _call(self, node: Node, where: Where) -> None:
        if self.candidates.within(node.start_byte, node.end_byte):
            self.sites.called(node, where)
            self._push_children(node, where)

    def _dictionary(self, node: Node, where: Where) -> None:
        if self.candidates.within(node.start_byte, node.end_byte):
            self.sites.dictionary(node, where)
            self._push_children(node, where)

    def _import(self, node: Node, where: Where) -> None:
        self.binder.modules(node, where)

    def _import_from(self, node: Node, where: Where) -> None:
        self.binder.imported(node, where)


_HANDLERS: dict[str, Callable[[Walker, Node, Where], None]] = {
    "module": Walker._block,
    "block": Walker._block,
    "expression_statement": Walker._block,
    "decorated_definition": Walker._block,
    "with_statement": Walker._block,
    "with_clause": Walker._block,
    "with_item": Walker._block,
    "else_clause": Walker._block,
    "elif_clause": Walker._block,
    "except_clause": Walker._block,
    "except_group_clause": Walker._block,
    "ERROR": Walker._broken,
    "class_definition": Walker._class,
    "function_definition": Walker._function,
    "lambda": Walker._function,
    "assignment": Walker._assignment,
    "augmented_assignment": Walker._augmented,
    "named_expression": Walker._walrus,
    "for_statement": Walker._for,
    "while_statement": Walker._while,
    "if_statement": Walker._if,
    "try_statement": Walker._try,
    "match_statement": Walker._match,
    "as_pattern": Walker._as,
    "import_statement": Walker._import,
    "import_from_statement": Walker._import_from,
    "call": Walker._call,
    "dictionary": Walker._dictionary,
    "list_comprehension": Walker._comprehension,
    "set_comprehension": Walker._comprehension,
    "dictionary_comprehension": Walker._comprehension,
    "generator_expression": Walker._comprehension,
}
