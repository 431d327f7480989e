"""Recordings of what the watcher of the file system reported, and their replay in virtual time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

from edk.domain.gathering import STANDARD, Gathering, Quiet, close, due_at, gather
from edk.domain.saves import Batch, EventKind, RawEvent, RescanNeeded

RECORDINGS = Path(__file__).parent / "recordings"
ROOT = "/root-of-the-recording"

Timed = tuple[float, RawEvent | RescanNeeded]


def lines(name: str, source: str) -> Iterator[dict[str, object]]:
    """Return the lines of a recording that come from a source: ``watchdog``, or ``mark`` for what was done."""
    for text in (RECORDINGS / f"{name}.jsonl").read_text().splitlines():
        line = json.loads(text)
        if line["src"] == source:
            yield line


def recorded(name: str) -> list[Timed]:
    """Return the events of a recording that are no reads, in seconds from its start."""
    events: list[Timed] = []
    for line in lines(name, "watchdog"):
        if line["type"] in get_args(EventKind):
            dest = line["dest"] and f"{ROOT}/{line['dest']}"
            event = RawEvent(line["type"], f"{ROOT}/{line['path']}", line["is_directory"], dest)  # type: ignore[arg-type]
            events.append((line["ms"] / 1000, event))  # type: ignore[operator]
    return events


def marks(name: str) -> list[float]:
    """Return when something was done, in seconds."""
    return [line["ms"] / 1000 for line in lines(name, "mark")]  # type: ignore[operator]


def replay(events: Iterable[Timed], quiet: Quiet = STANDARD) -> list[tuple[float, Batch]]:
    """Return every batch with the time it was closed at, if each is closed the moment it is due."""
    state, batches = Gathering(), []
    for at, event in events:
        while (due := due_at(state, quiet)) is not None and due <= at:
            batch, state = close(state, quiet)
            batches.append((due, batch))
        state = gather(state, event, at)
    while (due := due_at(state, quiet)) is not None:
        batch, state = close(state, quiet)
        batches.append((due, batch))
    return batches


def below(paths: Iterable[str]) -> set[str]:
    """Return paths relative to the recording's root."""
    return {path.removeprefix(ROOT + "/") for path in paths}
