"""A BuildKit daemon of our own: what it is told to do, as ``buildkitd.toml``, and what it tells of itself.

What bounds its disk, and what does not (as of v0.17):

- ``maxUsedSpace`` is the ceiling. ``reservedSpace``, and the older ``gckeepstorage`` and ``keepBytes`` that now mean
  it, are floors by their documentation: so much is kept even where the disk is full. That v0.17 collects down to the
  floor where a rule has no ceiling is nothing to rely on.
- A rule with ``keepDuration`` spares what was used lately, and with it all that this stands on, which on a busy worker
  is nearly everything. So the last rules have none.
- A size counts what the records of the cache know of. Databases, logs of past builds, and files that a killed daemon
  left are not among them; ``minFreeSpace`` looks at the file system itself and so bounds those too, down to the floor.
- Past builds are forgotten once there are more than ``maxEntries`` **and** they are older than ``maxAge``: with the
  default of two days, any number of them is kept that long.
- Garbage is collected a second after a build, and at most once a minute. What the builds of one minute write comes on
  top of the ceiling, so that a volume has to be larger than it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

MIN_CACHE_BYTES = 20_000_000
MAX_SOCKET_PATH = 107  # sun_path of unix(7) has 108 bytes, the last of which is a zero
SOCKET = "buildkitd.sock"
_FREE_BYTES = 2_000_000_000
_EASY = "type==source.local,type==exec.cachemount,type==source.git.checkout"


@dataclass(frozen=True, slots=True)
class CacheBounds:
    """How much of a disk a daemon may use.

    Args:
        limit: bytes of its cache above which garbage is collected.
        floor: bytes that are kept even where the disk is full.
        free: bytes of the file system that are left free, as far as the floor allows it.
    """

    limit: int
    floor: int
    free: int

    @classmethod
    def of(cls, limit: int) -> CacheBounds:
        """Return the bounds for a limit in bytes.

        Raises:
            ValueError: nothing could be built with so small a cache.
        """
        if limit < MIN_CACHE_BYTES:
            raise ValueError(f"a cache of {limit} bytes is too small to build with; at least 20MB, for example 20GB")
        return cls(limit, limit // 10, _FREE_BYTES)


@dataclass(frozen=True, slots=True)
class DaemonConfig:
    """What a daemon of our own is started with.

    Args:
        data: absolute path of the folder of its cache.
        run: absolute path of the folder of its sockets.
        registries: ``host:port`` of the registries that are spoken to without TLS.
        jobs: steps that run at once, over all builds.
        bounds: of its disk.
        runtime: absolute path of ``runc`` or ``crun``.
        rootless: whether it runs in a user namespace of an ordinary user.
    """

    data: str
    run: str
    registries: tuple[str, ...]
    jobs: int
    bounds: CacheBounds
    runtime: str
    rootless: bool = False

    @property
    def address(self) -> str:
        """Return where it listens, as ``buildctl --addr`` takes it."""
        return f"unix://{self.run}/{SOCKET}"


@dataclass(frozen=True, slots=True)
class DaemonState:
    """What is known of a daemon of our own.

    Args:
        address: where it listens, or would.
        pid: its process; 0 if it does not run.
        answers: whether it answered.
        version: of BuildKit; empty if it does not answer, or was built without one.
        workers: the ids of its workers, each with its platforms.
        cache_bytes: what its cache holds, as garbage collection counts it.
        cache_limit: bytes above which garbage is collected, as the daemon itself says; 0: unknown or none.
        jobs: steps at once, as it was configured; 0: unknown.
    """

    address: str
    pid: int = 0
    answers: bool = False
    version: str = ""
    workers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    cache_bytes: int = 0
    cache_limit: int = 0
    jobs: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a daemon is asked to be.

    Args:
        jobs: steps at once.
        bounds: of its disk.
        registries: those that are spoken to without TLS, as ``host:port``.
    """

    jobs: int
    bounds: CacheBounds
    registries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Raised:
    """What bringing up came to.

    Args:
        state: of the daemon, which answers.
        started: whether it was started now; else it ran already.
        cleared: processes that a killed daemon had left, and that were ended.
        differs: in what one that ran already differs from what is wanted, as phrases.
    """

    state: DaemonState
    started: bool
    cleared: int = 0
    differs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lowered:
    """What taking down came to.

    Args:
        pid: the process that was ended, 0 if none ran.
        cleared: processes of killed daemons that were ended beside it.
    """

    pid: int
    cleared: int


def render(config: DaemonConfig) -> str:
    """Return the content of ``buildkitd.toml``."""
    bounds = config.bounds
    lines = [
        "# Written by edk builder up, which writes it anew at each start.",
        f"root = {_text(config.data)}",
        "",
        "[grpc]",
        f"address = [{_text(config.address)}]",
        "",
        "# The usual place is shared by all daemons of a machine.",
        "[otel]",
        f"socketPath = {_text(config.run + '/otel-grpc.sock')}",
        "",
        "# Both must be exceeded before a past build is forgotten.",
        "[history]",
        'maxAge = "1h"',
        "maxEntries = 20",
        "",
        "[worker.containerd]",
        "enabled = false",
        "",
        "[worker.oci]",
        "enabled = true",
        f"rootless = {'true' if config.rootless else 'false'}",
        f"binary = {_text(config.runtime)}",
        f"max-parallelism = {config.jobs}",
        "gc = true",
        *_rule("What is easily had again goes first.", bounds, filters=_EASY),
        *_rule("Then whatever was not used for longest.", bounds),
        *_rule("And what the daemon made for itself, if that was not enough.", bounds, everything=True),
    ]
    for registry in dict.fromkeys(config.registries):
        lines += ["", f"[registry.{_text(registry)}]", "http = true"]
    return "\n".join(lines) + "\n"


def _rule(comment: str, bounds: CacheBounds, *, filters: str = "", everything: bool = False) -> list[str]:
    """Return one rule of garbage collection.

    Sizes are texts of bytes: buildkitd takes ``20GB`` for 20 × 1024³.
    """
    return [
        "",
        f"# {comment}",
        "[[worker.oci.gcpolicy]]",
        *([f"filters = [{_text(filters)}]"] if filters else []),
        *(["all = true"] if everything else []),
        f'reservedSpace = "{bounds.floor}"',
        f'maxUsedSpace = "{bounds.limit}"',
        f'minFreeSpace = "{bounds.free}"',
    ]


def _text(value: str) -> str:
    """Return a basic string of TOML, which is escaped as JSON is, but for one character."""
    return json.dumps(value).replace("\x7f", "\\u007f")
