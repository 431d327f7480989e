"""The board in a real terminal, with real builds."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator

import pytest

from tests.support.command import Command, processes_with
from tests.support.extension import Extension
from tests.support.screen import InTerminal

pytestmark = pytest.mark.e2e
Start = Callable[..., InTerminal]


@pytest.fixture
def start(edk: Command) -> Iterator[Start]:
    """Starts the command line in a terminal."""
    begun: list[InTerminal] = []

    def begin(*arguments: str, size: tuple[int, int] = (100, 30), **environ: str) -> InTerminal:
        terminal = InTerminal(edk.argv(arguments), edk.cwd, {**edk.environ, **environ}, size)
        begun.append(terminal)
        return terminal

    yield begin
    for terminal in begun:
        terminal.close()


@pytest.fixture
def sleeper(extension: Extension) -> str:
    """The seconds that a step of an image sleeps, which is longer than any test."""
    seconds = str(random.randrange(1_000_000, 9_000_000))
    extension.image("slow", f"RUN echo so it begins; sleep {seconds}\n")
    return seconds


def test_a_build_from_its_start_to_its_end(start: Start, extension: Extension) -> None:
    """A row for each image while it runs; at the end rows that stay, the box of a failure, and the summary."""
    extension.local_base("base", "RUN sleep 2\n")
    extension.image("good", base="base")
    extension.image("bad", "RUN echo this is why; exit 7\n", base="base")
    shown = start("build", "--dir", str(extension.path), size=(140, 30))
    shown.sees("waits for " + extension.name("base"))

    assert 1 == shown.end()
    text = shown.text
    for part in (
        f"{extension.name('bad')} failed",
        f"{extension.path}/containers/bad/Dockerfile:3",
        "| this is why",
        "2 built, 1 failed in",
    ):
        assert part in text
    assert 1 == text.count(f"{extension.name('good')}  done")
    assert "waiting" not in text
    assert shown.restored

    again = start("build", "--dir", str(extension.path), "--image", extension.name("good"))
    assert 0 == again.end()
    assert b"\x1b" not in again.raw, "a build with nothing to do needs no board"


def test_another_size_while_it_runs(start: Start, extension: Extension, sleeper: str) -> None:
    """The board fits into the terminal at each size, and stands there once."""
    for number in range(30):
        extension.image(f"b{number:02}", base="slow")
    shown = start("build", "--dir", str(extension.path))
    shown.sees("so it begins; sleep")
    for columns, lines in ((40, 12), (200, 50), (60, 8), (100, 30)):
        shown.resize(columns, lines)
        shown.until(lambda: sum("of 31 built" in line for line in shown.lines) == 1)
        # Drawn at this size: the row of what runs is there, and each line fits, or pyte would have broken it.
        shown.until(lambda: any(extension.name("slow")[:14] in line for line in shown.lines))
    assert all(len(line) <= 100 for line in shown.lines)

    shown.type(b"\x03")
    assert 130 == shown.end()


def test_ctrl_c(start: Start, extension: Extension, sleeper: str) -> None:
    """It ends with 130, no board and no mode of the terminal is left, and the step has ended."""
    shown = start("build", "--dir", str(extension.path))
    shown.sees("1 building")
    shown.until(lambda: not shown.echoes)
    shown.type(b"\x03")

    assert 130 == shown.end()
    assert "1 building" not in shown.text
    assert "stopped" in shown.text
    assert "interrupted" in shown.text
    assert shown.restored
    shown.until(lambda: not processes_with(f"sleep {sleeper}"))


def test_ctrl_c_twice(start: Start, extension: Extension, sleeper: str) -> None:
    """An end at once leaves the terminal as it was, too."""
    shown = start("build", "--dir", str(extension.path))
    shown.sees("1 building")
    shown.until(lambda: not shown.echoes)
    os.kill(shown.pid, signal.SIGINT)
    os.kill(shown.pid, signal.SIGTERM)

    assert 130 == shown.end()
    assert shown.restored


def test_log_lines_by_a_key(start: Start, extension: Extension, sleeper: str) -> None:
    """They come and go with each press, and the key itself is not shown."""
    shown = start("build", "--dir", str(extension.path))
    shown.sees("1 building")
    shown.until(lambda: not shown.echoes)
    shown.type(b"l")
    shown.sees("| so it begins")
    shown.type(b"xv")
    shown.until(lambda: "| so it begins" not in shown.text)
    shown.type(b"\x03")
    shown.end()


def test_stopped_and_gone_on_with(start: Start, extension: Extension, sleeper: str) -> None:
    """Ctrl-Z gives the terminal back to the shell, and the board comes again once it goes on."""
    shown = start("build", "--dir", str(extension.path))
    shown.sees("1 building")
    shown.until(lambda: not shown.echoes)
    shown.type(b"\x1a")

    assert shown.stopped()
    while shown.read(0.3) and "1 building" in shown.text:
        continue
    assert shown.restored
    assert "1 building" not in shown.text
    os.kill(shown.pid, signal.SIGCONT)
    shown.sees("1 building")
    shown.until(lambda: not shown.echoes)

    shown.type(b"\x03")
    assert 130 == shown.end()
    assert shown.restored


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [((), {"TERM": "dumb"}), ((), {"CI": "true"}), (("--progress", "plain"), {}), ((), {"EDK_PROGRESS": "plain"})],
)
def test_plain_lines(start: Start, extension: Extension, arguments: tuple[str, ...], environ: dict[str, str]) -> None:
    """Where no board is wanted, or none can be drawn: lines, and no control character."""
    extension.image("seg")
    shown = start("build", "--dir", str(extension.path), *arguments, **environ)

    assert 0 == shown.end()
    assert b"\x1b" not in shown.raw
    assert f"{extension.name('seg')}  pushed" in shown.text


def test_a_board_on_request(start: Start, extension: Extension) -> None:
    """Also where CI is set."""
    extension.image("seg")
    shown = start("build", "--dir", str(extension.path), "--progress", "board", CI="true")

    assert 0 == shown.end()
    assert b"\x1b[?2026h" in shown.raw


def test_a_board_without_a_terminal(edk: Command, extension: Extension) -> None:
    """Plain lines, as there is nowhere to draw it; JSON by either of its names, but not against each other."""
    extension.image("seg")
    target = ("build", "--dir", str(extension.path))

    assert "\x1b" not in edk(*target, "--progress", "board").expect(0).out
    assert edk(*target, "--progress", "json").expect(0).named("RunFinished")
    assert edk.with_environ(EDK_PROGRESS="json")(*target).expect(0).named("RunFinished")
    assert "contradict" in edk(*target, "--json", "--progress", "plain").expect(2).err


def test_a_secret_is_not_shown(start: Start, extension: Extension) -> None:
    """The board masks what plain lines mask."""
    extension.image("seg", "ARG API_TOKEN\nRUN echo it is $API_TOKEN; exit 3\n")
    shown = start("build", "--dir", str(extension.path), "-v", "--build-arg", "API_TOKEN=hunter2-secret")

    assert 1 == shown.end()
    assert b"it is" in shown.raw
    assert b"hunter2-secret" not in shown.raw


def test_a_watcher_with_saves(start: Start, extension: Extension) -> None:
    """What is saved is built, a failure is told at once, and what mends it takes it off the board; idle is silent."""
    folder = extension.image("seg")
    shown = start("watch", "--dir", str(extension.path), size=(120, 30))
    shown.sees("1 up to date")
    shown.sees("ready")
    (folder / "data.txt").write_text("again\n")
    shown.sees("data.txt saved:")
    good = (folder / "Dockerfile").read_text()
    (folder / "Dockerfile").write_text(good + "RUN echo this is why; exit 7\n")
    shown.sees(f"{extension.path}/containers/seg/Dockerfile:4")
    shown.sees("1 failed")
    (folder / "Dockerfile").write_text(good + "RUN true\n")
    shown.until(lambda: "1 up to date" in shown.lines[shown.screen.cursor.y])

    while shown.read(0.5) and (count := len(shown.raw)):
        shown.read(3)
        if len(shown.raw) == count:
            break
    shown.type(b"\x03")
    assert 0 == shown.end()
    assert shown.restored
