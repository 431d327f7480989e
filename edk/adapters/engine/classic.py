"""The classic builder's reply: its steps exist as text only, and this is the one place that reads it.

The text is that of Docker's ``builder/dockerfile``: ``Step 2/5 : RUN x``, `` ---> Using cache``,
`` ---> Running in <container>``, `` ---> <image>``. What comes between the last two is what the step printed,
stderr in red.
Podman's compatible reply counts ``STEP 2/5: RUN x`` and prints ``--> Using cache <image>``.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from edk.adapters.solving.locate import Statement
from edk.adapters.solving.loglines import LogLines, Tail
from edk.adapters.solving.steps import FailedStep, is_base
from edk.domain.requests import StepProgress

_STEP = re.compile(r"^(?:\[\d+/\d+\] )?S(?:tep|TEP) (\d+)/(\d+) ?: (.*)$")
_CACHED = re.compile(r"^ ?-{2,3}> Using cache")
_MARK = re.compile(
    r"^( ?---> (Running in )?[0-9a-f]{12,64}|--> [0-9a-f]{10,64}|Removing intermediate container [0-9a-f]+"
    r"|Successfully (built|tagged) .*|COMMIT .*)$"
)
_RED, _PLAIN = "\x1b[91m", "\x1b[0m"


@dataclass(slots=True)
class _Step:
    number: int
    total: int
    text: str
    statement: Statement | None
    cached: bool = False
    began: float = field(default_factory=time.monotonic)
    tail: Tail = field(default_factory=Tail)


class ClassicBoard:
    """Follows the steps of one build of the classic builder.

    Args:
        statements: of the Dockerfile, in its order; the classic builder counts them all.
        progress: told of everything.
    """

    def __init__(self, statements: Sequence[Statement], progress: Callable[[StepProgress], None]) -> None:
        self._statements = statements
        self._progress = progress
        self._out, self._err = LogLines(), LogLines()
        self._step: _Step | None = None
        self._done = self._cached = 0
        self._image_id = ""
        self._last = True

    def take(self, text: str) -> None:
        """Take the ``stream`` of one message."""
        if text.startswith(_RED):
            printed = text.removeprefix(_RED).removesuffix(_PLAIN)
            for line in self._err.take(printed.encode("utf-8", "backslashreplace")):
                self._printed(line, "err")
            return
        whole = text.rstrip("\n")
        if _MARK.match(whole) or _STEP.match(whole):
            # The builder's own words come as messages of their own, also behind a line that has no end.
            self._end_line()
        for line in self._out.take(text.encode("utf-8", "backslashreplace")):
            self._line(line)

    def end(self, failed: bool) -> None:
        """End the last step."""
        self._end_line()
        self._close("failed" if failed else "")

    def told_image(self, image_id: str) -> None:
        """Take an image that the engine told; each stage tells one when it ends."""
        self._image_id = image_id

    def image_id(self) -> str:
        """Return the image told behind the last step; empty if none was."""
        return self._image_id if self._last else ""

    def counts(self) -> tuple[int, int]:
        """Return how many steps but FROM there were, and how many came from the cache."""
        return self._done, self._cached

    def failed(self, error: str) -> FailedStep | None:
        """Return the step that the build was at, None before the first."""
        step = self._step
        return None if step is None else FailedStep(_title(step), step.statement, error, step.tail.lines())

    def _end_line(self) -> None:
        for line in self._out.end():
            self._line(line)

    def _line(self, line: str) -> None:
        found = _STEP.match(line)
        if found is not None:
            self._close("")
            self._open(int(found[1]), int(found[2]), found[3])
        elif _CACHED.match(line):
            if self._step is not None:
                self._step.cached = True
        elif not _MARK.match(line):
            self._printed(line, "out")

    def _open(self, number: int, total: int, text: str) -> None:
        statement = self._statements[number - 1] if number <= len(self._statements) else None
        if statement is not None and statement.keyword != text.split(" ", 1)[0].upper():
            statement = None
        self._last, self._image_id = number == total, ""
        self._step = _Step(number, total, text, statement)
        self._tell("started", _title(self._step))

    def _close(self, failed: str) -> None:
        if self._step is None:
            return
        for line in self._err.end():
            self._printed(line, "err")
        if not is_base(self._step.text):
            self._done += 1
            self._cached += self._step.cached
        phase: Literal["failed", "cached", "finished"] = "cached" if self._step.cached else "finished"
        seconds = time.monotonic() - self._step.began
        self._tell("failed" if failed else phase, _title(self._step), seconds=seconds)
        if not failed:
            self._step = None

    def _printed(self, line: str, stream: Literal["out", "err"]) -> None:
        if self._step is not None:
            self._step.tail.add(line)
        if line:
            self._tell("log", line, stream)

    def _tell(
        self,
        phase: Literal["started", "cached", "finished", "failed", "log"],
        title: str,
        stream: Literal["", "out", "err"] = "",
        seconds: float = 0.0,
    ) -> None:
        step = self._step
        if step is None:
            self._progress(StepProgress("", phase, title, stream=stream))
            return
        line = step.statement.line if step.statement else 0
        self._progress(StepProgress(str(step.number), phase, title, line, step.number, step.total, stream, seconds))


def _title(step: _Step) -> str:
    return f"[{step.number}/{step.total}] {step.text}"
