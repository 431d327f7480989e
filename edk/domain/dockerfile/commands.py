"""Typed instructions: what each one must look like, and what of it matters here."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from edk.domain.dockerfile.lines import GO_SPACE, DockerfileError, LineReader, LogicalLine
from edk.domain.dockerfile.shell import WordLexer
from edk.domain.dockerfile.shellpatterns import ShellError
from edk.domain.dockerfile.words import (
    Flag,
    Split,
    Word,
    blank_separated,
    json_list,
    pairs,
    quoted_words,
    split_instruction,
)

_NO_FLAGS: frozenset[str] = frozenset()
_BOOLEAN = frozenset({"link", "parents", "keep-git-dir", "unpack"})
_REPEATED = frozenset({"mount", "exclude", "device"})
_FLAGS: dict[str, frozenset[str]] = {
    "FROM": frozenset({"platform"}),
    "COPY": frozenset({"from", "chown", "chmod", "link", "parents", "exclude"}),
    "ADD": frozenset({"chown", "chmod", "link", "exclude", "keep-git-dir", "checksum", "unpack"}),
    "RUN": frozenset({"mount", "network", "security", "device"}),
    "HEALTHCHECK": frozenset({"interval", "timeout", "start-period", "start-interval", "retries"}),
}
_UNCHECKED = frozenset({"ARG", "STOPSIGNAL"})
_EXACTLY_ONE = frozenset({"MAINTAINER", "USER", "WORKDIR", "STOPSIGNAL"})
_AT_LEAST_ONE = frozenset({"EXPOSE", "VOLUME", "HEALTHCHECK", "ARG", "SHELL", "ONBUILD"})
KEYWORDS = _EXACTLY_ONE | _AT_LEAST_ONE | {"FROM", "COPY", "ADD", "RUN", "CMD", "ENTRYPOINT", "ENV", "LABEL"}
_STAGE_NAME = re.compile(r"[a-z][a-z0-9-_.]*")
_HEREDOC = re.compile(r"\d*<<(-?)[\t\n\f\r ]*([^<]*)")


@dataclass(frozen=True, slots=True)
class Heredoc:
    """The announcement of a heredoc; `chomp` is ``<<-``."""

    name: str
    chomp: bool


@dataclass(frozen=True, slots=True)
class Command:
    """One instruction, checked.

    Args:
        keyword: upper case.
        flags: in their order.
        words: of FROM, with their places.
        args: of COPY and ADD: sources and destination; of ARG: as written.
        pairs: of ENV and LABEL, unexpanded.
        heredocs: announced by it.
        trigger: the instruction behind ONBUILD.
        line: from 1.
        source: the text that the places are indices of.
    """

    keyword: str
    line: int
    end_line: int
    source: LogicalLine
    flags: tuple[Flag, ...] = ()
    words: tuple[Word, ...] = ()
    args: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    heredocs: tuple[Heredoc, ...] = ()
    trigger: Command | None = None

    def flag(self, name: str) -> Flag | None:
        """Return the last flag of a name."""
        return next((flag for flag in reversed(self.flags) if flag.name == name), None)


def read_commands(reader: LineReader) -> Iterator[Command]:
    """Yield the instructions of a Dockerfile.

    Raises:
        DockerfileError: where the engine would refuse to parse.
    """
    for line in reader.logical_lines():
        try:
            yield _command(line, 0, reader)
        except DockerfileError as error:
            if not error.line:
                error.line = line.line
            raise


def _command(line: LogicalLine, start: int, reader: LineReader) -> Command:
    split = split_instruction(line.text, start, reader.escape)
    keyword = split.keyword.upper()
    if keyword not in KEYWORDS:
        near = difflib.get_close_matches(keyword, sorted(KEYWORDS), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise DockerfileError(f"unknown instruction: {split.keyword}{hint}", kind="unknown")
    _check_flags(keyword, split.flags)
    words: tuple[Word, ...] = ()
    args: tuple[str, ...] = ()
    found: tuple[tuple[str, str], ...] = ()
    heredocs: tuple[Heredoc, ...] = ()
    trigger: Command | None = None
    if keyword == "FROM":
        words = _from_words(split)
    elif keyword in ("LABEL", "ENV"):
        found = pairs(split.rest, reader.escape, keyword)
    elif keyword in ("COPY", "ADD", "RUN"):
        listed = json_list(split.rest)
        if listed is None:
            heredocs = _heredocs(line.text[start:], reader)
        args = listed if listed is not None else tuple(word.text for word in blank_separated(split))
        if keyword != "RUN":
            args = _sources(keyword, args)
    elif keyword == "ONBUILD" and split.rest:
        trigger = _trigger(line, split, reader)
    else:
        args = _checked(keyword, split, reader.escape)
    return Command(
        keyword, line.line, max(line.end_line, reader.line if heredocs else 0), line, split.flags,
        words, args, found, heredocs, trigger,
    )  # fmt: skip


def _trigger(line: LogicalLine, split: Split, reader: LineReader) -> Command:
    keyword = split.rest.split(maxsplit=1)[0].upper()
    if keyword == "ONBUILD":
        raise DockerfileError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    if keyword in ("MAINTAINER", "FROM"):
        raise DockerfileError(f"{keyword} isn't allowed as an ONBUILD trigger")
    return _command(line, split.start, reader)


def _from_words(split: Split) -> tuple[Word, ...]:
    words = blank_separated(split)
    if len(words) == 3 and words[1].text.lower() == "as":
        if not _STAGE_NAME.fullmatch(words[2].text.lower()):
            raise DockerfileError(
                f'invalid name for build stage: "{words[2].text}", name can\'t start with a number or contain symbols'
            )
    elif len(words) != 1:
        raise DockerfileError("FROM requires either one or three arguments")
    return words


def _sources(keyword: str, args: tuple[str, ...]) -> tuple[str, ...]:
    if len(args) < 2:
        raise DockerfileError(
            f"{keyword} requires at least two arguments, but only one was provided. Destination could not be determined"
        )
    if heredoc_of(args[-1]):
        raise DockerfileError(f"{keyword} cannot accept a heredoc as a destination")
    return args


def _checked(keyword: str, split: Split, escape: str) -> tuple[str, ...]:
    """Check the instructions of which only the form matters; return the words of ARG."""
    if not split.rest:
        if keyword in _EXACTLY_ONE:
            raise DockerfileError(f"{keyword} requires exactly one argument")
        if keyword in _AT_LEAST_ONE:
            raise DockerfileError(f"{keyword} requires at least one argument")
        return ()
    if keyword == "ARG":
        args = tuple(quoted_words(split.rest, escape))
        if any(arg.startswith("=") for arg in args):
            raise DockerfileError("ARG names can not be blank")
        return args
    listed = json_list(split.rest) if keyword in ("CMD", "ENTRYPOINT", "VOLUME", "SHELL") else None
    if keyword == "SHELL" and not listed:
        raise DockerfileError(f"SHELL requires the arguments to be in JSON form: {split.rest}")
    if keyword == "VOLUME" and listed is not None and not all(v.strip(GO_SPACE) for v in listed or ("",)):
        raise DockerfileError("VOLUME specified can not be an empty string")
    if keyword == "HEALTHCHECK":
        _check_health(split.rest)
    return ()


def _check_health(rest: str) -> None:
    kind, _, command = rest.partition(" ")
    if kind.upper() == "NONE":
        if command.strip(GO_SPACE):
            raise DockerfileError("HEALTHCHECK NONE takes no arguments")
    elif kind.upper() != "CMD":
        raise DockerfileError(f'Unknown type "{kind.upper()}" in HEALTHCHECK (try CMD)')
    elif not command.strip(GO_SPACE):
        raise DockerfileError("Missing command after HEALTHCHECK CMD")


def _check_flags(keyword: str, flags: tuple[Flag, ...]) -> None:
    if keyword in _UNCHECKED:
        return
    known = _FLAGS.get(keyword, _NO_FLAGS)
    seen: set[str] = set()
    for flag in flags:
        if flag.name not in known:
            raise DockerfileError(f"unknown flag: --{flag.name}")
        if flag.name in seen and flag.name not in _REPEATED:
            raise DockerfileError(f"duplicate flag specified: --{flag.name}")
        seen.add(flag.name)
        if flag.name in _BOOLEAN:
            if flag.value == "":
                raise DockerfileError(f"missing a value on flag: --{flag.name}")
            if (flag.value or "true").lower() not in ("true", "false"):
                raise DockerfileError(f"expecting boolean value for flag --{flag.name}, not: {flag.value}")
        elif flag.value is None:
            raise DockerfileError(f"missing a value on flag: --{flag.name}")


def _heredocs(text: str, reader: LineReader) -> tuple[Heredoc, ...]:
    """Find the heredocs that a line announces and skip their bodies."""
    if "<<" not in text:
        return ()
    lexer = WordLexer(text, {}, raw_quotes=True, raw_escapes=True, skip_unset=True)
    try:
        words = lexer.words()
    except ShellError:
        return ()
    found = tuple(doc for word in words if (doc := heredoc_of(word)))
    for doc in found:
        if not reader.heredoc_body(doc.name, doc.chomp):
            raise DockerfileError("unterminated heredoc")
    return found


def heredoc_of(word: str) -> Heredoc | None:
    """Return the heredoc that a word such as ``<<-"EOF"`` announces."""
    match = _HEREDOC.fullmatch(word) if "<<" in word else None
    if match is None or not match[2]:
        return None
    try:
        names = WordLexer(match[2], {}, skip_unset=True).words()
    except ShellError:
        return None
    return Heredoc(names[0], bool(match[1])) if len(names) == 1 else None
