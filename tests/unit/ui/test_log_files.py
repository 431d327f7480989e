"""The full log of each image in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from edk.domain import events as ev
from edk.ui import log_files
from edk.ui.log_files import Fanout, LogFiles


def started(path: Path | str, attempt: int = 1, image: str = "x") -> ev.ImageStarted:
    return ev.ImageStarted(image, "not there", "/w/Dockerfile", 1, 1, str(path), attempt)


def line(text: str, image: str = "x") -> ev.StepMoved:
    return ev.StepMoved(image, "sha256:step", "log", text)


def test_steps_and_log_lines_are_written(tmp_path: Path) -> None:
    """What the engine said, the pushes, and how it ended."""
    path = tmp_path / "logs" / "x.log"
    logs = LogFiles()
    for event in (
        started(path),
        ev.StepMoved("x", "sha256:12345678", "started", "[1/1] RUN make"),
        line("compiling \udcff"),
        ev.ImagePushed("x", "r/x:1", "sha256:1", 0.1),
        ev.ImageFailed("x", "step", "exit 1", "", "", 0, "", (), str(path)),
        line("after its end"),
    ):
        logs.emit(event)

    assert [
        "/w/Dockerfile: not there",
        "#12345678 started: [1/1] RUN make",
        "compiling \\udcff",
        "pushed r/x:1 sha256:1",
        "failed: exit 1",
    ] == path.read_text().splitlines()


def test_images_have_files_of_their_own(tmp_path: Path) -> None:
    """Lines of builds that run at once do not mix."""
    logs = LogFiles()
    for event in (started(tmp_path / "x"), started(tmp_path / "y", image="y"), line("of x"), line("of y", "y")):
        logs.emit(event)
    logs.close()

    assert ["of x", "of y"] == [(tmp_path / name).read_text().splitlines()[1] for name in "xy"]


def test_a_new_build_replaces_the_log_and_an_attempt_adds_to_it(tmp_path: Path) -> None:
    """The log of what failed before a retry is kept."""
    logs = LogFiles()
    for event in (
        started(tmp_path / "x"),
        line("old"),
        started(tmp_path / "x"),
        line("one"),
        started(tmp_path / "x", 2),
    ):
        logs.emit(event)
    logs.close()

    assert ["/w/Dockerfile: not there", "one", "/w/Dockerfile: not there"] == (tmp_path / "x").read_text().splitlines()


@pytest.mark.parametrize("text", ["a" * 60, "ä" * 30, "\udcff" * 10])
def test_a_log_is_bounded_in_bytes_over_all_attempts(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the limit one line says that the rest is left out."""
    monkeypatch.setattr(log_files, "MAX_LOG_BYTES", 200)
    logs = LogFiles()
    for attempt in (1, 2, 3):
        logs.emit(started(tmp_path / "x", attempt))
        for _ in range(10):
            logs.emit(line(text))
    logs.close()

    written = (tmp_path / "x").read_bytes()
    note = b"the log is longer than 200 bytes; the rest is left out\n"

    assert len(written) <= 200 + len(note)
    assert written.endswith(note)
    assert 1 == written.count(note)


@pytest.mark.parametrize("path", ["/proc/nothing/x.log", "/dev/full"])
def test_a_log_that_cannot_be_written_costs_nothing_else(path: str) -> None:
    """No folder, no space: the build goes on."""
    logs = LogFiles()
    logs.emit(started(path))
    for _ in range(100):
        logs.emit(line("x" * 1000))
    logs.emit(ev.ImageFinished("x", "", (), 0.0))
    logs.close()

    assert {} == logs._files


def test_every_sink_gets_every_event() -> None:
    """One event goes to all surfaces."""
    seen: list[tuple[int, object]] = []

    class Sink:
        def __init__(self, number: int) -> None:
            self.number = number

        def emit(self, event: object) -> None:
            seen.append((self.number, event))

        def close(self) -> None:
            seen.append((self.number, "closed"))

    fanout = Fanout(Sink(1), Sink(2))
    event = ev.Noticed("x")
    fanout.emit(event)
    fanout.close()

    assert [(1, event), (2, event), (1, "closed"), (2, "closed")] == seen
