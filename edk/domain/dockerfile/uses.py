"""What instructions use: files of the context, other images, earlier stages."""

from __future__ import annotations

from typing import Literal

from edk.domain.dockerfile.commands import Command, heredoc_of
from edk.domain.dockerfile.globs import clean, has_wildcard, literal_prefix
from edk.domain.dockerfile.lines import DockerfileError
from edk.domain.dockerfile.model import ContextUse, ImageUse
from edk.domain.dockerfile.mounts import read_mount
from edk.domain.dockerfile.walked import SCRATCH, Built, Finding, Walk
from edk.domain.dockerfile.words import Flag

REMOTE = ("http://", "https://", "git://", "ssh://", "git@")


def copy_uses(found: Walk, stage: Built, command: Command) -> None:
    """Note what a COPY or ADD takes from the context, a stage or an image.

    Raises:
        DockerfileError: if it copies from a stage that the engine does not find.
        ShellError: for a substitution that the engine refuses.
    """
    origin = command.flag("from")
    if origin and origin.value:
        _copy_from(found, stage, command, origin, origin.value)
        return
    local = [source for source in command.args[:-1] if not heredoc_of(source)]
    if command.keyword == "ADD":
        remote = [source for source in local if source.startswith(REMOTE)]
        local = [source for source in local if not source.startswith(REMOTE)]
        for source in remote:
            found.findings.append(Finding("remote", command.line, source, stage.index))
    parents = command.flag("parents")
    with_parents = parents is not None and (parents.value or "true").lower() == "true"
    expanded = [stage.scope.expand(source) for source in local]
    if command.keyword == "ADD":
        expanded = [source for source in expanded if not source.text.startswith(REMOTE)]
    if not expanded:
        return
    sources = tuple(_source(source.text, parents=with_parents) for source in expanded)
    excludes = tuple(flag.value or "" for flag in command.flags if flag.name == "exclude")
    exact = all(source.exact for source in expanded)
    how: Literal["copy", "add"] = "copy" if command.keyword == "COPY" else "add"
    found.context.append(ContextUse(how, stage.index, command.line, sources, excludes, exact, True, with_parents))


def _source(text: str, *, parents: bool) -> str:
    path = clean(text)
    if parents and has_wildcard(path):
        # Its patterns are those of .dockerignore files, with **: all below the last plain folder counts.
        return literal_prefix(path) or "."
    return path


def _copy_from(found: Walk, stage: Built, command: Command, flag: Flag, origin: str) -> None:
    if "$" in origin[:-1]:
        raise DockerfileError(
            "variable expansion is not supported for --from, define a new stage with FROM using ARG from "
            "global scope as a workaround",
            kind="stage",
        )
    index = int(origin) if origin.isascii() and origin.isdigit() else found.names.get(origin.lower(), -1)
    if index >= 0:
        if index >= stage.index:
            found.later.append((stage.index, index, command.line))
            raise DockerfileError(
                f'cannot copy from stage "{origin}", it needs to be defined before the current stage',
                kind="stage",
            )
        stage.needs.add(index)
    elif origin != SCRATCH:
        place = flag.places[0], flag.places[len(origin) - 1] + 1
        found.images.append(_image(stage, command, "copy", origin, place))


def mount_uses(found: Walk, stage: Built, command: Command, flag: Flag) -> None:
    """Note what a ``--mount`` of a RUN takes from the context, a stage or an image.

    Raises:
        DockerfileError: if it mounts from a stage that the engine does not find.
        ShellError: for a substitution that the engine refuses.
    """
    mount = read_mount(flag, stage.scope)
    if mount.origin and mount.kind not in ("secret", "ssh"):
        index = found.names.get(mount.origin.lower(), -1)
        if index >= stage.index:
            found.later.append((stage.index, index, command.line))
            raise DockerfileError(
                f'cannot mount from stage "{mount.origin}", it needs to be defined before this one',
                kind="stage",
            )
        if index >= 0:
            stage.needs.add(index)
        elif mount.origin != SCRATCH:
            place = mount.start, mount.end
            found.images.append(_image(stage, command, "mount", mount.origin, place))
    elif mount.kind == "bind" and not mount.origin:
        source = clean(mount.source)
        found.context.append(ContextUse("mount", stage.index, command.line, (source,), exact=mount.exact))


def _image(
    stage: Built, command: Command, how: Literal["copy", "mount"], written: str, place: tuple[int, int]
) -> ImageUse:
    start, end = place
    raw = command.source.text[start:end] if start >= 0 else ""
    begin = behind = -1
    if raw == written or (raw and not raw.count('"') % 2 and not raw.count("'") % 2):
        begin, behind = command.source.offset(start), command.source.offset(end, end=True)
    return ImageUse(how, stage.index, written, written, command.line, begin, behind, True)
