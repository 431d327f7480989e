"""Charts of a watcher, delivered aside."""

from __future__ import annotations

import queue
from collections.abc import Callable
from pathlib import Path

import pytest

from edk.adapters.whole_files import write_whole
from edk.domain import events as ev
from edk.domain.errors import ChartError, PlatformUnreachableError
from edk.orchestrator.deliver import Delivery, Parcel
from edk.orchestrator.delivering import BackgroundDelivery
from tests.fakes.cache import FakeCache
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform
from tests.unit.core.bench import Sink

RETRY = 0.05


class ScriptedPlatform(FakePlatform):
    """Takes charts as a script says: each upload takes the next of its steps."""

    def __init__(self, *steps: Callable[[], None]) -> None:
        super().__init__()
        self.steps = list(steps)
        self.sent: list[str] = []

    def upload_chart(self, archive: str) -> str:
        """Take a chart, after the next step."""
        self.sent.append(Path(archive).read_text())
        if self.steps:
            self.steps.pop(0)()
        return "added"


class Line:
    """A delivery, and the events that come of it."""

    def __init__(self, folder: Path, *steps: Callable[[], None]) -> None:
        self.folder = folder
        self.platform = ScriptedPlatform(*steps)
        self.events: queue.SimpleQueue[ev.Event] = queue.SimpleQueue()
        to = Delivery(self.platform, "u", Sink(), FakeClock(), FakeCache())
        self.delivery = BackgroundDelivery(to, self.events.put, RETRY)

    def put(self, text: str, chart: str = "a") -> None:
        """Package a chart that holds a text, and hand it over."""
        archive = self.folder / f"{chart}-1.tgz"
        write_whole(str(archive), text.encode())
        assert not self.delivery.take(Parcel(chart, "1", (), str(archive)))

    def told(self) -> ev.Event:
        """Return the next event, once it comes."""
        return self.events.get(timeout=10)


def test_a_chart_is_delivered_once(tmp_path: Path) -> None:
    """However often the watcher hands it over; a changed one is delivered too."""
    line = Line(tmp_path)
    line.put("one")
    assert ev.ChartUploaded("a", "u", "added") == line.told()
    line.put("one")
    line.put("one")
    line.put("two", chart="b")
    assert ev.ChartUploaded("b", "u", "added") == line.told()

    assert ["one", "two"] == line.platform.sent
    assert line.events.empty()


def test_a_refused_chart_is_left_until_it_changes(tmp_path: Path) -> None:
    """The refusal is told once."""

    def refuse() -> None:
        raise ChartError("refused", "mend it")

    line = Line(tmp_path, refuse)
    line.put("one")
    assert ev.ChartFailed("a", "refused", "mend it") == line.told()
    line.put("one")
    line.put("two")
    assert ev.ChartUploaded("a", "u", "added") == line.told()

    assert ["one", "two"] == line.platform.sent


def test_a_platform_that_is_away_is_tried_again(tmp_path: Path) -> None:
    """It is told once that it is away; the chart goes when it is back."""

    def away() -> None:
        raise PlatformUnreachableError("no route")

    line = Line(tmp_path, away, away)
    line.put("one")
    first = line.told()
    second = line.told()

    assert isinstance(first, ev.ChartFailed)
    assert ("no route", "tried again" in first.hint) == (first.message, True)
    assert ev.ChartUploaded("a", "u", "added") == second
    assert ["one"] * 3 == line.platform.sent


def test_the_latest_of_several_is_delivered(tmp_path: Path) -> None:
    """What was saved while one was sent is sent next; what lies between is not."""
    hold: queue.SimpleQueue[None] = queue.SimpleQueue()
    under_way: queue.SimpleQueue[None] = queue.SimpleQueue()

    def wait() -> None:
        under_way.put(None)
        hold.get(timeout=10)

    line = Line(tmp_path, wait)
    line.put("one")
    under_way.get(timeout=10)
    assert "a" == line.delivery.busy
    line.put("two")
    line.put("three")
    hold.put(None)
    line.told()
    line.told()

    assert ["one", "three"] == line.platform.sent


def test_a_fault_of_our_own_is_told(tmp_path: Path) -> None:
    """It ends neither the watcher nor its deliveries."""

    def fault() -> None:
        raise ZeroDivisionError

    line = Line(tmp_path, fault)
    line.put("one")
    told = line.told()
    line.put("two")

    assert isinstance(told, ev.Noticed)
    assert "ZeroDivisionError" in told.hint
    assert ev.ChartUploaded("a", "u", "added") == line.told()


def test_an_archive_that_is_gone_is_passed_over(tmp_path: Path) -> None:
    """It is being packaged anew, and comes again."""
    line = Line(tmp_path)
    line.delivery.take(Parcel("a", "1", (), str(tmp_path / "gone.tgz")))
    line.put("two", chart="b")

    assert ev.ChartUploaded("b", "u", "added") == line.told()


@pytest.mark.parametrize("times", [20])
def test_a_burst_ends_with_the_last(tmp_path: Path, times: int) -> None:
    """Whatever was in between, the last one is on the platform."""
    line = Line(tmp_path)
    for number in range(times):
        line.put(str(number))
    while not line.platform.sent or line.platform.sent[-1] != str(times - 1):
        line.told()

    assert times >= len(line.platform.sent)
