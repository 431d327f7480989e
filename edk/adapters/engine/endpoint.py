"""Where the engine is: DOCKER_HOST, docker's current context, or the usual socket."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edk.domain.errors import EngineUnreachableError

if TYPE_CHECKING:
    from docker.tls import TLSConfig

DEFAULT_ENDPOINT = "unix:///var/run/docker.sock"
_REMOTE = ("tcp://", "http://", "https://")
_FORWARD = "for ssh://, forward the socket: ssh -L /tmp/docker.sock:/var/run/docker.sock HOST"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An engine's address as docker-py takes it, with certificates if there are some."""

    url: str
    tls: TLSConfig | None = None

    @property
    def certificates(self) -> str:
        """Return the folder of our certificates, empty if there are none."""
        return str(Path(self.tls.cert[0]).parent) if self.tls is not None and self.tls.cert else ""


def resolve_endpoint(environ: Mapping[str, str]) -> str:
    """Return the engine's address as the docker command finds it; see `find_endpoint`."""
    return find_endpoint("", environ).url


def find_endpoint(url: str, environ: Mapping[str, str]) -> Endpoint:
    """Return where the engine is, and by which certificates.

    Args:
        url: ``unix:///path``, ``tcp://host:port``, ``http://…`` or ``https://…``; empty: as the docker command does.
        environ: DOCKER_HOST wins, then the context of DOCKER_CONTEXT or of docker's own configuration;
            DOCKER_TLS_VERIFY and DOCKER_CERT_PATH count for what is no socket.

    Raises:
        EngineUnreachableError: it is none of these, or its context or certificates can't be read.
    """
    url = url or environ.get("DOCKER_HOST", "").strip()
    if url:
        return _checked(url, environ)
    config = Path(environ.get("DOCKER_CONFIG") or Path(environ.get("HOME") or "/") / ".docker")
    if not environ.get("DOCKER_CONTEXT") and not (config / "config.json").is_file():
        return Endpoint(DEFAULT_ENDPOINT)
    return _of_context(environ.get("DOCKER_CONTEXT", ""))


def _checked(url: str, environ: Mapping[str, str]) -> Endpoint:
    from docker.errors import DockerException
    from docker.utils import kwargs_from_env, parse_host

    if not url.startswith(("unix://", *_REMOTE)):
        raise _unusable(url, f"its scheme is none of unix, tcp, http and https; {_FORWARD}")
    if url.startswith(_REMOTE):
        _check_certificates(url, environ)
    try:
        parse_host(url)
        known = kwargs_from_env({**environ, "DOCKER_HOST": url}) if url.startswith(_REMOTE) else {}
    except (DockerException, ValueError) as error:
        raise _unusable(url, str(error)) from error
    return Endpoint(url, known.get("tls"))


def _check_certificates(url: str, environ: Mapping[str, str]) -> None:
    """Raise EngineUnreachableError if the environment names certificates that are not there."""
    if not environ.get("DOCKER_TLS_VERIFY") and not environ.get("DOCKER_CERT_PATH"):
        return
    folder = Path(environ.get("DOCKER_CERT_PATH") or Path("~/.docker").expanduser())
    lacking = [name for name in ("ca.pem", "cert.pem", "key.pem") if not os.access(folder / name, os.R_OK)]
    if lacking:
        why = "DOCKER_CERT_PATH" if environ.get("DOCKER_CERT_PATH") else "DOCKER_TLS_VERIFY"
        raise EngineUnreachableError(
            f"{url}: {why} asks for certificates, and {folder} holds no {', '.join(lacking)} that can be read",
            "Point DOCKER_CERT_PATH at the folder with ca.pem, cert.pem and key.pem; in the EDK's own pod, restart it.",
        )


def _unusable(url: str, cause: str) -> EngineUnreachableError:
    return EngineUnreachableError(
        f"{url!r} is no address of an engine that can be used: {cause}",
        "Set DOCKER_HOST to unix:///path/to/docker.sock or tcp://host:port.",
    )


def _of_context(name: str) -> Endpoint:
    from docker.context import ContextAPI

    named = name or "of its configuration"
    try:
        context = ContextAPI.get_context(name or None)
    except Exception as error:  # docker-py raises just that where a context's file is broken
        raise _unreadable(f"docker's context {named} can't be read: {error}") from error
    if context is None:
        raise _unreadable(f"docker's context {named} does not exist")
    # docker-py names the default socket with a scheme of its own.
    host = str(context.Host or "").replace("http+unix://", "unix://")
    found = _checked(host, {}) if host else Endpoint(DEFAULT_ENDPOINT)
    return Endpoint(found.url, context.TLSConfig)


def _unreadable(message: str) -> EngineUnreachableError:
    return EngineUnreachableError(message, "Set DOCKER_HOST, or mend it with 'docker context ls'.")
