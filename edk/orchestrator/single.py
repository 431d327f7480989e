"""One Dockerfile that is named by its path, with a name and tag of the command line's choice."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from edk.domain.errors import UsageError
from edk.domain.workspace import LocatedDiagnostic, Root, Workspace
from edk.orchestrator.scan import ScanRequest, dockerfile_reader, target_of
from edk.orchestrator.walk import Candidate

if TYPE_CHECKING:
    from edk.ports import Cache, SourceTree


@dataclass(frozen=True, slots=True)
class SingleDockerfile:
    """What the command line says of it.

    Args:
        root: the context, as a root.
        dockerfile: absolute path.
        name: instead of its label IMAGE; empty: that label.
        tag: the one tag it gets; empty: as a build of its extension would.
    """

    root: Root
    dockerfile: str
    name: str = ""
    tag: str = ""


def with_single(
    tree: SourceTree, cache: Cache, workspace: Workspace, single: SingleDockerfile, request: ScanRequest
) -> tuple[Workspace, str]:
    """Return a workspace in which this Dockerfile is what the command line calls it, and its name.

    Raises:
        UsageError: it can't be read, or has no name.
    """
    path = os.path.relpath(single.dockerfile, single.root.path)
    candidate = Candidate(path, path, tree.stat(single.dockerfile))
    readings, problems = dockerfile_reader(request).read_all(tree, cache, single.root.path, (candidate,))
    if path not in readings:
        raise UsageError(f"{single.dockerfile}: {problems[0].message}", "name the Dockerfile with --dockerfile")
    digest, reading = readings[path]
    target = target_of(single.root, path, "", digest, reading)
    target = replace(target, name=single.name or target.name, tag=single.tag, build_ignore=False)
    if reading.parsed and not target.name:
        raise UsageError(
            f"{single.dockerfile} has no label IMAGE", 'name the image with --image-name, or add LABEL IMAGE="name"'
        )
    # Another Dockerfile of the same name below the context is not what was asked for.
    others = tuple(t for t in workspace.targets if t.name != target.name or t.root.distance > 0)
    diagnostics = tuple(LocatedDiagnostic(single.root, replace(d, file=path)) for d in reading.diagnostics)
    if not target.name:
        target = replace(target, name=os.path.basename(single.root.path).lower())  # noqa: PTH119
    return replace(
        workspace,
        targets=(target, *(t for t in others if t.key != target.key)),
        operator_images=(),
        image_places=(),
        charts=(),
        diagnostics=diagnostics,
    ), target.name
