"""From files to a `Workspace`: every file that says what to build, read once and remembered by its content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from edk import __version__
from edk.domain.charts.model import ChartReading
from edk.domain.charts.reading import read_chart, read_processing_container
from edk.domain.codes import files as codes
from edk.domain.diagnostics import Diagnostic
from edk.domain.dockerfile.identity import identity
from edk.domain.dockerfile.model import DockerfileReading
from edk.domain.operators.linking import link, needed_imports
from edk.domain.operators.model import PythonReading
from edk.domain.workspace import (
    LocatedChart,
    LocatedDiagnostic,
    LocatedImage,
    Root,
    Target,
    Workspace,
)
from edk.orchestrator.walk import Candidate, Found, is_certain_dockerfile, walk

if TYPE_CHECKING:
    from edk.ports import Cache, SourceTree

MAX_FILE_BYTES = 8 << 20
MAX_CHART_DEPTH = 8
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """What to read: roots nearest first, patterns to leave out, and the arguments that Dockerfiles are read with."""

    roots: tuple[Root, ...]
    exclude: tuple[str, ...] = ()
    build_args: tuple[tuple[str, str], ...] = ()
    platform: str = ""


class Reader(Generic[T]):
    """Reads files of one kind, each content once ever.

    Args:
        kind: name of the kind in the cache.
        type_: of the readings.
        parse: from a file's content to its reading.
    """

    def __init__(self, kind: str, type_: type[T], parse: Callable[[bytes], T], variant: str = "") -> None:
        self._kind = kind
        self._parse = parse
        self._decoder = msgspec.msgpack.Decoder(type_)
        self._variant = f"{__version__}:{variant}"

    def read_all(
        self, tree: SourceTree, cache: Cache, root: str, candidates: Iterable[Candidate]
    ) -> tuple[dict[str, tuple[str, T]], list[Diagnostic]]:
        """Return path → (content digest, reading), and diagnostics of files that can't be read."""
        digests: dict[str, str] = {}
        by_path: dict[str, Candidate] = {}
        diagnostics: list[Diagnostic] = []
        for candidate in candidates:
            try:
                if candidate.entry.size > MAX_FILE_BYTES:
                    raise ValueError(f"{candidate.entry.size} bytes, more than {MAX_FILE_BYTES}")
                digests[candidate.path] = tree.digest(f"{root}/{candidate.source}", candidate.entry)
                by_path[candidate.path] = candidate
            except (OSError, ValueError) as error:
                diagnostics.append(diagnose(candidate.path, error))
        stored = cache.readings(self._kind, [self._key(digest) for digest in digests.values()])
        fresh: dict[str, bytes] = {}
        readings: dict[str, tuple[str, T]] = {}
        for path, candidate in by_path.items():
            reading = self._decode(stored.get(self._key(digests[path])))
            if reading is None:
                try:
                    content = tree.read(f"{root}/{candidate.source}", MAX_FILE_BYTES)
                except (OSError, ValueError) as error:
                    diagnostics.append(diagnose(path, error))
                    continue
                reading = self._parse(content)
                digests[path] = hashlib.sha256(content).hexdigest()
                _pack(fresh, self._key(digests[path]), reading)
            readings[path] = (digests[path], reading)
        if fresh:
            cache.store_readings(self._kind, fresh)
        return readings, diagnostics

    def _key(self, digest: str) -> str:
        return f"{self._variant}:{digest}"

    def _decode(self, stored: bytes | None) -> T | None:
        if stored is None:
            return None
        try:
            return self._decoder.decode(stored)
        except msgspec.MsgspecError:
            return None


def _pack(packed: dict[str, bytes], key: str, reading: object) -> None:
    """Add a reading to those to be stored; one with bytes that are no UTF-8 is read anew each time."""
    try:
        packed[key] = msgspec.msgpack.encode(reading)
    except UnicodeEncodeError:
        return


def diagnose(path: str, error: OSError | ValueError) -> Diagnostic:
    """Return the diagnostic of a file that could not be read."""
    if isinstance(error, OSError):
        return codes.UNREADABLE.at(path, 0, f"not readable: {error.strerror or error}")
    return codes.TOO_LARGE.at(path, 0, f"not read: {error}")


def scan(tree: SourceTree, cache: Cache, request: ScanRequest) -> Workspace:
    """Read all roots.

    Operators and DAGs are read in the roots that were asked for alone: those of other extensions say nothing
    of what these need.
    """
    paths = {root.path for root in request.roots}
    parts = [_scan_root(tree, cache, request, root, paths - {root.path}) for root in request.roots]
    return Workspace(
        roots=request.roots,
        targets=tuple(t for part in parts for t in part.targets),
        operator_images=tuple(i for part in parts for i in part.operator_images),
        charts=tuple(c for part in parts for c in part.charts),
        diagnostics=tuple(d for part in parts for d in part.diagnostics),
        files=sum(part.files for part in parts),
        operator_files=sum(part.operator_files for part in parts),
    )


