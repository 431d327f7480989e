"""The chart of the EDK, installed for tests: its pods, its registry as nodes reach it, extensions in its volume."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import tomllib
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import ROOT
from tests.support.extension import Extension
from tests.support.pod.cluster import Cluster, Options
from tests.support.pod.engine import PodEngine
from tests.support.reading_back import RegistryReader

NAMESPACE = "services"
EXTENSIONS = "/kaapana/app/kaapana/extensions"
# A base of two megabytes, put into the pod's own registry before anything is built.
BASE = "test/busybox:latest"


@dataclass(frozen=True)
class Images:
    """Where the images of the pod are: as ``scripts/build_pod_images.sh`` leaves them, or as the environment says."""

    registry: str
    tag: str

    @classmethod
    def known(cls) -> Images:
        """Return what the environment says; skip if they are not there."""
        version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
        images = cls(os.environ.get("EDK_POD_REGISTRY", "localhost:32000"), os.environ.get("EDK_POD_TAG", version))
        host, _, path = images.registry.partition("/")
        reader = RegistryReader(host)
        wanted = ("edk", "edk-builder", "edk-registry")
        missing = [name for name in wanted if not reader.has(f"{path}/{name}".strip("/"), images.tag)]
        if missing:
            pytest.skip(f"not in {images.registry}: {', '.join(missing)}; scripts/build_pod_images.sh builds them")
        return images

    def ref(self, name: str) -> str:
        """Return the whole name of one."""
        return f"{self.registry}/{name}:{self.tag}"


def free_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def rendered(chart: Path, values: Mapping[str, object], release: str = "edk") -> str:
    """Return what ``helm template`` makes of a chart; skip where there is no helm."""
    if shutil.which("helm") is None:
        pytest.skip("helm is not installed")
    words = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
    command = ["helm", "template", release, str(chart), "--namespace", NAMESPACE, "--kube-version", "1.32.0", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@dataclass
class Installed:
    """The installation."""

    cluster: Cluster
    images: Images
    port: int
    values: Mapping[str, object]
    support: str
    engine: PodEngine

    @property
    def registry(self) -> RegistryReader:
        """The local registry, as a node reaches it."""
        return RegistryReader(f"localhost:{self.port}")

    def up(self, chart: Path = ROOT / "deploy/chart", small: Mapping[str, int] | None = None, **values: object) -> None:
        """Install a chart, or upgrade to it."""
        self.start(rendered(chart, {**self.values, **values}), small)

    def start(self, text: str, small: Mapping[str, int] | None = None) -> None:
        """Start manifests, and wait until they are ready."""
        options = Options(self.support, NAMESPACE, small or {}, first_pause=1, longest_pause=5, hurry=10)
        self.cluster.up(text, options)
        self.cluster.wait(180)

    def push_base(self) -> None:
        """Bring the small base into the pod's registry, as an administrator does on a site without a hub."""
        ours, theirs = f"localhost:{self.port}/{BASE}", f"localhost:32000/{BASE}"
        self.engine.image(theirs)
        self.engine.api.tag(theirs, ours.rpartition(":")[0], "latest")
        said = [json.loads(line) for line in self.engine.api.push(ours).splitlines() if line.strip()]
        assert not [line for line in said if "error" in line], said

    def edk(self, *arguments: str, code: int = 0) -> str:
        """Run a command of the EDK in the editor, as a developer does in its terminal."""
        return self.run("edk", *arguments, code=code)

    def run(self, *command: str, code: int = 0, container: str = "editor") -> str:
        """Run a command in a container, and check how it ends."""
        ended, out = self.cluster.exec(container, *command)
        assert code == ended, f"{' '.join(command)} ended with {ended}, not {code}:\n{out[-6000:]}"
        assert "Traceback" not in out, out
        return out

    def write(self, path: str, text: str) -> None:
        """Save a file below the extensions folder, from the editor's container."""
        place = f"{EXTENSIONS}/{path}"
        self.run("sh", "-c", f'mkdir -p "$(dirname {place})" && printf %s "$1" >{place}', "sh", text)

    def image(self, name: str, body: str = "COPY data.txt /data.txt\n", data: str = "one\n") -> str:
        """Write an extension of one image, and return the image's name, which is the folder's too."""
        unique = f"{name}-{uuid.uuid4().hex[:8]}"
        folder = Path(self.cluster.folder, "made", unique)
        extension = Extension(folder, f"localhost:{self.port}/{BASE}", suffix="x")
        extension.write("processing/Dockerfile", f'FROM {extension.base}\nLABEL IMAGE="{unique}"\n{body}')
        extension.write("processing/data.txt", data)
        self.cluster.put("editor", folder, EXTENSIONS)
        return unique

    def status(self) -> dict[str, Any]:
        """Return what the watcher tells of itself."""
        told: dict[str, Any] = json.loads(self.edk("status", "--json"))
        return told

    def holds(self, name: str, text: str, path: str = "data.txt", tag: str = "0.0.0") -> bool:
        """Tell whether the registry's image of a name has a file of this content."""
        return self.registry.has(name, tag) and text == self.registry.text(name, tag, path)

    def restarts(self, container: str) -> int:
        """Return how often a container was started again."""
        return int(self.cluster.container(container)["restarts"])


def until(true: Callable[[], object], why: str, seconds: float = 90) -> None:
    """Wait for something to come true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, why
        time.sleep(0.3)


@contextmanager
def installed(folder: Path, images: Images, support: str, **values: object) -> Iterator[Installed]:
    """Have a chart of one's own while the block runs: volumes in a folder, a node port that is free."""
    name = f"t{uuid.uuid4().hex[:6]}"
    port = free_port()
    cluster = Cluster(folder / name)
    given = {"image.registry": images.registry, "image.tag": images.tag, "registry.nodePort": port, **values}
    made = Installed(cluster, images, port, given, support, PodEngine(name, support))
    try:
        yield made
    finally:
        cluster.remove()
