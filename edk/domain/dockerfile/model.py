"""What a Dockerfile says, as values."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from edk.domain.diagnostics import Diagnostic


class Instruction(Struct, frozen=True):
    """One instruction; lines from 1, both inclusive, heredoc bodies included."""

    keyword: str
    text: str
    line: int
    end_line: int


class ImageUse(Struct, frozen=True):
    """A place where a Dockerfile names another image: FROM, ``COPY --from=`` or ``RUN --mount=…from=``.

    Args:
        how: which of the three.
        stage: index of the stage that it belongs to.
        written: the reference as it stands in the file.
        ref: the reference with ARGs substituted and quotes removed, as the engine reads it; empty if it
            can't be known.
        line: from 1.
        start: byte offset in the file of what has to be replaced to name another image.
        end: byte offset behind it; start = end = -1 if it can't be replaced in place.
        needed: whether the final stage needs the stage it is in (BuildKit skips the others).
        platform: of ``--platform=``, substituted; empty if not given.
    """

    how: Literal["from", "copy", "mount"]
    stage: int
    written: str
    ref: str
    line: int
    start: int
    end: int
    needed: bool
    platform: str = ""


class ContextUse(Struct, frozen=True):
    """Paths of the build context that an instruction reads: COPY, ADD, ``RUN --mount=type=bind``.

    Args:
        how: ``copy``, ``add`` or ``mount``.
        stage: index of the stage that it belongs to.
        line: from 1.
        sources: patterns relative to the context's root, substituted, without leading ``/``; ``"."`` is all.
        excludes: patterns of ``--exclude=``.
        exact: False if the sources can't be known; then the whole context counts.
        needed: whether the final stage needs the stage it is in.
        parents: whether ``--parents`` is given.
    """

    how: Literal["copy", "add", "mount"]
    stage: int
    line: int
    sources: tuple[str, ...]
    excludes: tuple[str, ...] = ()
    exact: bool = True
    needed: bool = True
    parents: bool = False


class Label(Struct, frozen=True):
    """A label with its stage and line; value substituted as the engine does it.

    `exact` is False if its value uses a variable that only the base image may have set; such a variable is
    read as empty.
    """

    name: str
    value: str
    stage: int
    line: int
    exact: bool = True


class Stage(Struct, frozen=True):
    """A build stage.

    Args:
        index: from 0.
        name: of ``AS name``, lower case; empty if it has none.
        base: reference, or name of an earlier stage, substituted.
        base_stage: index of the earlier stage it is built from; -1 if it is an image.
        line: of its FROM.
        needed: whether the final stage needs it.
    """

    index: int
    name: str
    base: str
    base_stage: int
    line: int
    needed: bool


class ArgDeclaration(Struct, frozen=True):
    """An ARG: stage -1 is before the first FROM; default substituted, None if it has none."""

    name: str
    default: str | None
    stage: int
    line: int


class DockerfileReading(Struct, frozen=True):
    """Everything the EDK wants to know of one Dockerfile.

    Args:
        parsed: False if the engine would refuse to parse it; then only `diagnostics` counts.
        instructions: in the order of the file, to name a failing one.
        stages: in the order of the file.
        images: every other image that is named.
        context: every use of the build context.
        labels: what the built image carries by this file: those of the final stage, and of the stages it
            is built from; the last of a name wins.
        all_labels: every label instruction of every stage, in the order of the file. Kaapana's own build
            reads IMAGE from any stage, so the name of a target may come from one that is not the last.
        args: every ARG.
        syntax: of a ``# syntax=`` line; empty if there is none.
        escape: the character that joins lines and escapes others.
        syntax_line: of the ``# syntax=`` line, from 1; 0 if there is none.
        onbuild: instructions that run in images built FROM this one; if there are any, the whole context
            of those counts.
        features: what the classic builder can't do: ``heredoc``, ``mount``, ``secret``, ``ssh``, ``link``,
            ``chmod``, ``parents``, ``exclude``.
        diagnostics: with `file` empty: the caller knows the path and fills it in.
    """

    parsed: bool
    instructions: tuple[Instruction, ...] = ()
    stages: tuple[Stage, ...] = ()
    images: tuple[ImageUse, ...] = ()
    context: tuple[ContextUse, ...] = ()
    labels: tuple[Label, ...] = ()
    all_labels: tuple[Label, ...] = ()
    args: tuple[ArgDeclaration, ...] = ()
    syntax: str = ""
    syntax_line: int = 0
    escape: str = "\\"
    onbuild: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
