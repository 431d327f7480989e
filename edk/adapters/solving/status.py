"""BuildKit's progress as values, whichever way it comes: ``moby.buildkit.v1.StatusResponse``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Vertex:
    """A step as BuildKit sees it; times are seconds since the epoch, 0 while they are to come."""

    digest: str
    name: str
    cached: bool
    started: float
    completed: float
    error: str


@dataclass(frozen=True, slots=True)
class VertexLog:
    """Bytes that a step printed, cut anywhere."""

    vertex: str
    stream: Literal["out", "err"]
    data: bytes


@dataclass(frozen=True, slots=True)
class VertexWarning:
    """Something BuildKit doesn't like; `line` of the Dockerfile, 0 if it does not say."""

    vertex: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Status:
    """One message."""

    vertices: tuple[Vertex, ...]
    logs: tuple[VertexLog, ...]
    warnings: tuple[VertexWarning, ...]
