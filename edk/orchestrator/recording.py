"""A sink that remembers each build in the state once it has ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from edk.domain import events as ev
from edk.domain.build_record import BuildRecord, StepTime, slowest_steps
from edk.ports import Cache

_EXPORTING = "exporting"
"""Begins the title of the one step without an instruction that is worth telling: it grows with the image."""


@dataclass
class _Open:
    """A build that goes on: its record so far, and the steps that it ran."""

    record: BuildRecord
    steps: list[StepTime] = field(default_factory=list)


class Recording:
    """Makes a record out of the events of each build; what needs no build is not recorded.

    Args:
        cache: takes the records.
        now: tells seconds since the epoch.
        command: what this process is.
    """

    def __init__(self, cache: Cache, now: Callable[[], float], command: str) -> None:
        self._cache = cache
        self._now = now
        self._command = command
        self._open: dict[str, _Open] = {}

    def emit(self, event: ev.Event) -> None:
        """Note what an event tells of a build, and store the record with the last one."""
        if isinstance(event, ev.ImageStarted):
            self._open[event.image] = self._started(event)
            return
        image = getattr(event, "image", "")
        build = self._open.get(image)
        if build is None:
            return
        match event:
            case ev.StepMoved(phase="finished") if event.line or event.title.startswith(_EXPORTING):
                build.steps.append(StepTime(" ".join(event.title.split()), event.line, event.seconds))
            case ev.ImagePlaced():
                build.record = replace(build.record, worker=event.worker)
            case ev.ImageBuilt():
                build.record = replace(
                    build.record, built=event.seconds, steps=event.steps, cached=event.cached_steps
                )
            case ev.ImagePushed():
                build.record = replace(build.record, pushed=build.record.pushed + event.seconds)
            case ev.ImageFinished():
                self._end(image, replace(build.record, ended="done", digest=event.digest))
            case ev.ImageFailed():
                self._end(image, replace(build.record, ended="failed", message=event.message, line=event.line))
            case ev.ImageCancelled():
                self._end(image, replace(build.record, ended="cancelled", message=event.reason))

    def close(self) -> None:
        """Forget what has not ended: whoever was stopped so hard says nothing of it."""
        self._open.clear()

    def _started(self, event: ev.ImageStarted) -> _Open:
        before = self._open.get(event.image) if event.attempt > 1 else None
        return _Open(
            BuildRecord(
                image=event.image,
                dockerfile=event.dockerfile,
                started=before.record.started if before else self._now(),
                seconds=0.0,
                ended="cancelled",
                reason=event.reason,
                attempts=event.attempt,
                context_files=event.context_files,
                context_bytes=event.context_bytes,
                command=self._command,
            )
        )

    def _end(self, image: str, record: BuildRecord) -> None:
        from edk.orchestrator.build_history import encode_record

        steps = self._open.pop(image).steps
        seconds = max(0.0, self._now() - record.started)
        self._cache.record_build(encode_record(replace(record, seconds=seconds, slowest=slowest_steps(steps))))
