"""An engine behind TCP and TLS, which docker-py's client reaches by the docker command's variables."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest

from edk.adapters.cancellation import Cancel
from edk.adapters.engine import DockerEngineBuilder
from edk.domain.errors import CancelledError, EngineUnreachableError
from tests.unit.engine.lying import LyingEngine, chunked
from tests.unit.engine.recorded import STREAMS, request

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates"),
]
BUILT = (STREAMS / "buildkit-20.10-built.jsonl").read_bytes()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate that is its own authority, as DOCKER_CERT_PATH names one."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    shutil.copy(folder / "cert.pem", folder / "ca.pem")
    return folder


def _server(certificates: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    context.load_verify_locations(certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _environ(certificates: Path) -> dict[str, str]:
    return {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(certificates)}


def test_builds(certificates: Path, tmp_path: Path) -> None:
    """Both sides show their certificates, and the context goes one way and the reply the other."""
    with LyingEngine(tmp_path, {"/build": chunked(BUILT)}, _server(certificates)).running() as engine:
        builder = DockerEngineBuilder(engine.endpoint, _environ(certificates))
        image = builder.build(request(), iter([b"x" * (1 << 20)] * 3), lambda _: None, Cancel())

    assert 4 == image.steps


def test_trusts_no_stranger(certificates: Path, tmp_path: Path) -> None:
    """An engine whose certificate another authority made is not asked to build."""
    with LyingEngine(tmp_path, {}, _server(certificates)).running() as engine:
        url = engine.endpoint.replace("tcp://", "https://")
        with pytest.raises(EngineUnreachableError, match=r"(?i)certificate"):
            DockerEngineBuilder(url, {"HOME": "/nowhere"}).describe()

        assert [] == engine.asked


@pytest.mark.parametrize("pieces", [1, 100_000])
def test_cancels(certificates: Path, tmp_path: Path, pieces: int) -> None:
    """Cancelled at once, while sending and while reading."""
    hung, cancel, asked = threading.Event(), Cancel(), [0.0]

    def hang(connection: socket.socket, _line: str, _received: bytes) -> None:
        hung.wait()

    def stop() -> None:
        asked[0] = time.monotonic()
        cancel.cancel()

    timer = threading.Timer(0.5, stop)
    with LyingEngine(tmp_path, {"/build": hang}, _server(certificates)).running() as engine:
        builder = DockerEngineBuilder(engine.endpoint, _environ(certificates))
        timer.start()
        try:
            with pytest.raises(CancelledError):
                builder.build(request(), iter([b"x" * 1000] * pieces), lambda _: None, cancel)
            took = time.monotonic() - asked[0]
        finally:
            hung.set()
            timer.join()

    assert took < 0.5
