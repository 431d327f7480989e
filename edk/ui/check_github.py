"""What a check found, as commands of GitHub's workflows, which show it beside the changed lines."""

from __future__ import annotations

from collections.abc import Iterator

from edk.domain.checking.model import Checked
from edk.ui.paths import shown

_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def github_lines(checked: Checked, folder: str) -> Iterator[str]:
    """Yield one command a finding; what has a meaning in a command is escaped as GitHub reads it back."""
    for finding in checked.findings:
        d = finding.diagnostic
        fields = {"file": shown(finding.path, folder), "line": str(max(d.line, 1))}
        if d.column:
            fields["col"] = str(d.column)
        fields["title"] = d.code
        listed = ",".join(f"{name}={_property(value)}" for name, value in fields.items())
        yield f"::{_LEVELS[d.severity]} {listed}::{_data(d.message + (chr(10) + d.hint if d.hint else ''))}"


def _data(text: str) -> str:
    plain = text.encode("utf-8", "backslashreplace").decode()
    return plain.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
