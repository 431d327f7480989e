"""A watcher's status as text: what is out of reach first, then images, then what waits, and what is wrong in files."""

from __future__ import annotations

from collections.abc import Iterator

from edk.domain.status import OK, ImageStatus, WatchStatus
from edk.ui.plain import diagnostic_lines
from edk.ui.text import plural, safe, seconds

HEAD = ("image", "state", "since", "why", "saves")
MAX_NAME = 40
MAX_WHY = 60
SHOWN_SAVES = 3


def status_lines(status: WatchStatus, now: float, namespace: str = "") -> Iterator[str]:
    """Yield a status line by line.

    Args:
        status: of a watcher.
        now: seconds since the epoch.
        namespace: in which processes are numbered here.
    """
    return (safe(line) for line in _lines(status, now, namespace))


def age(count: float) -> str:
    """Return how long ago something was, in its largest unit, e.g. ``12 s`` or ``3 h``."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if count >= length:
            return f"{int(count // length)} {unit}"
    return f"{max(0, int(count))} s"


def _lines(status: WatchStatus, now: float, namespace: str) -> Iterator[str]:
    for name, told in (("engine", status.engine), ("registry", status.registry)):
        if told != OK:
            yield f"{name}: {told}"
    watching = f": {status.watching}" if status.watching else ""
    here = status.pid_namespace in ("", namespace)
    who = f"pid {status.pid}" if here else "in another container"
    yield f"watching {', '.join(status.roots)} for {age(now - status.started)} ({who}){watching}"
    if status.paused:
        yield "paused: nothing is built until edk resume"
    if status.last_batch:
        yield f"last saves: {status.last_batch}"
    if status.images:
        yield ""
        yield from _table(status.images, now)
    if status.holds:
        yield ""
        yield from (f"{hold.name} waits: {hold.reason}" for hold in status.holds)
    if status.diagnostics:
        yield ""
    for diagnostic in status.diagnostics:
        yield from diagnostic_lines(diagnostic)


def _table(images: tuple[ImageStatus, ...], now: float) -> Iterator[str]:
    rows = [HEAD, *(_row(image, now) for image in images)]
    limits = (MAX_NAME, 99, 99, MAX_WHY)
    widths = [min(limit, max(len(row[n]) for row in rows)) for n, limit in enumerate(limits)]
    for image, row in zip((None, *images), rows, strict=True):
        padded = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)]
        yield "  ".join((*padded, row[-1])).rstrip()
        if image is not None and image.error.message:
            yield from _error(image)


def _row(image: ImageStatus, now: float) -> tuple[str, ...]:
    since = age(now - image.since) if image.since else ""
    why = " ".join(image.reason.split())
    if image.state == "done" and image.last_seconds:
        why = f"{why}, {seconds(image.last_seconds)}"
    if image.worker:
        why = f"{why}, at {image.worker}"
    further = len(image.saves) - SHOWN_SAVES
    saves = ", ".join(image.saves[:SHOWN_SAVES]) + (f" and {plural(further, 'more file')}" if further > 0 else "")
    return image.name, image.state, since, why, saves


def _error(image: ImageStatus) -> Iterator[str]:
    error = image.error
    if error.file:
        yield f"    {error.file}:{max(error.line, 1)}:1: error: {error.message}"
    else:
        yield f"    error: {error.message}"
    if image.log:
        yield f"    the full log: {image.log}"
