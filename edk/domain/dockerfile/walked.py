"""What a walk through the stages of a Dockerfile has found so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edk.domain.dockerfile.commands import Command
from edk.domain.dockerfile.model import ArgDeclaration, ContextUse, ImageUse, Label
from edk.domain.dockerfile.scope import Scope

SCRATCH = "scratch"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong or worth telling; only what concerns a stage that is built becomes a diagnostic."""

    kind: str
    line: int
    message: str
    stage: int = -1


@dataclass(slots=True)
class Built:
    """A stage while the walk goes through it."""

    index: int
    name: str
    base: str
    base_stage: int
    line: int
    scope: Scope
    commands: tuple[Command, ...]
    labels: dict[str, Label] = field(default_factory=dict)
    triggers: list[Command] = field(default_factory=list)
    needs: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Walk:
    """Everything found by walking the instructions in their order.

    `later` holds each use of a stage by itself or by an earlier one: user, used, line.
    """

    build_args: Mapping[str, str]
    globals: Scope
    names: dict[str, int]
    stages: list[Built] = field(default_factory=list)
    images: list[ImageUse] = field(default_factory=list)
    context: list[ContextUse] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    args: list[ArgDeclaration] = field(default_factory=list)
    later: list[tuple[int, int, int]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
