"""Gathering: from single reports of the file system to batches of paths that belong together.

A plain save of one file is over when the file is closed: waiting longer would only cost time. Anything else (a
checkout, a copy, several files saved at once) comes as a burst with gaps, and is over when nothing more came for a
while. A file that was modified and not closed is still being written: nobody may read it yet. Nothing here has a
clock: times are monotonic seconds, given by the caller.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from edk.domain.litter import is_git_path, is_litter_path
from edk.domain.path_map import PathMap
from edk.domain.saves import Batch, RawEvent, RescanNeeded

Change = Literal["created", "modified", "closed", "attrib", "left", "moved away", "arrived"]

_IN_PLACE = frozenset({"modified", "closed", "attrib"})
_APPEARING = frozenset({"created", "arrived"})
_GOING = frozenset({"left", "moved away"})
_ENDS_WRITING = frozenset({"closed", "arrived"}) | _GOING
_OF_FOLDERS = frozenset({"created", "deleted", "moved"})


@dataclass(frozen=True, slots=True)
class Quiet:
    """How long to wait for more before a batch is closed, in seconds.

    Args:
        save: after one existing file was written in place and closed, and nothing else happened.
        burst: after anything else, and after a save that follows the last batch by less. A new file is first empty
            for up to 0.155 s where an editor saves under a new name, and a large one has gaps of up to 0.183 s while
            it is written.
        removal: after the last removal of a file or folder that existed before and did not come back. Above 0.5 s,
            for that long a folder that is moved out holds up everything reported after it.
        writing: at most so long after its last change a file that was not closed counts as being written.
        longest: after its first event a batch is closed in any case.
    """

    save: float = 0.03
    burst: float = 0.2
    removal: float = 0.6
    writing: float = 5.0
    longest: float = 8.0


STANDARD = Quiet()


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a batch has seen of one path.

    Args:
        file: whether as a file.
        folder: whether as a folder.
        new: whether it was first seen appearing: then its going is no reason to wait.
        gone: whether it was last seen going.
        missing: whether it existed before, was removed, and has not come back.
    """

    file: bool
    folder: bool
    new: bool
    gone: bool
    missing: bool


@dataclass(frozen=True, slots=True)
class Gathering:
    """What was gathered since the last batch was closed; without arguments: nothing.

    Args:
        first: monotonic seconds of its first event.
        last: monotonic seconds of its last event.
        paths: what was seen of each path.
        writing: files being written → monotonic seconds of their last change.
        only: the file, as long as there is but one, and that one is only written in place.
        plain: whether nothing but that has happened.
        missing: how many paths are missing.
        removed: monotonic seconds of the last removal that made one missing.
        rescan: why everything has to be looked at; empty if not.
        routine: why to look at everything without a word; empty if not.
        carried: whether files that were being written when a batch was closed are in here.
        before: monotonic seconds of the last event of the batch before; minus infinity if there was none.
    """

    first: float = 0.0
    last: float = 0.0
    paths: PathMap[Sighting] = field(default_factory=PathMap)
    writing: Mapping[str, float] = field(default_factory=dict)
    only: str = ""
    plain: bool = True
    missing: int = 0
    removed: float = 0.0
    rescan: str = ""
    routine: str = ""
    carried: bool = False
    before: float = -math.inf


def gather(state: Gathering, event: RawEvent | RescanNeeded, now: float) -> Gathering:
    """Return what is gathered once an event came.

    Litter is dropped, and so is anything of folders but their coming and going.

    Args:
        state: what was gathered before.
        event: as the watcher reported it.
        now: when, in monotonic seconds.
    """
    if isinstance(event, RescanNeeded):
        return _gather_rescan(state, event, now)
    if event.is_folder and event.kind not in _OF_FOLDERS:
        return state
    for path, change in _ends(event):
        if event.is_folder or not is_litter_path(path):
            state = _gather_path(state, path, change, event.is_folder, now)
    return state


def due_at(state: Gathering, quiet: Quiet) -> float | None:
    """Return when the batch is to be closed if nothing more comes, in monotonic seconds; None if there is nothing.

    Args:
        state: what was gathered.
        quiet: how long to wait.
    """
    if not state.paths.count and not state.rescan:
        return state.first if state.routine else None
    alone = state.plain and state.first - state.before >= quiet.burst
    settled = state.last + (quiet.save if alone else quiet.burst)
    if state.missing:
        settled = max(settled, state.removed + quiet.removal)
    if state.writing:
        settled = max(settled, max(state.writing.values()) + quiet.writing)
    return min(settled, state.first + quiet.longest + (quiet.writing if state.carried else 0.0))


