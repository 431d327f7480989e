"""What the rules want to know of a Python file beyond the images that it names."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from edk.domain.checking.comments import Mark, marks_in
from edk.domain.checking.env_facts import EnvFacts, EnvValue
from edk.domain.operators.decoding import decode
from edk.domain.operators.grammar import fold, parse

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_BYTES = 1_000_000
_MARKS = re.compile(rb"\bimport\b|\benv_vars\b|\bdev_server\b|=\s*\{|\]\s*=|\.update\s*\(")
_NAMES_IMAGE = re.compile(rb"(?:Operator|Task|__init__)\b.*?\bimage\s*=", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Import:
    """An import that is not guarded by ``try``.

    Args:
        line: from 1.
        column: from 1.
        module: dotted; leading dots are levels of a relative import.
        names: what is taken from it and what it is called here; none where the module itself is imported.
    """

    line: int
    column: int
    module: str
    names: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DevServer:
    """A text that is given as ``dev_server``.

    Args:
        line: of the value, from 1.
        column: from 1.
        value: the text.
        callee: dotted name of what is called; empty for ``super().__init__``.
        owner: the class around it.
    """

    line: int
    column: int
    value: str
    callee: str
    owner: str


@dataclass(frozen=True, slots=True)
class PythonFacts:
    """What is known of one content; `names_image` says that it may make an operator with an image."""

    digest: str
    imports: tuple[Import, ...] = ()
    env_values: tuple[EnvValue, ...] = ()
    dev_servers: tuple[DevServer, ...] = ()
    names_image: bool = False
    marks: tuple[Mark, ...] = ()


def read_python_facts(content: bytes) -> PythonFacts:
    """Return the facts of a Python file; never raises."""
    digest, marks = sha256(content).hexdigest(), marks_in(content)
    if len(content) > MAX_BYTES:
        return PythonFacts(digest, marks=marks)
    source = decode(content).source
    reader = _Reader(source)
    reader.walk(parse(source))
    editable = source == content
    return PythonFacts(
        digest,
        tuple(sorted(reader.imports, key=lambda found: found.line)),
        reader.env.found(editable=editable),
        tuple(reader.dev_servers),
        _NAMES_IMAGE.search(source) is not None,
        marks,
    )


class _Reader:
    """Walks a syntax tree where something of interest may stand, with a stack of its own."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.imports: list[Import] = []
        self.dev_servers: list[DevServer] = []
        self.env = EnvFacts(source)
        self._marks = [match.start() for match in _MARKS.finditer(source)]

    def walk(self, root: Node) -> None:
        stack: list[tuple[Node, int, str, bool]] = [(root, 0, "", False)]
        while stack:
            node, scope, owner, guarded = stack.pop()
            if node.type in ("import_statement", "import_from_statement"):
                if not guarded:
                    self.imports.extend(_imports(node))
                continue
            if not self._within(node):
                continue
            if node.type == "call":
                self._call(node, scope, owner)
            elif node.type == "assignment":
                self.env.assigned(node, scope)
            elif node.type == "function_definition":
                scope = node.start_byte + 1
            elif node.type == "class_definition":
                owner = _text(node.child_by_field_name("name"))
            inside = guarded or node.type == "try_statement"
            stack.extend((child, scope, owner, inside) for child in reversed(node.children) if child.is_named)

    def _within(self, node: Node) -> bool:
        index = bisect_left(self._marks, node.start_byte)
        return index < len(self._marks) and self._marks[index] < node.end_byte

    def _call(self, node: Node, scope: int, owner: str) -> None:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or arguments is None or arguments.type != "argument_list":
            return
        given = {_text(c.child_by_field_name("name")): c for c in arguments.children if c.type == "keyword_argument"}
        values = {name: c.child_by_field_name("value") for name, c in given.items()}
        server = values.get("dev_server")
        with_server = server is not None and server.type == "string"
        if server is not None and with_server:
            callee = "" if _text(function).startswith("super(") else fold(self.source, *_span(function))
            line, column = place(server, self.source)
            text = "".join(_text(child) for child in server.children if child.type == "string_content")
            self.dev_servers.append(DevServer(line, column, text, callee, owner))
        env = values.get("env_vars")
        if env is not None:
            self.env.handed(env, scope, with_server=with_server)
        self.env.called(function, arguments, scope)


def place(node: Node, source: bytes) -> tuple[int, int]:
    """Return line and column of a node, from 1, the column in characters."""
    row, column = node.start_point
    before = source[node.start_byte - column : node.start_byte]
    return row + 1, len(before.decode("utf-8", "replace")) + 1


def _imports(node: Node) -> Iterator[Import]:
    line, column = node.start_point[0] + 1, node.start_point[1] + 1
    if node.type == "import_statement":
        for child in node.children_by_field_name("name"):
            name = child.child_by_field_name("name") if child.type == "aliased_import" else child
            yield Import(line, column, _text(name))
        return
    names = []
    for child in node.children_by_field_name("name"):
        alias = child.child_by_field_name("alias") if child.type == "aliased_import" else None
        name = child.child_by_field_name("name") if child.type == "aliased_import" else child
        names.append((_text(name), _text(alias or name)))
    yield Import(line, column, _text(node.child_by_field_name("module_name")).replace(" ", ""), tuple(names))


def _span(node: Node) -> tuple[int, int]:
    return node.start_byte, node.end_byte


def _text(node: Node | None) -> str:
    return "" if node is None or node.text is None else node.text.decode("utf-8", "replace")
