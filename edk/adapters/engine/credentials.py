"""Credentials of docker's own configuration, as the headers in which an engine takes them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

from docker import auth
from docker.credentials.errors import StoreError

from edk.adapters.engine.client import MALFORMED, broken_configuration

NO_CREDENTIALS = base64.urlsafe_b64encode(b"{}").decode("ascii")


def push_header(repository: str, environ: Mapping[str, str]) -> str:
    """Return ``X-Registry-Auth`` for pushing to `repository`; of nobody, if docker knows no login.

    Raises:
        UsageError: docker's configuration or its credential helper fails.
    """
    config = _config(environ)
    if config is None:
        return NO_CREDENTIALS
    try:
        registry, _ = auth.resolve_repository_name(repository)
        found = config.resolve_authconfig(registry)
    except (*MALFORMED, StoreError) as error:
        raise broken_configuration(error) from error
    return str(auth.encode_header(found).decode("ascii")) if found else NO_CREDENTIALS


def build_headers(environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``X-Registry-Config`` for pulling bases; nothing if docker knows no login.

    Raises:
        UsageError: docker's configuration or its credential helper fails.
    """
    config = _config(environ)
    if config is None:
        return {}
    try:
        found = config.get_all_credentials()  # type: ignore[no-untyped-call]
    except (*MALFORMED, StoreError) as error:
        raise broken_configuration(error) from error
    return {"X-Registry-Config": auth.encode_header(found).decode("ascii")} if found else {}


def _config(environ: Mapping[str, str]) -> auth.AuthConfig | None:
    folder = Path(environ.get("DOCKER_CONFIG") or Path(environ.get("HOME") or "/") / ".docker")
    path = folder / "config.json"
    if not path.is_file():
        return None
    try:
        return auth.load_config(str(path))
    except MALFORMED as error:
        raise broken_configuration(error) from error
