"""The pod's images as containers: roles, users, certificates, and what stands in them."""

from __future__ import annotations

import os
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import docker
import pytest

from edk import __version__

pytestmark = pytest.mark.integration
PLACE = os.environ.get("EDK_POD_REGISTRY", "localhost:32000")
TAG = os.environ.get("EDK_POD_TAG", __version__)
_DATA = "/var/lib/registry/docker/registry/v2"
RESTRICTED = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges"], "tmpfs": {"/tmp": ""}}


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    """The Docker Engine with the images; skip if they were not built."""
    try:
        client = docker.from_env()
        for name in ("edk", "edk-builder", "edk-registry"):
            client.images.pull(f"{PLACE}/{name}", TAG)
    except docker.errors.DockerException as error:
        pytest.skip(f"the pod's images are not there, scripts/build_pod_images.sh makes them: {error}")
    yield client
    client.close()


@pytest.fixture
def start(engine: Any) -> Iterator[Callable[..., Any]]:
    """Start a container of an image, which is removed at the end."""
    started = []

    def call(name: str, *command: str, **options: Any) -> Any:
        container = engine.containers.run(f"{PLACE}/{name}:{TAG}", list(command), detach=True, **options)
        started.append(container)
        return container

    yield call
    for container in started:
        container.remove(force=True, v=True)


@pytest.fixture
def certs(engine: Any) -> Iterator[dict[str, Any]]:
    """Two empty volumes for certificates, as mounts."""
    volumes = [engine.volumes.create() for _ in range(2)]
    yield {
        volume.name: {"bind": f"/certs/{side}", "mode": "rw"}
        for volume, side in zip(volumes, ("builder", "client"), strict=True)
    }
    for volume in volumes:
        volume.remove(force=True)


def output(container: Any) -> str:
    """Wait for the end of a container, and return what it printed; fail if it failed."""
    code = container.wait(timeout=120)["StatusCode"]
    said: str = container.logs().decode()
    assert 0 == code, said
    return said


def eventually(ask: Callable[[], bool]) -> bool:
    """Ask until the answer is yes, for half a minute at most."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if ask():
            return True
        time.sleep(0.2)
    return False


def answers(container: Any, port: str, path: str) -> bool:
    """Return whether a container answers at one of its ports within half a minute."""

    def ask() -> bool:
        container.reload()
        try:
            place = container.ports[port][0]["HostPort"]
            with urllib.request.urlopen(f"http://127.0.0.1:{place}{path}", timeout=5) as answer:
                return bool(answer.status == 200)
        except (KeyError, IndexError, TypeError, OSError):
            return False

    return eventually(ask)


def test_programs_work_as_an_ordinary_user_with_nothing_to_write_to(start: Callable[..., Any]) -> None:
    """No capability, a read-only root file system, and a folder for temporary files."""
    said = output(
        start(
            "edk",
            "run",
            "sh",
            "-ec",
            "id -u; edk --version; helm version --short; buildctl --version; git --version; openssl version; "
            'git -C / init -q "$HOME/clone"; helm create "$HOME/chart" >/dev/null; '
            "/kaapana/app/build_extension.sh --help",
            **(RESTRICTED | {"tmpfs": {"/tmp": "", "/var/lib/edk": "uid=1000"}}),
        )
    )

    assert said.startswith(f"1000\nedk {__version__}\n")
    assert "usage: edk build" in said


def test_nothing_of_the_place_where_it_was_built_is_left(engine: Any, start: Callable[..., Any]) -> None:
    """Neither compilers nor caches nor configuration of package clients, nor a word of them in the history."""
    left = "/root/.npmrc /etc/pip.conf /run/secrets /root/.cache /root/.npm /opt/edk/.venv/bin/pip /usr/bin/*g++*"
    look = f"ls -d {left} 2>/dev/null; ls /var/lib/apt/lists; true"
    said = output(start("edk", "run", "sh", "-c", look, **RESTRICTED))
    history = " ".join(layer["CreatedBy"] for layer in engine.images.get(f"{PLACE}/edk:{TAG}").history())

    assert "" == said
    for word in ("SSL_CERT_FILE", "GOPROXY", "PIP_", "proxy="):
        assert word not in history


def test_editor_answers_and_has_made_its_folders(start: Callable[..., Any]) -> None:
    """With volumes for what it writes, and a root file system that is read-only."""
    options = RESTRICTED | {"tmpfs": {"/tmp": "", "/home/edk": "uid=1000", "/kaapana/app/kaapana": "uid=1000"}}
    editor = start("edk", "editor", ports={"8080/tcp": ("127.0.0.1", None)}, **options)

    assert answers(editor, "8080/tcp", "/healthz"), editor.logs().decode()
    code, listed = editor.exec_run(["ls", "-A", "/kaapana/app/kaapana/extensions/.vscode"])
    assert (0, b"extensions.json\nsettings.json\ntasks.json\n") == (code, listed)


def test_rootless_builder_is_reached_by_certificates_alone(certs: dict[str, Any], start: Callable[..., Any]) -> None:
    """Not privileged, with two capabilities; who has no pair is nobody."""
    output(start("edk", "-c", "chown 1000:1000 /certs/*", entrypoint="sh", user="0", volumes=certs))
    output(start("edk", "certificates", "/certs", volumes=certs, **RESTRICTED))
    builder = start(
        "edk-builder",
        "--oci-worker-no-process-sandbox",
        "--addr=tcp://127.0.0.1:1234",
        "--tlscacert=/certs/builder/ca.pem",
        "--tlscert=/certs/builder/cert.pem",
        "--tlskey=/certs/builder/key.pem",
        user="1000:1000",
        cap_drop=["ALL"],
        cap_add=["SETUID", "SETGID"],
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        volumes=certs,
    )
    beside = RESTRICTED | {"network_mode": f"container:{builder.id}", "volumes": certs}
    ask = "buildctl --addr tcp://127.0.0.1:1234 --timeout 5"
    known = f"{ask} --tlsdir /certs/client debug workers"
    patient = f"for try in 1 2 3 4 5 6 7 8 9; do {known} && exit; sleep 1; done; exit 1"

    assert "linux/" in output(start("edk", "run", "sh", "-c", patient, **beside)), builder.logs().decode()
    assert "refused" in output(start("edk", "run", "sh", "-c", f"{ask} debug workers || echo refused", **beside))


def test_registry_serves_as_an_ordinary_user_and_collects_garbage(start: Callable[..., Any]) -> None:
    """With the arguments of the public image."""
    served = start("edk-registry", ports={"5000/tcp": ("127.0.0.1", None)}, **RESTRICTED)

    assert answers(served, "5000/tcp", "/v2/"), served.logs().decode()
    # An empty registry has nothing to be collected, and the registry's own command calls that an error.
    served.exec_run(["mkdir", "-p", f"{_DATA}/repositories", f"{_DATA}/blobs"])
    served.stop()
    output(start("edk-registry", "garbage-collect", "/etc/docker/registry/config.yml", volumes_from=[served.id]))
