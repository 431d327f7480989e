"""The commands that ask a running watcher, as they are typed."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from edk.adapters import clock
from edk.cli import main
from edk.commands import logs
from edk.domain.status import status_as_json
from tests.unit.control.serving import NOW, STATUS, Served, serving, until
from tests.unit.control.test_status import GOLDEN


@pytest.fixture(autouse=True)
def state_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of its own, and a clock that stands still."""
    monkeypatch.setenv("EDK_STATE_DIR", str(tmp_path))
    monkeypatch.setattr(clock.SystemClock, "now", lambda _: NOW)
    return tmp_path


@pytest.fixture
def served(state_dir: Path) -> Served:
    """A watcher that answers."""
    with serving(state_dir) as made:
        yield made  # type: ignore[misc]


def test_status_as_text(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """The table and what is below it."""
    assert 0 == main(["status"])
    assert GOLDEN + "\n" == capsys.readouterr().out


def test_status_as_json(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """The schema's object on one line."""
    assert 0 == main(["status", "--json", "--dir", "/w/otsus-method"])
    (line,) = capsys.readouterr().out.splitlines()

    assert json.loads(json.dumps(status_as_json(STATUS))) == json.loads(line)


def test_status_of_another_version(
    served: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, and what to do."""
    monkeypatch.setattr("edk.domain.control.status_as_json", lambda _: {"schema": "edk.status/v0"})

    assert 4 == main(["status"])
    assert [
        "edk: error: the watcher is of another version: expected the schema edk.status/v1, not 'edk.status/v0'",
        "    stop it with edk stop, and start it again",
    ] == capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ("typed", "expected", "done"),
    [
        ("pause", "paused: saves are kept, and nothing is built until edk resume\n", ["pause"]),
        ("resume", "resumed: what was saved meanwhile is built now\n", ["resume"]),
        (
            "rebuild otsus-method otsus-report otsus-method",
            "building anew: otsus-method, otsus-report; edk status shows it\n",
            [("rebuild", "otsus-method", "otsus-report")],
        ),
    ],
)
def test_what_is_asked_for_is_done(
    served: Served, capsys: pytest.CaptureFixture[str], typed: str, expected: str, done: list[object]
) -> None:
    """And said in one line."""
    assert 0 == main(typed.split())
    assert (expected, done) == (capsys.readouterr().out, served.watcher.done)


def test_an_unknown_image_is_refused(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """With the near ones, as wrong usage."""
    assert 2 == main(["rebuild", "otsus-metod"])
    assert [
        "edk: error: no image is called otsus-metod",
        "    did you mean otsus-method or otsus-report or otsus-viewer?",
    ] == capsys.readouterr().err.splitlines()


def test_stop_waits_until_the_watcher_is_gone(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """Its socket is removed when the command returns."""
    assert 0 == main(["stop"])
    assert not served.server.path.exists()
    assert capsys.readouterr().out.endswith("; it watched /w/otsus-method\n")


def test_stop_tells_of_a_watcher_that_stays(
    served: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its time is up, with how to end it."""
    monkeypatch.setattr("edk.adapters.control.client.stop.__defaults__", ((), 0.1))
    monkeypatch.setattr(served.watcher, "stop", lambda: None)

    assert 1 == main(["stop"])
    assert "still runs after 0 s\n    kill " in capsys.readouterr().err


@pytest.mark.parametrize("typed", ["status", "status --json", "rebuild x", "pause", "resume", "stop"])
def test_without_a_watcher(capsys: pytest.CaptureFixture[str], typed: str) -> None:
    """It is said how to start one, and the exit code is 4."""
    assert 4 == main(typed.split())
    assert ["edk: error: no watcher runs", "    start one: edk watch --dir DIR"] == capsys.readouterr().err.splitlines()


def log(state_dir: Path, name: str, content: bytes) -> Path:
    path = state_dir / "logs" / f"{name}.log"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "named", ["otsus-method", "localhost:32000/otsus-method:0.6.0", "localhost:32000/x/otsus-method@sha256:00"]
)
def test_logs_of_an_image(state_dir: Path, capsys: pytest.CaptureFixture[str], named: str) -> None:
    """Without a watcher too, and by a whole reference; what would move the cursor is written out."""
    log(state_dir, "otsus-method", b"one\n\x1b[2Jtwo\nend")

    assert 0 == main(["logs", named])
    assert "one\n\\x1b[2Jtwo\nend\n" == capsys.readouterr().out


def test_logs_of_a_dockerfile_without_a_name(state_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is called by its path."""
    log(state_dir, "a_b_Dockerfile", b"one\n")

    assert 0 == main(["logs", "a/b/Dockerfile"])
    assert "one\n" == capsys.readouterr().out


@pytest.mark.parametrize(
    ("there", "asked", "hint"),
    [
        ([], "x", "a log is written with the first build"),
        (["otsus-method", "other"], "otsus-metod", "did you mean otsus-method?"),
        (["otsus-method", "other"], "zzz", "there are logs of other, otsus-method"),
        (["otsus-method"], "../otsus-method.log", "did you mean otsus-method?"),
    ],
)
def test_logs_of_what_was_never_built(
    state_dir: Path, capsys: pytest.CaptureFixture[str], there: list[str], asked: str, hint: str
) -> None:
    """Near names are offered."""
    for name in there:
        log(state_dir, name, b"")

    assert 2 == main(["logs", asked])
    assert sorted(f"edk: error: there is no log of {asked}\n    {hint}\n") == sorted(capsys.readouterr().err)


def test_a_log_that_cannot_be_read(state_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named."""
    (state_dir / "logs" / "x.log").mkdir(parents=True)

    assert 2 == main(["logs", "x"])
    assert "x.log: Is a directory" in capsys.readouterr().err


def test_logs_are_followed_across_rebuilds(
    state_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From before the first build until it is interrupted, each line once."""
    steps = iter([b"one\n", b"one\ntwo\n", b"two\n", None])

    def sleep(_self: object, _seconds: float) -> None:
        content = next(steps)
        if content is None:
            raise KeyboardInterrupt
        log(state_dir, "x", content)

    monkeypatch.setattr(clock.SystemClock, "sleep", sleep)

    assert 130 == main(["logs", "x", "-f"])
    assert ("one\ntwo\ntwo\n", "edk: x has no log yet; waiting for its first build\n") == capsys.readouterr()


def test_commands_may_come_from_many_at_once(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is answered."""
    threads = [threading.Thread(target=main, args=(["pause"],)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    until(lambda: ["pause"] * 8 == served.watcher.done)
    assert 8 == capsys.readouterr().out.count("paused")


def test_the_pause_between_two_looks_is_short() -> None:
    """A line is shown within a moment, and the processor rests."""
    assert 0.05 < logs.POLL_SECONDS < 0.5
