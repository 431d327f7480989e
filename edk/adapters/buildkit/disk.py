"""What BuildKit daemons keep on their disks: a build cache, and no images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edk.adapters.buildkit.client import Buildctl
from edk.adapters.buildkit.endpoint import Daemon
from edk.domain.engines import CacheUse

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
        return sum(map(cache_size, self._all))

    def prune_cache(self, keep: int) -> int:
        """See `edk.ports.EngineDisk.prune_cache`; each daemon keeps its share of `keep`."""
        share = f"--keep-storage={keep / len(self._all) / _MB:.3f}"
        before = self.cache_bytes()
        for buildctl in self._all:
            buildctl.ask("prune", "--all", share, timeout=_LONG_SECONDS)
        return max(0, before - self.cache_bytes())


def cache_size(buildctl: Buildctl, timeout: float = _LONG_SECONDS) -> int:
    """Return the bytes of a daemon's cache as its garbage collection counts them; raises as `Buildctl.ask`."""
    return cache_use(buildctl, timeout).size


def cache_use(buildctl: Buildctl, timeout: float = _LONG_SECONDS) -> CacheUse:
    """Return what a daemon's cache holds, as its garbage collection counts it, but not its limit; raises as `ask`."""
    records = buildctl.records("du", unread="what it says of its disk can't be read", timeout=timeout)
    own = [record for record in records if not record.get("shared")]
    return CacheUse(
        sum(record.get("size", 0) for record in own),
        sum(record.get("size", 0) for record in own if not record.get("inUse")),
    )


def cache_limit(workers: Sequence[Mapping[str, Any]]) -> int:
    """Return the ceiling of the last rule, which is the one that spares nothing; 0: none.

    Args:
        workers: of a daemon, as it tells them.
    """
    rules = workers[0].get("gcPolicy") if workers else None
    return int(rules[-1].get("maxUsedSpace", 0)) if isinstance(rules, list) and rules else 0
