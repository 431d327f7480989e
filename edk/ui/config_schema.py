"""The JSON schema of ``edk.yaml``, made from the settings: ``edk config --schema > edk/edk.schema.json``.

It says what the reader takes, neither more nor less: numbers may be texts of digits, and texts whole numbers.
"""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any, get_args

from edk.domain.codes import KNOWN
from edk.domain.diagnostics import Severity
from edk.settings import BOUNDS, KINDS, WORDS, Settings

DIALECT = "http://json-schema.org/draft-07/schema#"
TITLE = "edk.yaml"
_ARGUMENT = re.compile(r"^ {8}(\w+): (.*(?:\n {12}.*)*)", re.MULTILINE)
_TEXT = {"type": ["string", "integer"]}
_TRUTHS = ("true", "false", "yes", "no", "on", "off", "1", "0")


def config_schema() -> dict[str, Any]:
    """Return the schema."""
    told = _descriptions()
    defaults = {field.name: field.default for field in dataclasses.fields(Settings)}
    return {
        "$schema": DIALECT,
        "title": TITLE,
        "description": "Settings of the EDK; see docs/configuration.md",
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {name: _property(name, told.get(name, ""), defaults[name]) for name in KINDS},
    }


def schema_text() -> str:
    """Return the schema as the text of its file."""
    return json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n"


def _property(name: str, description: str, default: object) -> dict[str, Any]:
    shown: dict[str, Any] = {"description": description[:1].upper() + description[1:]}
    if default not in ("", (), 0) or isinstance(default, bool):
        shown["default"] = default
    return {**shown, **_kind(name, KINDS[name])}


def _kind(name: str, kind: str) -> dict[str, Any]:
    words = WORDS.get(name)
    match kind:
        case "int":
            least, most = BOUNDS[name]
            top = {} if most is None else {"maximum": most}
            return {"type": ["integer", "string"], "minimum": least, **top, "pattern": r"^\s*\+?[0-9]+\s*$"}
        case "float":
            return {"type": ["number", "string"], "minimum": 0, "maximum": 60, "pattern": r"^[0-9]*\.?[0-9]+$"}
        case "bool":
            return {"anyOf": [{"type": "boolean"}, {"enum": [*_TRUTHS, 1, 0]}]}
        case "tuple[str, ...]":
            return {"type": "array", "items": {"enum": list(words)} if words else {"type": "string"}}
        case "tuple[tuple[str, str], ...]":
            return {"type": "object", "additionalProperties": _TEXT}
        case "tuple[CheckRules, ...]":
            return _check()
        case _:
            return {"enum": list(words)} if words else dict(_TEXT)


def _check() -> dict[str, Any]:
    """Return what may stand below ``check``, as `edk.config_file` reads it."""
    codes: dict[str, Any] = {"type": "array", "items": {"enum": sorted(KNOWN)}}
    graded = {"enum": list(get_args(Severity))}
    return {
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {
            "ignore": {"description": "Codes that are not told", **codes, "type": ["array", "null"]},
            "severity": {
                "description": "Code, and its severity instead of its own",
                "type": ["object", "null"],
                "propertyNames": {"enum": sorted(KNOWN)},
                "additionalProperties": graded,
            },
            "files": {
                "description": "Pattern of paths, and the codes that are not told there",
                "type": ["object", "null"],
                "additionalProperties": codes,
            },
        },
    }


def _descriptions() -> dict[str, str]:
    """Return what the settings' own documentation says of each."""
    found = _ARGUMENT.findall(Settings.__doc__ or "")
    return {name: " ".join(text.replace("``", "").split()) for name, text in found}
