"""What a running watcher tells of itself to others, and what it lets them do: `Controlled` over a `WatchLoop`."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from edk.domain import events as ev
from edk.domain.run import StopAsked, TargetRun
from edk.domain.status import OK, Hold, ImageError, ImageStatus, WatchStatus
from edk.domain.watching import WatchReport
from edk.orchestrator.control import ControlAsked, answer
from edk.orchestrator.watch import WatchLoop
from edk.settings import Settings

PAUSED = "paused by edk pause"
_TURNS = (
    ev.ImageSkipped,
    ev.ImageStarted,
    ev.ImageFinished,
    ev.ImageFailed,
    ev.ImageBlocked,
    ev.ImageCancelled,
    ev.ImageOrphaned,
)


class WatchSession:
    """Remembers of the events what a status wants, and answers requests in the loop's thread.

    It is a sink of events, and so has to be one of those that the loop emits to.

    Args:
        settings: the settings.
        roots: the folders that were asked for.
        now: tells seconds since the epoch.
        report: tells how files are watched.
        stop: puts a message into the inbox that ends the loop.
        masked: masks secrets in a status: reasons and diagnostics come into it from the state, not from events.
        namespace: in which our processes are numbered.
    """

    def __init__(
        self,
        settings: Settings,
        roots: Sequence[str],
        now: Callable[[], float],
        report: Callable[[], WatchReport],
        stop: Callable[[StopAsked], None],
        masked: Callable[[WatchStatus], WatchStatus] = lambda status: status,
        namespace: str = "",
    ) -> None:
        self._settings = settings
        self._roots = tuple(roots)
        self._now = now
        self._report = report
        self._stop = stop
        self._masked = masked
        self._namespace = namespace
        self._started = now()
        self._since: dict[str, float] = {}
        self._errors: dict[str, ImageError] = {}
        self._seconds: dict[str, float] = {}
        self._orphans: dict[str, ImageStatus] = {}
        self._holds: dict[str, str] = {}
        self._workers: dict[str, str] = {}
        self._loop: WatchLoop | None = None

    def answer(self, asked: ControlAsked, loop: WatchLoop) -> None:
        """Answer a request; called by the loop."""
        self._loop = loop
        answer(asked, self)

    def emit(self, event: ev.Event) -> None:
        """Remember what a status tells."""
        if isinstance(event, _TURNS):
            self._since[event.image] = self._now()
        match event:
            case ev.ImageFailed():
                self._errors[event.image] = ImageError(event.message, event.dockerfile, event.line)
            case ev.ImageFinished():
                self._seconds[event.image] = event.seconds
                self._errors.pop(event.image, None)
            case ev.ImageStarted():
                self._errors.pop(event.image, None)
                self._holds.pop(event.image, None)
                self._workers.pop(event.image, None)
            case ev.ImageHeld():
                self._holds[event.image] = event.reason
            case ev.ImagePlaced(worker=""):
                self._holds[event.image] = event.reason
            case ev.ImagePlaced():
                self._holds.pop(event.image, None)
                self._workers[event.image] = event.worker
            case ev.ImageOrphaned():
                reason = "its Dockerfile is gone; it stays in the registry"
                self._orphans[event.image] = ImageStatus(event.image, "orphaned", reason, self._now(), refs=event.refs)

    def close(self) -> None:
        """Do nothing: there is nothing to write out."""

    def status(self) -> WatchStatus:
        """Return where everything stands, secrets masked."""
        return self._masked(replace(self._status(), pid_namespace=self._namespace))

    def _status(self) -> WatchStatus:
        loop = self._loop
        if loop is None or loop.plan is None:
            return WatchStatus(os.getpid(), self._roots, self._started, watching=words_of(self._report()))
        images = tuple(self._image(t, loop) for t in loop.state.targets.values())
        names = {image.name for image in images}
        # What runs may wait as well: for a place at a worker, or for another process.
        waiting = {t.label for t in loop.state.targets.values() if t.phase in {"waiting", "running"}}
        return WatchStatus(
            pid=os.getpid(),
            roots=self._roots,
            started=self._started,
            paused=bool(loop.paused),
            engine=loop.trouble.get("engine", OK),
            registry=loop.trouble.get("registry", OK),
            watching=words_of(self._report()),
            images=(*images, *(o for o in self._orphans.values() if o.name not in names)),
            diagnostics=tuple(d.absolute for d in loop.plan.diagnostics if d.diagnostic.severity != "info"),
            holds=tuple(Hold(name, reason) for name, reason in self._holds.items() if name in waiting),
            last_batch=loop.last_cause,
        )

    def _image(self, target: TargetRun, loop: WatchLoop) -> ImageStatus:
        planned = loop.image(target.key)
        save = loop.saves.get(target.key)
        return ImageStatus(
            name=target.label,
            state=target.phase,
            reason=target.reason,
            since=self._since.get(target.label, self._started),
            digest=target.digest,
            refs=planned.refs if planned else (),
            saves=(save.cause,) if save else (),
            error=self._errors.get(target.label, ImageError()) if target.phase == "failed" else ImageError(),
            log=self._settings.log_path(target.label),
            last_seconds=self._seconds.get(target.label, 0.0),
            worker=self._workers.get(target.label, "") if target.phase in {"running", "failed"} else "",
        )

    def when_settled(self, tell: Callable[[], None]) -> None:
        """Call back once the tree as it is now is all in the registry, or has failed."""
        if self._loop is not None:
            self._loop.when_settled(tell)

    def rebuild(self, images: Sequence[str]) -> None:
        """Build these images anew."""
        if self._loop is not None:
            self._loop.rebuild(tuple(images))

    def pause(self) -> None:
        """Start no build until `resume`."""
        if self._loop is not None:
            self._loop.pause(PAUSED)

    def resume(self) -> None:
        """Go on."""
        if self._loop is not None:
            self._loop.pause("")

    def stop(self) -> None:
        """Stop the watcher."""
        self._stop(StopAsked())


def words_of(report: WatchReport) -> str:
    """Return how files are watched, in words."""
    counts: dict[Literal["inotify", "poll", "waiting"], int] = {}
    for root in report.roots:
        counts[root.mode] = counts.get(root.mode, 0) + 1
    polled = [polled for root in report.roots for polled in root.polled]
    parts = [f"inotify, {report.watches} of at most {report.budget} watches"] if counts.get("inotify") else []
    parts += [f"{polled.path} polled: {polled.reason}" for polled in polled[:3]]
    parts += [f"{root.path} is not there; waiting for it" for root in report.roots if root.mode == "waiting"]
    return "; ".join(parts) or "polling"
