"""What a check found, as lines for people and for problem matchers."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from edk.domain.checking.mending import MendedFile, difference
from edk.domain.checking.model import Checked
from edk.ui.paths import shown
from edk.ui.plain import diagnostic_lines
from edk.ui.text import plural, safe


def check_lines(checked: Checked, folder: str) -> Iterator[str]:
    """Yield the findings, and how many there are.

    Args:
        checked: what was found.
        folder: the current one; paths inside of it are shown relative to it.
    """
    for finding in checked.findings:
        yield from map(safe, diagnostic_lines(replace(finding.diagnostic, file=shown(finding.path, folder))))
    yield summary(checked)


def summary(checked: Checked) -> str:
    """Return how many findings there are of each severity, and what more is to be known."""
    counts = [(checked.count(severity), severity) for severity in ("error", "warning", "info")]
    words = [plural(n, word, "infos" if word == "info" else "") for n, word in counts if n] or ["nothing found"]
    mendable = sum(bool(finding.mends) for finding in checked.findings)
    more = [f"{mendable} can be mended by --fix"] * bool(mendable)
    more += [f"{checked.suppressed} suppressed"] * bool(checked.suppressed)
    return ", ".join(words) + (f" ({', '.join(more)})" if more else "") + f"; {plural(checked.files, 'file')} looked at"


def difference_lines(mends: tuple[MendedFile, ...], folder: str) -> Iterator[str]:
    """Yield what mending would change, as a unified diff."""
    for one in mends:
        yield from map(safe, difference(one.before, one.after, shown(f"{one.root.path}/{one.file}", folder)))
