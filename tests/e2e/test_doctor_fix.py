"""`edk doctor --fix` by the command line: a real state folder, a real registry, a real BuildKit daemon."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import socket
import sqlite3
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from edk.adapters.control.address import listen_at
from edk.adapters.processes import identity, recorded, within
from tests.support.buildkitd import missing_programs
from tests.support.command import Command

pytestmark = pytest.mark.e2e


@pytest.fixture
def state(edk: Command) -> Path:
    """The state folder of the command, with a socket of a watcher that was killed and a damaged database."""
    folder = Path(edk.environ["EDK_STATE_DIR"])
    (folder / "watch").mkdir(mode=0o700, parents=True)
    listen_at(folder / "watch/0.sock").close()
    (folder / "state.sqlite").write_bytes(b"no database at all" * 500)
    folder.chmod(0o777)
    return folder


def checks(text: str) -> dict[str, Any]:
    """The checks of a report, by name; of several the first."""
    return {check["name"]: check for check in reversed(json.loads(text)["checks"])}


MENDED = {"state modes", "state database", "dead watchers"}


def is_sick(state: Path) -> bool:
    """Whether nothing was mended."""
    return (state / "watch/0.sock").exists() and state.stat().st_mode & 0o777 == 0o777


def test_without_a_terminal_and_without_yes_nothing_is_done(edk: Command, state: Path) -> None:
    """It is said what would be, and how."""
    run = edk("doctor", "--fix").expect(0)

    assert "edk doctor --fix would:\n  state modes: chmod u+rwx,go-w " in run.out
    assert "nothing was mended" in run.out
    assert "there is no terminal to ask on; --fix --yes does it" in run.err
    assert is_sick(state)
    assert MENDED == {name for name, check in checks(edk("doctor", "--json").expect(0).out).items() if check["mend"]}
    assert is_sick(state)


def test_it_mends_looks_again_and_says_what_is_left(edk: Command, state: Path) -> None:
    """A second time there is nothing to mend."""
    run = edk("doctor", "--fix", "--yes").expect(0)

    assert 3 == run.out.count("\nmended      ")
    assert "3 mended, left: " in run.out
    assert (0o755, False) == (state.stat().st_mode & 0o777, (state / "watch/0.sock").exists())
    assert (state / "state.sqlite.damaged").read_bytes().startswith(b"no database")
    assert "nothing that --fix can mend" in edk("doctor", "--fix", "--yes").expect(0).out
    assert 2 == edk("doctor", "--yes").code


def test_json_tells_what_was_mended(edk: Command, state: Path) -> None:
    """On stdout there is JSON alone; without --yes nothing is mended."""
    asked = edk("doctor", "--fix", "--json").expect(0)
    assert ([], True) == (json.loads(asked.out)["mended"], is_sick(state))

    done = json.loads(edk("doctor", "--fix", "--yes", "--json").expect(0).out)

    assert MENDED == {each["name"] for each in done["mended"]}
    assert {""} == {each["error"] for each in done["mended"]}
    assert set() == MENDED & {check["name"] for check in done["checks"]}


@pytest.mark.parametrize(("answer", "sick"), [(b"n\n", True), (b"\n", True), (b"y\n", False)])
def test_on_a_terminal_it_asks(answer: bytes, sick: bool, edk: Command, state: Path) -> None:
    """And takes nothing but a yes for one."""
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    process = subprocess.Popen(
        edk.argv(["doctor", "--fix"]), cwd=edk.cwd, env=edk.environ, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    told = b""
    with suppress(OSError):
        while piece := os.read(ours, 65536):
            told += piece
    os.close(ours)

    assert 0 == process.wait(60), told
    assert b"Go on? [y/N]" in told
    assert sick is is_sick(state)


def test_what_cannot_be_mended_is_1(edk: Command, state: Path) -> None:
    """The rest is mended."""
    (state / "state.sqlite.damaged").mkdir()

    run = edk("doctor", "--fix", "--yes").expect(1)

    assert "not mended  state database: " in run.out
    assert not (state / "watch/0.sock").exists()


@pytest.fixture
def ended_registry(edk: Command) -> Iterator[tuple[Command, Path]]:
    """A registry that the set-up had started at a free port, and that was killed."""
    if shutil.which("docker-registry") is None:
        pytest.skip("there is no docker-registry to start")
    state = Path(edk.environ["EDK_STATE_DIR"])
    (state / "started").mkdir(mode=0o700, parents=True)
    (state / "registry").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (state / "registry/config.yml").write_text(
        f"storage: {{filesystem: {{rootdirectory: '{state}/registry/data'}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n"
    )
    with subprocess.Popen(["sleep", "60"]) as process:
        (state / "started/registry").write_text(f"{identity(process.pid)}\n")
        process.kill()
    yield edk.with_environ("EDK_REGISTRY", LOCAL_REGISTRY_URL=f"localhost:{port}"), state
    if pid := recorded(state / "started/registry"):
        os.kill(pid, signal.SIGTERM)
        within(20, lambda: not recorded(state / "started/registry"))


def test_our_registry_is_started_again(ended_registry: tuple[Command, Path]) -> None:
    """By the set-up's own way; it answers then, and is on record for scripts/stop.sh."""
    edk, state = ended_registry
    sick = edk("doctor", "--json").expect(4)
    assert "scripts/setup.sh had started" in checks(sick.out)["registry"]["mend"]

    run = edk("doctor", "--fix", "--yes").expect(0)

    assert "mended      registry: start it again" in run.out
    assert recorded(state / "started/registry")
    with urllib.request.urlopen(f"http://{edk.environ['LOCAL_REGISTRY_URL']}/v2/", timeout=5) as answer:
        assert 200 == answer.status


