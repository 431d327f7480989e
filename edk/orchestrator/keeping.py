"""What a plan found out, kept in the state for the next process: a watcher's memory that outlives it.

Of a large tree most of a plan's time goes into reading again what has not changed. So what was read of each root and
of each context is kept with the marks of all that it was made of: each folder that was listed, and each path that was
asked for by itself. The next plan takes the marks anew, and what has one that is another is read again; of the rest no
file is opened. What nobody can be sure to see changing (a file written to just now) is not kept.

Nothing in it is needed: without it, or with one that was written by another EDK or under other settings, a plan reads
all, and says the same.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from edk.domain.plan import Prepared
from edk.orchestrator.kept_rows import (
    Context,
    Graph,
    Inputs,
    NotInPartsError,
    Part,
    Trail,
    graph_of_row,
    graph_row,
    inputs_row,
    part_of,
    part_row,
)
from edk.orchestrator.memory import PlanMemory, Trace, Traces
from edk.orchestrator.readings import code_stamp

if TYPE_CHECKING:
    from edk.domain.workspace import Workspace
    from edk.orchestrator.pipeline import PlanRequest
    from edk.orchestrator.services import Services
    from edk.ports import MarkingTree

KIND = "kept-plan"
WORTH_FOLDERS = 500
"""Trees of fewer folders are read as fast as what was kept of them."""


class _Kept(msgspec.Struct, array_like=True):
    """All that was kept.

    Args:
        of: by which code, and under which settings.
        folders: whose marks count.
        folder_marks: of them.
        paths: whose marks count by themselves.
        path_marks: of them.
        trails: path of a root → what its part was made of.
        parts: path of a root → what was read there.
        contexts: by number of the target.
        graph: none if a root was not kept.
        inputs: of the graph's nodes.
    """

    of: str
    folders: list[str]
    folder_marks: list[bytes]
    paths: list[str]
    path_marks: list[bytes]
    trails: dict[str, Trail]
    parts: dict[str, Part]
    contexts: list[Context]
    graph: Graph | None
    inputs: list[Inputs]


class Kept:
    """What is kept for a request.

    Args:
        services: the ports.
        tree: the file system as this plan sees it.
        request: what is planned for.
    """

    def __init__(self, services: Services, tree: MarkingTree, request: PlanRequest) -> None:
        self._cache = services.cache
        self._tree = tree
        self._roots = request.roots
        asked = (request.roots, request.selection, request.images, request.all_stages)
        self._key = _hash(repr(asked))
        self._of = f"{_stamp()}:{_hash(repr(services.settings))}"

    def memory(self) -> PlanMemory:
        """Return what is known of files that did not change; to be given to `keep` once the plan is made."""
        memory = PlanMemory(traces=Traces())
        stored = self._cache.readings(KIND, [self._key]).get(self._key)
        if stored is None:
            return memory
        try:
            kept = msgspec.msgpack.decode(stored, type=_Kept)
            if kept.of == self._of:
                self._restore(kept, memory)
        except (msgspec.MsgspecError, UnicodeDecodeError, IndexError, KeyError):
            return PlanMemory(traces=Traces())
        return memory

    def keep(self, memory: PlanMemory) -> None:
        """Keep what was found out, if any of it is new and the tree is large."""
        traces = memory.traces
        if traces is None or not traces.anew or sum(len(t.folders) for t in traces.parts.values()) < WORTH_FOLDERS:
            return
        row = self._row(memory, traces)
        try:
            packed = msgspec.msgpack.encode(row)
        except UnicodeEncodeError:
            return  # names that are no UTF-8
        self._cache.store_readings(KIND, {self._key: packed})

    def _restore(self, kept: _Kept, memory: PlanMemory) -> None:
        traces = memory.traces or Traces()
        changed_folders, changed_paths = self._changed(kept)
        parts: list[Workspace] = []
        for root in self._roots:
            row = kept.parts.get(root.path)
            if row is None:
                continue
            part = part_of(row, root)
            parts.append(part)
            # What is read anew, and comes to the same, becomes the same object: then what hangs on it stands.
            memory.last_parts[root.path] = part
            trail = kept.trails[root.path]
            if _holds(trail, changed_folders, changed_paths):
                memory.parts[root.path] = part
                traces.parts[root.path] = _trace(trail, kept)
        targets = [target for part in parts for target in part.targets]
        for context in kept.contexts:
            if _holds(context.trail, changed_folders, changed_paths):
                target = targets[context.target]
                asked = (target, context.whole, context.all_stages)
                memory.contexts[target.key] = asked, context.reading, context.told
                traces.contexts[target.key] = _trace(context.trail, kept)
        if kept.graph is None or len(parts) < len(self._roots):
            return
        graph = graph_of_row(kept.graph, parts)
        memory.graph = tuple(parts), graph
        for inputs in kept.inputs:
            node = graph.nodes[inputs.node]
            key = node.key
            if key not in memory.contexts:
                continue
            reading = memory.contexts[key][1]
            item = Prepared(node, reading, inputs.parts, inputs.fingerprint, inputs.externals, inputs.files)
            memory.prepared[key] = inputs.made_of, node, reading, item
            if inputs.found is not None:
                memory.sensitive[key] = inputs.fingerprint, inputs.found

    def _changed(self, kept: _Kept) -> tuple[set[int], set[int]]:
        """Return the numbers of folders and paths that are not as they were."""
        folders, paths = self._tree.marks(kept.folders, kept.paths)
        return _differing(folders, kept.folder_marks), _differing(paths, kept.path_marks)

    def _row(self, memory: PlanMemory, traces: Traces) -> _Kept:
        every = (*traces.parts.values(), *traces.contexts.values())
        marks = self._tree.settled_marks(
            {folder for trace in every for folder in trace.folders}, {path for trace in every for path in trace.paths}
        )
        folders, paths = _Numbered(marks[0]), _Numbered(marks[1])
        parts = [memory.parts[root.path] for root in self._roots if root.path in memory.parts]
        trails = {}
        for path, trace in traces.parts.items():
            trail = _trail(trace, folders, paths)
            if trail is not None:
                trails[path] = trail
        kept = [part for part in parts if part.roots[0].path in trails]
        index = {id(t): n for n, t in enumerate(t for part in kept for t in part.targets)}
        contexts = []
        for key, ((target, whole, all_stages), reading, told) in memory.contexts.items():
            trail = _trail(traces.contexts[key], folders, paths) if key in traces.contexts else None
            if trail is not None and id(target) in index:
                contexts.append(Context(index[id(target)], whole, all_stages, reading, told, trail))
        graph, inputs = self._graph_rows(memory, kept)
        return _Kept(
            self._of,
            list(folders.numbers),
            folders.marks(),
            list(paths.numbers),
            paths.marks(),
            trails,
            {part.roots[0].path: part_row(part) for part in kept},
            contexts,
            graph,
            inputs,
        )

    def _graph_rows(self, memory: PlanMemory, parts: list[Workspace]) -> tuple[Graph | None, list[Inputs]]:
        if memory.graph is None or len(parts) < len(self._roots):
            return None, []
        try:
            row = graph_row(memory.graph[1], parts)
        except NotInPartsError:
            return None, []
        inputs = []
        for number, node in enumerate(memory.graph[1].nodes):
            known = memory.prepared.get(node.key)
            if known is not None:
                fingerprint, found = memory.sensitive.get(node.key, ("", ()))
                looked = found if fingerprint and fingerprint == known[3].fingerprint else None
                inputs.append(inputs_row(number, known[0], known[3], looked))
        return row, inputs


class _Numbered:
    """Numbers of what has a mark, in the order in which something is made of it."""

    def __init__(self, marks: Mapping[str, bytes]) -> None:
        self.numbers: dict[str, int] = {}
        self._marks = marks

    def all_of(self, paths: Collection[str]) -> list[int] | None:
        """Return the numbers of paths; None if one of them has no mark."""
        if not all(path in self._marks for path in paths):
            return None
        numbers = self.numbers
        return [numbers.setdefault(path, len(numbers)) for path in paths]

    def marks(self) -> list[bytes]:
        """Return the marks of those that have a number, in its order."""
        return [self._marks[path] for path in self.numbers]


def _trail(trace: Trace, folders: _Numbered, paths: _Numbered) -> Trail | None:
    """Return what something was made of by numbers; None if later writes to a part of it may go unseen."""
    listed, asked = folders.all_of(trace.folders), paths.all_of(trace.paths)
    return Trail(listed, asked) if listed is not None and asked is not None else None


def _trace(trail: Trail, kept: _Kept) -> Trace:
    return Trace(
        frozenset([kept.folders[number] for number in trail.folders]),
        frozenset([kept.paths[number] for number in trail.paths]),
    )


def _holds(trail: Trail, folders: set[int], paths: set[int]) -> bool:
    return not (folders and not folders.isdisjoint(trail.folders)) and not (
        paths and not paths.isdisjoint(trail.paths)
    )


def _differing(now: Iterable[bytes], before: Iterable[bytes]) -> set[int]:
    return {number for number, (one, other) in enumerate(zip(now, before, strict=True)) if one != other}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _stamp() -> str:
    """Return what changes whenever the code that plans may have; see `edk.orchestrator.readings.code_stamp`."""
    stamps = [code_stamp()]
    with os.scandir(os.path.dirname(__file__)) as entries:  # noqa: PTH120
        for entry in sorted(entries, key=lambda e: e.name):
            if entry.name.endswith(".py"):
                status = entry.stat()
                stamps.append(f"{entry.name}:{status.st_size}:{status.st_mtime_ns}")
    return _hash("\n".join(stamps))[:16]
