"""What BuildKit daemons keep on their disks: a build cache, and no images."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from edk.adapters.buildkit.client import Buildctl
from edk.adapters.buildkit.endpoint import Daemon

_LONG_SECONDS = 600.0
_MB = 1_000_000
"""Of ``buildctl prune``."""


class BuildKitDisk:
    """See `edk.ports.EngineDisk`; each method also raises UsageError where there is no ``buildctl``.

    Args:
        daemons: whose caches are meant, taken together.
        environ: for the search path; None: the process's own.
    """

    def __init__(self, daemons: Sequence[Daemon], environ: Mapping[str, str] | None = None) -> None:
        self._all = [Buildctl(daemon, environ) for daemon in daemons]

    def copies(self, before: float) -> tuple[int, int]:  # noqa: ARG002 - there are none
        """See `edk.ports.EngineDisk.copies`: an image goes to the registry, and none stays."""
        return 0, 0

    def remove_copies(self, before: float) -> tuple[int, int]:  # noqa: ARG002
        """See `edk.ports.EngineDisk.remove_copies`."""
        return 0, 0

    def cache_bytes(self) -> int:
        """See `edk.ports.EngineDisk.cache_bytes`."""
        return sum(map(_size, self._all))

    def prune_cache(self, keep: int) -> int:
        """See `edk.ports.EngineDisk.prune_cache`; each daemon keeps its share of `keep`."""
        share = f"--keep-storage={keep / len(self._all) / _MB:.3f}"
        before = self.cache_bytes()
        for buildctl in self._all:
            buildctl.ask("prune", "--all", share, timeout=_LONG_SECONDS)
        return max(0, before - self.cache_bytes())


def _size(buildctl: Buildctl) -> int:
    told = buildctl.ask("du", "--format={{json .}}", timeout=_LONG_SECONDS)
    return sum(int(record.get("size") or record.get("Size") or 0) for record in _records(told, buildctl))


def _records(told: str, buildctl: Buildctl) -> Iterator[Mapping[str, Any]]:
    """Yield the records of an answer: one list, or an object a line."""
    for line in told.splitlines():
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError as error:
            raise buildctl.unreachable("what it says of its disk can't be read") from error
        for record in found if isinstance(found, list) else [found]:
            if isinstance(record, dict):
                yield record
