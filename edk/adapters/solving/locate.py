"""Which line of a Dockerfile a step is about.

BuildKit names a step ``[stage n/m] KEYWORD arguments``, variables substituted; the classic builder counts all
instructions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from edk.domain.dockerfile.commands import read_commands
from edk.domain.dockerfile.lines import DockerfileError, LineReader

_COUNTED = frozenset({"FROM", "RUN", "COPY", "ADD", "WORKDIR"})
"""Instructions that BuildKit makes steps of."""
_STEP = re.compile(r"^\[(?:(?P<stage>[^\]]*?) )?(?P<number>\d+)/(?P<total>\d+)\] (?P<text>.*)$", re.DOTALL)
_VARIABLE = re.compile(r"\\?\$(?:\{[^}]*\}|\w+)")


@dataclass(frozen=True, slots=True)
class Statement:
    """An instruction as it stands, continuation lines joined."""

    keyword: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class StepName:
    """A step's title taken apart; `number` is 0 if it is none of the user's instructions."""

    stage: str
    number: int
    total: int
    text: str


@dataclass(frozen=True, slots=True)
class _Part:
    """A stage: its name as BuildKit says it, and the statements that are steps."""

    names: tuple[str, ...]
    steps: tuple[Statement, ...]


def parse_step_name(name: str) -> StepName:
    """Take ``[linux/amd64 build 2/3] RUN x`` apart."""
    found = _STEP.match(name)
    if found is None:
        return StepName("", 0, 0, name)
    words = (found["stage"] or "").split()
    stage = words[-1] if words and "/" not in words[-1] else ""
    return StepName(stage, int(found["number"]), int(found["total"]), found["text"])


class StepLocator:
    """Finds the lines of steps in one Dockerfile, given by its content."""

    def __init__(self, dockerfile: bytes) -> None:
        self.statements = tuple(_statements(dockerfile))
        self._parts = tuple(_parts(self.statements))

    def find(self, step: StepName) -> Statement | None:
        """Return the statement of a BuildKit step, None if it can't be told."""
        keyword = step.text.split(" ", 1)[0].upper()
        part = self._part(step.stage)
        if part is not None and len(part.steps) == step.total:
            statement = part.steps[step.number - 1] if 0 < step.number <= step.total else None
            if statement is not None and statement.keyword == keyword:
                return statement
        if part is not None and len(part.steps) == step.total + 1 and 0 < step.number <= step.total:
            # A FROM of another stage is no step.
            statement = part.steps[step.number]
            if statement.keyword == keyword and _alike(statement.text, step.text):
                return statement
        # ONBUILD of a base adds steps, and then numbers say nothing: the text has to do.
        among = part.steps if part is not None else self.statements
        alike = [one for one in among if one.keyword == keyword and _alike(one.text, step.text)]
        return alike[0] if len(alike) == 1 else None

    def from_of(self, ref: str) -> Statement | None:
        """Return the first statement that names an image."""
        return next((one for one in self.statements if ref and ref in one.text.split()), None)

    def _part(self, stage: str) -> _Part | None:
        if not stage:
            return self._parts[0] if len(self._parts) == 1 else None
        return next((part for part in reversed(self._parts) if stage.lower() in part.names), None)


def _parts(statements: Sequence[Statement]) -> Iterator[_Part]:
    starts = [index for index, one in enumerate(statements) if one.keyword == "FROM"]
    for stage, (start, end) in enumerate(zip(starts, [*starts[1:], len(statements)], strict=False)):
        words = statements[start].text.split()
        named = len(words) > 3 and words[-2].upper() == "AS"
        steps = tuple(one for one in statements[start:end] if one.keyword in _COUNTED)
        yield _Part((words[-1].lower(),) if named else (f"stage-{stage}",), steps)


def _statements(dockerfile: bytes) -> Iterator[Statement]:
    """Yield the instructions up to the first one that can't be read; no step is about what is behind it."""
    with suppress(DockerfileError):
        for command in read_commands(LineReader(dockerfile)):
            text = command.source.text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            yield Statement(command.keyword.upper(), " ".join(text.split()), command.line)


def _alike(written: str, shown: str) -> bool:
    """Whether an instruction could be shown so, with any values for its variables."""
    pattern = ".*".join(re.escape(part) for part in _VARIABLE.split(" ".join(written.split()[1:])))
    text = " ".join(shown.split()[1:])
    return re.fullmatch(pattern, text) is not None
