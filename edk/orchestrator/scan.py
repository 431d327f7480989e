"""From files to a `Workspace`: every file that says what to build, read once and remembered by its content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from edk.domain.codes import files as codes
from edk.domain.diagnostics import Diagnostic
from edk.domain.dockerfile.identity import identity
from edk.domain.dockerfile.model import DockerfileReading
from edk.domain.workspace import (
    LocatedChart,
    LocatedDiagnostic,
    LocatedImage,
    LocatedPlace,
    Root,
    Target,
    Workspace,
)
from edk.orchestrator.memory import PlanMemory
from edk.orchestrator.operators import read_operators
from edk.orchestrator.readings import MAX_FILE_BYTES, Reader, code_stamp, decoded, diagnose, pack
from edk.orchestrator.remembering import NotingTree, trace_of
from edk.orchestrator.walk import Found, is_certain_dockerfile, walk

if TYPE_CHECKING:
    from edk.domain.charts.model import ChartReading
    from edk.domain.files import Entry
    from edk.domain.operators.model import OperatorImage
    from edk.ports import Cache, SourceTree

MAX_CHART_DEPTH = 8
TEMPLATES = "templates"
"""Folder of the bundled root that holds what `edk new` writes; its files say nothing of what to build here."""


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """What to read: roots nearest first, patterns to leave out, and the arguments that Dockerfiles are read with."""

    roots: tuple[Root, ...]
    exclude: tuple[str, ...] = ()
    build_args: tuple[tuple[str, str], ...] = ()
    platform: str = ""


def scan(tree: SourceTree, cache: Cache, request: ScanRequest, memory: PlanMemory | None = None) -> Workspace:
    """Read all roots.

    Operators and DAGs are read in the roots that were asked for alone: those of other extensions say nothing
    of what these need.

    Args:
        tree: the file system.
        cache: readings by content.
        request: what to read.
        memory: roots that it knows are not read again; what is read is put into it.
    """
    known = memory or PlanMemory()
    paths = {root.path for root in request.roots}
    for root in request.roots:
        if root.path not in known.parts:
            noting = NotingTree(tree)
            part = _scan_root(noting, cache, request, root, paths - {root.path}, known)
            # What is equal stays the same object: then nothing that was made of it is made anew.
            before = known.last_parts.get(root.path)
            known.parts[root.path] = known.last_parts[root.path] = (
                before if before is not None and before == part else part
            )
            known.looked_at[root.path] = frozenset(noting.noted)
            if known.traces is not None:
                known.traces.anew = True
                known.traces.parts[root.path] = trace_of(noting)
    parts = [known.parts[root.path] for root in request.roots]
    return Workspace(
        roots=request.roots,
        targets=tuple(t for part in parts for t in part.targets),
        operator_images=tuple(i for part in parts for i in part.operator_images),
        image_places=tuple(p for part in parts for p in part.image_places),
        charts=tuple(c for part in parts for c in part.charts),
        diagnostics=tuple(d for part in parts for d in part.diagnostics),
        files=sum(part.files for part in parts),
        operator_files=sum(part.operator_files for part in parts),
    )


def _scan_root(
    tree: SourceTree, cache: Cache, request: ScanRequest, root: Root, other_roots: set[str], memory: PlanMemory
) -> Workspace:
    if root.kind == "bundled":
        other_roots = {*other_roots, f"{root.path}/{TEMPLATES}"}
    # What was seen of each folder is of use to a watcher alone: no other plan walks twice.
    found = walk(tree, root.path, request.exclude, other_roots, memory.seen if memory.traces is None else None)
    targets, problems = _read_targets(tree, cache, request, root, found, memory.good)
    charts, chart_problems = _read_charts(tree, cache, root, found)
    images: tuple[LocatedImage, ...] = ()
    places: tuple[LocatedPlace, ...] = ()
    operator_problems: list[Diagnostic] = []
    if root.kind == "extension":
        linked = read_operators(tree, cache, root, found)
        operator_problems = list(linked.diagnostics)
        named = _last_good_images(root, linked.images, operator_problems, memory.good_images)
        images = tuple(LocatedImage(root, image) for image in named)
        places = tuple(LocatedPlace(root, place) for place in linked.places)
        operator_problems += _read_containers(tree, cache, root, found)
    else:
        # What is wrong in a root that is only looked into concerns nobody, until something of it is needed.
        found.diagnostics.clear()
        chart_problems.clear()
    everything = [*found.diagnostics, *problems, *operator_problems, *chart_problems]
    return Workspace(
        roots=(root,),
        targets=tuple(targets),
        operator_images=images,
        image_places=places,
        charts=tuple(LocatedChart(root, chart) for chart in charts),
        diagnostics=tuple(LocatedDiagnostic(root, d) for d in everything),
        files=found.entries,
        operator_files=len(found.operators) + len(found.dags) if root.kind == "extension" else 0,
    )


def dockerfile_reader(request: ScanRequest) -> Reader[DockerfileReading]:
    """Return what reads Dockerfiles with the request's arguments."""
    arguments = dict(request.build_args)
    variant = hashlib.sha256(repr((sorted(arguments.items()), request.platform)).encode()).hexdigest()
    platform = request.platform or "linux/amd64"

    def read(content: bytes) -> DockerfileReading:
        from edk.domain.dockerfile.reading import read_dockerfile

        return read_dockerfile(content, arguments, platform)

    return Reader("dockerfile", DockerfileReading, read, variant)


