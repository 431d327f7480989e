"""Runs the command line in a process of its own, as a user does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# Root reads and writes everything; without these two it is bound to modes as everybody else is.
_NO_OVERRIDE = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]


@dataclass(frozen=True)
class Run:
    """A finished run.

    Args:
        code: exit code; negative if a signal ended it.
        out: what it wrote to stdout.
        err: what it wrote to stderr.
        seconds: that it took.
    """

    code: int
    out: str
    err: str
    seconds: float

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that a run with ``--json`` printed."""
        return [json.loads(line) for line in self.out.splitlines()]

    def named(self, kind: str) -> list[dict[str, Any]]:
        """Return the events of one kind."""
        return [event for event in self.events if event["event"] == kind]

    def images(self, kind: str) -> list[str]:
        """Return the images that events of one kind tell of, sorted."""
        return sorted(event["image"] for event in self.named(kind))

    @property
    def plan(self) -> dict[str, Any]:
        """The plan that ``edk plan --json`` printed."""
        plan: dict[str, Any] = json.loads(self.out)
        return plan

    def expect(self, code: int) -> Run:
        """Return the run if it ended with an exit code and without a traceback, else fail with all it wrote."""
        shown = f"exit code {self.code}, not {code}\n--- stdout\n{self.out[-6000:]}\n--- stderr\n{self.err[-6000:]}"
        assert code == self.code, shown
        assert "Traceback" not in self.err, shown
        assert "a fault of the EDK itself" not in self.out, shown
        return self


@dataclass(frozen=True)
class Command:
    """Runs ``python -m edk`` with an environment that holds only what is named here.

    Args:
        environ: the environment.
        cwd: the folder that it runs in.
        started: every process that `start` made.
    """

    cwd: Path
    environ: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def with_environ(self, *gone: str, **more: str) -> Command:
        """Return a command with further variables, and without some."""
        kept = {name: value for name, value in self.environ.items() if name not in gone}
        return Command(self.cwd, kept | more, self.started)

    def argv(self, arguments: Sequence[str | bytes], *, bound_by_modes: bool = False) -> list[str | bytes]:
        """Return the argument list of a process."""
        before = _NO_OVERRIDE if bound_by_modes and os.geteuid() == 0 else []
        return [*before, sys.executable, "-m", "edk", *arguments]

    def __call__(
        self,
        *arguments: str | bytes,
        bound_by_modes: bool = False,
        timeout: float = 120,
        prefix: Sequence[str] = (),
    ) -> Run:
        """Run to the end.

        Args:
            arguments: behind ``python -m edk``.
            bound_by_modes: run as somebody who may not read and write what modes forbid.
            timeout: in seconds, until the test fails.
            prefix: a program that runs it, with its arguments.
        """
        started = time.monotonic()
        done = subprocess.run(
            [*prefix, *self.argv(arguments, bound_by_modes=bound_by_modes)],
            cwd=self.cwd,
            env=self.environ,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        )
        seconds = time.monotonic() - started
        return Run(
            done.returncode,
            done.stdout.decode("utf-8", "backslashreplace"),
            done.stderr.decode("utf-8", "backslashreplace"),
            seconds,
        )

    def start(
        self, *arguments: str | bytes, prefix: Sequence[str] = (), **options: Any
    ) -> subprocess.Popen[bytes]:
        """Start it and return the process, whose output is read through pipes; `prefix` is a program that runs it."""
        process = subprocess.Popen(
            [*prefix, *self.argv(arguments)],
            cwd=self.cwd,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "preexec_fn": _heed_signals, **options},
        )
        self.started.append(process)
        return process

    def end(self) -> None:
        """End what a failed test left running; a build in the engine ends with its client."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.communicate()


def _heed_signals() -> None:
    """Begin as from a terminal: who runs the tests by nohup or in the background of a script has HUP or INT ignored."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def finished(process: subprocess.Popen[bytes], timeout: float = 120) -> Run:
    """Wait for a started process, and return how it ended."""
    started = time.monotonic()
    out, err = process.communicate(timeout=timeout)
    return Run(
        process.returncode,
        (out or b"").decode("utf-8", "backslashreplace"),
        (err or b"").decode("utf-8", "backslashreplace"),
        time.monotonic() - started,
    )


def base_environ(engine: str, home: Path, **more: str) -> Mapping[str, str]:
    """Return the environment of a user who has an engine, a registry, and nothing else.

    Args:
        engine: address of the engine.
        home: an empty folder; state, extensions and platform are looked for in it.
        more: further variables.
    """
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "default",
        "DOCKER_HOST": engine,
        "EDK_STATE_DIR": str(home / "state"),
        "EDK_EXTENSIONS_DIR": str(home / "extensions"),
        "KAAPANA_REPO_PATH": str(home / "kaapana"),
        "KAAPANA_BUILD_VERSION": "1.2.3",
        "VOLUME_PATH": str(home / "volume"),
        **more,
    }


def processes_with(mark: str) -> list[str]:
    """Return the command lines of all processes of this machine that hold a text; steps of builds are among them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if mark in line:
            found.append(line)
    return found
