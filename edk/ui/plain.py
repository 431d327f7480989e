"""Events as plain lines, one for each thing that happens, in a terminal and without one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TextIO

from edk.domain import archive_events as archives
from edk.domain import events as ev
from edk.ui.text import plural, safe, seconds, short, short_digests, size

if TYPE_CHECKING:
    from edk.domain.diagnostics import Diagnostic

MIN_WIDTH = 12
MAX_WIDTH = 40
VERB_WIDTH = 8
MAX_TITLE = 100


def diagnostic_lines(diagnostic: Diagnostic) -> tuple[str, ...]:
    """Return a diagnostic as ``file:line:col: severity: message [code]`` and its hint, as problem matchers read it."""
    place = f"{diagnostic.file}:{max(diagnostic.line, 1)}:{max(diagnostic.column, 1)}"
    first = f"{place}: {diagnostic.severity}: {diagnostic.message} [{diagnostic.code}]"
    return (first, f"    {diagnostic.hint}") if diagnostic.hint else (first,)


def brief(title: str) -> str:
    """Return a step's title as one short line: white space folded, digests and the rest cut."""
    line = short_digests(" ".join(title.split()))
    return line if len(line) <= MAX_TITLE else line[: MAX_TITLE - 1] + "…"


class PlainLines:
    """Prints events as lines.

    Args:
        stream: where to.
        verbose: print every step's log lines too.
    """

    def __init__(self, stream: TextIO, *, verbose: bool = False) -> None:
        self._stream = stream
        self._verbose = verbose
        self._width = MIN_WIDTH

    def emit(self, event: ev.Event) -> None:
        """Print one event; raises BrokenPipeError where nobody reads any more."""
        lines = self.lines(event)
        if lines:
            self._stream.write("\n".join(lines) + "\n")
            self._stream.flush()

    def lines(self, event: ev.Event) -> tuple[str, ...]:
        """Return the lines that an event is printed as, for those who print them themselves."""
        return tuple(safe(line) for line in self._lines(event))

    def close(self) -> None:
        """Write out what is left."""
        self._stream.flush()

    def _fit(self, names: Iterable[str]) -> None:
        """Make the first column as wide as the names that are going to stand in it, within bounds."""
        self._width = min(MAX_WIDTH, max([MIN_WIDTH, *map(len, names)]))

    def _row(self, name: str, verb: str, text: str) -> str:
        return f"{name:<{self._width}}  {verb:<{VERB_WIDTH}}  {text}".rstrip()

    def _lines(self, event: ev.Event) -> Iterator[str]:
        # What a build with nothing to do does not tell is imported where it is told.
        if isinstance(event, archives.VerifyStarted):
            self._fit(event.images)
        if isinstance(event, archives.ArchiveEvent):
            from edk.ui.archive_lines import archive_rows

            yield from (row if isinstance(row, str) else self._row(*row) for row in archive_rows(event))
            return
        match event:
            case ev.DiagnosticFound(diagnostic):
                yield from diagnostic_lines(diagnostic)
            case ev.SourcesRead() | ev.PlanMade() | ev.RunFinished() | ev.Noticed():
                yield from self._run_lines(event)
            case (
                ev.WatchStarted()
                | ev.SavesNoticed()
                | ev.DiagnosticMended()
                | ev.SaveServed()
                | ev.ImageOrphaned()
                | ev.OutOfReach()
                | ev.BackAgain()
            ):
                yield from self._watch_lines(event)
            case ev.ChartPackaged() | ev.ImageAsked() | ev.ChartVerified() | ev.ChartUploaded() | ev.ChartFailed():
                yield from self._chart_lines(event)
            case (
                ev.ChartUnchangedOnPlatform()
                | ev.ReleaseStatusSeen()
                | ev.ReleaseDeleted()
                | ev.ChartInstalled()
                | ev.ImageImported()
                | ev.ImageKeptOnPlatform()
                | ev.ImageImportFailed()
            ):
                from edk.ui.platform_words import platform_words

                name, verb, text, below = platform_words(event)
                yield self._row(name, verb, text)
                yield from (f"    {line}" for line in below)
            case ev.StepMoved():
                yield from self._step_lines(event)
            case ev.ImageFailed():
                yield from self._failure_lines(event)
            case ev.PushMoved():
                return
            case (
                ev.ImageRemoved() | ev.ChartRemoved() | ev.RemovalRefused() | ev.EngineTidied() | ev.GarbageCollected()
            ):
                from edk.ui.removal_rows import removal_row

                yield self._row(*removal_row(event))
            case _:
                yield from self._image_lines(event)

    def _run_lines(self, event: ev.SourcesRead | ev.PlanMade | ev.RunFinished | ev.Noticed) -> Iterator[str]:
        match event:
            case ev.SourcesRead():
                found = (
                    f"{plural(event.dockerfiles, 'Dockerfile')}, "
                    f"{plural(event.operators, 'operator or DAG file', 'operator and DAG files')}, "
                    f"{plural(event.charts, 'chart')}"
                )
                yield self._row("sources", "read", f"{found} in {event.files} files, {seconds(event.seconds)}")
            case ev.PlanMade():
                self._fit((*event.build, *event.skip, *event.ignore, *event.blocked, *event.charts))
                counts = (
                    ("build", event.build),
                    ("skip", event.skip),
                    ("ignore", event.ignore),
                    ("blocked", event.blocked),
                )
                parts = [f"{verb} {len(which)}" for verb, which in counts if which]
                yield self._row("plan", "made", f"{', '.join(parts) or 'nothing to do'}, {seconds(event.seconds)}")
            case ev.RunFinished():
                yield self._row("build", "finished", _summary(event))
            case ev.Noticed():
                yield self._row("note", "", event.message)
                if event.hint:
                    yield from (f"    {line}" for line in event.hint.splitlines())

    def _watch_lines(self, event: ev.Event) -> Iterator[str]:
        match event:
            case ev.WatchStarted():
                text = f"{', '.join(event.roots)}: {plural(event.images, 'image')}, {event.mode}"
                yield self._row("watch", "ready", f"{text}, {seconds(event.seconds)}")
            case ev.SavesNoticed():
                images = ", ".join(event.images) or "no image is concerned"
                yield self._row("save", "noticed", f"{event.cause} → {images}, {seconds(event.seconds)}")
                if any(file.rpartition("/")[2] == "edk.yaml" for file in event.files):
                    yield self._row("note", "", "a watcher keeps the settings that it started with")
                    yield "    edk stop, and start it again; in the pod of the chart it is started by itself"
            case ev.DiagnosticMended(diagnostic):
                yield self._row("source", "mended", f"{diagnostic.file}:{diagnostic.line} [{diagnostic.code}]")
            case ev.SaveServed():
                parts = f"noticed {event.noticed:.2f}, read {event.planned:.2f}, waited {event.waited:.2f}, "
                parts += f"built {event.built:.2f}, pushed {event.pushed:.2f}"
                yield self._row(event.image, "live", f"{event.cause}: {seconds(event.total)} ({parts})")
            case ev.ImageOrphaned():
                yield self._row(event.image, "orphan", f"its Dockerfile is gone; {', '.join(event.refs)} stays")
            case ev.OutOfReach():
                yield self._row(event.what, "away", f"{event.message}; builds wait for it")
            case ev.BackAgain():
                yield self._row(event.what, "back", "it answers again")

    def _image_lines(self, event: ev.Event) -> Iterator[str]:
        match event:
            case ev.ImageSkipped():
                yield self._row(event.image, "skip", f"{event.reason} ({short(event.digest)})")
            case ev.ImageHeld():
                yield self._row(event.image, "hold", event.reason)
            case ev.ImagePlaced(worker=""):
                yield self._row(event.image, "hold", event.reason)
            case ev.ImagePlaced():
                yield self._row(event.image, "at", f"{event.worker}, {event.reason}" if event.reason else event.worker)
            case ev.ImageStarted():
                context = f"{plural(event.context_files, 'file')}, {size(event.context_bytes)}"
                again = f", attempt {event.attempt}" if event.attempt > 1 else ""
                yield self._row(event.image, "build", f"{event.reason} ({context}{again})")
            case ev.ImageRetagged():
                yield self._row(event.image, "tag", f"{event.reason} ({short(event.digest)})")
            case ev.ImageBuilt():
                steps = f"{plural(event.steps, 'step')}, {event.cached_steps} from the cache"
                yield self._row(event.image, "built", f"{steps}, {seconds(event.seconds)}")
            case ev.ImagePushed():
                yield self._row(event.image, "pushed", f"{event.ref} {short(event.digest)}, {seconds(event.seconds)}")
            case ev.ImageFinished():
                yield self._row(event.image, "done", seconds(event.seconds))
            case ev.ImageBlocked():
                yield self._row(event.image, "blocked", event.by)
            case ev.ImageCancelled():
                yield self._row(event.image, "stopped", event.reason)
            case ev.RetryScheduled():
                yield self._row(
                    event.image,
                    "retry",
                    f"in {seconds(event.delay)} (attempt {event.attempt}): {event.cause}",
                )

    def _step_lines(self, event: ev.StepMoved) -> Iterator[str]:
        if event.phase == "log":
            if self._verbose:
                yield self._row(event.image, "", f"| {event.title}")
        elif event.phase == "warning":
            yield self._row(event.image, "warning", event.title)
        elif not event.number and not self._verbose:
            # The engine's own steps, such as reading the context: nobody wrote them into the Dockerfile.
            return
        elif event.phase == "cached":
            yield self._row(event.image, "cached", brief(event.title))
        elif event.phase == "finished":
            yield self._row(event.image, "step", f"{brief(event.title)}, {seconds(event.seconds)}")
        elif event.phase == "started" and self._verbose:
            yield self._row(event.image, "start", brief(event.title))

    def _failure_lines(self, event: ev.ImageFailed) -> Iterator[str]:
        where = f" (at {event.worker})" if event.worker else ""
        yield self._row(event.image, "FAILED", f"{event.message}{where}")
        if event.line:
            yield f"    {event.dockerfile}:{event.line}: error: {event.instruction}"
        else:
            yield f"    {event.dockerfile}"
        yield from (f"    | {line}" for line in event.log_tail)
        if event.hint:
            yield f"    {event.hint}"
        if event.kind in {"step", "refused"} and event.log:
            yield f"    the full log: {event.log}"

    def _chart_lines(
        self, event: ev.ChartPackaged | ev.ImageAsked | ev.ChartVerified | ev.ChartUploaded | ev.ChartFailed
    ) -> Iterator[str]:
        match event:
            case ev.ChartPackaged():
                yield self._row(event.chart, "chart", f"{event.archive} ({event.by}, {seconds(event.seconds)})")
            case ev.ImageAsked():
                yield self._row(event.chart, event.state, event.ref)
            case ev.ChartVerified():
                elsewhere = f"; {event.platform + event.others} elsewhere" if event.platform + event.others else ""
                found = f"{plural(event.local, 'reference')} to the local registry, all there"
                yield self._row(event.chart, "verified", f"{found}{elsewhere} (by {event.by})")
            case ev.ChartUploaded():
                yield self._row(event.chart, "uploaded", f"to {event.url}: {event.answer}")
            case ev.ChartFailed():
                yield self._row(event.chart, "FAILED", event.message)
                yield from (f"    {line}" for line in event.hint.splitlines())


def _summary(event: ev.RunFinished) -> str:
    counts = (
        (event.built, "built"),
        (event.skipped, "unchanged"),
        (event.failed, "failed"),
        (event.blocked, "blocked"),
    )
    parts = [f"{count} {word}" for count, word in counts if count] or ["no images"]
    if event.charts:
        parts.append(plural(event.charts, "chart"))
    outcomes = {
        0: "",
        1: "; something failed",
        3: "; the sources have errors",
        4: "; out of reach",
        130: "; interrupted",
    }
    return f"{', '.join(parts)} in {seconds(event.seconds)}{outcomes.get(event.exit_code, '')}"
