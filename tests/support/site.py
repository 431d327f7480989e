"""Several BuildKit daemons on hosts of their own, and a registry on another one."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.buildkitd import OwnDaemon
from tests.support.hosts import Host, network, registry_at


@dataclass
class Worker:
    """A host and its daemon."""

    host: Host
    daemon: OwnDaemon

    @property
    def name(self) -> str:
        """What the pool calls it."""
        return self.daemon.address.removeprefix("tcp://")


@dataclass
class Site:
    """The workers, the registry, and a base that is in it."""

    workers: list[Worker]
    registry: str
    base: str

    def worker(self, name: str) -> Worker:
        """Return a worker by name."""
        return next(worker for worker in self.workers if worker.name == name)


@contextmanager
def site_of(folder: Path, workers: int) -> Iterator[Site]:
    """Have a site with so many workers while the block runs; `folder` is empty."""
    with ExitStack() as stack:
        net = stack.enter_context(network())
        registry = stack.enter_context(registry_at(net.host(), folder / "registry"))
        made = []
        for number in range(workers):
            host = net.host()
            daemon = OwnDaemon(folder / f"w{number}", f"tcp://{host.ip}:1234", prefix=host.prefix, registry=registry)
            stack.callback(daemon.stop)
            daemon.start()
            made.append(Worker(host, daemon))
        yield Site(made, registry, _base(made[0].daemon, registry, folder / "base"))


def _base(daemon: OwnDaemon, registry: str, folder: Path) -> str:
    """Push a small base with a shell to the site's registry."""
    program = shutil.which("busybox")
    if program is None:
        pytest.skip("busybox is not installed (Debian: busybox-static)")
    folder.mkdir()
    for name in ("sh", "sleep", "cat", "echo", "busybox"):
        shutil.copy(program, folder / name)
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY sh sleep cat echo busybox /bin/\n")
    ref = f"{registry}/test/shell:latest"
    subprocess.run(
        [
            *("buildctl", "--addr", daemon.address, "build", "--frontend", "dockerfile.v0"),
            *("--local", f"context={folder}", "--local", f"dockerfile={folder}"),
            *("--output", f"type=image,name={ref},push=true"),
        ],
        check=True,
        capture_output=True,
    )
    return ref
