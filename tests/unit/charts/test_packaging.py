"""Packaging and uploading the charts of an extension."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass, field
from pathlib import Path

from edk.domain.charts.reading import read_chart
from edk.domain.errors import ChartError, EdkError, PlatformUnreachableError
from edk.domain.events import ChartFailed, ChartPackaged, Event
from edk.orchestrator.chart_staging import StagingOptions
from edk.orchestrator.charts import ChartResult, ChartSource, Packaging, package_charts
from edk.orchestrator.deliver import Parcel
from tests.fakes.clock import FakeClock
from tests.fakes.tree import FakeTree


@dataclass
class FakePackager:
    """Writes an empty archive, and keeps what stood in the staged folders."""

    error: EdkError | None = None
    staged: list[tuple[str, str]] = field(default_factory=list)

    def package(self, chart_dir: str, out_dir: str) -> str:
        """Write the archive, or fail."""
        self.staged.append((Path(chart_dir).name, (Path(chart_dir) / "Chart.yaml").read_text()))
        if self.error is not None:
            raise self.error
        archive = Path(out_dir, f"{Path(chart_dir).name}.tgz")
        archive.write_bytes(b"")
        return str(archive)


@dataclass
class Deliverer:
    """Takes every chart, or none."""

    error: EdkError | None = None
    asked: list[Parcel] = field(default_factory=list)

    def __call__(self, parcel: Parcel) -> bool:
        """Take the chart, or fail."""
        self.asked.append(parcel)
        if self.error is not None:
            raise self.error
        return True


@dataclass
class FakeSink:
    """Keeps the events."""

    events: list[Event] = field(default_factory=list)

    def emit(self, event: Event) -> None:
        """Take one event."""
        self.events.append(event)

    def close(self) -> None:
        """Nothing is left."""


CHARTS = {
    "/ext/one/Chart.yaml": "apiVersion: v2\nname: one\nversion: 0.0.0\n",
    "/ext/two/Chart.yaml": "apiVersion: v2\nname: two\nversion: 0.0.0\n",
}


def run(
    tmp_path: Path,
    charts: dict[str, str] | None = None,
    packager: FakePackager | None = None,
    deliver: Deliverer | None = None,
) -> tuple[tuple[ChartResult, ...], list[Event]]:
    """Package some charts; return results and events."""
    files = CHARTS if charts is None else charts
    sink = FakeSink()
    sources = [
        ChartSource(read_chart(path[1:-11], {"Chart.yaml": text.encode()}), path.removesuffix("/Chart.yaml"))
        for path, text in files.items()
    ]
    packaging = Packaging(
        FakeTree({**files}), {}, StagingOptions(version="1.2.3"), str(tmp_path / "staging"), str(tmp_path),
        packager or FakePackager(), "fake", deliver, sink, FakeClock(),
    )  # fmt: skip
    return package_charts(sources, packaging), sink.events


def test_every_chart_is_packaged_and_delivered(tmp_path: Path) -> None:
    """Two charts are two archives, each told, and handed on with name, version and keywords."""
    packager, deliver = FakePackager(), Deliverer()
    charts = {**CHARTS, "/ext/two/Chart.yaml": CHARTS["/ext/two/Chart.yaml"] + "keywords: [kaapanaworkflow]\n"}
    results, events = run(tmp_path, charts, packager, deliver)
    one, two = str(tmp_path / "one.tgz"), str(tmp_path / "two.tgz")

    assert (ChartResult("one", one, uploaded=True), ChartResult("two", two, uploaded=True)) == results
    assert [
        ChartPackaged("one", "1.2.3", one, "fake", 0.0),
        ChartPackaged("two", "1.2.3", two, "fake", 0.0),
    ] == events
    assert [
        Parcel("one", "1.2.3", (), one),
        Parcel("two", "1.2.3", ("kaapanaworkflow",), two),
    ] == deliver.asked
    assert ("one", 'apiVersion: v2\nname: one\nversion: "1.2.3"\n') == packager.staged[0]


def test_no_chart_is_right_as_well(tmp_path: Path) -> None:
    """Nothing is packaged, and nothing is wrong."""
    assert ((), []) == run(tmp_path, charts={})


def test_without_a_platform_nothing_is_uploaded(tmp_path: Path) -> None:
    """The archives are there, and that is all."""
    results, events = run(tmp_path)

    assert [False, False] == [result.uploaded for result in results]
    assert [ChartPackaged] * 2 == [type(event) for event in events]


def test_a_broken_chart_leaves_the_others(tmp_path: Path) -> None:
    """It is told with its place, and the next one is packaged."""
    broken = CHARTS["/ext/one/Chart.yaml"] + "dependencies:\n- name: gone\n"
    results, events = run(tmp_path, {**CHARTS, "/ext/one/Chart.yaml": broken})

    assert ["", str(tmp_path / "two.tgz")] == [result.archive for result in results]
    assert isinstance(events[0], ChartFailed)
    assert "/ext/one/Chart.yaml:5: the chart “gone” is in none of the roots" == events[0].message
    assert isinstance(results[0].error, ChartError)


def test_a_refused_chart_keeps_its_archive(tmp_path: Path) -> None:
    """What kube-helm says is shown; the other chart is sent all the same."""
    deliver = Deliverer(ChartError("refused", "hint"))
    results, events = run(tmp_path, deliver=deliver)

    assert ["one", "two"] == [parcel.chart for parcel in deliver.asked]
    assert [str(tmp_path / "one.tgz"), False] == [results[0].archive, results[0].uploaded]
    assert ChartFailed("one", "refused", "hint") == events[1]


def test_a_platform_that_is_away_leaves_the_archives(tmp_path: Path) -> None:
    """Every chart is packaged, and the exit code of each says that the platform was out of reach."""
    results, _ = run(tmp_path, deliver=Deliverer(PlatformUnreachableError("away", "")))

    assert [True, True] == [bool(result.archive) for result in results]
    assert [4, 4] == [result.error.exit_code if result.error else 0 for result in results]


def test_nothing_staged_is_left(tmp_path: Path) -> None:
    """Neither after a success nor after a failure, nor from a run that was killed; what one is at work in stays.

    Also in another container, where nobody here knows its process: the folder is locked as long as it lives.
    """
    killed = tmp_path / "staging" / "staged-x"
    running = tmp_path / "staging" / "staged-y"
    killed.mkdir(parents=True)
    running.mkdir()
    lock = os.open(running, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        run(tmp_path)
        run(tmp_path, packager=FakePackager(ChartError("no", "")))

        assert [running] == list((tmp_path / "staging").iterdir())
    finally:
        os.close(lock)


def test_a_folder_is_locked_while_it_is_packaged(tmp_path: Path) -> None:
    """Another run that begins meanwhile leaves it alone."""
    during: list[list[str]] = []

    class Beside(FakePackager):
        def package(self, chart_dir: str, out_dir: str) -> str:
            if not during:
                during.append([])
                run(tmp_path)
                during[0] = sorted(path.name for path in Path(chart_dir).iterdir())
            return super().package(chart_dir, out_dir)

    results, _ = run(tmp_path, packager=Beside())

    assert [True, True] == [bool(result.archive) for result in results]
    assert "Chart.yaml" in during[0]
