"""What the rules want to know of a chart's files beyond its reading: places of values, and namespaces of resources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from edk.domain.charts.nodes import Table, Text, items_at, table_at, text_at
from edk.domain.charts.yamltext import Document, read_yaml
from edk.domain.checking.comments import Mark, marks_in
from edk.domain.checking.model import newline_of

BOM = b"\xef\xbb\xbf"
_NAMESPACE = re.compile(r"( +)[\"']?namespace[\"']?[ \t]*:[ \t]*(\S.*?)[ \t]*")
_HOOK = "helm.sh/hook"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value in a YAML file: line and column from 1, byte range, text."""

    line: int
    column: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Where a line can be put into a file: byte offset, and what stands before and behind it there."""

    at: int
    before: bytes
    behind: bytes


@dataclass(frozen=True, slots=True)
class Path:
    """The ``repository`` of a dependency."""

    name: str
    repository: Scalar


@dataclass(frozen=True, slots=True)
class Namespace:
    """The namespace of a resource in a template, as written, without quotes."""

    line: int
    column: int
    written: str


@dataclass(frozen=True, slots=True)
class ChartFileFacts:
    """What is known of one content of a YAML file or template.

    Args:
        digest: sha256 of the content.
        marks: comments that suppress.
        paths: repositories of dependencies that begin with ``file://``.
        image: ``global.image``.
        namespace: ``global.namespace``; empty if there is none.
        registry: the value of ``global.custom_registry_url`` if it is there and empty.
        behind_image: where a further key below ``global`` can be put.
        namespaces: of a template's resources, hooks left out.
    """

    digest: str
    marks: tuple[Mark, ...] = ()
    paths: tuple[Path, ...] = ()
    image: Scalar | None = None
    namespace: str = ""
    registry: Scalar | None = None
    behind_image: Gap | None = None
    namespaces: tuple[Namespace, ...] = ()


def read_chart_file(content: bytes) -> ChartFileFacts:
    """Return the facts of ``Chart.yaml``, ``values.yaml`` or ``requirements.yaml``."""
    document = read_yaml(content, "")
    digest, marks = sha256(content).hexdigest(), marks_in(content)
    if not document.whole:
        return ChartFileFacts(digest, marks)
    places = _Places(document, content)
    image, namespace = text_at(document.root, "global", "image"), text_at(document.root, "global", "namespace")
    inside = table_at(document.root, "global")
    registry = inside.get("custom_registry_url") if inside else None
    empty = isinstance(registry, Text) and not registry.text
    return ChartFileFacts(
        digest,
        marks,
        tuple(_paths(document, places)),
        places.scalar(image) if image else None,
        namespace.text if namespace else "",
        places.scalar(registry) if isinstance(registry, Text) and empty else None,
        places.gap(inside, image) if inside and image and registry is None else None,
    )


def read_template(content: bytes) -> ChartFileFacts:
    """Return the facts of a template, which is no YAML before helm filled it in."""
    digest, marks = sha256(content).hexdigest(), marks_in(content)
    if b"namespace" not in content:
        return ChartFileFacts(digest, marks)
    return ChartFileFacts(digest, marks, namespaces=tuple(_namespaces(content.decode("utf-8", "replace"))))


class _Places:
    """Turns the places of a document into those of its file."""

    def __init__(self, document: Document, content: bytes) -> None:
        self._text = document.text
        self._content = content
        self._shift = len(BOM) if content.startswith(BOM) else 0

    def offset(self, index: int) -> int:
        """Return the byte offset of a character."""
        return self._shift + len(self._text[:index].encode())

    def scalar(self, node: Text) -> Scalar:
        """Return a value's place."""
        return Scalar(node.line, node.column + 1, self.offset(node.start), self.offset(node.end), node.text)

    def gap(self, table: Table, value: Text) -> Gap | None:
        """Return where a further key can stand behind a value; None if the value spans lines."""
        if table.flow:
            return Gap(self.offset(value.end), b", ", b"")
        key = next((name for name, node in table.entries if node is value), None)
        if key is None or "\n" in self._text[key.start : value.end]:
            return None
        end, newline = self._text.find("\n", value.end), newline_of(self._content)
        indent = self._text[self._text.rfind("\n", 0, key.start) + 1 : key.start]
        if indent.strip():
            return None
        if end < 0:
            return Gap(self.offset(len(self._text)), newline + indent.encode(), b"")
        return Gap(self.offset(end + 1), indent.encode(), newline)


def _paths(document: Document, places: _Places) -> Iterator[Path]:
    for item in items_at(document.root, "dependencies"):
        name, repository = text_at(item, "name"), text_at(item, "repository")
        if name and repository and repository.text.startswith("file://"):
            yield Path(name.text, places.scalar(repository))


def _namespaces(text: str) -> Iterator[Namespace]:
    """Yield the namespaces of resources: what stands in ``metadata`` at the beginning of a line, directly."""
    number = 0
    for resource in re.split(r"^---.*$", text, flags=re.MULTILINE):
        lines = resource.split("\n")
        if _HOOK not in resource:
            yield from _in_resource(lines, number)
        number += len(lines) - 1


def _in_resource(lines: list[str], before: int) -> Iterator[Namespace]:
    inside, indent = False, 0
    for number, line in enumerate(lines, before + 1):
        bare = line.strip()
        if not bare or bare.startswith(("#", "{{")):
            continue
        depth = len(line) - len(line.lstrip(" "))
        if depth == 0:
            inside, indent = bare.split("#")[0].rstrip() == "metadata:", 0
            continue
        indent = indent or depth
        found = _NAMESPACE.fullmatch(line) if inside and depth == indent else None
        if found:
            value = re.split(r"\s#", found[2], maxsplit=1)[0].strip().strip("\"'").strip()
            yield Namespace(number, found.start(2) + 1, value)
