"""What a running watcher says of itself: a frozen value, and the same as JSON, schema ``edk.status/v1``.

Paths are absolute, times are seconds since the epoch, and 0 means that there was none yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from edk.domain.diagnostics import Diagnostic

SCHEMA = "edk.status/v1"
OK = "ok"
ImageState = Literal["waiting", "running", "done", "skipped", "failed", "blocked", "ignored", "cancelled", "orphaned"]


@dataclass(frozen=True, slots=True)
class ImageError:
    """Why an image failed; all empty if it did not.

    Args:
        message: what failed.
        file: path of its Dockerfile.
        line: of the failing instruction, from 1; 0 if not known.
    """

    message: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class ImageStatus:
    """Where one image stands.

    Args:
        name: how it is called on the screen.
        state: where it stands; ``orphaned`` is one whose Dockerfile is gone, and that stays in the registry.
        reason: why.
        since: since when.
        digest: of what stands in the registry; empty if not known.
        refs: whole references.
        saves: names of the files whose saves it holds, or that the build that runs came from.
        error: of its last build.
        log: path of the log of its last build.
        last_seconds: how long its last build took.
        worker: where it is being built, or failed, if there are several; empty otherwise.
    """

    name: str
    state: ImageState
    reason: str
    since: float = 0.0
    digest: str = ""
    refs: tuple[str, ...] = ()
    saves: tuple[str, ...] = ()
    error: ImageError = field(default_factory=ImageError)
    log: str = ""
    last_seconds: float = 0.0
    worker: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """What waits, and why; `name` is an image's, or says what else waits, e.g. ``batch``."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class WatchStatus:
    """Where a watcher stands.

    Args:
        pid: of its process, as that numbers processes.
        roots: the folders that it was asked to watch.
        started: when.
        paused: whether somebody asked it to build nothing.
        engine: ``ok``, or what is wrong.
        registry: ``ok``, or what is wrong.
        watching: how files are watched, in words, e.g. ``inotify, 214 folders``.
        images: in the order of the plan.
        diagnostics: of the sources, with absolute paths.
        holds: what waits.
        last_batch: the last batch of saves in words; empty if there was none.
        pid_namespace: where `pid` means this process, as ``pid:[4026531836]``; each container has one of its own.
    """

    pid: int
    roots: tuple[str, ...]
    started: float
    paused: bool = False
    engine: str = OK
    registry: str = OK
    watching: str = ""
    images: tuple[ImageStatus, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    holds: tuple[Hold, ...] = ()
    last_batch: str = ""
    pid_namespace: str = ""


def status_as_json(status: WatchStatus) -> dict[str, Any]:
    """Return a status as JSON values; ``schema`` comes first."""
    return {"schema": SCHEMA, **msgspec.to_builtins(status)}


def status_from_json(fields: Mapping[str, Any]) -> WatchStatus:
    """Return the status that JSON values hold; unknown keys of a newer watcher are left out.

    Raises:
        ValueError: it is no status, or one of another schema.
    """
    if fields.get("schema") != SCHEMA:
        raise ValueError(f"expected the schema {SCHEMA}, not {fields.get('schema')!r}")
    return msgspec.convert(dict(fields), WatchStatus)
