"""The log: structlog's JSON lines in a file, and on stderr on request."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

import pytest

from edk.domain import events as ev
from edk.domain.diagnostics import Diagnostic
from edk.ui import log
from edk.ui.log import EventLog

NOTICED = ev.Noticed("the engine is slow", "look at it")
FAILED = ev.ImageFailed("seg", "step", "RUN failed", "mend it", "seg/Dockerfile", 3, "RUN x", ("a", "b"), "/l/seg.log")
DONE = ev.RunFinished(0, 0, 4, 0, 0, 1, 0.2)


def written(path: Path, *events: ev.Event) -> list[dict[str, Any]]:
    """Log events and return the lines of the file."""
    sink = EventLog(str(path))
    for event in events:
        sink.emit(event)
    sink.close()
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_line_has_name_level_time_process_and_the_facts(tmp_path: Path) -> None:
    """The name is the event's, the facts are keys."""
    (line,) = written(tmp_path / "edk.log", FAILED)

    stamp = line.pop("timestamp")
    expected = {
        "event": "image_failed",
        "level": "error",
        "process": os.getpid(),
        "image": "seg",
        "kind": "step",
        "message": "RUN failed",
        "hint": "mend it",
        "dockerfile": "seg/Dockerfile",
        "line": 3,
        "instruction": "RUN x",
        "log_tail": ["a", "b"],
        "log": "/l/seg.log",
        "worker": "",
    }
    assert expected == line
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", stamp)


@pytest.mark.parametrize(
    ("event", "name", "level"),
    [
        (FAILED, "image_failed", "error"),
        (ev.ChartFailed("c", "m", "h"), "chart_failed", "error"),
        (ev.ImageBlocked("seg", "base"), "image_blocked", "warning"),
        (ev.RetryScheduled("seg", 2, 1.0, "registry gone"), "retry_scheduled", "warning"),
        (ev.DiagnosticFound(Diagnostic("EDK101", "error", "f", 1, "m", "h")), "diagnostic_found", "warning"),
        (NOTICED, "noticed", "info"),
        (ev.ImagePushed("seg", "r", "d", 1.0), "image_pushed", "info"),
        (ev.ImageFinished("seg", "d", ("r",), 1.0), "image_finished", "info"),
        (ev.ChartPackaged("c", "1", "a", "helm", 1.0), "chart_packaged", "info"),
        (ev.ImageCancelled("seg", "superseded"), "image_cancelled", "info"),
    ],
)
def test_names_and_levels(event: ev.Event, name: str, level: str, tmp_path: Path) -> None:
    """Failures are errors, what may lead to one is a warning."""
    (line,) = written(tmp_path / "edk.log", event)

    assert (name, level) == (line["event"], line["level"])


@pytest.mark.parametrize("kind", typing.get_args(ev.Event), ids=lambda kind: kind.__name__)
def test_no_field_of_an_event_is_taken_for_a_key_of_the_log(kind: type) -> None:
    """A field by the name of one of structlog's own keys would be lost, or make the call fail."""
    names = set(kind.__struct_fields__)  # type: ignore[attr-defined]

    assert set() == names & {"process", "exc_info", "stack_info", "self"}


