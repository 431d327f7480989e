"""What the rules want to know of a Dockerfile beyond its reading: where copies go, and where its labels stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from edk.domain.checking.comments import Mark, marks_in
from edk.domain.checking.model import line_starts, newline_of
from edk.domain.dockerfile.commands import Command, read_commands
from edk.domain.dockerfile.lines import DockerfileError, LineReader
from edk.domain.dockerfile.words import blank_separated, json_list, split_instruction


@dataclass(frozen=True, slots=True)
class Copied:
    """A COPY or ADD from the context.

    Args:
        line: from 1.
        sources: as written.
        destination: as written.
        start: byte offset of the destination; -1 if it is not written as one plain word.
        end: behind it.
    """

    line: int
    sources: tuple[str, ...]
    destination: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LabelLine:
    """A LABEL instruction of a stage: its pairs, and the byte range of its whole lines."""

    stage: int
    line: int
    start: int
    end: int
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DockerFacts:
    """What is known of one content.

    Args:
        digest: sha256 of the content.
        copies: of the last stage, in order.
        labels: of all stages, in order.
        behind_from: byte offset of the line behind the last FROM; -1 if there is none.
        newline: how lines end.
        ended: whether the last line is ended.
        size: of the content.
        marks: comments that suppress.
    """

    digest: str
    copies: tuple[Copied, ...] = ()
    labels: tuple[LabelLine, ...] = ()
    behind_from: int = -1
    newline: bytes = b"\n"
    ended: bool = True
    size: int = 0
    marks: tuple[Mark, ...] = ()


def read_docker_facts(content: bytes) -> DockerFacts:
    """Return the facts of a Dockerfile; of a broken one, the comments alone."""
    digest, marks = sha256(content).hexdigest(), marks_in(content)
    reader = LineReader(content)
    try:
        commands = list(read_commands(reader))
    except DockerfileError:
        return DockerFacts(digest, marks=marks)
    starts = line_starts(content)
    froms = [at for at, command in enumerate(commands) if command.keyword == "FROM"]
    if not froms:
        return DockerFacts(digest, marks=marks)
    last = commands[froms[-1]]
    return DockerFacts(
        digest,
        tuple(_copied(c, reader.escape) for c in commands[froms[-1] :] if _is_copy(c)),
        tuple(_labels(commands, froms, starts)),
        starts[last.end_line],
        newline_of(content),
        content.endswith(b"\n"),
        len(content),
        marks,
    )


def _is_copy(command: Command) -> bool:
    return command.keyword in ("COPY", "ADD") and command.flag("from") is None and not command.heredocs


def _copied(command: Command, escape: str) -> Copied:
    split = split_instruction(command.source.text, 0, escape)
    start = end = -1
    if json_list(split.rest) is None:
        word = blank_separated(split)[-1]
        if not set(word.text) & set("\"'$\\`"):
            start, end = command.source.offset(word.start), command.source.offset(word.end, end=True)
    return Copied(command.line, command.args[:-1], command.args[-1], start, end)


def _labels(commands: Sequence[Command], froms: Sequence[int], starts: Sequence[int]) -> list[LabelLine]:
    return [
        LabelLine(
            sum(at < index for at in froms) - 1,
            command.line,
            starts[command.line - 1],
            starts[command.end_line],
            tuple((_bare(name), _bare(value)) for name, value in command.pairs),
        )
        for index, command in enumerate(commands)
        if command.keyword == "LABEL" and index > froms[0]
    ]


def _bare(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
