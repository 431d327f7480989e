"""Boards out of events."""

from __future__ import annotations

from collections.abc import Iterable

from edk.domain import events as ev
from edk.domain.board import Board, after

EVIL = "[red]x[/red]\x1b[2J\u202e\nnext"
FAILED = ev.ImageFailed(
    "seg",
    "step",
    "RUN false exited with code 1",
    "mend the command",
    "/w/seg/Dockerfile",
    3,
    "RUN false",
    ("last line", "of the log"),
    "/state/logs/seg.log",
)


def planned(*names: str) -> ev.PlanMade:
    return ev.PlanMade(names, (), (), (), (), 0.1)


def started(name: str, reason: str = "a.py changed", attempt: int = 1) -> ev.ImageStarted:
    return ev.ImageStarted(name, reason, f"/w/{name}/Dockerfile", 3, 10, f"/logs/{name}", attempt)


def step(name: str, number: int, total: int, title: str = "RUN make", phase: str = "started") -> ev.StepMoved:
    return ev.StepMoved(name, f"s{number}", phase, title, number, number, total)  # type: ignore[arg-type]


def done(name: str, seconds: float = 2.0) -> ev.ImageFinished:
    return ev.ImageFinished(name, "sha256:1", (f"r/{name}:1",), seconds)


def board(*told: ev.Event | tuple[float, ev.Event], start: Board | None = None) -> Board:
    """Return the board after events; those without a time happen at second 100."""
    found = start or Board()
    for each in told:
        now, event = each if isinstance(each, tuple) else (100.0, each)
        found = after(found, event, now)
    return found


def many(count: int, running: Iterable[int]) -> Board:
    """Return the board of many images, some of which are being built."""
    names = [f"image-{number:03}" for number in range(count)]
    return board(planned(*names), *(started(names[number]) for number in running))
