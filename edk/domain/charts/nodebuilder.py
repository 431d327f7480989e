"""Put YAML nodes together from a parser's events, on an own stack, within bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edk.domain.charts.nodes import Node, Row, Table, Text
from edk.domain.codes.charts import (
    DUPLICATE_KEY,
    LIMIT_EXCEEDED,
    TAG_REFUSED,
    TEMPLATE_IN_YAML,
    YAML_BROKEN,
)

if TYPE_CHECKING:
    from edk.domain.diagnostics import Diagnostic

ParserEvent = Any
"""The parser's events have no common type; their kind is told by their class's name."""

DEPTH_LIMIT = 100
NODES_LIMIT = 50_000

_CORE_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in (
        *("str", "int", "float", "bool", "null", "map", "seq", "set"),
        *("omap", "pairs", "binary", "timestamp", "merge", "value"),
    )
) | {"!"}


class Refused(Exception):  # noqa: N818 - ends the reading of one file, never leaves this module
    """Reading stops here; what was read so far stands."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


@dataclass(slots=True)
class _Open:
    """A mapping or sequence whose end was not read yet; `size` counts its nodes with aliases followed."""

    mapping: bool
    mark: Any
    anchor: str
    flow: bool
    children: list[Node] = field(default_factory=list)
    size: int = 1


@dataclass(slots=True)
class NodeBuilder:
    """Puts nodes together from events; see the module."""

    file: str
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[Node, int]] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    root: Node | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)
    last: Any = None

    def start(self, event: ParserEvent, *, mapping: bool) -> None:
        """Open a mapping or a sequence."""
        self._check_tag(event)
        if len(self.stack) >= DEPTH_LIMIT:
            line = event.start_mark.line + 1
            raise Refused(LIMIT_EXCEEDED.at(self.file, line, f"nested deeper than {DEPTH_LIMIT} levels"))
        if event.anchor:
            self.pending.add(event.anchor)
        self.stack.append(_Open(mapping, event.start_mark, event.anchor or "", bool(event.flow_style)))

    def scalar(self, event: ParserEvent) -> None:
        """Add a scalar."""
        self._check_tag(event)
        mark = event.start_mark
        node = Text(
            event.value, mark.line + 1, mark.column, mark.index, event.end_mark.index,
            not event.style and bool(event.implicit[0]),
        )  # fmt: skip
        self._add(node, 1, event.anchor or "")

    def alias(self, event: ParserEvent) -> None:
        """Add the node that an alias names."""
        line = event.start_mark.line + 1
        if event.anchor in self.pending:
            raise Refused(YAML_BROKEN.at(self.file, line, f"the anchor &{event.anchor} contains itself"))
        if event.anchor not in self.anchors:
            raise Refused(YAML_BROKEN.at(self.file, line, f"no anchor stands before *{event.anchor}"))
        node, size = self.anchors[event.anchor]
        self._add(node, size, "", line)

    def end(self, event: ParserEvent) -> None:
        """Close the innermost mapping or sequence."""
        opened = self.stack.pop()
        node = self._close(opened, event.end_mark.index)
        self.pending.discard(opened.anchor)
        self._add(node, opened.size, opened.anchor)

    def salvage(self) -> None:
        """Close what is open, so that what stands before a mistake is not lost."""
        while self.stack:
            opened = self.stack.pop()
            self._add(self._close(opened, opened.mark.index), 1, "")

    def _add(self, node: Node, size: int, anchor: str, line: int = 0) -> None:
        if anchor:
            self.anchors[anchor] = (node, size)
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        parent.children.append(node)
        parent.size += size
        if parent.size > NODES_LIMIT:
            message = f"more than {NODES_LIMIT} values, aliases followed"
            raise Refused(LIMIT_EXCEEDED.at(self.file, line or node.line, message))

    def _close(self, opened: _Open, end: int) -> Node:
        line = opened.mark.line + 1
        if not opened.mapping:
            return Row(tuple(opened.children), line)
        entries = []
        seen: dict[str, int] = {}
        for key, value in zip(opened.children[::2], opened.children[1::2], strict=False):
            if not isinstance(key, Text):
                self._odd_key(key, opened)
                continue
            if key.text in seen and key.text != "<<":
                first = seen[key.text]
                message = f"the key “{key.text}” stands already in line {first}; this one counts"
                self.diagnostics.append(DUPLICATE_KEY.at(self.file, key.line, message))
            seen[key.text] = key.line
            entries.append((key, value))
        return Table(tuple(entries), line, opened.mark.index, end, opened.flow)

    def _odd_key(self, key: Node, opened: _Open) -> None:
        if opened.flow and isinstance(key, Table) and key.flow:
            self.diagnostics.append(
                TEMPLATE_IN_YAML.at(self.file, key.line, "a template expression {{ … }} stands unquoted here")
            )
        else:
            self.diagnostics.append(YAML_BROKEN.at(self.file, key.line, "a key is no plain text"))

    def _check_tag(self, event: ParserEvent) -> None:
        if event.tag and event.tag not in _CORE_TAGS:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            line = event.start_mark.line + 1
            self.diagnostics.append(TAG_REFUSED.at(self.file, line, f"the tag {tag} is not followed"))
