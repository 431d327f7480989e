"""Edits of the staged copy of a chart: text in, text out, so that comments and order survive.

Each edit finds the place by reading the YAML and replaces or inserts only there. Where the text is written in a
way that leaves no such place (a value behind an anchor, a merged mapping), the file is written anew from its
values, and its comments are lost in the staged copy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from edk.domain.charts.nodes import Node, Table, Text, items_at, text_at
from edk.domain.charts.yamltext import Document, read_yaml
from edk.domain.errors import ChartError

Edit = tuple[int, int, str]

_CHART_VERSION = re.compile(r"\{\{-?\s*(\$?)\.Chart\.Version\s*-?\}\}")


def set_text(content: bytes, keys: tuple[str, ...], value: str, file: str) -> bytes:
    """Return a YAML file in which the value below a path of keys is a text; what is missing is added.

    Args:
        content: of the file; empty gives a new one.
        keys: e.g. ``("global", "custom_registry_url")``.
        value: the text.
        file: its path, for the error.

    Raises:
        ChartError: the file can't be read, or something other than a mapping stands on the path.
    """
    document = _readable(content, file)
    edited = _apply(document.text, [_setting(document, keys, value, file)])
    after = read_yaml(edited, file).root
    found = text_at(after, *keys)
    if found is not None and found.text == value and _others(document.root, keys) == _others(after, keys):
        return edited
    return _rewritten(content, keys, value, file)


def set_dependencies(content: bytes, versions: Mapping[str, str], file: str) -> bytes:
    """Return a file whose dependencies name no repository and the version that was vendored.

    helm takes a dependency without a repository from the chart's own ``charts/`` folder, and leaves its values
    and conditions aside where the version there is not the one asked for.

    Args:
        content: of ``requirements.yaml`` or ``Chart.yaml``.
        versions: version of each vendored chart by name; other dependencies stay as they are.
        file: its path, for the error.
    """
    document = _readable(content, file)
    edits: list[Edit] = []
    for item in items_at(document.root, "dependencies"):
        name = text_at(item, "name")
        if name is None or name.text not in versions or not isinstance(item, Table):
            continue
        edits.append(_setting_in(item, "version", versions[name.text]))
        if (repository := text_at(item, "repository")) and repository.text:
            edits.append((repository.start, repository.end, '""'))
    return _apply(document.text, edits) if edits else content


def tag_by_build(text: str) -> str:
    """Return a template whose images are tagged with the platform's version, not with ``.Chart.Version``.

    In the platform's own build both are the same. Here the chart's version is a form of it that is no image
    tag (see `edk.domain.charts.versions`).
    """
    if ".Chart.Version" not in text:
        return text
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if "image:" in line:
            lines[number] = _CHART_VERSION.sub(r"{{ \1.Values.global.kaapana_build_version }}", line)
    return "\n".join(lines)


def _others(root: Node | None, keys: tuple[str, ...]) -> dict[tuple[str, ...], str]:
    """Return every text of a file by its path, but for those on the way to `keys` and below it.

    Aliases are followed; reading has bounded their number.
    """
    found: dict[tuple[str, ...], str] = {}
    todo: list[tuple[tuple[str, ...], Node]] = [] if root is None else [((), root)]
    while todo:
        path, node = todo.pop()
        if path == keys[: len(path)] and (isinstance(node, Text) or path == keys):
            continue
        if isinstance(node, Text):
            found[path] = node.text
        elif isinstance(node, Table):
            todo.extend(((*path, key.text), value) for key, value in reversed(node.entries))
        else:
            todo.extend(((*path, str(number)), item) for number, item in enumerate(node.items))
    return found


def _readable(content: bytes, file: str) -> Document:
    document = read_yaml(content, file)
    for finding in document.diagnostics:
        if finding.severity == "error":
            raise ChartError(f"{file}:{finding.line}: {finding.message}", finding.hint)
    return document


def _apply(text: str, edits: Iterable[Edit]) -> bytes:
    """Replace places of a text, the last one first."""
    for start, end, replacement in sorted(edits, reverse=True):
        text = text[:start] + replacement + text[end:]
    return text.encode()


def _setting(document: Document, keys: tuple[str, ...], value: str, file: str) -> Edit:
    """Return the edit that sets a path of keys."""
    node, depth = document.root, 0
    while isinstance(node, Table) and depth < len(keys) - 1 and isinstance(node.get(keys[depth]), Table):
        node = node.get(keys[depth])
        depth += 1
    rest = keys[depth:]
    if isinstance(node, Table):
        below = node.get(rest[0])
        if len(rest) == 1 or below is None:
            return _setting_in(node, rest[0], _nested(rest[1:], value))
        if isinstance(below, Text) and (below.plain or not below.text) and not text_at(below):
            return (below.start, below.end, " " + _nested(rest[1:], value))
        message = f"{file}:{below.line}: “{'.'.join(keys[: depth + 1])}” is no mapping"
        raise ChartError(message, "Write a mapping there")
    if node is None or (isinstance(node, Text) and text_at(node) is None):
        end = len(document.text)
        start = "\n" if document.text and not document.text.endswith("\n") else ""
        return (end, end, f"{start}{json.dumps(rest[0])}: {_quoted(_nested(rest[1:], value))}\n")
    raise ChartError(f"{file}:{node.line}: no mapping stands here", "Write `key: value` lines")


def _nested(keys: tuple[str, ...], value: str) -> str:
    """Return the value wrapped into flow mappings of the keys; a plain text if there are none."""
    if not keys:
        return value
    return "{" + f"{keys[0]}: {_quoted(_nested(keys[1:], value))}" + "}"


def _quoted(value: str) -> str:
    return value if value.startswith("{") else json.dumps(value, ensure_ascii=False)


def _setting_in(table: Table, key: str, value: str) -> Edit:
    """Return the edit that sets a key of a mapping, in place or before its first key."""
    found = next((node for name, node in reversed(table.entries) if name.text == key), None)
    if isinstance(found, Text):
        space = "" if found.end > found.start else " "
        return (found.start, found.end, space + _quoted(value))
    if not table.entries:
        return (table.start, table.end, "{" + f"{key}: {_quoted(value)}" + "}")
    first = table.entries[0][0]
    behind = ", " if table.flow else "\n" + " " * first.column
    return (first.start, first.start, f"{key}: {_quoted(value)}{behind}")


def _rewritten(content: bytes, keys: tuple[str, ...], value: str, file: str) -> bytes:
    """Write a file anew from its values; its size with aliases followed was bounded when it was read."""
    import yaml

    try:
        data = yaml.safe_load(content) or {}
        place = data
        for key in keys[:-1]:
            place[key] = dict(place.get(key) or {})
            place = place[key]
        place[keys[-1]] = value
        return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True)).encode()
    except (yaml.YAMLError, ValueError, TypeError, AttributeError) as error:
        message = f"{file}: “{'.'.join(keys)}” can't be set: {str(error).splitlines()[0]}"
        raise ChartError(message, "Write it in plain `key: value` lines, without anchors") from error
