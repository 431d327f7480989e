"""`edk follow`, on the socket of a watcher that is none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edk.adapters.control.server import ControlServer
from edk.cli import main
from edk.domain import events as ev
from edk.domain.control import ControlAsked, done
from edk.domain.status import SCHEMA, ImageError, ImageStatus, WatchStatus, status_as_json

BROKEN = ImageError("/x/Dockerfile:3: RUN false exited with code 1", "/x/Dockerfile", 3)
LINE = "/x/Dockerfile:3:1: error: RUN false exited with code 1 [a]"
GONE = "edk: problems end: 0 errors, 0 warnings; the watcher is gone, it was stopped"


class Watcher:
    """Answers with whatever status it was given last."""

    def __init__(self, state: Path, root: Path) -> None:
        self.images: tuple[ImageStatus, ...] = ()
        self.schema = SCHEMA
        self.asked: list[str] = []
        self._roots = (str(root),)
        self.server = ControlServer(str(state), self._roots, self._answer)

    def _answer(self, asked: ControlAsked) -> None:
        self.asked.append(asked.command)
        status = status_as_json(WatchStatus(1, self._roots, 0.0, images=self.images))
        asked.reply(done(status={**status, "schema": self.schema}))


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state folder."""
    monkeypatch.setenv("EDK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("EDK_EXTENSIONS_DIR", str(tmp_path / "none"))
    return tmp_path / "state"


@pytest.fixture
def watcher(state: Path, tmp_path: Path) -> Iterator[Watcher]:
    """A watcher that is not started yet."""
    made = Watcher(state, tmp_path)
    yield made
    made.server.close()


class Followed:
    """A follower in a thread, and what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        self._capsys = capsys
        self._seen = ""
        self.code = -1
        self._thread = threading.Thread(target=self._run, args=(arguments,))
        self._thread.start()

    def _run(self, arguments: tuple[str, ...]) -> None:
        self.code = main(["follow", *arguments])

    def until(self, enough: Callable[[str], bool]) -> list[str]:
        """Return the lines since the last call, once they are enough."""
        deadline = time.monotonic() + 10
        while not enough(self._seen):
            assert time.monotonic() < deadline, self._seen
            time.sleep(0.01)
            self._seen += self._capsys.readouterr().out
        lines, self._seen = self._seen.splitlines(), ""
        return lines

    def block(self) -> list[str]:
        """Return the next block."""
        return self.until(lambda text: "problems end" in text and text.endswith("\n"))

    def end(self) -> int:
        """Return the exit code."""
        self._thread.join(10)
        return self.code


def test_prints_the_state_then_each_change_then_the_end(watcher: Watcher, capsys: pytest.CaptureFixture[str]) -> None:
    """What is mended is gone with the next beginning; nobody knows what holds when the watcher has ended."""
    watcher.images = (ImageStatus("a", "failed", "x", error=BROKEN),)
    watcher.server.start()
    followed = Followed(capsys)

    assert ["edk: problems begin", LINE, "edk: problems end: 1 error, 0 warnings"] == followed.block()
    watcher.images = (ImageStatus("a", "running", "x"),)
    watcher.server.emit(ev.ImageStarted("a", "x", "", 0, 0, ""))
    assert ["edk: problems begin", "edk: problems end: 0 errors, 0 warnings"] == followed.block()
    watcher.server.close()
    assert ["edk: problems begin", f"{GONE}; start one with edk watch, then this again"] == followed.block()
    assert 0 == followed.end()


def test_what_changes_nothing_prints_nothing(watcher: Watcher, capsys: pytest.CaptureFixture[str]) -> None:
    """The watcher is not even asked for builds of images that have no problem."""
    watcher.server.start()
    followed = Followed(capsys)
    followed.block()

    watcher.server.emit(ev.ImageStarted("b", "x", "", 0, 0, ""))
    watcher.server.emit(ev.SavesNoticed("f saved", ("f",), (), 0.1))
    watcher.server.emit(ev.ImageFinished("b", "", (), 0.1))
    deadline = time.monotonic() + 10
    while len(watcher.asked) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    watcher.server.close()

    assert ["edk: problems begin", GONE] == [line.partition("; start")[0] for line in followed.block()]
    assert (0, ["follow", "status"]) == (followed.end(), watcher.asked)


def test_waits_for_a_watcher(watcher: Watcher, capsys: pytest.CaptureFixture[str]) -> None:
    """Says once that there is none."""
    followed = Followed(capsys, "--wait", "--once")
    waiting = followed.block()
    watcher.server.start()

    assert [
        "edk: problems begin",
        "edk: problems end: 0 errors, 0 warnings; no watcher runs; waiting for one",
    ] == waiting
    assert ["edk: problems begin", "edk: problems end: 0 errors, 0 warnings"] == followed.block()
    assert 0 == followed.end()


def test_without_a_watcher_it_is_out_of_reach(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 4, and how to start one."""
    assert 4 == main(["follow"])
    assert "start one: edk watch" in capsys.readouterr().err


def test_a_watcher_of_another_version(watcher: Watcher, capsys: pytest.CaptureFixture[str]) -> None:
    """Is told from one that has no problems."""
    watcher.schema = "edk.status/v9"
    watcher.server.start()

    assert 4 == main(["follow"])
    assert "another version" in capsys.readouterr().err
