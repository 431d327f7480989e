"""What the comments in values.yaml say of each value, and the descriptions in the schema that are made of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edk.settings import KINDS
from tests.support.chart.rendering import CHART

VALUES_YAML = CHART / "values.yaml"
SCHEMA_JSON = CHART / "values.schema.json"
_KEY = re.compile(r"^( *)([A-Za-z_][A-Za-z0-9_]*):(?:\s|$)")
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comment:
    """What stands above a key.

    Args:
        text: in one line.
        documented: whether it is marked by ``# --``, and so goes into the README's table.
    """

    text: str
    documented: bool


def comments() -> dict[Key, Comment]:
    """Return the comment above each key of values.yaml; a blank line parts one from what it does not belong to."""
    found: dict[Key, Comment] = {}
    path: list[tuple[int, str]] = []
    above: list[str] = []
    for line in VALUES_YAML.read_text().splitlines():
        said = line.strip()
        match = _KEY.match(line)
        if said.startswith("#"):
            if said.startswith("# -- "):
                above = []
            above.append(said.removeprefix("#").strip())
        elif match:
            indent = len(match[1])
            path = [*((deep, name) for deep, name in path if deep < indent), (indent, match[2])]
            if above:
                marked = above[0].startswith("-- ")
                found[tuple(name for _, name in path)] = Comment(" ".join(above).removeprefix("-- "), marked)
            above = []
        else:
            above = []
    return found


def leaves(node: Any, key: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Yield each value that is no map, or is empty; a map that is handed on as a whole is one value."""
    whole = key and (key[-1] == "resources" or key[0] == "extension_params")
    if isinstance(node, dict) and node and not whole:
        for name, child in node.items():
            yield from leaves(child, (*key, name))
    else:
        yield key, node


def properties(schema: dict[str, Any]) -> Iterator[tuple[Key, dict[str, Any]]]:
    """Yield each property of the schema with its key; one behind a reference once for each that refers to it."""

    def walk(node: dict[str, Any], key: Key) -> Iterator[tuple[Key, dict[str, Any]]]:
        target = schema["definitions"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
        for name, child in target.get("properties", {}).items():
            yield (*key, name), child
            yield from walk(child, (*key, name))

    yield from walk(schema, ())


TYPES: dict[str, dict[str, Any]] = {
    "str": {"type": "string"},
    "bool": {"type": "boolean"},
    "int": {"type": ["integer", "string"]},
    "float": {"type": ["number", "string"]},
}


def described_schema() -> str:
    """Return the schema with descriptions as the comments have them, and below ``config`` the keys of ``edk.yaml``."""
    schema = json.loads(SCHEMA_JSON.read_text())
    settings = {name: TYPES.get(kind, {"type": ["array", "object", "string"]}) for name, kind in KINDS.items()}
    schema["properties"]["config"] = {"type": "object", "additionalProperties": False, "properties": settings}
    said = comments()
    for key, node in properties(schema):
        if key in said:
            rest = {name: value for name, value in node.items() if name != "description"}
            node.clear()
            node.update({"description": said[key].text, **rest})
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
