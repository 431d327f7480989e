"""Where the engine is: DOCKER_HOST, docker's current context, or the usual socket."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from edk.domain.errors import EngineUnreachableError

DEFAULT_ENDPOINT = "unix:///var/run/docker.sock"
_TLS_PORT = 2376
_PLAIN_PORT = 2375


@dataclass(frozen=True, slots=True)
class Address:
    """An endpoint taken apart: a socket's `path`, or `host` and `port`, with certificates if `tls`."""

    endpoint: str
    path: str = ""
    host: str = ""
    port: int = 0
    tls: bool = False
    certificates: str = ""
    verify: bool = True


def resolve_endpoint(environ: Mapping[str, str]) -> str:
    """Return the engine's address as the docker command finds it.

    Args:
        environ: DOCKER_HOST wins, then the context of DOCKER_CONTEXT or of docker's own configuration.
    """
    host = environ.get("DOCKER_HOST", "").strip()
    if host:
        return host
    config = Path(environ.get("DOCKER_CONFIG") or Path(environ.get("HOME") or "/") / ".docker")
    if not environ.get("DOCKER_CONTEXT") and not (config / "config.json").is_file():
        return DEFAULT_ENDPOINT
    return _context_endpoint(environ.get("DOCKER_CONTEXT", "")) or DEFAULT_ENDPOINT


def _context_endpoint(name: str) -> str:
    from docker.context import ContextAPI
    from docker.errors import DockerException

    try:
        context = ContextAPI.get_context(name or None)
    except (DockerException, OSError, ValueError) as error:
        raise EngineUnreachableError(
            f"docker's context {name or 'of its configuration'} can't be read: {error}",
            "Set DOCKER_HOST, or mend it with 'docker context ls'.",
        ) from error
    host = context.Host if context is not None else ""
    # docker-py names the default socket with a scheme of its own.
    return str(host or "").replace("http+unix://", "unix://")


def parse_endpoint(endpoint: str, environ: Mapping[str, str]) -> Address:
    """Take an endpoint apart.

    Args:
        endpoint: ``unix:///path``, ``tcp://host:port``, ``http://…`` or ``https://…``.
        environ: DOCKER_TLS_VERIFY and DOCKER_CERT_PATH count for ``tcp``.

    Raises:
        EngineUnreachableError: it is none of these.
    """
    parts = urlsplit(endpoint)
    if parts.scheme == "unix" and endpoint.removeprefix("unix://"):
        return Address(endpoint, path=endpoint.removeprefix("unix://"))
    try:
        port, host = parts.port, parts.hostname
    except ValueError:
        port, host = None, None
    if parts.scheme in ("tcp", "http", "https") and host:
        verify = bool(environ.get("DOCKER_TLS_VERIFY"))
        certificates = environ.get("DOCKER_CERT_PATH", "")
        tls = parts.scheme == "https" or (parts.scheme == "tcp" and (verify or bool(certificates)))
        default = _TLS_PORT if tls else _PLAIN_PORT
        return Address(endpoint, "", host, port or default, tls, certificates, verify or not certificates)
    raise EngineUnreachableError(
        f"{endpoint!r} is no address of an engine that can be used",
        "Set DOCKER_HOST to unix:///path/to/docker.sock or tcp://host:port"
        " (for ssh://, forward the socket: ssh -L /tmp/docker.sock:/var/run/docker.sock HOST).",
    )


def open_socket(address: Address, timeout: float) -> socket.socket:
    """Connect within `timeout` seconds; raise OSError."""
    if address.path:
        local = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            local.settimeout(timeout)
            local.connect(address.path)
        except OSError:
            local.close()
            raise
        return local
    remote = socket.create_connection((address.host, address.port), timeout)
    if not address.tls:
        return remote
    try:
        return _tls(address).wrap_socket(remote, server_hostname=address.host)
    except OSError:
        remote.close()
        raise


def _tls(address: Address) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if address.certificates:
        folder = Path(address.certificates)
        context.load_verify_locations(folder / "ca.pem")
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    if not address.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
