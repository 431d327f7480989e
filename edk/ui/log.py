"""The log: what happened, as structlog's JSON lines in ``edk.log`` of the state folder, and on stderr on request.

Names of log events are constants such as ``image_failed``; facts are keys. Lines of builds are not in it, for each
image has a log of its own.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from edk.domain import archive_events as archives
from edk.domain import events as ev

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger, Processor

MAX_BYTES = 4 << 20
_QUIET = (
    *(ev.StepMoved, ev.PushMoved, ev.SourcesRead, ev.PlanMade, ev.ImageSkipped, ev.ImageHeld),
    archives.TransferMoved,
)
_WORSE: dict[type, str] = {
    ev.ImageFailed: "error",
    ev.ChartFailed: "error",
    ev.ImageBlocked: "warning",
    ev.RetryScheduled: "warning",
    ev.DiagnosticFound: "warning",
}
_WORD = re.compile(r"(?<!^)(?=[A-Z])")


class EventLog:
    """Writes events into the log.

    structlog is imported with the first event that is worth a line, so that a run with nothing to do does
    not pay for it. A log that can't be written costs the log, never the run.

    Args:
        path: of the file; one that grew too large is put aside as ``.1`` first.
        stderr: show every event on stderr too, those of builds included.
    """

    def __init__(self, path: str, *, stderr: bool = False) -> None:
        self._path = Path(path)
        self._stderr = stderr
        self._files: list[TextIO] = []
        self._loggers: list[FilteringBoundLogger] | None = None

    def emit(self, event: ev.Event) -> None:
        """Write one event."""
        if not self._stderr and (isinstance(event, _QUIET) or self._is_end_of_nothing(event)):
            return
        if self._loggers is None:
            self._loggers = self._open()
        import msgspec

        name = _WORD.sub("_", type(event).__name__).lower()
        facts: dict[str, Any] = msgspec.to_builtins(event)
        facts = {f"{key}_" if key in {"event", "level", "timestamp"} else key: value for key, value in facts.items()}
        for logger in self._loggers:
            try:
                getattr(logger, _WORSE.get(type(event), "info"))(name, **facts)
            except OSError:  # a full disk, or nobody who reads stderr
                continue

    def _is_end_of_nothing(self, event: ev.Event) -> bool:
        return self._loggers is None and isinstance(event, ev.RunFinished) and event.exit_code == 0

    def close(self) -> None:
        """Close the file."""
        for file in self._files:
            try:
                file.close()
            except OSError:
                continue
        self._files.clear()

    def _open(self) -> list[FilteringBoundLogger]:
        import structlog

        stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
        before: list[Processor] = [structlog.processors.add_log_level, stamp]
        loggers: list[FilteringBoundLogger] = []
        file = self._file()
        if file is not None:
            self._files.append(file)
            to_json = structlog.processors.JSONRenderer()
            loggers.append(
                structlog.wrap_logger(structlog.WriteLogger(file), [*before, to_json]).bind(process=os.getpid())
            )
        if self._stderr:
            to_text = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
            loggers.append(structlog.wrap_logger(structlog.WriteLogger(sys.stderr), [*before, to_text]))
        return loggers

    def _file(self) -> TextIO | None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._path.exists() and self._path.stat().st_size > MAX_BYTES:
                self._path.replace(f"{self._path}.1")
            return self._path.open("a", encoding="utf-8", errors="backslashreplace")
        except OSError:
            return None
