"""Rows of a plan's memory as they stand in the state: each target, image and place once, all else by its number.

To write them is to name what is the same; to read them is to make the very objects again that a plan shares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeVar

import msgspec

from edk.domain.charts.model import ChartReading
from edk.domain.diagnostics import Diagnostic
from edk.domain.dockerfile.model import DockerfileReading
from edk.domain.fingerprint import file_parts
from edk.domain.graph import BaseLink, BuildGraph, Node, Role
from edk.domain.operators.model import ImagePlace, OperatorImage
from edk.domain.plan import ContextReading, Prepared
from edk.domain.references import RewrittenFile
from edk.domain.resolve import Reference, ResolvedImage, ResolvedPlace, Status
from edk.domain.workspace import (
    LocatedChart,
    LocatedDiagnostic,
    LocatedImage,
    LocatedPlace,
    Root,
    Target,
    Workspace,
)

T = TypeVar("T")
TargetRow = tuple[str, str, str, int, str, bool, bool, str, DockerfileReading, str, str]
"""The fields of a target behind its root."""
_NodeRow = tuple[
    int, tuple[BaseLink, ...], tuple[str, ...], tuple[Reference, ...], Role, str, tuple[RewrittenFile, ...]
]
_MadeOf = tuple[tuple[str, ...], ...]


class Trail(msgspec.Struct, array_like=True, gc=False):
    """What something was made of: numbers of folders and of paths."""

    folders: list[int]
    paths: list[int]


class Part(msgspec.Struct, array_like=True, gc=False):
    """What was read in a root: how many targets, and all else."""

    targets: int
    images: list[OperatorImage]
    places: list[ImagePlace]
    charts: list[ChartReading]
    diagnostics: list[Diagnostic]
    files: int
    operator_files: int


class Graph(msgspec.Struct, array_like=True, gc=False):
    """What stands on what; targets, images and places by their numbers over all roots, roots by theirs."""

    nodes: list[_NodeRow]
    images: list[tuple[int, str, str, str, Status, str]]
    places: list[tuple[int, tuple[tuple[str, str], ...]]]
    diagnostics: list[tuple[int, Diagnostic]]


class Context(msgspec.Struct, array_like=True, gc=False):
    """What of a target's context counts, and the inputs that came of it."""

    target: int
    whole: str
    all_stages: bool
    reading: ContextReading
    told: tuple[Diagnostic, ...]
    trail: Trail


class Inputs(msgspec.Struct, array_like=True, gc=False):
    """The inputs of a node, by its number, what they were made of, and what was found in its files.

    The parts are those that no file of the context is: these follow from the context.
    """

    node: int
    made_of: _MadeOf
    parts: dict[str, str]
    fingerprint: str
    externals: tuple[tuple[int, str], ...]
    files: tuple[RewrittenFile, ...]
    found: tuple[tuple[str, str], ...] | None


class Piece(msgspec.Struct, array_like=True):
    """A part of what there is much of, for it not to be one large row.

    Args:
        of: which writing it belongs to.
        targets: without their roots, in the order of the roots.
        contexts: of targets.
        inputs: of nodes.
    """

    of: str
    targets: list[TargetRow]
    contexts: list[Context]
    inputs: list[Inputs]


class NotInPartsError(Exception):
    """A graph is made of something that was not read in any root."""


class Numbers:
    """Numbers of the objects in some lists, by what they are and not by what they equal."""

    def __init__(self, things: Sequence[object]) -> None:
        self._of = {id(thing): number for number, thing in enumerate(things)}

    def of(self, thing: object) -> int:
        """Return the number of an object; raise NotInPartsError if it has none."""
        number = self._of.get(id(thing))
        if number is None:
            raise NotInPartsError
        return number


def part_row(part: Workspace) -> Part:
    """Return what was read in a root as a row."""
    return Part(
        len(part.targets),
        [located.image for located in part.operator_images],
        [located.place for located in part.image_places],
        [located.chart for located in part.charts],
        [located.diagnostic for located in part.diagnostics],
        part.files,
        part.operator_files,
    )


def target_row(t: Target) -> TargetRow:
    """Return a target as a row."""
    return (
        *(t.dockerfile, t.context, t.name, t.name_line, t.version, t.local_only, t.build_ignore),
        *(t.content_digest, t.reading, t.tag, t.broken),
    )


def part_of(row: Part, root: Root, targets: Iterator[TargetRow]) -> Workspace:
    """Return what `part_row` wrote; takes as many rows of targets as it has."""
    return Workspace(
        (root,),
        tuple([Target(root, *fields) for fields in islice(targets, row.targets)]),
        tuple([LocatedImage(root, image) for image in row.images]),
        tuple([LocatedChart(root, chart) for chart in row.charts]),
        tuple([LocatedDiagnostic(root, diagnostic) for diagnostic in row.diagnostics]),
        row.files,
        row.operator_files,
        tuple([LocatedPlace(root, place) for place in row.places]),
    )


def graph_row(graph: BuildGraph, parts: Sequence[Workspace]) -> Graph:
    """Return a graph as a row; raise NotInPartsError where it is not made of these parts alone."""
    targets = Numbers([t for part in parts for t in part.targets])
    images = Numbers([i for part in parts for i in part.operator_images])
    places = Numbers([p for part in parts for p in part.image_places])
    roots = {part.roots[0]: number for number, part in enumerate(parts)}
    return Graph(
        [(targets.of(n.target), n.bases, n.tags, n.references, n.role, n.problem, n.files) for n in graph.nodes],
        [(images.of(i.located), i.registry, i.name, i.version, i.status, i.target) for i in graph.images],
        [(places.of(p.located), p.targets) for p in graph.places],
        [(roots[d.root], d.diagnostic) for d in graph.diagnostics],
    )


def graph_of_row(row: Graph, parts: Sequence[Workspace]) -> BuildGraph:
    """Return what `graph_row` wrote, made of the objects of these parts; raise IndexError if it is of others."""
    targets = [t for part in parts for t in part.targets]
    images = [i for part in parts for i in part.operator_images]
    places = [p for part in parts for p in part.image_places]
    return BuildGraph(
        tuple([Node(targets[number], *rest) for number, *rest in row.nodes]),  # type: ignore[arg-type]
        tuple([ResolvedImage(images[number], *rest) for number, *rest in row.images]),  # type: ignore[arg-type]
        tuple([LocatedDiagnostic(parts[number].roots[0], diagnostic) for number, diagnostic in row.diagnostics]),
        tuple([ResolvedPlace(places[number], named) for number, named in row.places]),
    )


def inputs_row(number: int, made_of: tuple[object, ...], item: Prepared, found: object) -> Inputs:
    """Return a node's inputs as a row."""
    files = file_parts(item.context.files)
    return Inputs(
        number,
        made_of,  # type: ignore[arg-type]
        {name: value for name, value in item.parts.items() if name not in files},
        item.fingerprint,
        item.externals,
        item.files,
        found,  # type: ignore[arg-type]
    )


def prepared_of(row: Inputs, node: Node, reading: ContextReading) -> Prepared:
    """Return the inputs that `inputs_row` wrote, of a node and its context."""
    parts = {**row.parts, **file_parts(reading.files)}
    return Prepared(node, reading, parts, row.fingerprint, row.externals, row.files)
