"""Which record is made of the events of a build, and how it lasts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from edk.adapters.store.store import SqliteStore
from edk.commands.wiring import Wired
from edk.domain import events as ev
from edk.domain.build_record import KEPT_STEPS, BuildRecord, StepTime
from edk.orchestrator.build_history import decode_record, encode_record, past_builds
from edk.orchestrator.recording import Recording
from edk.settings import Settings
from tests.fakes.cache import FakeCache


class Times:
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        """Return seconds since the epoch."""
        return self.now


def started(image: str = "seg", attempt: int = 1) -> ev.ImageStarted:
    """The beginning of a build."""
    return ev.ImageStarted(image, "run.sh changed", f"/w/{image}/Dockerfile", 2, 300, "/log", attempt)


def step(title: str, seconds: float, line: int = 3, phase: Any = "finished") -> ev.StepMoved:
    """A step that ended."""
    return ev.StepMoved("seg", title, phase, title, line, seconds=seconds)


def recorded(*events: ev.Event | float) -> tuple[BuildRecord, ...]:
    """The records of some events; a number lets that many seconds pass."""
    cache, times = FakeCache(), Times()
    sink = Recording(cache, times, "edk build")
    for event in events:
        if isinstance(event, float):
            times.now += event
        else:
            sink.emit(event)
    return past_builds(cache)


DONE = (
    ev.ImageBuilt("seg", "sha256:1", 4, 3, 1.5),
    ev.ImagePushed("seg", "r/seg:1", "sha256:2", 0.25),
    ev.ImagePushed("seg", "r/seg:2", "sha256:2", 0.25),
    ev.ImageFinished("seg", "sha256:2", ("r/seg:1", "r/seg:2"), 2.0),
)


def test_a_build_that_is_done() -> None:
    """All that its events tell."""
    steps = (step("[1/2] RUN  a", 1.0), step("[2/2] COPY b", 0.5, 4), step("copy /context /", 9.0, 0))

    assert (
        BuildRecord(
            image="seg",
            dockerfile="/w/seg/Dockerfile",
            started=1000.0,
            seconds=2.5,
            ended="done",
            reason="run.sh changed",
            built=1.5,
            pushed=0.5,
            steps=4,
            cached=3,
            slowest=(StepTime("[1/2] RUN a", 3, 1.0), StepTime("[2/2] COPY b", 4, 0.5)),
            context_files=2,
            context_bytes=300,
            worker="10.0.0.1:1",
            command="edk build",
            digest="sha256:2",
        ),
    ) == recorded(started(), ev.ImagePlaced("seg", "10.0.0.1:1"), *steps, 2.5, *DONE)


def test_a_build_that_fails() -> None:
    """With what failed, and where."""
    failed = ev.ImageFailed("seg", "step", "RUN false failed", "", "/w/seg/Dockerfile", 3, "RUN false", (), "")
    (record,) = recorded(started(), 1.0, failed)

    assert ("failed", "RUN false failed", 3, 1.0) == (record.ended, record.message, record.line, record.seconds)


def test_a_build_that_is_cancelled_and_started_anew() -> None:
    """Two records, the latest first."""
    found = recorded(started(), 1.0, ev.ImageCancelled("seg", "a save has overtaken it"), started(), 2.0, *DONE)

    assert [("done", 2.0), ("cancelled", 1.0)] == [(record.ended, record.seconds) for record in found]


def test_attempts_are_one_build() -> None:
    """From the first one's start, with the steps of the last one."""
    (record,) = recorded(started(), step("old", 9.0), 3.0, started(attempt=2), step("new", 1.0), 2.0, *DONE)

    assert (2, 1000.0, 5.0) == (record.attempts, record.started, record.seconds)
    assert ["new"] == [one.title for one in record.slowest]


def test_only_the_slowest_steps_that_ran_are_kept() -> None:
    """Cached ones took no time."""
    steps = [step(f"step {n}", float(n)) for n in range(KEPT_STEPS + 3)]
    (record,) = recorded(started(), step("cached", 99.0, phase="cached"), *steps, *DONE)

    assert [float(n) for n in range(KEPT_STEPS + 2, 2, -1)] == [one.seconds for one in record.slowest]


def test_what_is_not_built_is_not_recorded() -> None:
    """Skipped, tagged anew, blocked: nothing was built."""
    assert () == recorded(
        ev.ImageSkipped("seg", (), "", "unchanged"),
        ev.ImageRetagged("seg", "sha256:2", "a tag is missing"),
        DONE[3],
        ev.ImageBlocked("dag", "seg"),
    )


def test_two_builds_at_once() -> None:
    """Are kept apart."""
    found = recorded(started(), started("other"), 1.0, ev.ImageFinished("other", "sha256:9", (), 1.0), 1.0, *DONE)

    assert [("seg", 2.0, 4), ("other", 1.0, 0)] == [(r.image, r.seconds, r.steps) for r in found]


def test_names_that_are_no_utf8() -> None:
    """Are written out."""
    record = BuildRecord("seg", "/w/\udcff/Dockerfile", 1.0, 1.0, "done")

    assert BuildRecord("seg", "/w/\\udcff/Dockerfile", 1.0, 1.0, "done") == decode_record(encode_record(record))


def test_records_of_other_versions(tmp_path: Path) -> None:
    """Fields that this version does not know are left out, those that an older one did not write have defaults."""
    store = SqliteStore(str(tmp_path))
    older = {"image": "old", "dockerfile": "/w/Dockerfile", "started": 1.0, "seconds": 2.0, "ended": "done"}
    for value in (older, {**older, "image": "new", "mood": "good"}, {**older, "ended": "exploded"}, [1], "x"):
        store.record_build(msgspec.msgpack.encode(value))
    store.record_build(b"\xff nothing")

    assert ["new", "old"] == [record.image for record in past_builds(store)]


def test_a_state_that_is_deleted(tmp_path: Path) -> None:
    """Is begun anew."""
    store = SqliteStore(str(tmp_path))
    record = BuildRecord("seg", "/w/Dockerfile", 1.0, 1.0, "done")
    store.record_build(encode_record(record))
    (tmp_path / "state.sqlite").unlink()
    store.record_build(encode_record(record))

    assert (record,) == past_builds(store)


class Silent:
    """A sink that shows nothing."""

    def emit(self, event: ev.Event) -> None:
        """Take one event."""

    def close(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("secret", ["correct-horse"])
def test_every_command_records_and_no_secret_is_stored(tmp_path: Path, secret: str) -> None:
    """What is masked on the screen is masked in the state."""
    settings = Settings(state_dir=str(tmp_path), build_args=(("TOKEN", secret),))
    with Wired(settings, Silent(), "edk watch") as services:
        for event in (started(), step(f"RUN login {secret}", 1.0), *DONE):
            services.sink.emit(event)

    (record,) = past_builds(SqliteStore(str(tmp_path)))
    assert ("edk watch", "RUN login •••") == (record.command, record.slowest[0].title)
    assert secret.encode() not in (tmp_path / "state.sqlite").read_bytes()
