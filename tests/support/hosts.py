"""Machines of a network of the tests' own: network namespaces with addresses, on a switch that is one as well.

A namespace is as far away as a machine: it may be frozen, cut off and joined, and only packets get there. The
switch is no bridge of this machine's own namespace, where Docker's firewall would drop what is not its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

_NET = "10.213.77"


def need_namespaces() -> None:
    """Skip where namespaces can't be made; fail in CI, where they can."""
    if os.geteuid() == 0 and shutil.which("ip") is not None:
        return
    if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
        pytest.fail("network namespaces need root and ip (iproute2)", pytrace=False)
    pytest.skip("network namespaces need root and ip (iproute2)")


class Host:
    """One machine: its namespace and its address."""

    def __init__(self, network: Network, number: int) -> None:
        self.name = f"{network.name}h{number}"
        self.ip = f"{_NET}.{number}"
        self._network = network
        self._port = f"{network.name}p{number}"
        _ip("netns", "add", self.name)
        peer = ("peer", "name", "e0", "netns", self.name)
        _ip("link", "add", self._port, "netns", network.switch, "type", "veth", *peer)
        _ip("-n", network.switch, "link", "set", self._port, "master", "sw0", "up")
        _ip("-n", self.name, "addr", "add", f"{self.ip}/24", "dev", "e0")
        _ip("-n", self.name, "link", "set", "e0", "up")
        _ip("-n", self.name, "link", "set", "lo", "up")

    @property
    def prefix(self) -> tuple[str, ...]:
        """Return what starts a command there; ``ip netns exec`` would hide the control groups that runc wants."""
        return ("nsenter", f"--net=/run/netns/{self.name}")

    def cut(self) -> None:
        """Have nothing reach it any more: no packet is answered, and none refused."""
        _ip("-n", self._network.switch, "link", "set", self._port, "down")

    def join(self) -> None:
        """Let packets through again."""
        _ip("-n", self._network.switch, "link", "set", self._port, "up")

    def remove(self) -> None:
        """Take it away, with every process in it."""
        _remove(self.name)


class Network:
    """A switch, this process at ``.1``, and as many hosts as are asked for."""

    def __init__(self) -> None:
        self.name = f"edk{os.getpid()}"
        self.switch = f"{self.name}s"
        self._ours = f"{self.name}u"
        self.hosts: list[Host] = []

    def lay(self) -> None:
        """Lay it."""
        _ip("netns", "add", self.switch)
        _ip("-n", self.switch, "link", "add", "name", "sw0", "type", "bridge")
        _ip("-n", self.switch, "link", "set", "sw0", "up")
        _ip("link", "add", self._ours, "type", "veth", "peer", "name", "u", "netns", self.switch)
        _ip("-n", self.switch, "link", "set", "u", "master", "sw0", "up")
        _ip("addr", "add", f"{_NET}.1/24", "dev", self._ours)
        _ip("link", "set", self._ours, "up")

    def host(self) -> Host:
        """Add a machine."""
        self.hosts.append(Host(self, 10 + len(self.hosts)))
        return self.hosts[-1]

    def remove(self) -> None:
        """Take everything away."""
        for host in self.hosts:
            host.remove()
        _remove(self.switch)
        with suppress(subprocess.CalledProcessError):
            _ip("link", "del", self._ours)


@contextmanager
def network() -> Iterator[Network]:
    """Have a network while the block runs."""
    need_namespaces()
    made = Network()
    try:
        made.lay()
        yield made
    finally:
        made.remove()


@contextmanager
def registry_at(host: Host, folder: Path) -> Iterator[str]:
    """Have a registry run on a host; yield its address."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("docker-registry is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "registry.yml"
    configuration.write_text(
        "version: 0.1\nlog:\n  level: warn\nstorage:\n  filesystem:\n"
        f"    rootdirectory: {folder}/data\n  delete:\n    enabled: true\nhttp:\n  addr: {host.ip}:5000\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*host.prefix, program, "serve", str(configuration)], stdout=log, stderr=log)
    try:
        yield f"{host.ip}:5000"
    finally:
        process.kill()
        process.wait()


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, ["ip", *arguments], done.stdout, done.stderr)


def _remove(name: str) -> None:
    found = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False)
    for pid in found.stdout.split():
        with suppress(ProcessLookupError):
            os.kill(int(pid), 9)
    with suppress(subprocess.CalledProcessError):
        _ip("netns", "del", name)
