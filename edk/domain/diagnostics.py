"""Diagnostics: what is wrong in the sources, with a stable code, a place and a remedy."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Severity = Literal["error", "warning", "info"]


class Code(Struct, frozen=True):
    """A kind of diagnostic; its page stands in ``docs/diagnostics.md``.

    Args:
        id: stable, e.g. ``EDK101``; never given to another kind.
        severity: of every diagnostic of this kind.
        title: the kind in a few words.
        explanation: what it means and why it matters.
        remedy: what to do; the default hint of its diagnostics.
    """

    id: str
    severity: Severity
    title: str
    explanation: str
    remedy: str

    def at(self, file: str, line: int, message: str, hint: str = "", column: int = 0) -> Diagnostic:
        """Return a diagnostic of this kind at a place.

        Args:
            file: path relative to the root that contains it, with ``/``.
            line: from 1; 0 means the file as a whole.
            message: what is wrong here, in a sentence without a full stop.
            hint: what to do; the code's remedy if empty.
            column: from 1; 0 if not known.
        """
        return Diagnostic(self.id, self.severity, file, line, message, hint or self.remedy, column)


class Diagnostic(Struct, frozen=True):
    """One finding at one place; see `Code.at`."""

    code: str
    severity: Severity
    file: str
    line: int
    message: str
    hint: str
    column: int = 0