def target_of(root: Root, path: str, context: str, digest: str, reading: DockerfileReading) -> Target:
    """Return the target that a Dockerfile is, by its labels."""
    who = identity(reading)
    return Target(
        root=root,
        dockerfile=path,
        context=context,
        name=who.image,
        name_line=who.image_line,
        version=who.version,
        local_only=who.local_only,
        build_ignore=who.build_ignore,
        content_digest=digest,
        reading=reading,
    )


def _read_targets(
    tree: SourceTree, cache: Cache, request: ScanRequest, root: Root, found: Found, good: dict[str, Target]
) -> tuple[list[Target], list[Diagnostic]]:
    readings, problems = dockerfile_reader(request).read_all(tree, cache, root.path, found.dockerfiles)
    targets = []
    for path, (digest, reading) in readings.items():
        folder, _, name = path.rpartition("/")
        if not reading.parsed and not is_certain_dockerfile(name):
            continue
        known = good.get(f"{root.path}/{path}")
        if known is not None and (known.content_digest, known.root) == (digest, root):
            # One and the same object, so that what hangs on it is seen at a glance to be unchanged.
            targets.append(known)
        else:
            targets.append(_last_good(target_of(root, path, folder, digest, reading), good))
        if root.kind == "extension":
            problems.extend(replace(d, file=path) for d in reading.diagnostics)
    return targets, problems


def _last_good_images(
    root: Root,
    named: Sequence[OperatorImage],
    problems: Sequence[Diagnostic],
    good: dict[str, tuple[OperatorImage, ...]],
) -> tuple[OperatorImage, ...]:
    """Return what operators and DAGs name, of a broken file what it named before; note it for those that are sound."""
    broken = {d.file for d in problems if d.severity == "error"}
    by_file: dict[str, list[OperatorImage]] = {}
    for image in named:
        by_file.setdefault(image.file, []).append(image)
    for file, images in by_file.items():
        if file not in broken:
            good[f"{root.path}/{file}"] = tuple(images)
    for file in broken:
        known = good.get(f"{root.path}/{file}")
        if known is not None:
            by_file[file] = list(known)
    return tuple(image for images in by_file.values() for image in images)


def _last_good(target: Target, good: dict[str, Target]) -> Target:
    """Return the target as it last was without an error, if its Dockerfile is broken now; note it if it is sound."""
    errors = [d for d in target.reading.diagnostics if d.severity == "error"]
    before = good.get(target.key)
    if not errors:
        good[target.key] = target
        return target
    if before is None:
        return target
    error = errors[0]
    return replace(before, broken=f"{target.dockerfile}:{error.line}: {error.message} ({error.code})")


