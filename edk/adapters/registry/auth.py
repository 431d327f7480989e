"""Credentials as ``docker login`` leaves them, and the two schemes by which registries ask for them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a 401 asks for: ``basic``, or ``bearer`` with the service that gives tokens."""

    scheme: str
    realm: str = ""
    service: str = ""
    scope: str = ""


def challenge_of(header: str) -> Challenge:
    """Read a ``WWW-Authenticate`` header."""
    scheme, _, rest = header.strip().partition(" ")
    values = dict(_PARAMETER.findall(rest))
    return Challenge(scheme.lower(), values.get("realm", ""), values.get("service", ""), values.get("scope", ""))


def stored_login(host: str, environ: Mapping[str, str]) -> str:
    """Return the base64 of ``user:password`` that the Docker client's configuration holds, empty if none.

    Args:
        host: with its port, as in a reference.
        environ: where DOCKER_CONFIG or HOME say where that configuration lies.
    """
    folder = environ.get("DOCKER_CONFIG") or (environ.get("HOME", "") and environ["HOME"] + "/.docker")
    if not folder:
        return ""
    try:
        config = json.loads((Path(folder) / "config.json").read_bytes())
    except (OSError, ValueError):
        return ""
    auths = config.get("auths") if isinstance(config, dict) else None
    if not isinstance(auths, dict):
        return ""
    for name in (host, f"https://{host}", f"http://{host}", f"https://{host}/v2/", f"https://{host}/v1/"):
        entry = auths.get(name)
        login = entry.get("auth") if isinstance(entry, dict) else None
        if isinstance(login, str) and login:
            return login
    return ""


def token_in(answer: bytes) -> str:
    """Return the token in a token service's answer, empty if there is none."""
    try:
        values = json.loads(answer)
    except ValueError:
        return ""
    if not isinstance(values, dict):
        return ""
    token = values.get("token") or values.get("access_token")
    return token if isinstance(token, str) else ""
