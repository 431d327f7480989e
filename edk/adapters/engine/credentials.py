"""Credentials of docker's own configuration, as the headers in which an engine takes them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edk.domain.errors import UsageError

if TYPE_CHECKING:
    from docker.auth import AuthConfig

NO_CREDENTIALS = base64.urlsafe_b64encode(b"{}").decode("ascii")


def push_header(repository: str, environ: Mapping[str, str]) -> str:
    """Return ``X-Registry-Auth`` for pushing to `repository`; of nobody, if docker knows no login.

    Raises:
        UsageError: docker's configuration or its credential helper fails.
    """
    config = _config(environ)
    if config is None:
        return NO_CREDENTIALS
    from docker import auth
    from docker.credentials.errors import StoreError
    from docker.errors import DockerException

    try:
        registry, _ = auth.resolve_repository_name(repository)
        found = config.resolve_authconfig(registry)
    except (DockerException, StoreError, OSError) as error:
        raise _broken(error) from error
    return str(auth.encode_header(found).decode("ascii")) if found else NO_CREDENTIALS


def build_headers(environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``X-Registry-Config`` for pulling bases; nothing if docker knows no login.

    Raises:
        UsageError: docker's configuration or its credential helper fails.
    """
    config = _config(environ)
    if config is None:
        return {}
    from docker import auth
    from docker.credentials.errors import StoreError
    from docker.errors import DockerException

    try:
        found = config.get_all_credentials()  # type: ignore[no-untyped-call]
    except (DockerException, StoreError, OSError) as error:
        raise _broken(error) from error
    return {"X-Registry-Config": auth.encode_header(found).decode("ascii")} if found else {}


def _config(environ: Mapping[str, str]) -> AuthConfig | None:
    folder = Path(environ.get("DOCKER_CONFIG") or Path(environ.get("HOME") or "/") / ".docker")
    path = folder / "config.json"
    if not path.is_file():
        return None
    from docker.auth import load_config
    from docker.errors import DockerException

    try:
        return load_config(str(path))
    except (DockerException, OSError, ValueError) as error:
        raise _broken(error) from error


def _broken(error: Exception) -> UsageError:
    return UsageError(
        f"docker's credentials can't be read: {error}",
        "Mend or remove ~/.docker/config.json, or log in again.",
    )