@pytest.mark.parametrize(
    "event",
    [
        ev.StepMoved("seg", "1", "log", "a line"),
        ev.PushMoved("seg", "r", "pushing", 1, 2),
        ev.SourcesRead(("/x",), 1, 1, 1, 1, 0.1),
        ev.PlanMade(("seg",), (), (), (), (), 0.1),
        ev.ImageSkipped("seg", ("r",), "d", "unchanged"),
        ev.ImageHeld("seg", "waits"),
        DONE,
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_is_no_news_makes_no_log(event: ev.Event, tmp_path: Path) -> None:
    """Lines of builds stand in the images' own logs; a run with nothing to do leaves no trace."""
    assert [] == written(tmp_path / "edk.log", event)
    assert not (tmp_path / "edk.log").exists()


def test_the_end_of_a_run_that_did_something_is_logged(tmp_path: Path) -> None:
    """And the end of one that failed, whatever came before."""
    assert ["noticed", "run_finished"] == [line["event"] for line in written(tmp_path / "a.log", NOTICED, DONE)]
    failed = ev.RunFinished(3, 0, 0, 0, 0, 0, 0.1)
    assert [3] == [line["exit_code"] for line in written(tmp_path / "b.log", failed)]


def test_runs_follow_each_other_in_one_file(tmp_path: Path) -> None:
    """Nothing that was written before is lost."""
    written(tmp_path / "edk.log", NOTICED)

    assert ["noticed", "image_failed"] == [line["event"] for line in written(tmp_path / "edk.log", FAILED)]


def test_a_log_that_grew_too_large_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last one is kept, the one before it goes."""
    monkeypatch.setattr(log, "MAX_BYTES", 10)
    path = tmp_path / "edk.log"
    path.write_text("x" * 11)
    (tmp_path / "edk.log.1").write_text("older")

    assert ["noticed"] == [line["event"] for line in written(path, NOTICED)]
    assert "x" * 11 == (tmp_path / "edk.log.1").read_text()
    assert ["edk.log", "edk.log.1"] == sorted(file.name for file in tmp_path.iterdir())


def test_a_log_at_its_limit_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is above is put aside."""
    monkeypatch.setattr(log, "MAX_BYTES", 3)
    (tmp_path / "edk.log").write_text("{}\n")

    assert 2 == len(written(tmp_path / "edk.log", NOTICED))


@pytest.mark.parametrize("kind", ["file above", "folder"])
def test_a_log_that_cannot_be_written_costs_the_log_alone(kind: str, tmp_path: Path) -> None:
    """The run goes on."""
    path = tmp_path / "there" / "edk.log"
    if kind == "folder":
        path.mkdir(parents=True)
    else:
        path.parent.write_text("not a folder")
    sink = EventLog(str(path))

    sink.emit(FAILED)
    sink.emit(NOTICED)
    sink.close()

    assert ["there"] == [file.name for file in tmp_path.iterdir()]


def test_a_full_disk_costs_the_log_alone() -> None:
    """Neither a line nor the end of the run fails for it."""
    sink = EventLog("/dev/full")

    for _ in range(1000):
        sink.emit(FAILED)
    sink.close()


def test_names_that_are_no_utf8_are_logged(tmp_path: Path) -> None:
    """Escaped, for the log is text."""
    (line,) = written(tmp_path / "edk.log", ev.Noticed("file x\udcff"))

    assert "file x" in line["message"]


def test_on_stderr_everything_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As keys and values, lines of builds included; stdout stays the surface's."""
    sink = EventLog(str(tmp_path / "edk.log"), stderr=True)

    sink.emit(ev.StepMoved("seg", "1", "log", "a line"))
    sink.emit(DONE)
    sink.close()

    out, err = capsys.readouterr()
    assert "" == out
    assert 'event=step_moved image=seg step=1 phase=log title="a line"' in err.splitlines()[0]
    assert "event=run_finished" in err.splitlines()[1]


def test_structlog_is_not_imported_where_nothing_happens(tmp_path: Path) -> None:
    """A run with nothing to do does not pay for it, and one with news does."""
    program = (
        "import sys; from edk.ui.log import EventLog; from edk.domain import events as ev\n"
        f"log = EventLog({str(tmp_path / 'edk.log')!r})\n"
        "log.emit(ev.ImageSkipped('seg', ('r',), 'd', 'unchanged')); log.emit(ev.RunFinished(0, 0, 1, 0, 0, 0, 0.1))\n"
        "print('structlog' in sys.modules)\n"
        "log.emit(ev.Noticed('x')); log.close()\n"
        "print('structlog' in sys.modules)\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ["False", "True"] == done.stdout.split()
