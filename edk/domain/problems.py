"""What a watcher finds wrong, as places in files: what an editor's list of problems is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edk.domain.diagnostics import Severity
from edk.domain.status import OK, ImageStatus, WatchStatus

_ABOUT_ONE = frozenset({"ImageStarted", "ImageFinished", "ImageSkipped", "ImageRetagged", "ImageCancelled"})
_ALWAYS = frozenset(
    {
        "ImageFailed",
        "ImageOrphaned",
        "DiagnosticFound",
        "DiagnosticMended",
        "SavesNoticed",
        "OutOfReach",
        "BackAgain",
    }
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong at a place.

    Args:
        file: an absolute path; empty if no file is to blame.
        line: from 1.
        column: from 1.
        severity: how bad it is.
        message: what is wrong, on one line.
        code: of the diagnostic, or the name of the image that failed.
    """

    file: str
    line: int
    column: int
    severity: Severity
    message: str
    code: str


def problems_of(status: WatchStatus) -> tuple[Problem, ...]:
    """Return what is wrong: images that failed at their Dockerfile's line, then diagnostics of the sources."""
    failed = [_failure(image) for image in status.images if image.state == "failed"]
    found = [
        Problem(d.file, max(d.line, 1), max(d.column, 1), d.severity, _one_line(d.message), d.code)
        for d in status.diagnostics
    ]
    return tuple(dict.fromkeys((*failed, *found)))


def _failure(image: ImageStatus) -> Problem:
    """Return an image's failure; its place is not said twice."""
    error = image.error
    message = error.message.removeprefix(f"{error.file}:{error.line}:") if error.file else error.message
    return Problem(error.file, max(error.line, 1), 1, "error", _one_line(message), image.name)


def note_of(status: WatchStatus) -> str:
    """Return what keeps builds waiting, in words; empty if nothing does."""
    parts = ("engine", status.engine), ("registry", status.registry)
    away = [f"{name}: {told}" for name, told in parts if told != OK]
    return _one_line("; ".join([*away, *(["paused"] if status.paused else [])]))


def may_change(event: Mapping[str, Any], shown: tuple[Problem, ...]) -> bool:
    """Tell whether an event can have changed the problems, so that the watcher is asked for them again.

    Args:
        event: as JSON values.
        shown: the problems that were shown last.
    """
    kind = event.get("event")
    return kind in _ALWAYS or (kind in _ABOUT_ONE and any(p.code == event.get("image") for p in shown))


def seen_from(file: str, real: str, shown: str) -> str:
    """Return a file as somebody sees it who opened a folder by another name, as through a link.

    Args:
        file: absolute, without links.
        real: the folder, absolute and without links.
        shown: the same folder as it was named; empty: as it is.
    """
    inside = file == real or file.startswith(real.rstrip("/") + "/")
    return shown.rstrip("/") + file[len(real.rstrip("/")) :] if shown and inside else file


def _one_line(message: str) -> str:
    return " ".join(message.split())
