"""What the doctor found, as lines and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from edk.domain.checks import Check
from edk.ui.text import safe

_SCHEMA = "edk.doctor/v1"
_MARKS = {"ok": "ok     ", "warning": "warning", "failure": "FAILURE"}


def lines(checks: Iterable[Check]) -> Iterator[str]:
    """Yield a line for each check, and one with the remedy below those that are not ok."""
    found = tuple(checks)
    width = max((len(check.name) for check in found), default=0)
    for check in found:
        yield f"{_MARKS[check.status]}  {check.name:<{width}}  {safe(check.detail)}"
        if check.remedy and check.status != "ok":
            yield f"{'':<{9 + width}}  → {safe(check.remedy)}"


def as_json(checks: Iterable[Check]) -> str:
    """Return all checks as one JSON object, with the worst status of all."""
    found = tuple(checks)
    values = [
        {"name": check.name, "status": check.status, "detail": check.detail, "remedy": check.remedy} for check in found
    ]
    return json.dumps({"schema": _SCHEMA, "status": worst(found), "checks": values}, indent=2)


def worst(checks: Iterable[Check]) -> str:
    """Return the worst status of all checks."""
    found = {check.status for check in checks}
    return next((status for status in ("failure", "warning") if status in found), "ok")
