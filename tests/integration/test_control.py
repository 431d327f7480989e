"""The watcher's socket among real processes: clients that are slow, killed or many, watchers that died."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edk.adapters.control.address import MAX_PATH_BYTES, socket_path
from edk.adapters.control.client import ask, find, stop
from edk.domain import events as ev
from edk.domain.control import MAX_REQUEST_BYTES
from edk.domain.errors import UsageError, WatcherUnreachableError
from tests.unit.control.serving import PATIENCE, Client, Served, client, serving, until

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
WATCHER = """
import sys, time
from pathlib import Path
from tests.unit.control.serving import Served
served = Served(Path(sys.argv[1]), [sys.argv[2]])
served.start()
print("ready", flush=True)
served.watcher.stopped.wait()
served._loop.join()
time.sleep(float(sys.argv[3]))
"""
FOLLOWER = """
import sys
from edk.adapters.control.client import ask
for message in ask(sys.argv[1], "follow"):
    print("heard", flush=True)
"""
STRANGER = """
import os, sys
from edk.cli import main
assert 0 == main(["status", "--json"])  # as root, and so that everything is imported: another user can't read it
os.setuid(65534)
sys.exit(main(["status"]))
"""


@contextmanager
def process(program: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Yield a Python process that has printed its first line."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            assert running.stdout.readline()
            yield running
        finally:
            running.kill()


def quick_answer(served: Served) -> float:
    """Return the seconds that one question takes now."""
    before = time.monotonic()
    assert next(ask(served.state_dir, "status"))["ok"]
    return time.monotonic() - before


def test_two_clients_at_once(tmp_path: Path) -> None:
    """Each hears the whole, and in one order."""
    with serving(tmp_path) as served, client(served) as one, client(served) as other:
        for follower in (one, other):
            follower.send(b'{"command":"follow"}\n')
            assert (follower.line() or {})["ok"]
        served.emit(*(ev.Noticed(f"{number}") for number in range(5000)))
        heard: dict[Client, list[str]] = {one: [], other: []}

        def listen(follower: Client) -> None:
            heard[follower] = [(follower.line() or {})["message"] for _ in range(5000)]

        threads = [threading.Thread(target=listen, args=(follower,)) for follower in heard]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)

        assert [[f"{number}" for number in range(5000)]] * 2 == list(heard.values())


def test_a_slow_follower_is_let_go_and_told(tmp_path: Path) -> None:
    """It holds up nobody; what it does hear are whole lines, and the last one says why there is no more."""
    with serving(tmp_path) as served, client(served) as slow, client(served) as quick:
        for follower in (slow, quick):
            follower.send(b'{"command":"follow"}\n')
            follower.line()
        long = "x" * 1000
        before = time.monotonic()
        heard = 0
        for _ in range(80):
            served.emit(*(ev.Noticed(long) for _ in range(100)))
            heard += sum((quick.line() or {})["message"] == long for _ in range(100))

        assert 8000 == heard
        assert time.monotonic() - before < PATIENCE
        assert quick_answer(served) < 1
        *events, last = slow.lines()
        assert {"Noticed"} == {event["event"] for event in events}
        assert len(events) < 8000
        assert (False, 4) == (last["ok"], last["exit_code"])
        assert last["error"].startswith("this client reads too slowly")


def test_one_who_asks_without_reading_is_not_kept_in_memory(tmp_path: Path) -> None:
    """The next question is looked at when the answer before it was taken."""
    with serving(tmp_path) as served, client(served) as rude:
        rude.sock.settimeout(0.2)
        questions = b'{"command":"status"}\n' * 1_000_000
        with pytest.raises(TimeoutError):
            rude.send(questions)

        assert quick_answer(served) < 1
        connections = served.server._connections
        assert any(connection.wants_to_write for connection in connections)
        assert [] == [c for c in connections if c._size > 10_000 or len(c._incoming) > 3 * MAX_REQUEST_BYTES]


def test_a_killed_follower_is_forgotten(tmp_path: Path) -> None:
    """Even where nothing is ever said to it again."""
    with serving(tmp_path) as served:
        with process(FOLLOWER, tmp_path) as follower:
            until(lambda: 1 == len(served.server._connections))
            follower.send_signal(signal.SIGKILL)
            follower.wait(PATIENCE)
            until(lambda: () == served.server._connections)
        served.emit(ev.Noticed("nobody"))

        assert quick_answer(served) < 1


def test_a_stopped_client_holds_up_nobody(tmp_path: Path) -> None:
    """As one whose terminal was suspended."""
    with serving(tmp_path) as served, process(FOLLOWER, tmp_path) as follower:
        follower.send_signal(signal.SIGSTOP)
        served.emit(*(ev.Noticed("x" * 1000) for _ in range(2000)))

        assert quick_answer(served) < 1


def test_the_socket_of_a_killed_watcher_is_cleared_away(tmp_path: Path) -> None:
    """Who asks is told that none runs; the next one takes its place, whatever it watches."""
    with process(WATCHER, tmp_path, "/w/a", 0) as watcher:
        assert ("/w/a",) == find(str(tmp_path)).roots
        watcher.kill()
        watcher.wait(PATIENCE)
    stale = socket_path(str(tmp_path), ["/w/a"])

    assert stale.exists()
    with pytest.raises(WatcherUnreachableError, match="no watcher runs"):
        ask(str(tmp_path), "status")
    with serving(tmp_path, "/w/b"):
        assert not stale.exists()
    with serving(tmp_path, "/w/a") as served:
        assert quick_answer(served) < 1


def test_a_follower_of_a_killed_watcher_ends(tmp_path: Path) -> None:
    """Without an error: there is nothing more to hear."""
    with process(WATCHER, tmp_path, "/w", 0) as watcher:
        followed = ask(str(tmp_path), "follow")
        next(followed)
        watcher.kill()

        assert [] == list(followed)


def test_a_suspended_watcher_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It neither hangs who asks, nor gives way to a second one."""
    monkeypatch.setattr("edk.adapters.control.finding.PING_SECONDS", 0.2)
    with process(WATCHER, tmp_path, "/w", 0) as watcher:
        watcher.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(WatcherUnreachableError) as caught:
                list(ask(str(tmp_path), "status", timeout=0.2))
            with pytest.raises(UsageError, match=rf"a watcher of /w runs already \(pid {watcher.pid}\)"):
                Served(tmp_path, ["/w"]).start()
        finally:
            watcher.send_signal(signal.SIGCONT)

        assert f"the watcher (pid {watcher.pid}) does not answer" == caught.value.message


