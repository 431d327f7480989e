"""What a daemon tells of itself, asked by ``buildctl``."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from edk.adapters.buildkitd.programs import client_program
from edk.domain.errors import EngineUnreachableError

SECONDS = 5.0


def workers_of(address: str) -> list[dict[str, Any]]:
    """Return the workers with their platforms and rules; raise EngineUnreachableError if it does not answer."""
    return _asked(address, "debug", "workers")


def used_by(address: str) -> int:
    """Return the bytes of the cache as garbage collection counts them; raise EngineUnreachableError."""
    return sum(record.get("size", 0) for record in _asked(address, "du") if not record.get("shared"))


def _asked(address: str, *command: str) -> list[dict[str, Any]]:
    try:
        done = subprocess.run(
            [client_program(), "--addr", address, *command, "--format", "{{json .}}"],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EngineUnreachableError(f"{address} does not answer within {SECONDS:.0f} s") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it said nothing"]
        raise EngineUnreachableError(f"{address} does not answer: {said[0]}")
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout) or []
    except ValueError as error:
        raise EngineUnreachableError(f"{address} did not answer in JSON", "is buildctl older than v0.12?") from error
    return found
