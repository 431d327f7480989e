"""A real buildkitd that ``edk builder`` brings up and down; real builds in it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edk.adapters.buildkitd.remains import mounts_below
from edk.adapters.processes import identity
from tests.conftest import _missing
from tests.support.command import Command, base_environ, finished

pytestmark = pytest.mark.integration
_LIMIT = 60_000_000
_COLLECTED_WITHIN = 150.0  # garbage is collected at most once a minute


class Builder:
    """The command line, and the daemon that it brings up.

    Args:
        command: with a state folder of the test's own.
        base: of RUN steps.
    """

    def __init__(self, command: Command, base: str) -> None:
        self.command = command
        self.base = base
        self.home = Path(command.environ["EDK_STATE_DIR"]) / "buildkit"

    def up(self, *options: str, code: int = 0) -> str:
        """Bring it up, and return what was printed."""
        run = self.command("builder", "up", *options).expect(code)
        return run.out + run.err

    def down(self, *options: str) -> str:
        """Bring it down, and return what was printed."""
        return self.command("builder", "down", *options).expect(0).out

    def status(self, code: int = 0) -> dict[str, object]:
        """Return how it is."""
        found: dict[str, object] = json.loads(self.command("builder", "status", "--json").expect(code).out)
        return found

    @property
    def pid(self) -> int:
        """The process on record."""
        return int((self.home / "pid").read_text().split()[0])

    def start_build(self, folder: Path, steps: str, *options: str) -> subprocess.Popen[bytes]:
        """Begin a build of steps on the base."""
        folder.mkdir(exist_ok=True)
        (folder / "Dockerfile").write_text(f"FROM {self.base}\n{steps}\n")
        address = (self.home / "address").read_text().strip()
        local = [f"--local={name}={folder}" for name in ("context", "dockerfile")]
        return subprocess.Popen(
            ["buildctl", "--addr", address, "build", "--frontend=dockerfile.v0", *local, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def build(self, folder: Path, steps: str, *options: str) -> None:
        """Build steps on the base; fail with what buildctl said if that fails."""
        started = self.start_build(folder, steps, *options)
        _, err = started.communicate(timeout=120)
        assert 0 == started.returncode, err.decode(errors="replace")[-3000:]

    def bytes_on_disk(self) -> int:
        """Return what the folder of the cache takes on disk."""
        done = subprocess.run(["du", "-sxB1", self.home / "data"], capture_output=True, text=True, check=False)
        return int(done.stdout.split()[0])


@pytest.fixture
def builder(busybox: str, engine_endpoint: str, tmp_path: Path) -> Iterator[Builder]:
    """The command line with a state folder of its own, in which no daemon runs yet."""
    for program in ("buildkitd", "buildctl", "runc"):
        if shutil.which(program) is None:
            _missing(f"{program} is not on the PATH")
    if os.geteuid():
        _missing("these tests run buildkitd as root")
    home = tmp_path / "home"
    home.mkdir()
    environ = {**base_environ(engine_endpoint, home), "EDK_STATE_DIR": str(home / "state"), "PATH": os.environ["PATH"]}
    made = Builder(Command(home, environ), busybox)
    yield made
    made.command("builder", "down", "--data")
    made.command.end()


def running(marker: str) -> list[int]:
    """Return the processes that have a word among their arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                arguments = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if marker.encode() in arguments:
                found.append(int(entry.name))
    return found


def until(true: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until a function returns something true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.1)


def test_up_build_status_down(builder: Builder, tmp_path: Path) -> None:
    """One command starts it, and it builds; another ends it, and its cache stays."""
    assert "runs now" in builder.up("--cache-limit", "3GB", "--jobs", "3")
    builder.build(tmp_path / "c", "RUN head -c 3000000 /dev/urandom > /big")
    status = builder.status()
    assert (True, builder.pid, 3_000_000_000, 3) == tuple(
        status[key] for key in ("answers", "pid", "cache_limit", "jobs")
    )
    assert f"unix://{builder.home}/run/buildkitd.sock" == status["address"]
    assert status["cache_bytes"] > 3_000_000
    assert status["workers"]

    pid = builder.pid
    assert f"ended process {pid}" in builder.down()

    assert not identity(pid)
    assert not (builder.home / "address").exists()
    assert (False, 0) == tuple(builder.status(code=4)[key] for key in ("answers", "pid"))
    assert builder.bytes_on_disk() > 3_000_000
    assert "removed its cache" in builder.down("--data")
    assert not (builder.home / "data").exists()


def test_the_cache_is_there_again_after_down_and_up(builder: Builder, tmp_path: Path) -> None:
    """What was built is not built again by the next daemon."""
    steps = "RUN head -c 1000000 /dev/urandom > /big"
    builder.up()
    builder.build(tmp_path / "c", steps)
    builder.down()
    builder.up()
    started = builder.start_build(tmp_path / "c", steps, "--progress=plain")
    _, err = started.communicate(timeout=60)

    assert 0 == started.returncode
    assert b"CACHED" in err


def test_twice_up_is_once(builder: Builder) -> None:
    """The same process goes on, and what would be otherwise is said."""
    builder.up()
    pid = builder.pid

    said = builder.up("--cache-limit", "70MB")

    assert pid == builder.pid
    assert "ran already" in said
    assert "instead of 70000000" in said


def test_two_ups_at_once_start_one(builder: Builder) -> None:
    """The second waits for the first."""
    runs = [finished(process) for process in [builder.command.start("builder", "up") for _ in range(2)]]

    assert [0, 0] == [run.code for run in runs]
    assert ["already", "now"] == sorted("now" if "runs now" in run.out else "already" for run in runs)
    assert 1 == len(running(str(builder.home / "buildkitd.toml")))


