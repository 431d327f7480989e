"""Images that a chart names, in its templates by text and in its values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from edk.domain.charts.expressions import REGISTRY, VERSION, Scope, expand
from edk.domain.charts.model import ChartImage
from edk.domain.charts.nodes import Node, Table, Text, items_at, table_at, text_at, walk

_IMAGE = re.compile(r"image[\"']?[ \t]*:[ \t]+(?=\S)")
_KEY_END = re.compile(r"(?:^|[\s,{-])[\"']?(?:[A-Za-z][\w-]*[_-])?$")
_REFERENCE = re.compile(
    r"\{\{-?\s*\$?\.Values\.global\.(?:custom_)?registry_url\s*-?\}\}(?:\{\{-?\s*end\s*-?\}\})?"
    r"/[^\s\"';,]*:(?:\{\{[^}]*\}\}|[\w.-]+)"
)
_PLATFORM = re.compile(r"^(?:\{DEFAULT_REGISTRY\}|localhost:32000|local-registry\.[\w.-]+:\d+|local-only)/\S+$")
_NAME = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*")
_NO_TEXT = ("|", ">", "&", "*", "!", "[")
LINES_LIMIT = 10_000
LINE_LIMIT = 2000


def template_images(text: str, file: str, scope: Scope) -> tuple[ChartImage, ...]:
    """Return the images that a template names, one for each branch of a conditional.

    Found are the values of keys that are ``image`` or end in it, and references to the platform's registry
    anywhere in a line; comments are left out.

    Args:
        text: of the template.
        file: its path, for the places.
        scope: the chart's values.
    """
    found: dict[tuple[int, str, str], ChartImage] = {}
    candidates = (
        (number, line)
        for number, line in enumerate(_without_comments(text).split("\n"), 1)
        if ("image" in line or "registry_url" in line) and not line.lstrip().startswith("#")
    )
    for number, line in islice(candidates, LINES_LIMIT):
        for written, sure in _candidates(line[:LINE_LIMIT]):
            for image in _resolve(written, file, number, scope):
                if sure or not image.unresolved:
                    found.setdefault((number, image.value, image.unresolved), image)
    return tuple(found.values())


def _without_comments(text: str) -> str:
    """Return a template with its ``{{/* … */}}`` blanked, line breaks kept; the time is linear."""
    parts, position = [], 0
    while (start := text.find("/*", position)) >= 0 and (end := text.find("*/", start + 2)) >= 0:
        before = text[position:start]
        commented = before.rstrip().endswith(("{{", "{{-"))
        between = text[start : end + 2]
        parts += [before, "\n" * between.count("\n") if commented else between]
        position = end + 2
    return "".join(parts) + text[position:]


def _candidates(line: str) -> Iterator[tuple[str, bool]]:
    """Yield what may be an image in a line, and whether it surely is one."""
    match = _IMAGE.search(line)
    if match and _KEY_END.search(line[max(0, match.start() - 60) : match.start()]):
        value = _unquote(line[match.end() :].strip())
        if value and not value.startswith(_NO_TEXT) and (value[0] != "{" or value.startswith("{{")):
            yield value, True
        return
    for reference in _REFERENCE.finditer(line):
        yield reference[0], False


def _unquote(value: str) -> str:
    """Return a YAML value without its quotes and without a comment behind it."""
    quote = value[0]
    if quote in "\"'":
        end = value.rfind(quote, 1)
        return value[1:end] if end > 0 else value[1:]
    return re.split(r"\s#", value, maxsplit=1)[0].rstrip(" ,}") if "{{" not in value else _cut(value)


def _cut(value: str) -> str:
    """Cut a comment behind a value that holds actions (a ``#`` inside of one is none)."""
    end = value.rfind("}}") + 2 if "}}" in value else len(value)
    return value[:end] + re.split(r"\s", value[end:], maxsplit=1)[0]


def _resolve(written: str, file: str, line: int, scope: Scope, how: str = "template") -> Iterator[ChartImage]:
    """Yield an image for each thing that a text can become."""
    for text, unknown in expand(written, scope):
        value = "".join(text.split())
        if unknown:
            yield ChartImage(file, line, how, written, "", unknown)
        elif value:
            yield ChartImage(file, line, how, written, value)


def value_images(root: Node | None, file: str, scope: Scope) -> tuple[ChartImage, ...]:
    """Return the references to the platform's or the local registry in a chart's values.

    Every text counts, whatever its key; a mapping of ``repository`` and ``tag`` counts as one reference.
    """
    found: dict[tuple[int, str], ChartImage] = {}
    for key, node in walk(root):
        for written, line in _written(key, node):
            for image in _resolve(written, file, line, scope, "value"):
                named = key == "image" or key.endswith("_image")
                platform = bool(_PLATFORM.match(image.value))
                if platform or (image.unresolved and named and "registry_url" in written):
                    found.setdefault((line, image.value), image)
    return tuple(found.values())


def _written(key: str, node: Node) -> Iterator[tuple[str, int]]:
    """Yield the texts of a node that may be references; `key` is what it stands under."""
    if isinstance(node, Text):
        if "/" in node.text and key not in {"custom_registry_url", "repository"} and len(node.text) < 1000:
            yield node.text, node.line
    elif isinstance(node, Table) and (repository := text_at(node, "repository")):
        tag = text_at(node, "tag")
        registry = text_at(node, "registry")
        prefix = f"{registry.text}/" if registry else ""
        yield prefix + repository.text + (f":{tag.text}" if tag else ""), repository.line


def named_images(
    root: Node | None, file: str, custom_registry: str, subcharts: tuple[str, ...]
) -> tuple[ChartImage, ...]:
    """Return the images that values give by name alone.

    These are the DAG image (``global.image``) and ``processingContainers``, both without a tag, and what is
    passed to a sub-chart as ``image``, as the platform's model installer has it.

    Args:
        root: of the values.
        file: their path.
        custom_registry: ``global.custom_registry_url``; empty if none.
        subcharts: the names, or aliases, of the dependencies.
    """
    images = []
    registry = custom_registry or REGISTRY
    if (dag := text_at(root, "global", "image")) and "{{" not in dag.text:
        images.append(ChartImage(file, dag.line, "dag", dag.text, f"{registry}/{dag.text}"))
    for place in (root, table_at(root, "global")):
        for item in items_at(place, "processingContainers"):
            name = item if isinstance(item, Text) else text_at(item, "name")
            if name and name.text:
                images.append(ChartImage(file, name.line, "processing", name.text, f"{REGISTRY}/{name.text}"))
    for subchart in subcharts:
        if (image := text_at(root, subchart, "image")) and _NAME.fullmatch(image.text):
            value = f"{REGISTRY}/{image.text}:{VERSION}"
            images.append(ChartImage(file, image.line, "value", image.text, value))
    return tuple(images)
