"""Package the charts of an extension and hand them to the platform."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edk.domain.charts.selection import top_charts
from edk.domain.errors import ChartError, EdkError
from edk.domain.events import ChartFailed, ChartPackaged
from edk.orchestrator.chart_staging import StagedChart, StagingOptions, stage_chart
from edk.orchestrator.deliver import Deliver, Parcel

if TYPE_CHECKING:
    from edk.domain.charts.model import ChartReading
    from edk.ports import Cache, ChartPackager, Clock, EventSink, SourceTree

_PREFIX = "staged-"
_ARCHIVES = "chart-archive"


@dataclass(frozen=True, slots=True)
class ChartSource:
    """A chart to package: what was read of it, and the absolute path of its folder."""

    chart: ChartReading
    folder: str


@dataclass(frozen=True, slots=True)
class ChartResult:
    """How it went with one chart.

    Args:
        chart: its name.
        archive: path of the archive; empty if there is none.
        uploaded: whether the platform took it.
        error: what went wrong; None if nothing.
    """

    chart: str
    archive: str = ""
    uploaded: bool = False
    error: EdkError | None = None


@dataclass(frozen=True, slots=True)
class Packaging:
    """With what charts are packaged.

    Args:
        tree: where the charts are.
        by_name: absolute folder of every chart of the roots by its name, the nearest where there are several.
        options: what the staged copies say otherwise.
        staging: a folder of ours for staged copies; they are removed again.
        out_dir: where the archives go.
        packager: makes the archives.
        by: its name, for the events.
        deliver: takes each archive to the platform, and tells whether it was uploaded; None: they go nowhere.
        sink: takes the events.
        clock: time.
        cache: remembers which staged content an archive was made from, so that an unchanged one is not made again.
        prepare: makes what a staged chart is going to ask for.
        verify: raises ChartError if an image that a chart asks for is not there; takes its name and the archive.
    """

    tree: SourceTree
    by_name: Mapping[str, str]
    options: StagingOptions
    staging: str
    out_dir: str
    packager: ChartPackager
    by: str
    deliver: Deliver | None
    sink: EventSink
    clock: Clock
    cache: Cache | None = None
    prepare: Callable[[ChartReading], None] = lambda _chart: None
    verify: Callable[[str, str], None] | None = None


def package_charts(sources: Sequence[ChartSource], packaging: Packaging) -> tuple[ChartResult, ...]:
    """Package the top charts among the sources one after the other, and upload each; none is right as well.

    A failure concerns its chart alone. Once the platform did not answer it is not asked again, and the charts
    left are packaged all the same.

    Args:
        sources: the charts of one extension; see `edk.domain.charts.selection.top_charts` for which of them
            are packaged.
        packaging: with what.
    """
    folders = {source.chart: source.folder for source in sources}
    tops = top_charts([source.chart for source in sources])
    return tuple(_package(chart, folders[chart], packaging) for chart in tops)


def _package(chart: ChartReading, folder: str, packaging: Packaging) -> ChartResult:
    """Package and upload one chart, and tell how it went."""
    archive = ""
    name = chart.name or chart.path
    began = packaging.clock.monotonic()
    try:
        packaging.prepare(chart)
        staged = stage_chart(packaging.tree, folder, packaging.by_name, packaging.options)
        key = _content_key(staged, packaging.by)
        archive = _unchanged(staged, key, packaging)
        by = "unchanged" if archive else packaging.by
        if not archive:
            with _written(staged, packaging.staging) as chart_dir:
                archive = packaging.packager.package(chart_dir, packaging.out_dir)
            _remember(key, archive, packaging.cache)
        seconds = packaging.clock.monotonic() - began
        packaging.sink.emit(ChartPackaged(name, staged.version, archive, by, seconds))
        if packaging.verify is not None:
            packaging.verify(name, archive)
        parcel = Parcel(name, staged.version, chart.keywords, archive)
        return ChartResult(name, archive, packaging.deliver is not None and packaging.deliver(parcel))
    except EdkError as error:
        packaging.sink.emit(ChartFailed(name, error.message, error.hint))
        return ChartResult(name, archive, uploaded=False, error=error)


def _content_key(staged: StagedChart, by: str) -> str:
    """Return the content address of what is packaged, and of what packages it."""
    digest = hashlib.sha256(f"{by}\0{staged.name}\0{staged.version}".encode())
    for path in sorted(staged.files):
        digest.update(f"\0{len(staged.files[path])}\0{path}\0".encode("utf-8", "surrogateescape"))
        digest.update(staged.files[path])
    return digest.hexdigest()


def _unchanged(staged: StagedChart, key: str, packaging: Packaging) -> str:
    """Return the path of the archive that was made of the same content; empty if there is none, or it was changed."""
    if packaging.cache is None:
        return ""
    known = packaging.cache.readings(_ARCHIVES, [key]).get(key, b"")
    path = Path(packaging.out_dir, f"{staged.name}-{staged.version}.tgz")
    try:
        return str(path) if known and hashlib.sha256(path.read_bytes()).digest() == known else ""
    except OSError:
        return ""


def _remember(key: str, archive: str, cache: Cache | None) -> None:
    if cache is not None:
        cache.store_readings(_ARCHIVES, {key: hashlib.sha256(Path(archive).read_bytes()).digest()})


@contextmanager
def _written(staged: StagedChart, staging: str) -> Iterator[str]:
    """Write a staged chart to a folder named like it, and remove it again.

    The folder above is locked as long as somebody is at work in it, so that what a killed run left behind is told from
    what another run is at, in whichever container that is: a lock is given back by the kernel.
    """
    try:
        Path(staging).mkdir(parents=True, exist_ok=True)
        _clear(staging)
        work, lock = _work_folder(staging)
        try:
            chart_dir = Path(work, staged.name)
            for path, content in staged.files.items():
                target = chart_dir / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            yield str(chart_dir)
        finally:
            shutil.rmtree(work, ignore_errors=True)
            os.close(lock)
    except OSError as error:
        raise ChartError(f"chart {staged.name} can't be staged: {error}", "Free space, or allow it") from error


def _work_folder(staging: str) -> tuple[str, int]:
    """Return a folder of our own, and the descriptor that holds its lock."""
    while True:
        work = tempfile.mkdtemp(prefix=_PREFIX, dir=staging)
        lock = os.open(work, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        # Without locks on this file system nobody clears away either.
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.isdir(work):  # noqa: PTH112
            return work, lock
        os.close(lock)  # taken for a killed run's before it was locked


def _clear(staging: str) -> None:
    """Remove what runs left behind that are no more."""
    for left in Path(staging).glob(f"{_PREFIX}*"):
        try:
            lock = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
        except OSError:  # somebody is at work in it, or nothing can be locked here
            continue
        finally:
            os.close(lock)