def test_the_registry_of_somebody_else_is_not_started(ended_registry: tuple[Command, Path]) -> None:
    """Where the settings lead elsewhere, ours stays as it is."""
    edk, state = ended_registry

    run = edk.with_environ(LOCAL_REGISTRY_URL="localhost:1")("doctor", "--fix", "--yes").expect(4)

    assert "nothing that --fix can mend" in run.out
    assert not recorded(state / "started/registry")


def test_our_buildkit_daemon_is_started_again(edk: Command) -> None:
    """As edk builder up does; its line of the engine is that of a daemon that answers."""
    if lacking := missing_programs():
        pytest.skip(f"there is no {', '.join(lacking)}")
    edk = edk.with_environ("BUILDKIT_HOST", EDK_BUILDER="buildkit")
    state = Path(edk.environ["EDK_STATE_DIR"])
    try:
        edk("builder", "up").expect(0)
        os.kill(recorded(state / "buildkit/pid"), signal.SIGKILL)
        within(10, lambda: not recorded(state / "buildkit/pid"))
        assert "edk builder up" in checks(edk("doctor", "--json").expect(4).out)["engine"]["mend"]

        run = edk("doctor", "--fix", "--yes", "--json").expect(0)

        told = checks(run.out)
        assert ("ok", "ok") == (told["engine"]["status"], told["rootless"]["status"])
        assert "garbage above 20.0 GB is collected by itself" in told["build cache"]["detail"]
        assert recorded(state / "buildkit/pid")
    finally:
        edk("builder", "down", "--data").expect(0)


def test_a_database_in_use_is_left_alone(edk: Command) -> None:
    """Somebody writes to it at this moment."""
    folder = Path(edk.environ["EDK_STATE_DIR"])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    busy = sqlite3.connect(folder / "state.sqlite", isolation_level=None)
    busy.execute("CREATE TABLE t (x)")
    busy.execute("BEGIN EXCLUSIVE")

    run = edk("doctor", "--fix", "--yes").expect(0)

    busy.close()
    assert "nothing that --fix can mend" in run.out
    assert not (folder / "state.sqlite.damaged").exists()