def test_a_state_folder_with_a_long_path(builder: Builder, tmp_path: Path) -> None:
    """Its socket has a short one."""
    builder.command.environ["EDK_STATE_DIR"] = str(tmp_path / ("long-" * 20))
    builder.home = Path(builder.command.environ["EDK_STATE_DIR"]) / "buildkit"

    builder.up()
    builder.build(tmp_path / "c", "RUN true")

    address = (builder.home / "address").read_text().strip()
    assert str(tmp_path) not in address
    assert builder.status()["answers"]


def test_a_stale_record_and_socket_are_no_daemon(builder: Builder, tmp_path: Path) -> None:
    """A record whose number is another process's now: that one is never ended, and up starts a daemon."""
    builder.up()
    builder.down()
    other = subprocess.Popen(["sleep", "1000"])
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        (builder.home / "pid").write_text(f"{other.pid} 1 {boot}\n")
        (builder.home / "run/buildkitd.sock").touch()

        assert "no BuildKit daemon of ours ran" in builder.down()
        (builder.home / "pid").write_text(f"{other.pid} 1 {boot}\n")
        assert "runs now" in builder.up()

        assert other.poll() is None
        builder.build(tmp_path / "c", "RUN true")
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize("next_step", ["up", "down"])
def test_a_killed_daemon_leaves_nothing(builder: Builder, tmp_path: Path, next_step: str) -> None:
    """The step that it was at, and its mounts, go with the next up or down; an up builds again."""
    seconds = f"86{os.getpid() % 1000:03}"
    builder.up()
    build = builder.start_build(tmp_path / "c", f"RUN sleep {seconds}")
    until(lambda: running(seconds))
    os.kill(builder.pid, signal.SIGKILL)
    build.communicate(timeout=30)
    assert build.returncode
    assert mounts_below(builder.home / "data")

    said = builder.up() if next_step == "up" else builder.down()

    assert "ended" in said
    assert [] == running(seconds)
    assert [] == mounts_below(builder.home / "data")
    if next_step == "up":
        assert "runs now" in said
        builder.build(tmp_path / "c", "RUN true")


def test_a_daemon_in_the_midst_of_a_build_goes_down(builder: Builder, tmp_path: Path) -> None:
    """With the step that it was at, and with its cache if that is asked for."""
    seconds = f"87{os.getpid() % 1000:03}"
    builder.up()
    build = builder.start_build(tmp_path / "c", f"RUN sleep {seconds}")
    until(lambda: running(seconds))

    builder.down("--data")

    build.communicate(timeout=30)
    assert build.returncode
    assert [] == running(seconds)
    assert not (builder.home / "data").exists()


def test_one_without_a_record_is_left_alone(builder: Builder) -> None:
    """It is told who it is; neither up nor down touches it."""
    builder.up()
    pid, record = builder.pid, (builder.home / "pid").read_text()
    (builder.home / "pid").unlink()
    try:
        for action in ("up", "down"):
            run = builder.command("builder", action, *(["--data"] if action == "down" else [])).expect(4)
            assert f"kill {pid}" in run.err
        assert identity(pid)
        assert (builder.home / "data").is_dir()
    finally:
        (builder.home / "pid").write_text(record)


def test_one_that_is_frozen_is_told_and_goes_down(builder: Builder) -> None:
    """It does not answer; down ends it for all that."""
    builder.up()
    pid = builder.pid
    os.kill(pid, signal.SIGSTOP)

    assert (False, pid) == tuple(builder.status(code=4)[key] for key in ("answers", "pid"))
    builder.down()

    assert not identity(pid)


def test_one_that_can_t_start_says_why(builder: Builder) -> None:
    """With the end of its log, and nothing is announced."""
    builder.home.mkdir(parents=True)
    (builder.home / "data").mkdir()
    (builder.home / "data/buildkitd.lock").mkdir()

    said = builder.up(code=4)

    assert "buildkitd ended at once" in said
    assert "buildkitd.lock" in said
    assert not (builder.home / "address").exists()


def test_garbage_collection_bounds_the_disk(builder: Builder, tmp_path: Path) -> None:
    """Builds that write five times the limit, with cache mounts and pushes: then the disk holds less than the limit.

    By the daemon's own account and by what the folder takes on disk, where files count that no record knows of.
    """
    builder.up("--cache-limit", str(_LIMIT))
    for number in range(6):
        builder.build(
            tmp_path / f"c{number}",
            f"RUN head -c 20000000 /dev/urandom > /big{number}\n"
            f"RUN --mount=type=cache,id=m{number},target=/m head -c 10000000 /dev/urandom > /m/file",
            f"--output=type=image,name={pushed_ref(builder, number)},push=true",
        )
    full = builder.status()["cache_bytes"]
    assert full > 3 * _LIMIT
    assert builder.bytes_on_disk() > 3 * _LIMIT

    until(lambda: builder.status()["cache_bytes"] <= _LIMIT, _COLLECTED_WITHIN)
    until(lambda: builder.bytes_on_disk() <= _LIMIT, 20)

    # And it still builds, on a base that it has to fetch again if that went too.
    builder.build(tmp_path / "after", "RUN head -c 1000000 /dev/urandom > /small")


def pushed_ref(builder: Builder, number: int) -> str:
    """Return the name under which an image of the disk test is pushed; one for all, so that little stays."""
    return f"{builder.base.split('/')[0]}/test/builder-disk:{number % 2}"
