"""Reading a Dockerfile: from its bytes to everything that the EDK wants to know of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from msgspec.structs import replace

from edk.domain.codes import dockerfiles as codes
from edk.domain.diagnostics import Code, Diagnostic
from edk.domain.dockerfile.commands import Command, read_commands
from edk.domain.dockerfile.lines import MAX_BYTES, DockerfileError, LineReader
from edk.domain.dockerfile.model import DockerfileReading, ImageUse, Instruction, Stage
from edk.domain.dockerfile.secrets import secrets_in
from edk.domain.dockerfile.stages import walk
from edk.domain.dockerfile.walked import Walk

DEFAULT_PLATFORM = "linux/amd64"
NO_ARGS: Mapping[str, str] = MappingProxyType({})

_ALLOWED_SYNTAX = re.compile(
    r"(?:docker\.io/)?docker/dockerfile(?:-upstream)?(?::[\w][\w.-]*)?(?:@sha256:[0-9a-f]{64})?", re.ASCII
)
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = rf"(?:localhost|{_LABEL}(?:\.{_LABEL})+|{_LABEL}(?=:)|\[[a-fA-F0-9:]+\])"
_REFERENCE = re.compile(
    rf"(?:{_HOST}(?::[0-9]+)?/)?{_PART}(?:/{_PART})*(?::[\w][\w.-]{{0,127}})?"
    r"(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)
_MAX_REFERENCE = 600
_KINDS: dict[str, Code] = {
    "syntax": codes.NOT_PARSED,
    "unknown": codes.UNKNOWN_INSTRUCTION,
    "long": codes.LONG_LINE,
    "stageless": codes.NO_STAGE,
    "shell": codes.BAD_SUBSTITUTION,
    "undefined": codes.UNDEFINED_ARG,
    "stage": codes.BAD_STAGE,
}


def read_dockerfile(
    content: bytes,
    build_args: Mapping[str, str] = NO_ARGS,
    platform: str = DEFAULT_PLATFORM,
    build_platform: str = DEFAULT_PLATFORM,
) -> DockerfileReading:
    """Read a Dockerfile as the engine does.

    Args:
        content: the file; anything may be in it.
        build_args: of ``--build-arg``; only those that the file declares have an effect.
        platform: that is built for.
        build_platform: that the engine runs on.

    Returns:
        The reading; what is wrong stands in its diagnostics, with an empty file name.
    """
    if len(content) > MAX_BYTES:
        message = f"the Dockerfile has {len(content)} bytes; at most {MAX_BYTES} are read"
        return DockerfileReading(False, diagnostics=(codes.TOO_LARGE.at("", 0, message),))
    reader = LineReader(content)
    commands: list[Command] = []
    try:
        commands.extend(read_commands(reader))
        if not commands:
            raise DockerfileError("file with no instructions", 0, "stageless")
        found = walk(tuple(commands), reader.escape, build_args, platform, build_platform)
    except DockerfileError as error:
        problem = _KINDS[error.kind].at("", error.line, error.message)
        return DockerfileReading(False, _instructions(commands), diagnostics=(problem,))
    return _reading(reader, commands, found)


def _reading(reader: LineReader, commands: list[Command], found: Walk) -> DockerfileReading:
    needed = _needed(found, len(found.stages) - 1)
    final = found.stages[-1]
    images = tuple(replace(use, needed=use.stage in needed) for use in found.images)
    syntax = next((d for d in reader.directives if d.name == "syntax"), None)
    return DockerfileReading(
        parsed=True,
        instructions=_instructions(commands),
        stages=tuple(Stage(s.index, s.name, s.base, s.base_stage, s.line, s.index in needed) for s in found.stages),
        images=images,
        context=tuple(replace(use, needed=use.stage in needed) for use in found.context),
        labels=tuple(final.labels.values()),
        all_labels=tuple(found.labels),
        args=tuple(found.args),
        syntax=syntax.value.split(" ")[0] if syntax else "",
        syntax_line=syntax.line if syntax else 0,
        escape=reader.escape,
        onbuild=tuple(command.source.text for command in final.triggers),
        features=_features(commands),
        diagnostics=_diagnostics(reader, commands, found, needed, images),
    )


def _instructions(commands: Iterable[Command]) -> tuple[Instruction, ...]:
    return tuple(Instruction(c.keyword, c.source.text.strip(), c.line, c.end_line) for c in commands)


def _needed(found: Walk, stage: int) -> frozenset[int]:
    """Return the stages that one is built from, copies from or mounts from, and itself."""
    later = {user: used for user, used, _ in found.later if used < len(found.stages)}
    reached: set[int] = set()
    todo = [stage]
    while todo:
        at = todo.pop()
        if at not in reached:
            reached.add(at)
            todo.extend(found.stages[at].needs)
            todo.extend([later[at]] if at in later else [])
    return frozenset(reached)


def _circles(found: Walk) -> list[Diagnostic]:
    """Return where stages need each other in a circle: the engine refuses those in any stage."""
    return [
        codes.BAD_STAGE.at("", line, f"circular dependency detected on stage: {found.stages[user].name or user}")
        for user, used, line in found.later
        if used < len(found.stages) and user in _needed(found, used)
    ]


def _features(commands: Iterable[Command]) -> tuple[str, ...]:
    used: set[str] = set()
    for written in commands:
        command = written.trigger or written
        if command.heredocs:
            used.add("heredoc")
        for flag in command.flags:
            if flag.name in ("link", "chmod", "parents", "exclude"):
                used.add(flag.name)
            elif flag.name == "mount":
                used.add("mount")
                kinds = re.findall(r"(?:^|,)type=(secret|ssh)(?:,|$)", (flag.value or "").lower())
                used.update(kinds)
    return tuple(sorted(used))


def _diagnostics(
    reader: LineReader,
    commands: list[Command],
    found: Walk,
    needed: frozenset[int],
    images: tuple[ImageUse, ...],
) -> tuple[Diagnostic, ...]:
    out = [
        codes.FOREIGN_SYNTAX.at("", d.line, f"# syntax={d.value} is not allowed and is left out")
        for d in reader.directives
        if d.name == "syntax" and not _ALLOWED_SYNTAX.fullmatch(d.value.split(" ")[0])
    ]
    out += [
        codes.EMPTY_CONTINUATION.at("", c.source.gap_line, f"empty line inside {c.keyword}")
        for c in commands
        if c.source.gap_line
    ]
    refused = {finding.line for finding in found.findings if finding.kind in _KINDS}
    unset = {finding.line: finding.message for finding in found.findings if finding.kind == "unset"}
    for finding in found.findings:
        if finding.kind in _KINDS and (finding.stage < 0 or finding.stage in needed):
            out.append(_KINDS[finding.kind].at("", finding.line, finding.message))
        elif finding.kind == "remote" and finding.stage in needed:
            out.append(codes.REMOTE_SOURCE.at("", finding.line, f"ADD fetches {finding.message}"))
    for use in images:
        if use.line not in refused:
            out.extend(_about_image(use, unset.get(use.line, "") if use.how == "from" else ""))
    out += [problem for problem in _circles(found) if problem.line not in {each.line for each in out}]
    out += _about_labels(found)
    out += [
        codes.WHOLE_CONTEXT.at("", use.line, "which files this line uses is only known to the base image")
        for use in found.context
        if not use.exact and use.stage in needed
    ]
    out += secrets_in(commands)
    return tuple(sorted(out, key=lambda diagnostic: diagnostic.line))


def _about_image(use: ImageUse, unset: str) -> list[Diagnostic]:
    valid = len(use.ref) <= _MAX_REFERENCE and _REFERENCE.fullmatch(use.ref)
    if valid and unset:
        return [codes.UNSET_ARG.at("", use.line, f"{use.written} is read as {use.ref}: {unset} has no value")]
    if valid:
        return []
    if unset:
        message = f"{use.written} is read as {use.ref}, which is no image reference: {unset} has no value"
        return [codes.UNDEFINED_ARG.at("", use.line, message)]
    return [codes.INVALID_REFERENCE.at("", use.line, f"{use.ref!r} is no valid image reference")]


def _about_labels(found: Walk) -> list[Diagnostic]:
    wanted = ("IMAGE", "VERSION", "REGISTRY", "BUILD_IGNORE")
    out = [
        codes.OPEN_LABEL.at("", label.line, f"the value of {label.name} depends on the base image")
        for label in found.labels
        if label.name in wanted and not label.exact
    ]
    names = {label.value: label.line for label in found.labels if label.name == "IMAGE"}
    if len(names) > 1:
        listed = ", ".join(names)
        out.append(codes.SEVERAL_NAMES.at("", max(names.values()), f"LABEL IMAGE has several values: {listed}"))
    return out
