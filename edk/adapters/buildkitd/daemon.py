"""The process of a daemon of our own. Only processes that our record names are ended, and their remains."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from edk.adapters.buildkit.disk import cache_limit
from edk.adapters.buildkitd import asking
from edk.adapters.buildkitd.places import Places
from edk.adapters.buildkitd.programs import client_program, daemon_program, rootless_programs, runtime_program
from edk.adapters.buildkitd.remains import end_remains, mounts_below, take_mounts_off
from edk.adapters.processes import identity, recorded, send_signal, within
from edk.domain.buildkitd import CacheBounds, DaemonConfig, DaemonState, render
from edk.domain.errors import EngineUnreachableError, UsageError

_TERM_SECONDS = 10.0  # it waits for the steps that run
_KILL_SECONDS = 10.0
_FOLLOW_SECONDS = 2.0
_LOG_BYTES = 10_000_000
_LOG_LINES = 8
# Where these are set, RUN steps' clients would be told of a daemon or a proxy that are none of theirs.
_NOT_PASSED = frozenset({"BUILDKIT_HOST", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID"})


class StartedBuildkitd:
    """See `edk.ports.BuilderDaemon`.

    Args:
        places: its files and folders.
        environ: what it is started with.
    """

    def __init__(self, places: Places, environ: Mapping[str, str]) -> None:
        self._places = places
        self._environ = environ

    def config(self, jobs: int, bounds: CacheBounds, registries: Sequence[str]) -> DaemonConfig:
        """See `edk.ports.BuilderDaemon.config`."""
        daemon_program()
        client_program()
        if any(char in str(self._places.home) for char in ",:"):
            # Both part the options of an overlay mount.
            raise UsageError(
                f"a BuildKit daemon cannot keep its cache in {self._places.home}",
                "set EDK_STATE_DIR to a folder without comma and colon in its path",
            )
        return DaemonConfig(
            data=os.path.realpath(self._places.data),
            run=str(self._places.run),
            registries=tuple(registries),
            jobs=jobs,
            bounds=bounds,
            runtime=runtime_program(),
            rootless=bool(rootless_programs()),
        )

    def state(self) -> DaemonState:
        """See `edk.ports.BuilderDaemon.state`."""
        address, pid = f"unix://{self._places.socket}", recorded(self._places.pid)
        if not pid:
            return DaemonState(address)
        try:
            workers = asking.workers_of(address)
            used = asking.used_by(address)
        except EngineUnreachableError:
            return DaemonState(address, pid)
        return DaemonState(
            address,
            pid,
            answers=bool(workers),
            version=_version(workers),
            workers=tuple((str(w["id"]), _platforms(w)) for w in workers),
            cache_bytes=used,
            cache_limit=cache_limit(workers),
            jobs=self._jobs(),
        )

    def stranger(self) -> int:
        """See `edk.ports.BuilderDaemon.stranger`."""
        self._refuse_foreign()
        # A rootless one whose rootlesskit was killed ends a moment later.
        within(_FOLLOW_SECONDS, lambda: not self._stranger())
        return self._stranger()

    def start(self, config: DaemonConfig) -> None:
        """See `edk.ports.BuilderDaemon.start`."""
        self._places.make()
        self._places.socket.unlink(missing_ok=True)
        self._places.toml.write_text(render(config), "utf-8")
        self._turn_log()
        with self._places.log.open("ab") as output:
            started = subprocess.Popen(
                [*rootless_programs(), daemon_program(), "--config", str(self._places.toml)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd="/",
                env={name: value for name, value in self._environ.items() if name not in _NOT_PASSED},
            )
        self._places.pid.write_text(f"{identity(started.pid)}\n")
        # It outlives us, and nobody here waits for its end.
        started.returncode = 0

    def announce(self, address: str) -> None:
        """See `edk.ports.BuilderDaemon.announce`."""
        if not address:
            self._refuse_foreign()
            self._places.address.unlink(missing_ok=True)
            return
        new = self._places.address.with_suffix(".new")
        new.write_text(f"{address}\n")
        new.replace(self._places.address)

    def stop(self) -> int:
        """See `edk.ports.BuilderDaemon.stop`."""
        pid = recorded(self._places.pid)
        known = identity(pid) if pid else ""

        def gone() -> bool:
            return identity(pid) != known

        for number, seconds in ((signal.SIGTERM, _TERM_SECONDS), (signal.SIGKILL, _KILL_SECONDS)):
            if not known or gone():
                break
            send_signal(pid, known, number)
            send_signal(pid, known, signal.SIGCONT)  # one that is frozen would heed no other
            within(seconds, gone)
        if known and not gone():
            raise EngineUnreachableError(f"buildkitd, process {pid}, does not end", f"see {self._places.log}")
        self._places.pid.unlink(missing_ok=True)
        return pid if known else 0

    def clear_remains(self) -> int:
        """See `edk.ports.BuilderDaemon.clear_remains`."""
        if not self._places.data.is_dir():
            return 0
        ended = end_remains(self._places.data)
        take_mounts_off(self._places.data)
        for name in os.listdir(self._places.run) if self._places.run.is_dir() else ():  # noqa: PTH208
            path = self._places.run / name
            if stat.S_ISSOCK(path.lstat().st_mode):
                path.unlink()
        return ended

    def remove_data(self) -> None:
        """See `edk.ports.BuilderDaemon.remove_data`."""
        data = self._places.data
        if not data.is_dir():
            return
        mounted = mounts_below(data)
        if mounted:
            raise EngineUnreachableError(f"{mounted[0]} is still mounted", f"umount -l {mounted[0]}")
        rootless = rootless_programs()
        if rootless:
            # Files of RUN steps belong to the user's other ids, over which the user alone has no power.
            subprocess.run([*rootless, "rm", "-rf", str(data)], check=False, capture_output=True)
        else:
            shutil.rmtree(data)
        if data.exists():
            raise EngineUnreachableError(f"{data} can't be removed", "remove it as root")

    def last_words(self) -> tuple[str, ...]:
        """See `edk.ports.BuilderDaemon.last_words`."""
        with suppress(OSError):
            return _without_frames(self._places.log.read_text("utf-8", "replace").splitlines())[-_LOG_LINES:]
        return ()

    def _refuse_foreign(self) -> None:
        """Raise EngineUnreachableError if a daemon of this state folder runs where its process can't be seen."""
        if recorded(self._places.pid) or self._stranger():
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client, suppress(OSError):
            client.settimeout(_FOLLOW_SECONDS)
            client.connect(str(self._places.socket))
            raise EngineUnreachableError(
                f"a BuildKit daemon of this state folder answers at {self._places.socket}, in another container",
                "run edk builder there",
            )

    def _stranger(self) -> int:
        ours = recorded(self._places.pid)
        toml = os.fsencode(self._places.toml)
        for entry in os.scandir("/proc"):
            if entry.name.isdigit() and int(entry.name) != ours:
                with suppress(OSError):
                    arguments = Path(entry.path, "cmdline").read_bytes().split(b"\0")
                    name = os.path.basename(arguments[0])  # noqa: PTH119
                    if name == b"buildkitd" and toml in arguments and not self._is_child(int(entry.name), ours):
                        return int(entry.name)
        return 0

    def _is_child(self, pid: int, parent: int) -> bool:
        """Whether a process descends from another one, as buildkitd does from rootlesskit."""
        while pid > 1:
            try:
                pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])
            except OSError:
                return False
            if parent and pid == parent:
                return True
        return False

    def _turn_log(self) -> None:
        with suppress(OSError):
            if self._places.log.stat().st_size > _LOG_BYTES:
                self._places.log.replace(self._places.log.with_suffix(".log.1"))

    def _jobs(self) -> int:
        import tomllib

        try:
            text = self._places.toml.read_text("utf-8")
            return int(tomllib.loads(text)["worker"]["oci"]["max-parallelism"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0


def _without_frames(lines: list[str]) -> tuple[str, ...]:
    """Return a log without traces of Go's stack: a function's name, and in the next line, indented, its place."""
    indented = [line.startswith("\t") for line in (*lines, "")]
    return tuple(line for number, line in enumerate(lines) if not (indented[number] or indented[number + 1]))


def _version(workers: list[dict[str, object]]) -> str:
    told = workers[0].get("buildkitVersion") if workers else None
    version = str(told.get("version", "")) if isinstance(told, dict) else ""
    # What was built without its release's flags tells this.
    return "" if version.endswith("+unknown") else version


def _platforms(worker: dict[str, object]) -> tuple[str, ...]:
    found = worker.get("platforms")
    parts: Callable[[dict[str, str]], str] = lambda p: "/".join(  # noqa: E731
        p[key] for key in ("os", "architecture", "variant") if p.get(key)
    )
    return tuple(parts(platform) for platform in found) if isinstance(found, list) else ()
