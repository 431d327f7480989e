"""A real state folder: what is looked at is left as it is, and what is mended is mended."""

from __future__ import annotations

import ctypes
import os
import socket
import sqlite3
from pathlib import Path

import pytest

from edk.adapters.control.address import listen_at
from edk.adapters.probes import MachineProbes
from edk.adapters.processes import identity
from edk.adapters.set_up import SetUp
from edk.adapters.state_folder import StateFolder
from edk.adapters.store import SqliteStore
from edk.domain.errors import EngineUnreachableError

DEAD = "1 1 11111111-1111-1111-1111-111111111111"
CONFIG = "storage: {filesystem: {rootdirectory: '/nowhere'}}\nhttp: {addr: '127.0.0.1:32123'}\n"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder as commands leave it."""
    folder = tmp_path / "state of ü"
    store = SqliteStore(str(folder))
    store.store_readings("x", {f"k{number}": b"v" * 500 for number in range(200)})
    store.close()
    (folder / "watch").mkdir(mode=0o700)
    (folder / "started").mkdir(mode=0o700)
    return folder


def test_a_sound_one_has_nothing_to_mend(state: Path) -> None:
    """Neither has one that is not there."""
    for folder in (StateFolder(str(state)), StateFolder(str(state / "not there"))):
        assert ((), (), "", ()) == (folder.wrong_modes(), folder.foreign(), folder.damage(), folder.dead_sockets())
    assert not (state / "not there").exists()


def test_modes(state: Path) -> None:
    """Rights of others to write go, ours come; links, files and the folders of daemons stay as they are."""
    for name in ("buildkit", "elsewhere"):
        (state / name).mkdir()
        (state / name).chmod(0o777)
    (state / "logs").symlink_to("elsewhere")
    (state / "locks").mkdir()
    (state / "locks").chmod(0o500)
    state.chmod(0o775)
    folder = StateFolder(str(state))

    told = dict(folder.wrong_modes())
    assert {str(state), f"{state}/locks"} == set(told)
    assert "keeps its owner out" in told[f"{state}/locks"]
    folder.mend_modes()

    assert () == folder.wrong_modes()
    assert [0o755, 0o700, 0o777, 0o777] == [
        path.stat().st_mode & 0o777 for path in (state, state / "locks", state / "buildkit", state / "elsewhere")
    ]


def test_a_damaged_database_is_set_aside_and_begun_anew(state: Path) -> None:
    """Looking at it changes nothing; what was set aside holds the same bytes."""
    file = state / "state.sqlite"
    content = bytearray(file.read_bytes())
    content[8192:12288] = b"\xff" * 4096
    file.write_bytes(content)
    folder = StateFolder(str(state))

    assert folder.damage()
    assert bytes(content) == file.read_bytes()
    folder.set_database_aside()

    assert bytes(content) == (state / "state.sqlite.damaged").read_bytes()
    assert (False, "") == (file.exists(), folder.damage())
    told: list[str] = []
    store = SqliteStore(str(state), told.append)
    store.store_readings("x", {"k": b"v"})
    store.close()
    assert ([], "") == (told, folder.damage())


def test_a_database_that_is_whole_is_never_set_aside(state: Path) -> None:
    """Also where it was damaged when somebody looked, or somebody writes to it."""
    folder = StateFolder(str(state))
    folder.set_database_aside()
    with sqlite3.connect(state / "state.sqlite", isolation_level=None) as busy:
        busy.execute("BEGIN EXCLUSIVE")
        assert "" == folder.damage()
        busy.execute("ROLLBACK")
    busy.close()

    assert (True, False) == ((state / "state.sqlite").exists(), (state / "state.sqlite.damaged").exists())


def test_sockets_of_the_dead_go_and_those_of_the_living_stay(state: Path) -> None:
    """A file of another kind stays as well."""
    dead, alive = state / "watch/dead.sock", state / "watch/alive.sock"
    listen_at(dead).close()
    (state / "watch/notes").write_text("mine")
    folder = StateFolder(str(state))
    with listen_at(alive) as listener:
        listener.settimeout(5)
        assert (str(dead),) == folder.dead_sockets()
        folder.remove_dead_sockets()
        assert (False, True, True) == (dead.exists(), alive.exists(), (state / "watch/notes").exists())


def test_folders_of_others(state: Path) -> None:
    """As after sudo."""
    if os.getuid():
        pytest.skip("only root can give a file away")
    (state / "logs").mkdir()
    os.chown(state / "logs", 4711, -1)

    assert (f"{state}/logs",) == StateFolder(str(state)).foreign()


def set_up(state: Path, script: Path | None = None, host: str = "unix:///x.sock") -> SetUp:
    """The set-up's daemons as they are found by these settings."""
    given = {} if script is None else {"script": script}
    return SetUp(str(state), host, "localhost:32123", os.environ, **given)


