"""What a check found, as JSON, schema ``edk.check/v1``, which is stable and documented in ``docs/checking.md``."""

from __future__ import annotations

from typing import Any

from edk.domain.checking.model import Checked, Finding
from edk.ui.paths import shown

SCHEMA = "edk.check/v1"


def check_as_json(checked: Checked, folder: str) -> dict[str, Any]:
    """Return the findings as JSON values; paths inside of the folder are relative to it."""
    return {
        "schema": SCHEMA,
        "findings": [_finding(finding, folder) for finding in checked.findings],
        "errors": checked.count("error"),
        "warnings": checked.count("warning"),
        "infos": checked.count("info"),
        "suppressed": checked.suppressed,
        "files": checked.files,
    }


def _finding(finding: Finding, folder: str) -> dict[str, Any]:
    d = finding.diagnostic
    return {
        "severity": d.severity,
        "code": d.code,
        "file": shown(finding.path, folder),
        "line": d.line,
        "column": d.column,
        "message": d.message,
        "hint": d.hint,
        "fixable": bool(finding.mends),
    }
