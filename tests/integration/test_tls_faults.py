"""Engine and BuildKit behind TLS with clients' certificates, as in a pod: what is said where they are faulty."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from edk.adapters.buildkit import Daemon
from edk.adapters.buildkit.client import Buildctl
from edk.adapters.engine import DockerEngineBuilder
from edk.domain.errors import EngineUnreachableError
from tests.support.command import Command
from tests.support.extension import Extension
from tests.support.fixtures import edk, extension, registry
from tests.support.reading_back import RegistryReader
from tests.support.tls import Authority, before

__all__ = ["edk", "extension", "registry"]

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates"),
]


@dataclass(frozen=True)
class Pairs:
    """Folders of certificates, by what is the matter with them."""

    folder: Path

    def __getitem__(self, name: str) -> Path:
        return self.folder / name


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Pairs:
    """Those of a pod, and faulty ones."""
    folder = tmp_path_factory.mktemp("tls") / "pod"
    pod, other = Authority(folder), Authority(folder.parent / "other")
    for name in ("server", "client"):
        pod.pair(name)
    pod.pair("elsewhere", names="DNS:elsewhere.example.org")
    pod.pair("expired", days=-1)
    stranger = other.pair("stranger")
    stranger.rename(folder / "stranger")
    for name, of in (("mixed", "stranger"), ("no-key", "client"), ("garbage", "client")):
        shutil.copytree(folder / of, folder / name)
    shutil.copy(folder / "client/ca.pem", folder / "mixed/ca.pem")
    (folder / "no-key/key.pem").unlink()
    (folder / "garbage/cert.pem").write_text("nonsense\n")
    return Pairs(folder)


CASES = [
    ("elsewhere", "client", "its certificate is for another name than it is asked by"),
    ("expired", "client", "its certificate is out of date"),
    ("server", "stranger", "its certificate was made by another authority than {ours}/ca.pem"),
    ("server", "garbage", "{ours} holds no certificate and key that belong together"),
]
HANGS_UP = [
    ("server", "expired", "it does not take our certificate, {ours}/cert.pem, which has expired"),
    ("server", "mixed", "it does not take our certificate, {ours}/cert.pem, which another authority made"),
]


def _socket(endpoint: str) -> str:
    if not endpoint.startswith("unix://"):
        pytest.skip("the engine is at no socket")
    return endpoint.removeprefix("unix://")


def _judge(error: EngineUnreachableError, expected: str, ours: Path, *, hung_up: bool) -> None:
    """Fail unless it says what is the matter; who hangs up may do so before its reason is read."""
    said = expected.format(ours=ours)
    if hung_up and said not in error.message:
        said = "it hung up while certificates were shown"
    assert said in error.message
    assert "restarting it" in error.hint or "name" in error.hint


@pytest.mark.parametrize(("theirs", "mine", "expected"), [*CASES, *HANGS_UP])
def test_engine(engine_endpoint: str, pairs: Pairs, theirs: str, mine: str, expected: str) -> None:
    """By the variables of the docker command."""
    ours = pairs[mine]
    with before(_socket(engine_endpoint), pairs[theirs]) as port:
        environ = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(ours)}
        with pytest.raises(EngineUnreachableError) as raised:
            DockerEngineBuilder(f"tcp://127.0.0.1:{port}", environ).describe()

    _judge(raised.value, expected, ours, hung_up=(theirs, mine, expected) in HANGS_UP)


@pytest.mark.parametrize(("theirs", "mine", "expected"), [*CASES, *HANGS_UP])
def test_buildkit(engine_endpoint: str, pairs: Pairs, theirs: str, mine: str, expected: str) -> None:
    """By EDK_BUILDKIT_TLS."""
    if shutil.which("buildctl") is None:
        pytest.skip("buildctl is not installed")
    ours = pairs[mine]
    with before(_socket(engine_endpoint), pairs[theirs]) as port, pytest.raises(EngineUnreachableError) as raised:
        Buildctl(Daemon(f"tcp://127.0.0.1:{port}", str(ours))).ask("debug", "workers")

    _judge(raised.value, expected, ours, hung_up=(theirs, mine, expected) in HANGS_UP)
    assert not raised.value.message.endswith('"')


def test_files_that_are_not_there(pairs: Pairs) -> None:
    """The file is named, before anybody is asked."""
    environ = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(pairs["no-key"])}
    with pytest.raises(EngineUnreachableError, match=rf"{pairs['no-key']} holds no key\.pem"):
        DockerEngineBuilder("tcp://127.0.0.1:1", environ)
    if shutil.which("buildctl") is not None:
        lacking = Daemon("tcp://127.0.0.1:1", str(pairs["no-key"]))
        with pytest.raises(EngineUnreachableError, match=rf"not there: {pairs['no-key']}/key\.pem") as raised:
            Buildctl(lacking).ask("debug", "workers")
        assert "EDK_BUILDKIT_TLS" in raised.value.hint


def test_builds_by_an_engine_behind_tls(
    edk: Command, extension: Extension, registry: RegistryReader, engine_endpoint: str, pairs: Pairs
) -> None:
    """The whole command, with a step and a push."""
    extension.image("seg", "COPY data.txt /\nRUN cat /data.txt > /copied\n")
    with before(_socket(engine_endpoint), pairs["server"]) as port:
        by_tls = edk.with_environ(
            DOCKER_HOST=f"tcp://127.0.0.1:{port}", DOCKER_TLS_VERIFY="1", DOCKER_CERT_PATH=str(pairs["client"])
        )
        by_tls("build", "--dir", os.fspath(extension.path)).expect(0)

    assert "seg 1\n" == registry.text(extension.name("seg"), "1.2.3", "copied")