def _scan_root(tree: SourceTree, cache: Cache, request: ScanRequest, root: Root, other_roots: set[str]) -> Workspace:
    found = walk(tree, root.path, request.exclude, other_roots)
    targets, problems = _read_targets(tree, cache, request, root, found)
    charts, chart_problems = _read_charts(tree, cache, root, found)
    images: tuple[LocatedImage, ...] = ()
    operator_problems: list[Diagnostic] = []
    if root.kind == "extension":
        images, operator_problems = _read_operators(tree, cache, root, found)
        operator_problems += _read_containers(tree, root, found)
    else:
        # What is wrong in a root that is only looked into concerns nobody, until something of it is needed.
        found.diagnostics.clear()
        chart_problems.clear()
    everything = [*found.diagnostics, *problems, *operator_problems, *chart_problems]
    return Workspace(
        roots=(root,),
        targets=tuple(targets),
        operator_images=images,
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
    tree: SourceTree, cache: Cache, request: ScanRequest, root: Root, found: Found
) -> tuple[list[Target], list[Diagnostic]]:
    readings, problems = dockerfile_reader(request).read_all(tree, cache, root.path, found.dockerfiles)
    targets = []
    for path, (digest, reading) in readings.items():
        folder, _, name = path.rpartition("/")
        if not reading.parsed and not is_certain_dockerfile(name):
            continue
        targets.append(target_of(root, path, folder, digest, reading))
        if root.kind == "extension":
            problems.extend(replace(d, file=path) for d in reading.diagnostics)
    return targets, problems


def _read_operators(
    tree: SourceTree, cache: Cache, root: Root, found: Found
) -> tuple[tuple[LocatedImage, ...], list[Diagnostic]]:
    from edk.domain.operators.reading import read_python

    reader = Reader("python", PythonReading, read_python)
    readings: dict[str, PythonReading] = {}
    problems: list[Diagnostic] = []
    wanted = {c.path: c for c in (*found.operators, *found.dags)}
    named = set(wanted)
    while wanted:
        got, unread = reader.read_all(tree, cache, root.path, wanted.values())
        problems.extend(unread)
        for path, (_, reading) in got.items():
            readings[path] = reading
            if path in named:
                problems.extend(replace(d, file=path) for d in reading.diagnostics)
        needed = {n for path in got for n in needed_imports(path, readings[path], found.python.keys())}
        wanted = {n: found.python[n] for n in sorted(needed - readings.keys()) if n not in wanted}
    images = tuple(LocatedImage(root, image) for image in link(readings) if image.file in named)
    return images, problems


def _read_containers(tree: SourceTree, root: Root, found: Found) -> list[Diagnostic]:
    problems: list[Diagnostic] = []
    for candidate in found.containers:
        try:
            content = tree.read(f"{root.path}/{candidate.source}", MAX_FILE_BYTES)
        except (OSError, ValueError) as error:
            problems.append(diagnose(candidate.path, error))
            continue
        problems.extend(read_processing_container(content, candidate.path).diagnostics)
    return problems


def _read_charts(
    tree: SourceTree, cache: Cache, root: Root, found: Found
) -> tuple[list[ChartReading], list[Diagnostic]]:
    """Read charts whole where they were asked for; of the others only what a dependency needs to find them."""
    decoder = msgspec.msgpack.Decoder(ChartReading)
    problems: list[Diagnostic] = []
    keys: dict[str, tuple[str, dict[str, str]]] = {}
    for folder in found.charts:
        digests = _chart_digests(tree, root, folder, whole=root.kind == "extension", problems=problems)
        content = repr((__version__, folder, sorted(digests.items())))
        keys[folder] = (hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest(), digests)
    stored = cache.readings("chart", [key for key, _ in keys.values()])
    charts = []
    fresh: dict[str, bytes] = {}
    for folder, (key, digests) in keys.items():
        chart = _decoded(decoder, stored.get(key))
        if chart is None:
            chart = read_chart(folder, _contents(tree, root, folder, digests, problems))
            _pack(fresh, key, chart)
        charts.append(chart)
        problems.extend(chart.diagnostics)
    if fresh:
        cache.store_readings("chart", fresh)
    return charts, problems


def _decoded(decoder: msgspec.msgpack.Decoder[T], stored: bytes | None) -> T | None:
    try:
        return None if stored is None else decoder.decode(stored)
    except msgspec.MsgspecError:
        return None


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
                _add_digest(tree, f"{base}/{path}", entry, path, digests, problems)
    return digests


def _add_digest(
    tree: SourceTree,
    full: str,
    entry: object,
    path: str,
    digests: dict[str, str],
    problems: list[Diagnostic],
) -> None:
    try:
        digests[path] = tree.digest(full, entry)  # type: ignore[arg-type]
    except OSError as error:
        problems.append(diagnose(path, error))


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
