"""The full log of each image in a file of its own, whose path the other surfaces print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from edk.domain import events as ev

if TYPE_CHECKING:
    from edk.ports import EventSink

MAX_LOG_BYTES = 64 << 20


class LogFiles:
    """Writes the steps and log lines of builds into the file that `ImageStarted` names.

    A log is bounded; a folder that can't be written to costs the logs, never the build.
    """

    def __init__(self) -> None:
        self._files: dict[str, BinaryIO] = {}
        self._written: dict[str, int] = {}

    def emit(self, event: ev.Event) -> None:
        """Write what belongs into a log."""
        match event:
            case ev.ImageStarted():
                self._open(event)
            case ev.StepMoved():
                prefix = "" if event.phase == "log" else f"#{event.step[-8:]} {event.phase}: "
                self._write(event.image, f"{prefix}{event.title}")
            case ev.ImagePushed():
                self._write(event.image, f"pushed {event.ref} {event.digest}")
            case ev.ImageFailed():
                self._write(event.image, f"failed: {event.message}")
                self._close(event.image)
            case ev.ImageFinished() | ev.ImageCancelled():
                self._close(event.image)

    def close(self) -> None:
        """Close every file."""
        for image in list(self._files):
            self._close(image)

    def _open(self, event: ev.ImageStarted) -> None:
        self._close(event.image)
        path = Path(event.log)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: `edk logs --follow` shows a line when it was said, also where a step is silent after it.
            file = path.open("ab" if event.attempt > 1 else "wb", buffering=0)
        except OSError:
            return
        self._files[event.image] = file
        # What earlier attempts wrote counts too.
        self._written[event.image] = file.tell()
        self._write(event.image, f"{event.dockerfile}: {event.reason}")

    def _write(self, image: str, line: str) -> None:
        file = self._files.get(image)
        written = self._written.get(image, 0)
        if file is None or written > MAX_LOG_BYTES:
            return
        data = f"{line}\n".encode("utf-8", "backslashreplace")
        self._written[image] = written + len(data)
        if self._written[image] > MAX_LOG_BYTES:
            data = f"the log is longer than {MAX_LOG_BYTES} bytes; the rest is left out\n".encode()
        try:
            file.write(data)
        except OSError:
            self._close(image)

    def _close(self, image: str) -> None:
        file = self._files.pop(image, None)
        if file is not None:
            try:
                file.close()
            except OSError:
                return


class Fanout:
    """Hands each event to several sinks."""

    def __init__(self, *sinks: EventSink) -> None:
        self._sinks = sinks

    def emit(self, event: ev.Event) -> None:
        """Hand one event on."""
        for sink in self._sinks:
            sink.emit(event)

    def close(self) -> None:
        """Close all of them."""
        for sink in self._sinks:
            sink.close()
