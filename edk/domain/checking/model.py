"""What a check finds, and what of it can be mended."""

from __future__ import annotations

from dataclasses import dataclass

from edk.domain.diagnostics import Diagnostic
from edk.domain.workspace import LocatedDiagnostic, Root


@dataclass(frozen=True, slots=True)
class Edit:
    """Bytes ``[start, end)`` of a file, and what to put in their place."""

    start: int
    end: int
    new: bytes


@dataclass(frozen=True, slots=True)
class FileEdit:
    """An edit of a file.

    Args:
        file: path relative to the finding's root.
        digest: sha256 of the content that the places are of.
        edit: what to change.
    """

    file: str
    digest: str
    edit: Edit


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic, and the edits that mend it together; none if only a person can."""

    root: Root
    diagnostic: Diagnostic
    mends: tuple[FileEdit, ...] = ()

    @property
    def located(self) -> LocatedDiagnostic:
        """Return it as the plan has them."""
        return LocatedDiagnostic(self.root, self.diagnostic)

    @property
    def path(self) -> str:
        """Return the absolute path of its file."""
        return self.located.absolute.file


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check came to.

    Args:
        findings: what is told, by place.
        suppressed: how many are not.
        files: how many files and folders were looked at.
    """

    findings: tuple[Finding, ...]
    suppressed: int
    files: int

    def count(self, severity: str) -> int:
        """Return how many findings have a severity."""
        return sum(finding.diagnostic.severity == severity for finding in self.findings)


def line_starts(content: bytes) -> list[int]:
    """Return the byte offset of each line's beginning; the last one is the end of the content."""
    starts, at = [0], 0
    while (at := content.find(b"\n", at) + 1) > 0:
        starts.append(at)
    return starts if starts[-1] == len(content) and len(starts) > 1 else [*starts, len(content)]


def newline_of(content: bytes) -> bytes:
    """Return how a file ends its lines."""
    return b"\r\n" if b"\r\n" in content else b"\n"
