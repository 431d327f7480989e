"""What the doctor found, as lines and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from edk.domain.checks import Check, Mended
from edk.ui.text import plural, safe

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


def planned_lines(planned: Iterable[Check]) -> Iterator[str]:
    """Yield what `--fix` would do, before it is asked for; the checks are those that it mends."""
    found = tuple(planned)
    if not found:
        yield "nothing that --fix can mend"
        return
    yield "edk doctor --fix would:"
    for check in found:
        yield f"  {check.name}: {safe(check.mend)}"


def mended_lines(checks: Iterable[Check], mended: Iterable[Mended]) -> Iterator[str]:
    """Yield what was mended, what could not be, and how much is left of what was found in the second look."""
    found, done = tuple(checks), tuple(mended)
    for each in done:
        if each.error:
            yield f"not mended  {each.name}: {safe(each.error)}"
        else:
            yield f"mended      {each.name}: {safe(each.what)}"
    left = [
        plural(sum(check.status == status for check in found), status)
        for status in ("failure", "warning")
        if any(check.status == status for check in found)
    ]
    yield f"{sum(not each.error for each in done)} mended, left: {' and '.join(left) or 'nothing'}"


def as_json(checks: Iterable[Check], mended: Iterable[Mended] = (), *, fixing: bool = False) -> str:
    """Return all checks as one JSON object, with the worst status of all; where it is `fixing`, what was mended."""
    found = tuple(checks)
    values = [
        {
            "name": check.name,
            "status": check.status,
            "detail": check.detail,
            "remedy": check.remedy,
            "mend": check.mend,
        }
        for check in found
    ]
    told = {"schema": _SCHEMA, "status": worst(found), "checks": values}
    if fixing:
        told["mended"] = [{"name": each.name, "what": each.what, "error": each.error} for each in mended]
    return json.dumps(told, indent=2)


def worst(checks: Iterable[Check]) -> str:
    """Return the worst status of all checks."""
    found = {check.status for check in checks}
    return next((status for status in ("failure", "warning") if status in found), "ok")
