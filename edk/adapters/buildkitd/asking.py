"""What a daemon of our own tells of itself."""

from __future__ import annotations

import os
from typing import Any

from edk.adapters.buildkit.client import Buildctl
from edk.adapters.buildkit.disk import cache_size
from edk.adapters.buildkit.endpoint import Daemon
from edk.adapters.buildkitd.programs import client_program

SECONDS = 5.0


def workers_of(address: str) -> list[dict[str, Any]]:
    """Return the workers with their platforms and rules; raise EngineUnreachableError if it does not answer."""
    return _buildctl(address).workers(SECONDS)


def used_by(address: str) -> int:
    """Return the bytes of the cache as garbage collection counts them; raise EngineUnreachableError."""
    return cache_size(_buildctl(address), SECONDS)


def _buildctl(address: str) -> Buildctl:
    # It may lie where ordinary users' PATH does not lead; where it is missing, that is told as for buildkitd.
    folder = os.path.dirname(client_program())  # noqa: PTH120
    return Buildctl(Daemon(address), {**os.environ, "PATH": os.pathsep.join((folder, os.environ.get("PATH", "")))})