def _read_containers(tree: SourceTree, cache: Cache, root: Root, found: Found) -> list[Diagnostic]:
    def read(content: bytes) -> tuple[Diagnostic, ...]:
        from edk.domain.charts.reading import read_processing_container

        return read_processing_container(content, "").diagnostics

    reader = Reader("container", tuple[Diagnostic, ...], read)
    readings, problems = reader.read_all(tree, cache, root.path, found.containers)
    return [*problems, *(replace(d, file=path) for path, (_, wrong) in readings.items() for d in wrong)]


def _read_charts(
    tree: SourceTree, cache: Cache, root: Root, found: Found
) -> tuple[list[ChartReading], list[Diagnostic]]:
    """Read charts whole where they were asked for; of the others only what a dependency needs to find them."""
    if not found.charts:
        return [], []
    from edk.domain.charts.model import ChartReading

    decoder = msgspec.msgpack.Decoder(ChartReading)
    problems: list[Diagnostic] = []
    keys: dict[str, tuple[str, dict[str, str]]] = {}
    for folder in found.charts:
        digests = _chart_digests(tree, root, folder, whole=root.kind == "extension", problems=problems)
        content = repr((code_stamp(), folder, sorted(digests.items())))
        keys[folder] = (hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest(), digests)
    stored = cache.readings("chart", [key for key, _ in keys.values()])
    charts = []
    fresh: dict[str, bytes] = {}
    for folder, (key, digests) in keys.items():
        chart = decoded(decoder, stored.get(key))
        if chart is None:
            from edk.domain.charts.reading import read_chart

            chart = read_chart(folder, _contents(tree, root, folder, digests, problems))
            pack(fresh, key, chart)
        charts.append(chart)
        problems.extend(chart.diagnostics)
    if fresh:
        cache.store_readings("chart", fresh)
    return charts, problems


def _chart_digests(
    tree: SourceTree, root: Root, folder: str, *, whole: bool, problems: list[Diagnostic]
) -> dict[str, str]:
    """Return path relative to the chart → content digest, of the files that a reading takes."""
    names = ("Chart.yaml", "values.yaml", "requirements.yaml") if whole else ("Chart.yaml", "requirements.yaml")
    base = f"{root.path}/{folder}" if folder else root.path
    digests: dict[str, str] = {}
    pending: list[tuple[str, int]] = [("", 0)]
    while pending:
        below, depth = pending.pop()
        try:
            entries = tree.list(f"{base}/{below}" if below else base)
        except OSError as error:
            problems.append(diagnose(f"{folder}/{below}".strip("/"), error))
            continue
        for entry in entries:
            path = f"{below}/{entry.name}" if below else entry.name
            if entry.kind == "dir" and whole and depth < MAX_CHART_DEPTH and path.startswith("templates"):
                pending.append((path, depth + 1))
            elif entry.kind == "file" and (below or entry.name in names):
                try:
                    digests[path] = tree.digest(f"{base}/{path}", entry)
                except OSError as error:
                    problems.append(diagnose(f"{folder}/{path}".lstrip("/"), error))
            elif not below and entry.name in names:
                problems.append(_left_out(f"{folder}/{path}".lstrip("/"), entry))
    return digests


def _left_out(path: str, entry: Entry) -> Diagnostic:
    """Return the diagnostic of a chart's file that is not read since it is none."""
    if entry.kind == "link":
        return codes.LINK_LEFT_OUT.at(path, 0, f"link to {entry.target!r} is not followed")
    return codes.NOT_REGULAR.at(path, 0, f"{entry.name!r} is no regular file, and is not opened")


def _contents(
    tree: SourceTree, root: Root, folder: str, paths: Mapping[str, str], problems: list[Diagnostic]
) -> dict[str, bytes]:
    base = f"{root.path}/{folder}" if folder else root.path
    contents = {}
    for path in paths:
        try:
            contents[path] = tree.read(f"{base}/{path}", MAX_FILE_BYTES)
        except (OSError, ValueError) as error:
            problems.append(diagnose(f"{folder}/{path}".lstrip("/"), error))
    return contents
