"""Where the engine is looked for."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from edk.adapters.engine.credentials import NO_CREDENTIALS, build_headers, push_header
from edk.adapters.engine.endpoint import Endpoint, find_endpoint, resolve_endpoint
from edk.domain.errors import EngineUnreachableError, UsageError


@pytest.mark.parametrize(
    ("environ", "endpoint"),
    [
        ({"DOCKER_HOST": "tcp://a:1", "DOCKER_CONTEXT": "x"}, "tcp://a:1"),
        ({"DOCKER_HOST": " "}, "unix:///var/run/docker.sock"),
        ({}, "unix:///var/run/docker.sock"),
        ({"HOME": "/nowhere"}, "unix:///var/run/docker.sock"),
    ],
)
def test_finds_the_engine(environ: dict[str, str], endpoint: str) -> None:
    """DOCKER_HOST wins over the usual socket."""
    assert endpoint == resolve_endpoint(environ)


@pytest.mark.parametrize("url", ["unix:///var/run/docker.sock", "tcp://h:1", "tcp://[::1]:5", "https://h:1"])
def test_takes_what_is_an_endpoint(url: str) -> None:
    """Sockets, TCP and HTTPS are passed on as they are, without certificates if there are none."""
    assert Endpoint(url) == find_endpoint(url, {"HOME": "/nowhere"})


def test_takes_certificates_for_tcp_alone(tmp_path: Path) -> None:
    """The docker command's variables name the certificates; a socket needs none."""
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).write_text("")
    environ = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)}

    tls = find_endpoint("tcp://h:2376", environ).tls

    assert tls is not None
    assert (str(tmp_path / "ca.pem"), True) == (tls.ca_cert, tls.verify)
    assert find_endpoint("unix:///x", environ).tls is None


@pytest.mark.parametrize(
    "endpoint", ["ssh://h", "tcp://", "tcp://h", "nonsense", "tcp://h:port", "npipe:////./pipe/x", "unix:///a?b"]
)
def test_refuses_what_is_no_endpoint(endpoint: str) -> None:
    """What can't be connected to is named, with what to set."""
    with pytest.raises(EngineUnreachableError) as caught:
        find_endpoint(endpoint, {})

    assert endpoint in caught.value.message
    assert "DOCKER_HOST" in caught.value.hint


def test_names_certificates_that_are_not_there(tmp_path: Path) -> None:
    """Where TLS is wanted, it is never done without."""
    with pytest.raises(EngineUnreachableError, match=r"tcp://h:2376.*certificate"):
        find_endpoint("tcp://h:2376", {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)})


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def _context(folder: Path, meta: object, name: str = "mine") -> None:
    digest = hashlib.sha256(name.encode()).hexdigest()
    _write(folder / "config.json", {"currentContext": name})
    _write(folder / "contexts" / "meta" / digest / "meta.json", meta)


def test_follows_dockers_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current context of docker's configuration names the engine, and its certificates."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    host = {"Host": "tcp://h:2376", "SkipTLSVerify": False}
    _context(tmp_path, {"Name": "mine", "Metadata": {}, "Endpoints": {"docker": host}})
    folder = tmp_path / "contexts" / "tls" / hashlib.sha256(b"mine").hexdigest() / "docker"
    folder.mkdir(parents=True)
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (folder / name).write_text("")

    found = find_endpoint("", {"DOCKER_CONFIG": str(tmp_path)})

    assert "tcp://h:2376" == found.url
    assert found.tls is not None
    assert (str(folder / "cert.pem"), str(folder / "key.pem")) == found.tls.cert


@pytest.mark.parametrize(
    ("meta", "named", "said"),
    [
        ("no object", "", "can't be read"),
        ({"Name": "mine"}, "", "can't be read"),
        ({"Name": "mine", "Metadata": {}, "Endpoints": {}}, "other", "context other does not exist"),
        ({"Name": "mine", "Metadata": {}, "Endpoints": {"docker": {"Host": "ssh://h"}}}, "", "ssh://h"),
    ],
)
def test_names_a_context_that_is_of_no_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meta: object, named: str, said: str
) -> None:
    """A context that is broken, absent, or beyond reach is an error, not a reason to build elsewhere."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    _context(tmp_path, meta)

    with pytest.raises(EngineUnreachableError, match=said):
        resolve_endpoint({"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": named})


def test_takes_the_usual_socket_where_docker_has_no_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration that only holds a login changes no endpoint."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    _write(tmp_path / "config.json", {"auths": {}})

    assert "unix:///var/run/docker.sock" == resolve_endpoint({"DOCKER_CONFIG": str(tmp_path)})


def test_sends_dockers_login(tmp_path: Path) -> None:
    """The login for a registry is sent when pushing there, and with builds; nobody's elsewhere."""
    _write(tmp_path / "config.json", {"auths": {"localhost:32000": {"auth": "dTpw"}}})
    environ = {"DOCKER_CONFIG": str(tmp_path)}

    assert NO_CREDENTIALS != push_header("localhost:32000/x", environ)
    assert NO_CREDENTIALS == push_header("localhost:1/x", environ)
    assert {"X-Registry-Config"} == build_headers(environ).keys()
    assert (NO_CREDENTIALS, {}) == (push_header("localhost:32000/x", {}), build_headers({}))


@pytest.mark.filterwarnings("ignore:docker-credential-edk-missing not installed")
def test_names_a_login_that_cannot_be_had(tmp_path: Path) -> None:
    """A credential helper that is missing is told, without a traceback."""
    _write(tmp_path / "config.json", {"credHelpers": {"localhost:32000": "edk-missing"}})

    with pytest.raises(UsageError, match="credentials"):
        push_header("localhost:32000/x", {"DOCKER_CONFIG": str(tmp_path)})
    with pytest.raises(UsageError, match="credentials"):
        build_headers({"DOCKER_CONFIG": str(tmp_path)})


@pytest.mark.parametrize("content", [[], {"auths": [1]}, {"auths": {"r": {"auth": "!"}}}, {"auths": {"r": 1}}])
def test_names_a_configuration_of_another_shape(tmp_path: Path, content: object) -> None:
    """A configuration that docker itself would not read is told, without a traceback."""
    _write(tmp_path / "config.json", content)

    with pytest.raises(UsageError, match="credentials can't be read"):
        build_headers({"DOCKER_CONFIG": str(tmp_path)})