def record(state: Path, engine: str = DEAD, registry: str = DEAD) -> None:
    """Write down what was started."""
    (state / "registry").mkdir(exist_ok=True)
    (state / "registry/config.yml").write_text(CONFIG)
    (state / "env").write_text("DOCKER_HOST=unix:///x.sock\n")
    (state / "started/engine").write_text(f"{engine}\n")
    (state / "started/registry").write_text(f"{registry}\n")


def test_what_the_set_up_started_and_has_ended(state: Path) -> None:
    """Only what was recorded as a process, runs no more, and is what the settings lead to."""
    assert not set_up(state).ended("engine")
    record(state)
    assert (True, True) == (set_up(state).ended("engine"), set_up(state).ended("registry"))

    assert not set_up(state, host="").ended("engine")
    assert not set_up(state, host="unix:///other.sock").ended("engine")
    assert not SetUp(str(state), "", "localhost:5000", os.environ).ended("registry")
    assert not SetUp(str(state), "", "registry.example:32123", os.environ).ended("registry")
    assert not set_up(state, script=state / "no script").ended("engine")
    record(state, identity(os.getpid()), "container edk-registry-32123")
    assert (False, False) == (set_up(state).ended("engine"), set_up(state).ended("registry"))


def test_a_start_that_fails_says_why(state: Path, tmp_path: Path) -> None:
    """In the script's own words; a start that works gets folder and address."""
    record(state)
    script = tmp_path / "restart.sh"
    script.write_text('echo "setup: error: no room" >&2; echo "  -> make some" >&2; exit 4\n')
    with pytest.raises(EngineUnreachableError, match="no room"):
        set_up(state, script).start_again("engine")

    script.write_text(f'echo "$1 $EDK_REGISTRY $EDK_STATE_DIR" > "{tmp_path}/told"\n')
    set_up(state, script).start_again("registry")
    assert f"registry localhost:32123 {state}\n" == (tmp_path / "told").read_text()


def test_what_a_watch_would_watch(tmp_path: Path) -> None:
    """Hidden folders, caches and what is excluded do not count; a root in another one counts once."""
    for name in ("a/b", ".git/x", "a/node_modules/y", "a/__pycache__", "data/z"):
        (tmp_path / name).mkdir(parents=True)
    probes = MachineProbes()

    assert 5 == probes.count_folders([str(tmp_path)], ())
    assert 3 == probes.count_folders([str(tmp_path)], ("data",))
    assert 5 == probes.count_folders([str(tmp_path), str(tmp_path / "a")], ())


def test_what_is_in_use_is_counted(tmp_path: Path) -> None:
    """Of this process, at least."""
    libc = ctypes.CDLL(None)
    descriptor = libc.inotify_init()
    try:
        assert libc.inotify_add_watch(descriptor, os.fsencode(tmp_path), 0x100) >= 0
        watches, instances = MachineProbes().inotify_used()
    finally:
        os.close(descriptor)

    assert watches >= 1
    assert instances >= 1


def test_a_socket_is_no_database(tmp_path: Path) -> None:
    """What is no file is left alone."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "state.sqlite"))
        assert "" == StateFolder(str(tmp_path)).damage()
