"""A BuildKit daemon of the tests' own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PROGRAMS = ("buildkitd", "buildctl", "runc")
_SECONDS = 30.0


def missing_programs() -> tuple[str, ...]:
    """Return which of the programs that a daemon needs are not here."""
    return tuple(program for program in PROGRAMS if shutil.which(program) is None)


class OwnDaemon:
    """One daemon, its data and its log in a folder.

    Args:
        folder: for everything; removed by who made it.
        address: to listen at; empty: a socket in the folder.
        configuration: more lines of ``buildkitd.toml``.
        prefix: a command that starts it elsewhere, e.g. ``ip netns exec NAME``.
        registry: that is spoken to by plain http.
    """

    def __init__(
        self,
        folder: Path,
        address: str = "",
        configuration: str = "",
        prefix: tuple[str, ...] = (),
        registry: str = "localhost:32000",
    ) -> None:
        self.folder = folder
        self.address = address or f"unix://{folder}/b.sock"
        self._prefix = prefix
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "buildkitd.toml").write_text(
            f'[registry."{registry}"]\nhttp = true\n[worker.containerd]\nenabled = false\n{configuration}'
        )

    @property
    def running(self) -> bool:
        """Whether it was started, and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Return the process's number."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and return when it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *self._prefix,
                    *("buildkitd", "--config", str(self.folder / "buildkitd.toml")),
                    *("--root", str(self.folder / "data"), "--addr", self.address),
                ],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        deadline = time.monotonic() + _SECONDS
        while not self.answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether it does."""
        command = [*self._prefix, "buildctl", "--addr", self.address, "debug", "workers"]
        with suppress(subprocess.TimeoutExpired):
            return not subprocess.run(command, capture_output=True, check=False, timeout=5).returncode
        return False

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def stop(self, kill: bool = False) -> None:
        """End it, and what it has started."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGKILL if kill else signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        _end_leftovers(str(self.folder / "data"))


@contextmanager
def own_daemon(folder: Path, **options: object) -> Iterator[OwnDaemon]:
    """Have a daemon run while the block does."""
    daemon = OwnDaemon(folder, **options)  # type: ignore[arg-type]
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.stop()


def _end_leftovers(data: str) -> None:
    """End steps of a daemon that was killed, whose root is one of its snapshots, and take its mounts away."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            if any(data in line and " / / " in line for line in (process / "mountinfo").read_text().splitlines()):
                os.kill(int(process.name), signal.SIGKILL)
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    # Innermost first; what is still in use goes when nobody uses it any more.
    for mount in sorted((one for one in mounts if one.startswith(f"{data}/")), reverse=True):
        subprocess.run(["umount", "-l", mount], check=False, capture_output=True)
