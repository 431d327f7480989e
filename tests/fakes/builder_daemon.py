"""A daemon of our own that runs in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edk.domain.buildkitd import CacheBounds, DaemonConfig, DaemonState

ADDRESS = "unix:///s/buildkit/run/buildkitd.sock"


@dataclass
class FakeBuilderDaemon:
    """See `edk.ports.BuilderDaemon`; answers once it was looked at often enough.

    Args:
        pid: the process that runs; 0: none.
        slow: looks until it answers.
        dies: whether it ends instead of coming up.
        foreign: a process that uses the folder without a record.
        remains: processes of a killed daemon.
    """

    pid: int = 0
    slow: int = 0
    dies: bool = False
    foreign: int = 0
    remains: int = 0
    config_used: DaemonConfig | None = None
    announced: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    on_state: Callable[[], None] = lambda: None

    def config(self, jobs: int, bounds: CacheBounds, registries: Sequence[str]) -> DaemonConfig:
        """Return it."""
        return DaemonConfig("/s/buildkit/data", "/s/buildkit/run", tuple(registries), jobs, bounds, "/sbin/runc")

    def state(self) -> DaemonState:
        """Return what is known, one look later."""
        self.on_state()
        if not self.pid:
            return DaemonState(ADDRESS)
        if self.slow > 0:
            self.slow -= 1
            return DaemonState(ADDRESS, self.pid)
        used = self.config_used
        limit, jobs = (used.bounds.limit, used.jobs) if used else (20_000_000_000, 4)
        return DaemonState(ADDRESS, self.pid, answers=True, cache_limit=limit, jobs=jobs)

    def stranger(self) -> int:
        """Return the foreign process."""
        return self.foreign

    def start(self, config: DaemonConfig) -> None:
        """Run, unless it dies."""
        self.done.append("start")
        self.config_used = config
        self.pid = 0 if self.dies else 77

    def announce(self, address: str) -> None:
        """Write it down."""
        self.announced.append(address)

    def stop(self) -> int:
        """End."""
        self.done.append("stop")
        pid, self.pid = self.pid, 0
        return pid

    def clear_remains(self) -> int:
        """End what is left."""
        self.done.append("clear")
        ended, self.remains = self.remains, 0
        return ended

    def remove_data(self) -> None:
        """Remove it."""
        self.done.append("remove")

    def last_words(self) -> tuple[str, ...]:
        """Return some."""
        return ("could not lock data",)
