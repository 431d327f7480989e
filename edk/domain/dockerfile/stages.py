"""Walking the stages of a Dockerfile: what they are built from, use, carry and leave to their children."""

from __future__ import annotations

from collections.abc import Mapping

from edk.domain.dockerfile.commands import Command
from edk.domain.dockerfile.lines import DockerfileError
from edk.domain.dockerfile.model import ArgDeclaration, ImageUse, Label
from edk.domain.dockerfile.scope import DEFAULT_PATH, Expanded, Scope, platform_args
from edk.domain.dockerfile.shellpatterns import ShellError
from edk.domain.dockerfile.uses import copy_uses, mount_uses
from edk.domain.dockerfile.walked import SCRATCH, Built, Finding, Walk


def walk(
    commands: tuple[Command, ...],
    escape: str,
    build_args: Mapping[str, str],
    platform: str,
    build_platform: str,
) -> Walk:
    """Walk all instructions.

    Raises:
        DockerfileError: if another instruction than ARG comes before the first FROM, or there is no FROM.
    """
    starts = [at for at, command in enumerate(commands) if command.keyword == "FROM"]
    for command in commands[: starts[0] if starts else None]:
        if command.keyword != "ARG":
            raise DockerfileError("no build stage in current context", command.line, "stageless")
    if not starts:
        raise DockerfileError("dockerfile contains no stages to build", 0, "stageless")
    names = {name: at for at, start in enumerate(starts) if (name := _stage_name(commands[start]))}
    last = _stage_name(commands[starts[-1]])
    declared = platform_args(platform, build_platform, last, build_args)
    found = Walk(build_args, Scope(escape, declared), names)
    for command in commands[: starts[0]]:
        _arg(found, command, found.globals, -1)
    earlier: dict[str, int] = {}
    for index, start in enumerate(starts):
        end = starts[index + 1] if index + 1 < len(starts) else len(commands)
        stage = _begin(found, commands[start], commands[start + 1 : end], index, earlier)
        found.stages.append(stage)
        if stage.name:
            earlier[stage.name] = index
        _instructions(found, stage)
    return found


def _stage_name(command: Command) -> str:
    return command.words[2].text.lower() if len(command.words) == 3 else ""


def _begin(found: Walk, command: Command, body: tuple[Command, ...], index: int, earlier: Mapping[str, int]) -> Built:
    word = command.words[0]
    base, platform = Expanded(""), Expanded("")
    try:
        base = found.globals.expand(word.text)
        flag = command.flag("platform")
        platform = found.globals.expand((flag and flag.value) or "")
        if not base.text:
            undefined = ", ".join(base.unset)
            message = f"base name ({word.text}) should not be blank" + f": {undefined} has no value" * bool(undefined)
            found.findings.append(Finding("undefined", command.line, message))
        elif flag and not platform.text:
            found.findings.append(
                Finding("undefined", command.line, f"empty platform value from expression {flag.value}")
            )
    except ShellError as error:
        found.findings.append(Finding("shell", command.line, str(error)))
    base_stage = earlier.get(base.text, -1)
    if base_stage >= 0:
        parent = found.stages[base_stage]
        stage = Built(index, _stage_name(command), base.text, base_stage, command.line, parent.scope.child(), body)
        stage.labels = dict(parent.labels)
        stage.needs.add(base_stage)
        stage.commands = (*parent.triggers, *body)
        return stage
    scope = Scope(found.globals.escape, {}, {}, open=base.text != SCRATCH)
    if base.text == SCRATCH:
        scope.set("PATH", Expanded(DEFAULT_PATH), env=True)
    elif base.text:
        start, end = command.source.offset(word.start), command.source.offset(word.end, end=True)
        found.images.append(
            ImageUse("from", index, word.text, base.text, command.line, start, end, True, platform.text)
        )
        if base.unset:
            found.findings.append(Finding("unset", command.line, ", ".join(base.unset), index))
    return Built(index, _stage_name(command), base.text, -1, command.line, scope, body)


def _instructions(found: Walk, stage: Built) -> None:
    for command in stage.commands:
        try:
            _instruction(found, stage, command)
        except ShellError as error:
            found.findings.append(Finding("shell", command.line, str(error), stage.index))
        except DockerfileError as error:
            found.findings.append(Finding(error.kind, command.line, error.message, stage.index))


def _instruction(found: Walk, stage: Built, command: Command) -> None:
    if command.keyword == "ARG":
        _arg(found, command, stage.scope, stage.index)
    elif command.keyword == "ENV":
        expanded = [(stage.scope.expand(n), stage.scope.expand(v)) for n, v in command.pairs]
        for name, value in expanded:
            stage.scope.set(name.text, value, env=True)
    elif command.keyword == "LABEL":
        for name, value in [(stage.scope.expand(n), stage.scope.expand(v)) for n, v in command.pairs]:
            label = Label(name.text, value.text, stage.index, command.line, name.exact and value.exact)
            stage.labels[label.name] = label
            found.labels.append(label)
    elif command.keyword in ("COPY", "ADD"):
        copy_uses(found, stage, command)
    elif command.keyword == "RUN":
        for flag in command.flags:
            if flag.name == "mount":
                mount_uses(found, stage, command, flag)
    elif command.trigger:
        stage.triggers.append(command.trigger)


def _arg(found: Walk, command: Command, scope: Scope, stage: int) -> None:
    for written in command.args:
        name, equals, default = written.partition("=")
        value: Expanded | None = None
        try:
            value = scope.expand(default) if equals else None
        except ShellError as error:
            if name not in found.build_args:
                found.findings.append(Finding("shell", command.line, str(error), stage))
        found.args.append(ArgDeclaration(name, value.text if value else None, stage, command.line))
        if name in found.build_args:
            value = Expanded(found.build_args[name])
        elif value is None and name in found.globals.values:
            value = Expanded(found.globals.values[name])
        if value is not None:
            scope.set(name, value, env=False)
