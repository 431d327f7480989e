"""BuildKit's messages turned into typed progress, merged by vertex."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from edk.adapters.solving.locate import Statement, StepLocator, StepName, parse_step_name
from edk.adapters.solving.loglines import LogLines, Tail
from edk.adapters.solving.status import Status, Vertex, VertexLog
from edk.domain.requests import StepProgress

_CANCELLED = "context canceled"
"""What BuildKit says of steps that it stopped because another one failed."""


def is_base(text: str) -> bool:
    """Whether a step is a FROM."""
    return text.split(" ", 1)[0].upper() == "FROM"


@dataclass(slots=True)
class _Step:
    name: str
    parts: StepName
    statement: Statement | None
    started: float = 0.0
    ended: bool = False
    cached: bool = False
    error: str = ""
    tail: Tail = field(default_factory=Tail)
    streams: dict[Literal["out", "err"], LogLines] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FailedStep:
    """The step that made a build fail; `statement` is None if it is none of the Dockerfile's."""

    title: str
    statement: Statement | None
    error: str
    tail: tuple[str, ...]


class StepBoard:
    """Follows the steps of one build.

    Args:
        locator: of the Dockerfile.
        progress: told of everything.
    """

    def __init__(self, locator: StepLocator, progress: Callable[[StepProgress], None]) -> None:
        self._locator = locator
        self._progress = progress
        self._steps: dict[str, _Step] = {}

    def take(self, status: Status) -> None:
        """Take one message."""
        for vertex in status.vertices:
            self._vertex(vertex)
        for log in status.logs:
            self._log(log)
        for warning in status.warnings:
            step = self._steps.get(warning.vertex)
            line = warning.line or (step.statement.line if step is not None and step.statement else 0)
            self._progress(StepProgress(warning.vertex, "warning", warning.text, line))

    def end(self) -> None:
        """Hand out what steps printed without an end of line."""
        for digest, step in self._steps.items():
            self._flush(digest, step)

    def counts(self) -> tuple[int, int]:
        """Return how many of the Dockerfile's steps there were, and how many came from the cache.

        A FROM is none: that its image is there already says nothing.
        """
        mine = [step for step in self._steps.values() if step.parts.number and not is_base(step.parts.text)]
        return len(mine), sum(step.cached for step in mine)

    def failed(self, error: str) -> FailedStep | None:
        """Return the step that failed with the `error` of the whole build, None if none did."""
        failures = [one for one in self._steps.values() if one.error and not one.error.endswith(_CANCELLED)]
        failures.sort(key=lambda step: step.error not in error)
        if not failures:
            return None
        step = failures[0]
        return FailedStep(step.name, step.statement, step.error, step.tail.lines())

    def _vertex(self, vertex: Vertex) -> None:
        step = self._steps.get(vertex.digest)
        if step is None:
            parts = parse_step_name(vertex.name)
            statement = self._locator.find(parts) if parts.number else None
            step = self._steps[vertex.digest] = _Step(vertex.name, parts, statement)
        step.cached = step.cached or vertex.cached
        step.error = vertex.error or step.error
        if vertex.started and not step.started:
            step.started = vertex.started
            if not vertex.cached:
                self._tell(vertex.digest, step, "started")
        if vertex.completed and not step.ended:
            step.ended = True
            self._flush(vertex.digest, step)
            phase: Literal["failed", "cached", "finished"] = "cached" if vertex.cached else "finished"
            seconds = max(0.0, vertex.completed - (step.started or vertex.completed))
            self._tell(vertex.digest, step, "failed" if vertex.error else phase, seconds)

    def _tell(
        self,
        digest: str,
        step: _Step,
        phase: Literal["started", "cached", "finished", "failed"],
        seconds: float = 0.0,
    ) -> None:
        line = step.statement.line if step.statement else 0
        parts = step.parts
        self._progress(StepProgress(digest, phase, step.name, line, parts.number, parts.total, seconds=seconds))

    def _log(self, log: VertexLog) -> None:
        step = self._steps.get(log.vertex)
        if step is None:
            step = self._steps[log.vertex] = _Step("", StepName("", 0, 0, ""), None)
        lines = step.streams.setdefault(log.stream, LogLines())
        self._lines(log.vertex, step, log.stream, lines.take(log.data))

    def _flush(self, digest: str, step: _Step) -> None:
        for stream, lines in step.streams.items():
            self._lines(digest, step, stream, lines.end())

    def _lines(self, digest: str, step: _Step, stream: Literal["out", "err"], lines: list[str]) -> None:
        line = step.statement.line if step.statement else 0
        for text in lines:
            step.tail.add(text)
            self._progress(StepProgress(digest, "log", text, line, step.parts.number, step.parts.total, stream))
