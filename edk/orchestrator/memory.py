"""What a watcher keeps between two plans, so that a save costs what it touches and nothing else.

Everything in it follows from files and registry, and may be forgotten at any time; a plan made without it is the
same. A plain build plans with an empty one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec import Struct

from edk.domain.plan import ContextReading, Prepared, Standing
from edk.domain.workspace import Root, Target, Workspace
from edk.orchestrator.walk import Seen, says_what_to_build

if TYPE_CHECKING:
    from edk.domain.diagnostics import Diagnostic
    from edk.domain.graph import BuildGraph, Node
    from edk.domain.operators.model import OperatorImage
    from edk.domain.saves import Batch

ContextKey = tuple[Target, str, bool]


class Trace(Struct, frozen=True):
    """What something was made of: folders that were listed, and paths that were asked for by themselves."""

    folders: tuple[str, ...]
    paths: tuple[str, ...]


class Traces(Struct):
    """What the parts of a memory were made of, for it to be kept beyond the process.

    Args:
        parts: path of a root → what its part was made of.
        contexts: key of a target → what its context was made of.
        anew: whether anything was read that was not kept before.
    """

    parts: dict[str, Trace] = {}
    contexts: dict[str, Trace] = {}
    anew: bool = False


@dataclass(slots=True)
class PlanMemory:
    """What is known from the plans before.

    Args:
        parts: path of a root → what was read there.
        last_parts: the same, but never forgotten: only to be compared with.
        seen: path of a folder → what the walk before saw in it.
        looked_at: path of a root → the files, absolute, whose content (or link) that was made of.
        good: path of a Dockerfile → the target that it last was without an error.
        good_images: path of an operator or DAG file → the images that it named when it last was without an error.
        graph: of which parts the graph was made, and the graph.
        contexts: key of a target → what its context was read for, and what came of it.
        prepared: key of a target → what its inputs were made of, and the inputs.
        standings: key of a target → what the registry has of it.
        externals: ref → digest of bases that the registry holds without a Dockerfile.
        sensitive: key of a target → for which fingerprint its context was looked into, and the kinds and paths of
            what was found there.
        traces: of what all that was made; None if nobody wants to know.
    """

    parts: dict[str, Workspace] = field(default_factory=dict)
    last_parts: dict[str, Workspace] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    looked_at: dict[str, frozenset[str]] = field(default_factory=dict)
    good: dict[str, Target] = field(default_factory=dict)
    good_images: dict[str, tuple[OperatorImage, ...]] = field(default_factory=dict)
    graph: tuple[tuple[Workspace, ...], BuildGraph] | None = None
    contexts: dict[str, tuple[ContextKey, ContextReading, tuple[Diagnostic, ...]]] = field(default_factory=dict)
    prepared: dict[str, tuple[tuple[object, ...], Node, ContextReading, Prepared]] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    externals: dict[str, str] = field(default_factory=dict)
    sensitive: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=dict)
    traces: Traces | None = None

    def forget(self, batch: Batch, roots: Iterable[Root], stayed: Callable[[str], bool] = lambda _: False) -> None:
        """Forget what a batch of saves may have made wrong.

        Args:
            batch: the saves.
            roots: all of them.
            stayed: tells whether a path is a regular file as it was before: then only its content may have changed.
        """
        if batch.rescan:
            self.parts.clear()
            self.seen.clear()
            self.contexts.clear()
            return
        # In one order always, so that what is looked at does not hang on how a set is laid out.
        paths = sorted(batch.paths)
        for root in roots:
            inside = f"{root.path}/"
            looked_at = self.looked_at.get(root.path, frozenset())
            reads = any(
                p.startswith(inside) and says_what_to_build(p[len(inside) :]) and (p in looked_at or not stayed(p))
                for p in paths
            )
            moved = any(f == root.path or f.startswith(inside) or root.path.startswith(f"{f}/") for f in batch.folders)
            if reads or moved:
                self.parts.pop(root.path, None)
        for key, ((target, _, _), _, _) in list(self.contexts.items()):
            if _concerns(batch, context_root(target)):
                del self.contexts[key]

    def forget_registry(self) -> None:
        """Forget what the registry has, so that the next plan asks it again."""
        self.standings.clear()
        self.externals.clear()

    def built(self, node: Node, fingerprint: str, digest: str, tags: tuple[str, ...]) -> None:
        """Note that an image now stands in the registry under these tags."""
        self.standings[node.key] = Standing(
            dict.fromkeys(tags, (digest, fingerprint)), of=(node.target.name, node.tags)
        )


def context_root(target: Target) -> str:
    """Return the absolute folder of a target's context."""
    return f"{target.root.path}/{target.context}" if target.context else target.root.path


def _concerns(batch: Batch, folder: str) -> bool:
    """Tell whether a batch touches anything in a folder."""
    inside = f"{folder}/"
    return any(p.startswith(inside) for p in batch.paths) or any(
        f == folder or f.startswith(inside) or folder.startswith(f"{f}/") for f in batch.folders
    )
