"""Where the engine is looked for."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from edk.adapters.engine.credentials import NO_CREDENTIALS, build_headers, push_header
from edk.adapters.engine.endpoint import parse_endpoint, resolve_endpoint
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


@pytest.mark.parametrize(
    ("endpoint", "environ", "path", "host", "port", "tls"),
    [
        ("unix:///var/run/docker.sock", {}, "/var/run/docker.sock", "", 0, False),
        ("tcp://h:1", {}, "", "h", 1, False),
        ("tcp://h", {}, "", "h", 2375, False),
        ("tcp://h", {"DOCKER_TLS_VERIFY": "1"}, "", "h", 2376, True),
        ("tcp://[::1]:5", {"DOCKER_CERT_PATH": "/c"}, "", "::1", 5, True),
        ("https://h:1", {}, "", "h", 1, True),
    ],
)
def test_takes_endpoints_apart(
    endpoint: str, environ: dict[str, str], path: str, host: str, port: int, tls: bool
) -> None:
    """Sockets, plain TCP and TLS are told apart."""
    found = parse_endpoint(endpoint, environ)

    assert (path, host, port, tls) == (found.path, found.host, found.port, found.tls)


@pytest.mark.parametrize("endpoint", ["ssh://h", "unix://", "tcp://", "nonsense", "tcp://h:port", "npipe:////./pipe/x"])
def test_refuses_what_is_no_endpoint(endpoint: str) -> None:
    """What can't be connected to is named, with what to set."""
    with pytest.raises(EngineUnreachableError) as caught:
        parse_endpoint(endpoint, {})

    assert endpoint in caught.value.message
    assert "DOCKER_HOST" in caught.value.hint


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def test_follows_dockers_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current context of docker's configuration names the engine."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    digest = hashlib.sha256(b"mine").hexdigest()
    meta = {
        "Name": "mine",
        "Metadata": {},
        "Endpoints": {"docker": {"Host": "unix:///x/y.sock", "SkipTLSVerify": False}},
    }
    _write(tmp_path / "config.json", {"currentContext": "mine"})
    _write(tmp_path / "contexts" / "meta" / digest / "meta.json", meta)

    assert "unix:///x/y.sock" == resolve_endpoint({"DOCKER_CONFIG": str(tmp_path)})


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
