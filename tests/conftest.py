"""What all tests share: the real engine and registry, and a guard that keeps other tests away from them."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.support.buildkitd import missing_programs, own_daemon
from tests.support.engine_watch import pytest_runtest_protocol, pytest_terminal_summary

__all__ = ["pytest_runtest_protocol", "pytest_terminal_summary"]

REGISTRY_HOST = "localhost:32000"
_OUTSIDE = ("integration", "e2e")


def _missing(reason: str) -> NoReturn:
    """Skip locally and fail in CI, where everything has to be there."""
    if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _refused(address: object) -> bool:
    """Whether an address is one that only integration and end-to-end tests may open."""
    if isinstance(address, str | bytes):
        return not os.fsdecode(address).startswith(str(Path(tempfile.gettempdir()).resolve()))
    if isinstance(address, tuple) and len(address) >= 2:
        host, port = address[:2]
        return host not in ("127.0.0.1", "localhost", "::1") or port == int(REGISTRY_HOST.split(":")[1])
    return True


@pytest.fixture(autouse=True)
def only_marked_tests_go_outside(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail unmarked tests that open a socket to the engine, the registry or another machine."""
    if any(request.node.get_closest_marker(mark) for mark in _OUTSIDE):
        return
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded(method: Any) -> Any:
        def call(self: socket.socket, address: Any) -> Any:
            if _refused(address):
                raise AssertionError(
                    f"an unmarked test must not connect to {address!r}; mark it 'integration'"
                )
            return method(self, address)

        return call

    monkeypatch.setattr(socket.socket, "connect", guarded(connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(connect_ex))


@pytest.fixture(scope="session")
def engine_endpoint() -> str:
    """The address of a real engine that answers."""
    from edk.adapters.engine import DockerEngineBuilder, resolve_endpoint
    from edk.domain.errors import EngineUnreachableError

    endpoint = resolve_endpoint(os.environ)
    try:
        DockerEngineBuilder(endpoint).describe()
    except EngineUnreachableError as error:
        _missing(f"no engine: {error}")
    return endpoint


@pytest.fixture(scope="session")
def buildkit_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a BuildKit daemon of the tests' own."""
    lacking = missing_programs()
    if lacking:
        _missing(f"no BuildKit: {', '.join(lacking)} not on PATH; scripts/test.sh installs them where it has go")
    with own_daemon(tmp_path_factory.mktemp("buildkit")) as daemon:
        yield daemon.address


@pytest.fixture(scope="session")
def registry_host() -> str:
    """Host and port of a real registry that answers."""
    try:
        with urllib.request.urlopen(f"http://{REGISTRY_HOST}/v2/", timeout=5) as answer:
            assert 200 == answer.status
    except OSError as error:
        _missing(f"no registry at {REGISTRY_HOST}: {error}")
    return REGISTRY_HOST


@pytest.fixture(scope="session")
def busybox(engine_endpoint: str, registry_host: str) -> str:
    """The ref of a base image of two megabytes, in the registry and in the engine."""
    from edk.adapters.cancellation import Cancel
    from edk.adapters.engine import DockerEngineBuilder
    from edk.domain.requests import BuildRequest

    ref = f"{registry_host}/test/busybox:latest"
    if _manifest_stands(registry_host, "test/busybox", "latest"):
        return ref
    program = shutil.which("busybox")
    if program is None:
        _missing("busybox is not installed: no small base image for tests (Debian: busybox-static)")
    builder = DockerEngineBuilder(engine_endpoint)
    dockerfile = b"FROM scratch\nCOPY root/ /\n"
    request = BuildRequest("busybox", ref, dockerfile, "Dockerfile", dockerfile_member="Dockerfile")
    image = builder.build(request, [_busybox_context(dockerfile, program)], lambda _: None, Cancel())
    builder.push(image, ref, lambda _: None, Cancel())
    return ref


def _manifest_stands(host: str, repository: str, tag: str) -> bool:
    accepted = (
        "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
    )
    asked = urllib.request.Request(
        f"http://{host}/v2/{repository}/manifests/{tag}", method="HEAD", headers={"Accept": accepted}
    )
    try:
        with urllib.request.urlopen(asked, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return False


def _busybox_context(dockerfile: bytes, program: str) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(dockerfile)
        tar.addfile(member, io.BytesIO(dockerfile))
        tar.add(program, "root/bin/busybox")
        listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True)
        for applet in set(listed.stdout.split()) - {"busybox"}:
            link = tarfile.TarInfo(f"root/bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        for folder in ("tmp", "etc"):
            made = tarfile.TarInfo(f"root/{folder}")
            made.type, made.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            tar.addfile(made)
    return archive.getvalue()
