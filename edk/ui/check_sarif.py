"""What a check found, as SARIF 2.1.0, which code scanning services read."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from urllib.parse import quote

from edk import __version__
from edk.domain.checking.model import Checked, Finding
from edk.domain.codes import ALL
from edk.domain.diagnostics import Code
from edk.ui.paths import shown

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "SRCROOT"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def check_as_sarif(checked: Checked, folder: str) -> dict[str, Any]:
    """Return the findings as a SARIF log of one run; files inside of the folder are relative to ``SRCROOT``."""
    used = {finding.diagnostic.code for finding in checked.findings}
    rules = [code for code in ALL if code.id in used]
    index = {code.id: number for number, code in enumerate(rules)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "edk", "version": __version__, "rules": [_rule(code) for code in rules]}},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {ROOT: {"uri": f"file://{quote(_bytes(folder.rstrip('/')))}/"}},
                "results": [_result(finding, folder, index) for finding in checked.findings],
            }
        ],
    }


def _rule(code: Code) -> dict[str, Any]:
    return {
        "id": code.id,
        "shortDescription": {"text": code.title[0].upper() + code.title[1:]},
        "fullDescription": {"text": code.explanation},
        "help": {"text": code.remedy},
        "defaultConfiguration": {"level": _LEVELS[code.severity]},
    }


def _result(finding: Finding, folder: str, index: dict[str, int]) -> dict[str, Any]:
    d = finding.diagnostic
    path = shown(finding.path, folder)
    inside = path != finding.path
    artifact = {"uri": quote(_bytes(path)), "uriBaseId": ROOT} if inside else {"uri": f"file://{quote(_bytes(path))}"}
    physical: dict[str, Any] = {"artifactLocation": artifact}
    if d.line:
        physical["region"] = {"startLine": d.line, **({"startColumn": d.column} if d.column else {})}
    text = _plain(d.message)
    return {
        "ruleId": d.code,
        "ruleIndex": index[d.code],
        "level": _LEVELS[d.severity],
        "message": {"text": f"{text}. {_plain(d.hint)}" if d.hint else text},
        "locations": [{"physicalLocation": physical}],
        # Stays the same while lines move, so that a service knows a finding again.
        "partialFingerprints": {"edk/v1": sha256(repr((d.code, path, d.message)).encode()).hexdigest()},
    }


def _bytes(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _plain(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
