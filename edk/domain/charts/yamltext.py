"""Read YAML into nodes, bounded in size, depth and aliases, and never making an object of a tag.

The parser's events are read one by one and the nodes put together on an own stack, so that no nesting can
exhaust the interpreter's. An alias is the node it names and not a copy; its expanded size is counted, so that
a bomb of aliases is refused before anybody walks it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edk.domain.charts.nodes import Node, Row, Table, Text
from edk.domain.codes.charts import (
    DUPLICATE_KEY,
    LIMIT_EXCEEDED,
    SEVERAL_DOCUMENTS,
    TAG_REFUSED,
    TEMPLATE_IN_YAML,
    YAML_BROKEN,
)
from edk.domain.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from yaml.error import YAMLError

ParserEvent = Any
"""The parser's events have no common type; their kind is told by their class's name."""

BYTES_LIMIT = 512 * 1024
DEPTH_LIMIT = 100
NODES_LIMIT = 50_000

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CORE_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in (
        *("str", "int", "float", "bool", "null", "map", "seq", "set"),
        *("omap", "pairs", "binary", "timestamp", "merge", "value"),
    )
) | {"!"}


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file: its first document, as far as it could be read.

    Args:
        root: None if the file is empty or nothing of it could be read.
        text: the file's text, without a byte order mark; the offsets of the nodes count in it.
        whole: whether nothing kept it from being read to the end.
        diagnostics: what is wrong with it.
    """

    root: Node | None
    text: str
    whole: bool
    diagnostics: tuple[Diagnostic, ...] = ()


class _Refused(Exception):  # noqa: N818 - ends the reading of one file, never leaves this module
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
class _Builder:
    """Puts nodes together from events; see the module."""

    file: str
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[Node, int]] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    root: Node | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)
    last: Any = None

    def start(self, event: ParserEvent, *, mapping: bool) -> None:
        self._check_tag(event)
        if len(self.stack) >= DEPTH_LIMIT:
            line = event.start_mark.line + 1
            raise _Refused(LIMIT_EXCEEDED.at(self.file, line, f"nested deeper than {DEPTH_LIMIT} levels"))
        if event.anchor:
            self.pending.add(event.anchor)
        self.stack.append(_Open(mapping, event.start_mark, event.anchor or "", bool(event.flow_style)))

    def scalar(self, event: ParserEvent) -> None:
        self._check_tag(event)
        mark = event.start_mark
        node = Text(
            event.value, mark.line + 1, mark.column, mark.index, event.end_mark.index,
            not event.style and bool(event.implicit[0]),
        )  # fmt: skip
        self._add(node, 1, event.anchor or "")

    def alias(self, event: ParserEvent) -> None:
        line = event.start_mark.line + 1
        if event.anchor in self.pending:
            raise _Refused(YAML_BROKEN.at(self.file, line, f"the anchor &{event.anchor} contains itself"))
        if event.anchor not in self.anchors:
            raise _Refused(YAML_BROKEN.at(self.file, line, f"no anchor stands before *{event.anchor}"))
        node, size = self.anchors[event.anchor]
        self._add(node, size, "", line)

    def end(self, event: ParserEvent) -> None:
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
            raise _Refused(LIMIT_EXCEEDED.at(self.file, line or node.line, message))

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


def read_yaml(content: bytes, file: str) -> Document:
    """Read a YAML file; whatever is wrong with it becomes diagnostics.

    Args:
        content: the bytes of the file.
        file: its path, for the diagnostics.
    """
    if len(content) > BYTES_LIMIT:
        message = f"{len(content)} bytes; at most {BYTES_LIMIT} are read"
        return Document(None, "", whole=False, diagnostics=(LIMIT_EXCEEDED.at(file, 0, message),))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{content[error.start]:02x} is no UTF-8"
        return Document(None, "", whole=False, diagnostics=(YAML_BROKEN.at(file, line, message),))
    broken: list[Diagnostic] = []
    readable = text
    if control := _CONTROL.search(text):
        line = text.count("\n", 0, control.start()) + 1
        broken.append(YAML_BROKEN.at(file, line, f"control character 0x{ord(control[0]):02x}"))
        readable = text[: control.start()]
    builder = _Builder(file)
    broken += _feed(builder, readable)
    findings = dict.fromkeys(broken + builder.diagnostics)
    whole = all(finding.severity != "error" for finding in findings)
    return Document(builder.root, text, whole, tuple(findings))


def _feed(builder: _Builder, text: str) -> list[Diagnostic]:
    """Run the events of the first document through the builder; return what stopped it."""
    import yaml

    try:
        for event in _events(text):
            if not _take(builder, event):
                break
    except _Refused as refused:
        if refused.diagnostic.code == YAML_BROKEN.id:
            builder.salvage()
        else:
            builder.root = None
        return [refused.diagnostic]
    except yaml.YAMLError as error:
        builder.salvage()
        return [_explain(error, builder, text)]
    except (ValueError, UnicodeError) as error:
        return [YAML_BROKEN.at(builder.file, 0, str(error))]
    return []


def _events(text: str) -> Iterator[Any]:
    """Yield the parser's events, from libyaml where it is there."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return iter(yaml.parse(text, Loader=loader))


def _take(builder: _Builder, event: ParserEvent) -> bool:
    """Take one event; return whether the first document goes on."""
    kind = type(event).__name__
    if kind == "ScalarEvent":
        if builder.last is not None:
            return _second(builder, event, empty=event.value == "")
        builder.scalar(event)
    elif kind in {"MappingStartEvent", "SequenceStartEvent"}:
        if builder.last is not None:
            return _second(builder, event, empty=False)
        builder.start(event, mapping=kind[0] == "M")
    elif kind in {"MappingEndEvent", "SequenceEndEvent"}:
        builder.end(event)
    elif kind == "AliasEvent":
        builder.alias(event)
    elif kind == "DocumentEndEvent":
        builder.last = event
    return True


def _second(builder: _Builder, event: ParserEvent, *, empty: bool) -> bool:
    """Report a second document, unless it is an empty one as after a closing ``---``; return False."""
    if not empty:
        line = event.start_mark.line + 1
        builder.diagnostics.append(SEVERAL_DOCUMENTS.at(builder.file, line, "a second document starts here"))
    return False


def _explain(error: YAMLError, builder: _Builder, text: str) -> Diagnostic:
    """Turn a parser's error into a diagnostic with the line that it is about."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = 0 if mark is None else mark.line + 1
    lines = text.splitlines()
    written = lines[line - 1] if 0 < line <= len(lines) else ""
    if "{{" in written:
        message = "a template expression {{ … }} stands unquoted here"
        return TEMPLATE_IN_YAML.at(builder.file, line, message)
    problem = str(getattr(error, "problem", None) or error).splitlines()[0]
    if "\t" in written and "token" in problem:
        problem = "a tab stands where only spaces may"
    return YAML_BROKEN.at(builder.file, line, problem, column=0 if mark is None else mark.column + 1)


def misread(node: Text) -> str:
    """Return what YAML takes an unquoted scalar for (``bool``, ``int``, …), empty if for text."""
    if not node.plain or not node.text:
        return ""
    import yaml

    for tag, pattern in yaml.SafeLoader.yaml_implicit_resolvers.get(node.text[0], []):
        if pattern.match(node.text):
            return str(tag).rsplit(":", 1)[-1]
    return ""
