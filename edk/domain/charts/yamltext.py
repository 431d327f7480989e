"""Read YAML into nodes, bounded in size, depth and aliases, and never making an object of a tag.

The parser's events are read one by one and the nodes put together on an own stack, so that no nesting can
exhaust the interpreter's. An alias is the node it names and not a copy; its expanded size is counted, so that
a bomb of aliases is refused before anybody walks it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edk.domain.charts.nodebuilder import NodeBuilder, ParserEvent, Refused
from edk.domain.codes.charts import (
    LIMIT_EXCEEDED,
    SEVERAL_DOCUMENTS,
    TEMPLATE_IN_YAML,
    YAML_BROKEN,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from yaml.error import YAMLError

    from edk.domain.charts.nodes import Node, Text
    from edk.domain.diagnostics import Diagnostic

BYTES_LIMIT = 512 * 1024

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


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
    builder = NodeBuilder(file)
    broken += _feed(builder, readable)
    findings = dict.fromkeys(broken + builder.diagnostics)
    whole = all(finding.severity != "error" for finding in findings)
    return Document(builder.root, text, whole, tuple(findings))


def _feed(builder: NodeBuilder, text: str) -> list[Diagnostic]:
    """Run the events of the first document through the builder; return what stopped it."""
    import yaml

    try:
        for event in _events(text):
            if not _take(builder, event):
                break
    except Refused as refused:
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


def _take(builder: NodeBuilder, event: ParserEvent) -> bool:
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


def _second(builder: NodeBuilder, event: ParserEvent, *, empty: bool) -> bool:
    """Report a second document, unless it is an empty one as after a closing ``---``; return False."""
    if not empty:
        line = event.start_mark.line + 1
        builder.diagnostics.append(SEVERAL_DOCUMENTS.at(builder.file, line, "a second document starts here"))
    return False


def _explain(error: YAMLError, builder: NodeBuilder, text: str) -> Diagnostic:
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
