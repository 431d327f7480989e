"""A real buildkitd as in the cluster: on a TCP port, with the certificates that the script makes."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import _missing
from tests.support.certificates import make_certificates
from tests.support.command import ROOT

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Worker:
    """A daemon on a port of this machine.

    Args:
        address: with ``tcp://``.
        certificates: the folder that the script wrote.
    """

    address: str
    certificates: Path

    def ask(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run buildctl against it."""
        return subprocess.run(
            ["buildctl", "--addr", self.address, "--timeout", "5", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


def _configuration(folder: Path, port: int, certificates: Path) -> str:
    """Return the cluster's own configuration, for this machine: with other paths, as root, and on one address."""
    text = (ROOT / "deploy/buildkit/buildkitd.toml").read_text()
    text = text.replace("unix:///run/user/1000/buildkit/buildkitd.sock", f"unix://{folder}/s.sock")
    text = text.replace("tcp://0.0.0.0:1234", f"tcp://127.0.0.1:{port}").replace("/certs/", f"{certificates}/server/")
    text = text.replace("rootless = true", "rootless = false").replace("noProcessSandbox = true", "")
    # The registry of the cluster is not here; that of this machine is.
    return text.replace('mirrors = ["local-registry.services.svc.cluster.local:5000"]', "")


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """One that answers."""
    for program in ("buildkitd", "buildctl", "runc", "openssl"):
        if shutil.which(program) is None:
            _missing(f"{program} is not on the PATH")
    folder = tmp_path_factory.mktemp("w")
    made = make_certificates(folder / "certs")
    assert 0 == made.returncode, made.stderr
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    toml = _configuration(folder, port, folder / "certs")
    assert tomllib.loads(toml)["worker"]["oci"]["gcpolicy"]
    (folder / "buildkitd.toml").write_text(toml)
    log = folder / "log"
    with log.open("wb") as output:
        daemon = subprocess.Popen(
            [
                *("buildkitd", "--config", folder / "buildkitd.toml", "--root", folder / "data"),
                *("--otel-socket-path", folder / "o.sock"),
            ],
            stdout=output,
            stderr=output,
        )
    try:
        found = Worker(f"tcp://127.0.0.1:{port}", folder / "certs")
        deadline = time.monotonic() + 30
        while found.ask("--tlsdir", folder / "certs/client", "debug", "workers").returncode:
            assert daemon.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield found
    finally:
        daemon.terminate()
        daemon.wait(30)


def test_builds_with_the_client_s_certificate(worker: Worker, busybox: str, tmp_path: Path) -> None:
    """A whole build, with a RUN step."""
    (tmp_path / "Dockerfile").write_text(f"FROM {busybox}\nRUN echo built > /told\n")
    done = worker.ask(
        *("--tlsdir", worker.certificates / "client", "build", "--frontend=dockerfile.v0"),
        *(f"--local={name}={tmp_path}" for name in ("context", "dockerfile")),
        f"--output=type=local,dest={tmp_path}/out",
    )

    assert 0 == done.returncode, done.stderr
    assert "built\n" == (tmp_path / "out/told").read_text()


def test_workers_are_known_by_the_service_s_name(worker: Worker) -> None:
    """As where the EDK goes to one address out of those that the name yields."""
    name = "buildkitd.services.svc.cluster.local"
    done = worker.ask("--tlsdir", worker.certificates / "client", "--tlsservername", name, "debug", "workers")

    assert 0 == done.returncode, done.stderr


def test_a_worker_by_another_name_is_not_believed(worker: Worker) -> None:
    """Whoever answers in its place has no certificate for it."""
    done = worker.ask("--tlsdir", worker.certificates / "client", "--tlsservername", "other.example.org", "du")

    assert done.returncode
    assert "certificate" in done.stderr


def _refused(worker: Worker, *options: str | Path) -> None:
    """Fail unless a request is refused while who has the right certificate is answered."""
    done = worker.ask(*options, "debug", "workers")
    assert done.returncode, done.stdout
    assert "" == done.stdout.strip()
    assert 0 == worker.ask("--tlsdir", worker.certificates / "client", "debug", "workers").returncode


def test_nobody_gets_in_without_tls(worker: Worker) -> None:
    """Plain text is no request there."""
    _refused(worker)


def test_nobody_gets_in_without_a_certificate(worker: Worker) -> None:
    """To trust the worker is not enough."""
    _refused(worker, "--tlscacert", worker.certificates / "ca.pem")


def test_a_worker_s_own_certificate_lets_nobody_in(worker: Worker) -> None:
    """A step that stole it could not use it at another worker."""
    _refused(worker, "--tlsdir", worker.certificates / "server")


def test_another_authority_s_certificate_lets_nobody_in(worker: Worker, tmp_path: Path) -> None:
    """Also if it looks the same."""
    assert 0 == make_certificates(tmp_path / "other").returncode
    shutil.copy(worker.certificates / "ca.pem", tmp_path / "other/client/ca.pem")

    _refused(worker, "--tlsdir", tmp_path / "other/client")