def close(state: Gathering, quiet: Quiet = STANDARD) -> tuple[Batch, Gathering]:
    """Return the batch, and what remains for the next one.

    Files that are still being written when the batch has lasted its longest remain, but only once, and only if
    there is something else in the batch: a file that is written to for ever must not keep a build from starting.

    Args:
        state: what was gathered.
        quiet: as given to `due_at`.

    Raises:
        ValueError: if nothing was gathered.
    """
    due = due_at(state, quiet)
    if due is None:
        raise ValueError("nothing was gathered")
    remain = {path: at for path, at in state.writing.items() if at + quiet.writing > due}
    alone = len(remain) == state.paths.count and not (state.rescan or state.routine)
    if state.carried or alone:
        remain = {}
    seen = [(path, sighting) for path, sighting in state.paths.items() if path not in remain]
    batch = Batch(
        paths=frozenset(path for path, sighting in seen if sighting.file),
        folders=frozenset(path for path, sighting in seen if sighting.folder),
        rescan=state.rescan or state.routine,
        quiet=bool(state.routine) and not state.rescan,
        first=state.first,
        last=state.last,
        gone=frozenset(path for path, sighting in seen if sighting.gone),
    )
    return batch, _carry(state, remain)


def _carry(state: Gathering, remain: Mapping[str, float]) -> Gathering:
    if not remain:
        return Gathering(before=state.last if state.paths.count or state.rescan else state.before)
    paths: PathMap[Sighting] = PathMap()
    for path, sighting in state.paths.items():
        if path in remain:
            paths = paths.having(path, sighting)
    last = max(remain.values())
    return Gathering(first=state.first, last=last, paths=paths, writing=remain, plain=False, carried=True)


def _gather_rescan(state: Gathering, event: RescanNeeded, now: float) -> Gathering:
    """Return the state with a re-scan; a quiet one neither hurries nor delays what else is in it."""
    if _is_empty(state):
        state = replace(state, first=now, last=now)
    if event.quiet:
        return replace(state, routine=event.reason)
    reasons = state.rescan.split("; ") if state.rescan else []
    reasons += [event.reason] if event.reason not in reasons else []
    return replace(state, rescan="; ".join(reasons), plain=False, last=max(state.last, now))


def _is_empty(state: Gathering) -> bool:
    return not (state.paths.count or state.rescan or state.routine)


def _ends(event: RawEvent) -> list[tuple[str, Change]]:
    """Return what an event says of which path: of a move, both ends."""
    if event.kind == "deleted":
        return [(event.path, "left")]
    if event.kind != "moved":
        return [(event.path, event.kind)]
    if not event.dest:
        return [(event.path, "left")]
    return [(event.path, "moved away"), (event.dest, "arrived")]


def _gather_path(state: Gathering, path: str, change: Change, is_folder: bool, now: float) -> Gathering:
    before = state.paths.get(path)
    new = before.new if before else change in _APPEARING
    missing = change == "left" and not new and not is_git_path(path)
    sighting = Sighting(
        file=not is_folder or (before is not None and before.file),
        folder=is_folder or (before is not None and before.folder),
        new=new,
        gone=change in _GOING,
        missing=missing,
    )
    empty = _is_empty(state)
    return replace(
        state,
        first=now if empty else state.first,
        last=now if empty else max(state.last, now),
        paths=state.paths.having(path, sighting),
        writing=_still_written(state.writing, path, change, is_folder, now),
        only=path,
        plain=state.plain and change in _IN_PLACE and state.only in ("", path),
        missing=state.missing + missing - (before is not None and before.missing),
        removed=max(now, state.removed) if missing else state.removed,
    )


def _still_written(
    writing: Mapping[str, float], path: str, change: Change, is_folder: bool, now: float
) -> Mapping[str, float]:
    """Return the files being written: a modified one is until it is closed, replaced or gone."""
    if change == "modified":
        return {**writing, path: now}
    if change not in _ENDS_WRITING or not writing:
        return writing
    below = path + "/"
    return {p: at for p, at in writing.items() if p != path and not (is_folder and p.startswith(below))}
