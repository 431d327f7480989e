"""One installation of a chart on this machine: its folder, its supervisor, and what one may ask of them."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.support.pod.engine import LABEL, PodEngine
from tests.support.pod.errors import PodError
from tests.support.pod.kubelet import Kubelet
from tests.support.pod.rendered import read
from tests.support.pod.spec import Rendered
from tests.support.pod.storage import Storage
from tests.support.pod.supervision import Pauses

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Options:
    """What is not in the manifests.

    Args:
        support: image with a Python, for what stands around the pods.
        small: sizes in bytes of claims that shall be in memory.
        first_pause: seconds before a container that ended a second time is started again.
        hurry: divides the pauses between probes, so that tests need not wait for what takes minutes.
    """

    support: str
    namespace: str = "default"
    small: Mapping[str, int] = field(default_factory=dict)
    first_pause: float = 10
    longest_pause: float = 300
    hurry: float = 1


@dataclass(frozen=True)
class Cluster:
    """An installation, by the folder that it is kept in; the folder's name is its name."""

    folder: Path

    @property
    def name(self) -> str:
        """What its containers are labelled with."""
        return self.folder.name

    def up(self, text: str, options: Options) -> Rendered:
        """Start what is rendered, in place of what runs; volumes stay. Returns at once, see `wait`."""
        rendered = read(text, options.namespace)
        self.down()
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "rendered.yaml").write_text(text)
        (self.folder / "options.json").write_text(json.dumps(asdict(options)))
        # They may have been built anew under the same tag since the engine got them.
        containers = (one for pod in rendered.pods for one in (*pod.initial, *pod.containers))
        self.engine().renew(sorted({one.image for one in containers if one.pull == "IfNotPresent"}))
        self.resume()
        return rendered

    def resume(self) -> None:
        """Start what was up last."""
        if not (self.folder / "rendered.yaml").exists():
            raise PodError(f"nothing was ever up in {self.folder}")
        self._clear()
        (self.folder / "supervisor.pid").unlink(missing_ok=True)
        with (self.folder / "supervisor.log").open("ab") as log:
            # It is no child of ours, for it outlives us.
            subprocess.run(
                ["setsid", "--fork", sys.executable, "-m", "tests.support.pod", "supervise", str(self.folder)],
                check=True,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        _until(lambda: self._pid() is not None, 20)

    def options(self) -> Options:
        """Return what `up` was given."""
        return Options(**json.loads((self.folder / "options.json").read_text()))

    def supervise(self) -> None:
        """Be the supervisor, until a signal."""
        (self.folder / "supervisor.pid").write_text(str(os.getpid()))
        options = self.options()
        rendered = read((self.folder / "rendered.yaml").read_text(), options.namespace, options.hurry)
        engine = PodEngine(self.name, options.support)
        storage = Storage(engine, self.folder / "volumes", options.small)
        kubelet = Kubelet(engine, rendered, storage, self.folder, Pauses(options.first_pause, options.longest_pause))

        def end(*_: object) -> None:
            kubelet.ending = True

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        kubelet.run()

    def _pid(self) -> int | None:
        """Return the supervisor's process, if it runs."""
        try:
            pid = int((self.folder / "supervisor.pid").read_text())
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, ValueError):
            return None
        return pid if f"supervise {self.folder} " in line else None

    def down(self) -> None:
        """End the pods with grace; volumes of claims stay."""
        pid = self._pid()
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            _until(lambda: self._pid() is None, 120)
        if pid is not None and self._pid() is not None:
            os.kill(pid, signal.SIGKILL)
        self._clear()

    def kill(self) -> None:
        """Have it as after a power cut: the supervisor and all containers killed and removed."""
        pid = self._pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            _until(lambda: self._pid() is None, 10)
        self._clear()

    def _clear(self) -> None:
        """Remove what the engine has of it, and what belonged to pods that are gone."""
        (self.folder / "status.json").unlink(missing_ok=True)
        engine = self.engine()
        engine.clear()
        storage = Storage(engine, self.folder / "volumes", {})
        pods = self.folder / "volumes" / "pods"
        for folder in sorted(pods.iterdir()) if pods.is_dir() else ():
            storage.remove(folder.name)

    def remove(self) -> None:
        """End it and remove its volumes as well."""
        self.down()
        if (self.folder / "options.json").exists():
            Storage(self.engine(), self.folder / "volumes", {}).remove()
            shutil.rmtree(self.folder)

    def engine(self) -> PodEngine:
        """Return the engine, with what `up` said."""
        return PodEngine(self.name, self.options().support if (self.folder / "options.json").exists() else "")

    def status(self) -> dict[str, Any]:
        """Return how everything is; without pods while nothing runs."""
        try:
            read_status: dict[str, Any] = json.loads((self.folder / "status.json").read_text())
        except OSError:
            read_status = {"pods": [], "notes": []}
        return {"supervised": self._pid() is not None, **read_status}

    def ready(self) -> bool:
        """Whether all pods are."""
        status = self.status()
        return status["supervised"] and bool(status["pods"]) and all(pod["ready"] for pod in status["pods"])

    def wait(self, seconds: float = 120) -> None:
        """Wait until all pods are ready; else fail with what is known of those that are not."""
        if not _until(self.ready, seconds, lambda: self._pid() is not None):
            raise PodError(f"the pods are not ready:\n{self.described()}\n{self.tail()}")

    def described(self) -> str:
        """Return the status as a table."""
        lines = []
        for pod in self.status()["pods"]:
            state = "ready" if pod["ready"] else pod["fault"] or "not ready"
            lines.append(f"{pod['namespace']}/{pod['name']} at {pod['address']}: {state}")
            for one in pod["containers"]:
                ready = "ready" if one["ready"] else one["phase"]
                lines.append(f"  {one['name']:<20} {ready:<9} {one['restarts']} restarts  {one['last']}".rstrip())
        return "\n".join(lines) or "nothing runs"

    def tail(self) -> str:
        """Return the last that the supervisor and containers that are not ready wrote."""
        path = self.folder / "supervisor.log"
        parts = [path.read_text()[-3000:]] if path.exists() else []
        for pod in self.status()["pods"]:
            lacking = [one["name"] for one in pod["containers"] if one["phase"] != "done" and not one["ready"]]
            parts += [f"--- {name}\n{self.logs(name)[-3000:]}" for name in lacking]
        return "\n".join(parts)

    def container(self, name: str) -> dict[str, Any]:
        """Return the status of a container by its name, or by ``OWNER/NAME`` where two pods have one."""
        owner, _, last = name.rpartition("/")
        found = [
            {**one, "pod": pod["name"]}
            for pod in self.status()["pods"]
            for one in pod["containers"]
            if one["name"] == last and (not owner or pod["owner"].endswith(f"/{owner}"))
        ]
        if len(found) != 1:
            raise PodError(f"{'no container' if not found else 'more than one container'} is called {name!r}")
        return found[0]

    def running(self, name: str) -> str:
        """Return the engine's id of a container, whoever started it last."""
        wanted = self.container(name)
        for seen in self.engine().listed():
            if seen.running and seen.pod == wanted["pod"] and seen.container == wanted["name"]:
                return seen.id
        raise PodError(f"{name} does not run: {wanted['phase']} {wanted['last']}")

    def exec(self, name: str, *command: str, environ: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Run a command in a container, and return its exit code and what it wrote."""
        return self.engine().execute(self.running(name), command, environ=environ)

    def exec_here(self, name: str, command: Sequence[str]) -> int:
        """Run a command in a container at this terminal."""
        terminal = ["--tty"] if sys.stdin.isatty() and sys.stdout.isatty() else []
        return subprocess.call(["docker", "exec", "--interactive", *terminal, self.running(name), *command])

    def put(self, name: str, folder: Path, place: str, owner: int = 1000) -> None:
        """Copy a folder into a place of a container that is a volume, as files of a user."""

        def owned(member: tarfile.TarInfo) -> tarfile.TarInfo:
            member.uid = member.gid = owner
            member.uname = member.gname = ""
            return member

        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.add(folder, folder.name, filter=owned)
        if not self.engine().api.put_archive(self.running(name), place, packed.getvalue()):
            raise PodError(f"nothing could be copied to {place} of {name}")

    def logs(self, name: str) -> str:
        """Return what a container wrote, the present one or the last that ended."""
        wanted = self.container(name)
        for seen in self.engine().listed():
            if seen.pod == wanted["pod"] and seen.container == wanted["name"]:
                return self.engine().logs(seen.id)
        kept = sorted((self.folder / "logs").glob(f"*.{wanted['name']}.*.log"), key=lambda path: path.stat().st_mtime)
        return kept[-1].read_text() if kept else ""

    def delete(self, owner: str) -> None:
        """Kill one pod with all its containers; the supervisor makes another one."""
        engine = self.engine()
        pods = [pod["name"] for pod in self.status()["pods"] if pod["owner"].endswith(f"/{owner}")]
        for one in engine.api.containers(all=True, filters={"label": [f"{LABEL}={self.name}"]}):
            if one["Labels"][f"{LABEL}.pod"] in pods:
                engine.remove(one["Id"])


def _until(true: Callable[[], bool], seconds: float, going: Callable[[], bool] = lambda: True) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline or not going():
            return true()
        time.sleep(0.1)
    return True