def test_stop_returns_when_the_process_is_gone(tmp_path: Path) -> None:
    """Not already when its socket is."""
    with process(WATCHER, tmp_path, "/w", 0.5) as watcher:
        stopped = stop(str(tmp_path))

        assert watcher.pid == stopped.pid
        assert 0 == watcher.wait(0.1)


@pytest.mark.parametrize("length", [MAX_PATH_BYTES, MAX_PATH_BYTES + 1, 300])
def test_a_state_folder_with_a_long_path(tmp_path: Path, length: int) -> None:
    """A socket's address holds 107 bytes; the path may be longer."""
    rest = length - len(os.fsencode(socket_path(str(tmp_path), ["/w"])))
    names = [rest - 1] if rest < 150 else [100, rest - 102]
    state = tmp_path.joinpath(*("d" * n for n in names))
    with serving(state, "/w") as served:
        assert length == len(os.fsencode(served.server.path))
        assert 0o600 == served.server.path.stat().st_mode & 0o777
        assert quick_answer(served) < 1
        with pytest.raises(UsageError, match="runs already"):
            Served(state, ["/w"]).start()
    assert not served.server.path.exists()


@pytest.mark.skipif(os.getuid() != 0, reason="needs a second user")
def test_another_user_may_not_ask(tmp_path: Path) -> None:
    """And is told so, without a traceback."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as served:
        for path in (Path(folder), served.server.path.parent):
            path.chmod(0o755)
        found = subprocess.run(
            [sys.executable, "-c", STRANGER],
            cwd=ROOT,
            env={**os.environ, "EDK_STATE_DIR": folder},
            capture_output=True,
            text=True,
            check=False,
        )

    assert [
        f"edk: error: {served.server.path}: Permission denied",
        "    ask as the user that started the watcher",
    ] == found.stderr.splitlines()
    assert 4 == found.returncode
