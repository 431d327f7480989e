"""The registry that ``scripts/setup.sh`` started on this machine: its storage, and garbage collection in it.

Where it is and who runs it stands in the state folder: ``registry/config.yml``, and ``started/registry`` with the
process as "pid start-time boot", so that a pid that was used again does not match.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edk.adapters.processes import identity, within
from edk.domain.errors import BuildError, RegistryUnreachableError
from edk.domain.held import ALIAS_FOLDER

PROGRAM = "docker-registry"
_STOP_SECONDS = 20.0
_START_SECONDS = 15.0
_LOCK_SECONDS = 60.0
_HOSTS = frozenset({"localhost", "127.0.0.1"})


def container_of(state_dir: str) -> str:
    """Return the container in which the set-up with this state folder started the registry; empty if in none."""
    try:
        record = Path(state_dir, "started/registry").read_text().strip()
    except OSError:
        return ""
    return record.removeprefix("container ") if record.startswith("container ") else ""


def find_own_registry(state_dir: str, address: str) -> StartedRegistry | None:
    """Return the registry at an address if the set-up with this state folder started it and it runs, else None."""
    root = _root_of(state_dir, address)
    if root is None or not os.access(root, os.R_OK | os.X_OK):
        return None
    found = StartedRegistry(Path(state_dir), root, address)
    return found if found.running() else None


def is_registry_of(state_dir: str, address: str) -> bool:
    """Return whether an address is that of the registry which the set-up with this state folder wrote down."""
    return _root_of(state_dir, address) is not None


def _root_of(state_dir: str, address: str) -> Path | None:
    """Return where the set-up's registry keeps its data; None if none was set up, or at another address."""
    import yaml

    try:
        config = yaml.safe_load(Path(state_dir, "registry/config.yml").read_bytes())
        root = Path(config["storage"]["filesystem"]["rootdirectory"])
        port = str(config["http"]["addr"]).rpartition(":")[2]
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return None
    host, _, asked = address.rpartition(":")
    return root if host in _HOSTS and asked == port else None


@dataclass(frozen=True, slots=True)
class StartedRegistry:
    """See `edk.ports.OwnRegistry`.

    Args:
        state: the state folder.
        root: of its storage.
        address: host and port.
    """

    state: Path
    root: Path
    address: str

    def stored(self) -> dict[tuple[str, str], float]:
        """Return repository and digest → when it was stored, of every manifest, be it tagged or not."""
        top = self._repositories
        found = {}
        for folder, folders, _ in os.walk(top):
            if not folder.endswith("/_manifests"):
                folders[:] = [name for name in folders if name == "_manifests" or not name.startswith("_")]
                continue
            folders.clear()
            repository = os.path.relpath(os.path.dirname(folder), top)  # noqa: PTH120
            for link in Path(folder, "revisions/sha256").glob("*/link"):
                with contextlib.suppress(OSError):
                    found[repository, f"sha256:{link.parent.name}"] = link.stat().st_mtime
        return found

    def running(self) -> int:
        """Return the process, 0 if it runs no more."""
        try:
            record = (self.state / "started/registry").read_text().strip()
            pid = record.split(" ", 1)[0]
            return int(pid) if pid.isdigit() and record == identity(int(pid)) else 0
        except OSError:
            return 0

    def collect(self) -> int:
        """See `edk.ports.OwnRegistry.collect`."""
        if shutil.which(PROGRAM) is None:
            raise BuildError(f"{PROGRAM} is not on the PATH, so that {self.address} could not be started again")
        if not self._repositories.is_dir():
            return 0  # nothing was ever pushed, which the program takes for a failure
        with self._set_up_waits() as lock:
            before = self._bytes()
            pid = self.running()
            if not pid:
                raise RegistryUnreachableError(f"Registry {self.address} has just ended", "Run scripts/setup.sh.")
            try:
                self._stop(pid)
                self._collect(lock)
                self._clear_aliases()
            finally:
                # Where we were interrupted just behind the signal, it is about to end.
                if within(_STOP_SECONDS, lambda: not self.running()):
                    self._start()
                self._wait()
            return max(0, before - self._bytes())

    @property
    def _repositories(self) -> Path:
        return self.root / "docker/registry/v2/repositories"

    @property
    def _config(self) -> Path:
        return self.state / "registry/config.yml"

    @contextlib.contextmanager
    def _set_up_waits(self) -> Iterator[int]:
        """Hold the lock under which the set-up starts registries."""
        descriptor = os.open(self.state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not within(_LOCK_SECONDS, lambda: _locked(descriptor)):
                raise BuildError("a set-up is at work on the registry", "wait until it is done, and try again")
            yield descriptor
        finally:
            os.close(descriptor)

    def _stop(self, pid: int) -> None:
        os.kill(pid, signal.SIGTERM)
        if not within(_STOP_SECONDS, lambda: not self.running()):
            os.kill(pid, signal.SIGKILL)
            if not within(_STOP_SECONDS, lambda: not self.running()):
                raise BuildError(f"registry process {pid} does not end")

    def _collect(self, lock: int) -> None:
        """Run the registry's own collection.

        Not with ``-m``: it would remove what only digests refer to. It inherits the lock, so that should we be
        killed, the set-up waits for its end before it starts a registry on the same storage.
        """
        log = self.state / "registry-gc.log"
        with log.open("wb") as output:
            done = subprocess.run(
                [PROGRAM, "garbage-collect", str(self._config)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(lock,),
                check=False,
            )
        if done.returncode:
            last = log.read_text("utf-8", "replace").strip().splitlines()[-1:]
            raise BuildError(f"garbage collection of {self.address} failed: {' '.join(last)}", f"see {log}")

    def _clear_aliases(self) -> None:
        """Remove the folders of our aliases that hold no manifest any more; a registry lists them for ever."""
        for folder in self._repositories.glob("edk/*"):
            if not ALIAS_FOLDER.fullmatch(f"edk/{folder.name}"):
                continue
            if not any(folder.glob("**/_manifests/revisions/sha256/*/link")):
                shutil.rmtree(folder, ignore_errors=True)

    def _start(self) -> None:
        with (self.state / "registry.log").open("ab") as output:
            started = subprocess.Popen(
                [PROGRAM, "serve", str(self._config)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        (self.state / "started/registry").write_text(f"{identity(started.pid)}\n")
        # It outlives us, and nobody here waits for its end.
        started.returncode = 0

    def _wait(self) -> None:
        if not within(_START_SECONDS, self._answers):
            raise RegistryUnreachableError(
                f"Registry {self.address} does not come back after garbage collection",
                f"See {self.state}/registry.log, and run scripts/setup.sh.",
            )

    def _answers(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://{self.address}/v2/", timeout=3) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code == 401
        except OSError:
            return False

    def _bytes(self) -> int:
        total = 0
        for folder, _, names in os.walk(self.root / "docker/registry/v2/blobs"):
            for name in names:
                with contextlib.suppress(OSError):
                    total += Path(folder, name).stat().st_size
        return total


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
