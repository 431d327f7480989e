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
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from edk.orchestrator.kept_rows import (
    Context,
    Graph,
    Inputs,
    NotInPartsError,
    Part,
    Piece,
    Trail,
    graph_of_row,
    graph_row,
    inputs_row,
    part_of,
    part_row,
    prepared_of,
    target_row,
)
from edk.orchestrator.memory import PlanMemory, Trace, Traces
from edk.orchestrator.readings import code_stamp

if TYPE_CHECKING:
    from edk.domain.graph import BuildGraph, Node
    from edk.domain.workspace import Target, Workspace
    from edk.orchestrator.pipeline import PlanRequest
    from edk.orchestrator.services import Services
    from edk.ports import MarkingTree

KIND = "kept-plan"
WORTH_FOLDERS = 500
"""Trees of fewer folders are read as fast as what was kept of them."""


PIECE = 1000
"""Targets of a row."""


class _Head(msgspec.Struct, array_like=True):
    """All that was kept, but for what there is much of, which stands in pieces of its own.

    Args:
        of: by which code, and under which settings.
        writing: tells this writing from others, of which pieces may be left.
        pieces: how many there are.
        folders: whose marks count.
        folder_marks: of them.
        paths: whose marks count by themselves.
        path_marks: of them.
        trails: path of a root → what its part was made of.
        parts: path of a root → what was read there.
        graph: none if a root was not kept.
    """

    of: str
    writing: str
    pieces: int
    folders: list[str]
    folder_marks: list[bytes]
    paths: list[str]
    path_marks: list[bytes]
    trails: dict[str, Trail]
    parts: dict[str, Part]
    graph: Graph | None


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
            head = msgspec.msgpack.decode(stored, type=_Head)
            if head.of == self._of:
                self._restore(head, memory)
        except (msgspec.MsgspecError, UnicodeDecodeError, IndexError, KeyError):
            return PlanMemory(traces=Traces())
        return memory

    def keep(self, memory: PlanMemory) -> None:
        """Keep what was found out, if any of it is new and the tree is large."""
        traces = memory.traces
        if traces is None or not traces.anew or sum(len(t.folders) for t in traces.parts.values()) < WORTH_FOLDERS:
            return
        # Names that are no UTF-8 can't be written: then a piece is missing, or the head, and all is read again.
        with suppress(UnicodeEncodeError):
            self._write(memory, traces)

    def _restore(self, head: _Head, memory: PlanMemory) -> None:
        marks = self._tree.start_marking(head.folders, head.paths)
        try:
            pieces = self._pieces(head)
        finally:
            folders, paths = marks()
        changed = Trail(_differing(folders, head.folder_marks), _differing(paths, head.path_marks))
        rows = (target for piece in pieces for target in piece.targets)
        traces = memory.traces or Traces()
        parts: list[Workspace] = []
        for root in self._roots:
            if root.path not in head.parts:
                continue
            part = part_of(head.parts[root.path], root, rows)
            parts.append(part)
            # What is read anew, and comes to the same, becomes the same object: then what hangs on it stands.
            memory.last_parts[root.path] = part
            trail = head.trails[root.path]
            if _holds(trail, changed):
                memory.parts[root.path] = part
                traces.parts[root.path] = _trace(trail, head)
        targets = [target for part in parts for target in part.targets]
        for context in (context for piece in pieces for context in piece.contexts):
            if _holds(context.trail, changed):
                target = targets[context.target]
                asked = (target, context.whole, context.all_stages)
                memory.contexts[target.key] = asked, context.reading, context.told
                traces.contexts[target.key] = _trace(context.trail, head)
        if head.graph is not None and len(parts) == len(self._roots):
            _restore_graph(graph_of_row(head.graph, parts), parts, pieces, memory)

    def _pieces(self, head: _Head) -> list[Piece]:
        """Return the pieces; raise KeyError if one is missing, or of another writing."""
        decoder = msgspec.msgpack.Decoder(Piece)
        pieces = []
        for number in range(head.pieces):
            key = f"{self._key}:{number}"
            piece = decoder.decode(self._cache.readings(KIND, [key])[key])
            if piece.of != head.writing:
                raise KeyError(key)
            pieces.append(piece)
        return pieces

    def _write(self, memory: PlanMemory, traces: Traces) -> None:
        every = (*traces.parts.values(), *traces.contexts.values())
        marks = self._tree.settled_marks(
            {folder for trace in every for folder in trace.folders}, {path for trace in every for path in trace.paths}
        )
        folders, paths = _Numbered(marks[0]), _Numbered(marks[1])
        trails = {path: _trail(trace, folders, paths) for path, trace in traces.parts.items()}
        kept = [memory.parts[root.path] for root in self._roots if trails.get(root.path) is not None]
        graph = self._graph(memory, kept)
        targets = [target for part in kept for target in part.targets]
        nodes = memory.graph[1].nodes if graph is not None and memory.graph is not None else ()
        pieces = -(-max(len(targets), len(nodes)) // PIECE)
        writing = os.urandom(8).hex()
        for number in range(pieces):
            start, end = number * PIECE, (number + 1) * PIECE
            numbered = enumerate(targets[start:end], start)
            contexts = [_context(at, target, memory, traces, folders, paths) for at, target in numbered]
            inputs = [_inputs(at, node, memory) for at, node in enumerate(nodes[start:end], start)]
            rows = [target_row(target) for target in targets[start:end]]
            piece = Piece(writing, rows, list(filter(None, contexts)), list(filter(None, inputs)))
            self._cache.store_readings(KIND, {f"{self._key}:{number}": msgspec.msgpack.encode(piece)})
            self._cache.flush()  # what is large is not to be held all at once
        head = _Head(
            *(self._of, writing, pieces, list(folders.numbers), folders.marks(), list(paths.numbers), paths.marks()),
            {path: trail for path, trail in trails.items() if trail is not None},
            {part.roots[0].path: part_row(part) for part in kept},
            graph,
        )
        self._cache.store_readings(KIND, {self._key: msgspec.msgpack.encode(head)})

    def _graph(self, memory: PlanMemory, parts: list[Workspace]) -> Graph | None:
        if memory.graph is None or len(parts) < len(self._roots):
            return None
        try:
            return graph_row(memory.graph[1], parts)
        except NotInPartsError:
            return None


def _restore_graph(graph: BuildGraph, parts: list[Workspace], pieces: list[Piece], memory: PlanMemory) -> None:
    memory.graph = tuple(parts), graph
    for inputs in (inputs for piece in pieces for inputs in piece.inputs):
        node = graph.nodes[inputs.node]
        key = node.key
        if key in memory.contexts:
            reading = memory.contexts[key][1]
            memory.prepared[key] = inputs.made_of, node, reading, prepared_of(inputs, node, reading)
            if inputs.found is not None:
                memory.sensitive[key] = inputs.fingerprint, inputs.found


def _context(
    number: int, target: Target, memory: PlanMemory, traces: Traces, folders: _Numbered, paths: _Numbered
) -> Context | None:
    """Return the context of a target as a row; None if it has none that can be kept."""
    key = target.key
    if key not in traces.contexts or memory.contexts[key][0][0] != target:
        return None
    (_, whole, all_stages), reading, told = memory.contexts[key]
    trail = _trail(traces.contexts[key], folders, paths)
    return Context(number, whole, all_stages, reading, told, trail) if trail is not None else None


def _inputs(number: int, node: Node, memory: PlanMemory) -> Inputs | None:
    known = memory.prepared.get(node.key)
    if known is None:
        return None
    fingerprint, found = memory.sensitive.get(node.key, ("", ()))
    looked = fingerprint and fingerprint == known[3].fingerprint
    return inputs_row(number, known[0], known[3], found if looked else None)


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


def _trace(trail: Trail, head: _Head) -> Trace:
    return Trace(
        tuple([head.folders[number] for number in trail.folders]),
        tuple([head.paths[number] for number in trail.paths]),
    )


def _holds(trail: Trail, changed: Trail) -> bool:
    return not (
        (changed.folders and set(changed.folders).intersection(trail.folders))
        or (changed.paths and set(changed.paths).intersection(trail.paths))
    )


def _differing(now: Iterable[bytes], before: Iterable[bytes]) -> list[int]:
    return [number for number, (one, other) in enumerate(zip(now, before, strict=True)) if one != other]


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
