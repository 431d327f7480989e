"""Running ``buildctl``: its lines while they come, an end on demand, and a daemon that hangs told from a quiet step."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import IO, Any, cast

from edk.adapters.buildkit.endpoint import Daemon
from edk.adapters.buildkit.process import Ending, KeptText, end_group, read_lines
from edk.domain.certificates import hint_about, with_meaning
from edk.domain.errors import CancelledError, EngineUnreachableError, UsageError
from edk.ports import Cancellation

PROGRAM = "buildctl"
INSTALL = (
    "install buildctl (github.com/moby/buildkit/releases, or"
    " go install github.com/moby/buildkit/cmd/buildctl@v0.17.3) and have it on PATH, or use --builder docker"
)
ASK_SECONDS = 4.0
STALL_SECONDS = 15.0
_DIALING = re.compile(r"Error while dialing: (.+?)\"?\s*$")
"""What is at the bottom of gRPC's words for a connection that did not come about."""
_TOLD = re.compile(r'^failed to list workers: Unavailable: connection error: desc = "(?=.)')
"""How gRPC begins to say so, whatever it is."""
_LACKS = re.compile(r"stat (\S+\.pem): .*")
_NO_WORKER = "it has no worker, or does not tell"
_QUIET_SECONDS = 5.0
_JOIN_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of ``buildctl`` ended; `text` is the last that it wrote that was no message of the daemon."""

    code: int
    text: str


class Buildctl:
    """Runs ``buildctl`` against one daemon. Threads may share it.

    Args:
        daemon: where.
        environ: for the search path, docker's credentials and the ssh agent; None: the process's own.
        stall: seconds without a line, and without an answer to a question, after which a daemon counts as gone.
    """

    def __init__(
        self, daemon: Daemon, environ: Mapping[str, str] | None = None, stall: float = STALL_SECONDS
    ) -> None:
        self.daemon = daemon
        self._environ = dict(os.environ if environ is None else environ)
        self._stall = stall

    def ask(self, *arguments: str, timeout: float = ASK_SECONDS) -> str:
        """Return what a short command prints.

        Raises:
            UsageError: there is no ``buildctl``.
            EngineUnreachableError: the daemon does not answer within `timeout` seconds, or not as it should.
        """
        with self._start(arguments, (), subprocess.PIPE) as process:
            try:
                out, err = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired as error:
                raise self.unreachable(f"no answer within {timeout:.0f} seconds") from error
            finally:
                end_group(process)
        if process.returncode:
            raise self.unreachable(_last(err.decode("utf-8", "backslashreplace")))
        return out.decode("utf-8", "backslashreplace")

    def records(self, *arguments: str, unread: str, timeout: float = ASK_SECONDS) -> list[dict[str, Any]]:
        """Return the list that a short command prints as JSON.

        Args:
            arguments: of the command.
            unread: what is wrong where it prints something else.
            timeout: in seconds.

        Raises:
            UsageError: see `ask`.
            EngineUnreachableError: see `ask`; also where it prints no list of objects.
        """
        told = self.ask(*arguments, "--format", "{{json .}}", timeout=timeout)
        try:
            found = json.loads(told) or []
        except ValueError as error:
            raise self.unreachable(unread) from error
        if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
            raise self.unreachable(unread)
        return found

    def workers(self, timeout: float = ASK_SECONDS) -> list[dict[str, Any]]:
        """Return the workers with their platforms and rules, at least one; raises as `records`."""
        found = self.records("debug", "workers", unread=_NO_WORKER, timeout=timeout)
        if not found:
            raise self.unreachable(_NO_WORKER)
        return found

    def run(
        self, arguments: Sequence[str], take: Callable[[bytes], bool], cancellation: Cancellation
    ) -> Ended:
        """Run a long command until it ends.

        Args:
            arguments: behind the global options.
            take: gets each line that it writes; returns whether that was a message of the daemon, and raises ValueError
                where it is one that BuildKit does not write.
            cancellation: ends it within a second, and the daemon's work on it with it.

        Raises:
            CancelledError: it was cancelled.
            EngineUnreachableError: the daemon hangs, or is none.
        """
        if cancellation.cancelled:
            raise CancelledError("cancelled")
        process = self._start(arguments, _tied(self._environ.get("PATH", "")))
        ending = Ending(process)
        take_back = cancellation.on_cancel(ending.ask)
        pulse = _Pulse(self, ending, self._stall)
        text = KeptText()
        try:
            with cast("IO[bytes]", process.stderr) as stream:
                for line in read_lines(stream):
                    pulse.beat()
                    if not take(line):
                        text.add(line)
            code = process.wait()
        except ValueError as error:
            raise self.gone(str(error)) from error
        finally:
            take_back()
            ending.force()
            pulse.end()
        if cancellation.cancelled:
            raise CancelledError("cancelled")
        if pulse.lost:
            raise self.gone(pulse.lost)
        return Ended(code, text.end())

    def unreachable(self, cause: str) -> EngineUnreachableError:
        """Return the error for a daemon that does not answer."""
        dialing = _DIALING.search(cause)
        said = _TOLD.sub("", dialing[1] if dialing else cause).rstrip('"')
        if self.daemon.tls_dir:
            said = _LACKS.sub(r"a certificate is not there: \1", said)
        return EngineUnreachableError(
            f"BuildKit at {self.daemon.name} does not answer: {with_meaning(said, self.daemon.tls_dir)}",
            hint_about(
                said, "Start it (edk builder up), set BUILDKIT_HOST to where it listens, or use --builder docker."
            ),
        )

    def gone(self, cause: str) -> EngineUnreachableError:
        """Return the error for a daemon that went away in the middle of its work."""
        return EngineUnreachableError(
            f"BuildKit at {self.daemon.name} went away in the middle of its work: {cause}",
            "See its own log; try again once 'edk doctor' finds it well.",
        )

    def _start(
        self, arguments: Sequence[str], prefix: Sequence[str], stdout: int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        try:
            # A session of its own: Ctrl-C in a terminal is for us, who end it in order.
            return subprocess.Popen(
                [*prefix, self._program(), *self.daemon.flags, *arguments],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise self.unreachable(f"buildctl can't be run: {error.strerror}") from error

    def _program(self) -> str:
        found = shutil.which(PROGRAM, path=self._environ.get("PATH"))
        if found is None:
            raise UsageError("buildctl is not installed, which building by BuildKit needs", INSTALL)
        return found


class _Pulse:
    """Asks a daemon that is silent whether it lives; a RUN step may print nothing for an hour."""

    def __init__(self, buildctl: Buildctl, ending: Ending, stall: float) -> None:
        self._buildctl = buildctl
        self._ending = ending
        self._stall = stall
        self._quiet = min(_QUIET_SECONDS, stall / 3)
        self._alive = time.monotonic()
        self._ended = threading.Event()
        self.lost = ""
        """Why it was given up; empty while it was not."""
        self._thread = threading.Thread(target=self._watch, name="buildkit pulse", daemon=True)
        self._thread.start()

    def beat(self) -> None:
        """Note a sign of life."""
        self._alive = time.monotonic()

    def end(self) -> None:
        """Stop watching; a question that is under way ends by itself, and nobody waits for it."""
        self._ended.set()
        self._thread.join(_JOIN_SECONDS)

    def _watch(self) -> None:
        while not self._ended.wait(self._quiet / 2):
            silent = time.monotonic() - self._alive
            if silent < self._quiet:
                continue
            try:
                self._buildctl.ask("debug", "workers", timeout=min(ASK_SECONDS, self._stall / 3))
            except (EngineUnreachableError, UsageError):
                silent = time.monotonic() - self._alive
                if silent > self._stall and not self._ended.is_set():
                    self.lost = f"no sign of life for {silent:.0f} seconds"
                    self._ending.ask()
                    return
            else:
                self.beat()


@cache
def _tied(path: str) -> tuple[str, ...]:
    """Return a command before another one that ends that with us, also where we are killed; empty where none does.

    A build would go on without anybody who wants it: its client waits for a quiet step, and notices nothing.
    """
    found = shutil.which("setpriv", path=path)
    if found is None:
        return ()
    tied = (found, "--pdeathsig", "INT")
    with suppress(OSError):
        # That of util-linux can, that of busybox can't.
        tried = subprocess.run([*tied, "true"], env={"PATH": path}, capture_output=True, check=False)
        return () if tried.returncode else tied
    return ()


def _last(text: str) -> str:
    """Return the last line of what ``buildctl`` wrote, which is its error."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("error: ") if lines else "it says nothing"
