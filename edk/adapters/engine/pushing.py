"""Following the reply to a push until it ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from edk.adapters.engine.following import error_of, read_message
from edk.domain.errors import RegistryUnreachableError
from edk.domain.requests import PushProgress

_DIGEST = re.compile(r"digest: (sha256:[0-9a-f]{64}) size: \d+")
"""Docker's containerd store and Podman tell the digest in this line only."""


def split_ref(ref: str) -> tuple[str, str]:
    """Return repository and tag of a ref; the tag is ``latest`` if there is none."""
    repository, colon, tag = ref.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (ref, "latest")


def follow_push(ref: str, lines: Iterator[bytes], progress: Callable[[PushProgress], None]) -> str:
    """Return the digest that a push ended with, ``""`` if it does not say.

    Raises:
        RegistryUnreachableError: the push failed.
        ValueError: the reply is not what engines say.
    """
    digest = error = ""
    for line in lines:
        if line.strip():
            message = read_message(line)
            error = error or error_of(message)[0]
            digest = _digest(message) or digest
            _tell(message, progress)
    if error:
        raise push_failed(ref, error)
    return digest


def push_failed(ref: str, error: str) -> RegistryUnreachableError:
    """Return the error for a push that failed."""
    return RegistryUnreachableError(
        f"{ref} can't be pushed: {error}", "See that the registry runs and can be reached from the engine."
    )


def _digest(message: dict[str, Any]) -> str:
    aux = message.get("aux")
    if isinstance(aux, dict) and isinstance(aux.get("Digest"), str):
        return str(aux["Digest"])
    found = _DIGEST.search(str(message.get("status") or ""))
    return found[1] if found else ""


def _tell(message: dict[str, Any], progress: Callable[[PushProgress], None]) -> None:
    status, layer, detail = message.get("status"), message.get("id"), message.get("progressDetail")
    if not isinstance(status, str) or not isinstance(layer, str):
        return
    counts = detail if isinstance(detail, dict) else {}
    progress(PushProgress(layer, status, _count(counts.get("current")), _count(counts.get("total"))))


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
