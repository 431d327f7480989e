"""What `edk doctor` looks at, and by what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from edk.domain.engines import EngineSeen
from edk.domain.surroundings import in_pod
from edk.ports import ImageBuilder, Platform, Registry
from edk.settings import Settings


class MachineProbes(Protocol):
    """Looks at this machine."""

    def python(self) -> str:
        """Return Python's version and where it is."""

    def free_bytes(self, path: str) -> int:
        """Return the free space where a path is or will be; raise OSError."""

    def is_writable(self, path: str) -> bool:
        """Return whether a folder is writable, or can be made."""

    def is_folder(self, path: str) -> bool:
        """Return whether a folder is there."""

    def is_clone(self, path: str) -> bool:
        """Return whether a folder is the top of a git work tree."""

    def tool(self, name: str) -> str:
        """Return what a program says of its version, empty if it is not there; raise OSError if it fails."""

    def inotify_limits(self) -> tuple[int, int]:
        """Return how many watches and instances a user may have; raise OSError or ValueError."""

    def count_folders(self, roots: Sequence[str], exclude: Sequence[str]) -> int:
        """Return how many folders a watch of these would watch, as far as counted in some seconds."""

    def inotify_used(self) -> tuple[int, int]:
        """Return how many watches and instances programs of this user hold."""

    def resolve(self, host: str) -> tuple[str, ...]:
        """Return the addresses of a host; raise OSError if it has none."""

    def refuses_clone(self, path: str) -> bool:
        """Return whether git, as the user runs it, does not trust a clone for its owner."""


class RegistryProbes(Protocol):
    """Tries registries out, leaving nothing there; every method raises RegistryUnreachableError."""

    def try_writing(self, address: str) -> None:
        """Return if it takes uploads."""

    def is_same(self, first: str, second: str) -> bool:
        """Return whether two addresses lead to one registry."""

    def deletes(self, address: str) -> bool:
        """Return whether manifests may be deleted."""

    def seconds_ahead(self, address: str) -> float:
        """Return by how many seconds its clock is ahead of ours; 0 if it does not tell."""


class EngineProbes(Protocol):
    """Asks the engine, or each of several daemons; those that do not answer are left out.

    Methods raise EngineUnreachableError if none does, and UsageError if none can be asked from here.
    """

    def rights(self, registry: str) -> Sequence[EngineSeen]:
        """Return whose rights each has, and whether it reaches the registry where that can be asked."""

    def caches(self, seconds: float) -> tuple[EngineSeen, ...]:
        """Return what the build cache of each holds; takes up to `seconds`."""


class StateFolder(Protocol):
    """Looks at the state folder and mends it; what mends raises OSError."""

    def wrong_modes(self) -> Sequence[tuple[str, str]]:
        """Return our own folders whose mode keeps us out or lets others write, and which of both."""

    def mend_modes(self) -> None:
        """Give us all rights on them, and take from others that of writing."""

    def foreign(self) -> Sequence[str]:
        """Return what in it belongs to another user."""

    def damage(self) -> str:
        """Return what is wrong with the database; empty if nothing, or it can't be told now."""

    def set_database_aside(self) -> None:
        """Give the database, if it is still damaged, another name."""

    def dead_sockets(self) -> Sequence[str]:
        """Return the sockets of watchers that nobody listens at any more."""

    def remove_dead_sockets(self) -> None:
        """Remove those that nobody listens at now."""


class OwnDaemons(Protocol):
    """What the set-up, or ``edk builder up``, started on this machine: ``engine``, ``registry`` and ``builder``."""

    def ended(self, name: str) -> bool:
        """Return whether we started it, the settings lead to it, and it runs no more."""

    def described(self, name: str) -> str:
        """Return what would be started, and by what."""

    def start_again(self, name: str) -> None:
        """Start it as it was started before; raise EdkError if it does not come up."""


@dataclass(frozen=True, slots=True)
class WatcherSeen:
    """A watcher that runs.

    Args:
        roots: the folders that it watches.
        who: in words, e.g. `` (in another container)``.
        trouble: what it says is out of reach, or why it says nothing; empty if all is well.
    """

    roots: tuple[str, ...]
    who: str
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at, and by what.

    Args:
        settings: the settings in force.
        environ: the environment.
        builder: the engine, or BuildKit.
        chosen: tells why it is this one, and why BuildKit is not used that was to be had (empty if there is no why).
        registries: address to registry, of both names.
        platform: kube-helm, None where none is configured.
        machine: looks at this machine.
        registry_probes: tries registries out.
        engine_probes: asks the engine for more than a build does.
        state: looks at the state folder.
        own: starts again what we had started.
        tree: the folders that a watch would watch.
        watchers: returns those that share the state folder; raises EdkError.
    """

    settings: Settings
    environ: Mapping[str, str]
    builder: ImageBuilder
    chosen: Callable[[], tuple[str, str]]
    registries: Mapping[str, Registry]
    platform: Platform | None
    machine: MachineProbes
    registry_probes: RegistryProbes
    engine_probes: EngineProbes
    state: StateFolder
    own: OwnDaemons
    tree: Sequence[str] = ()
    watchers: Callable[[], Sequence[WatcherSeen]] = tuple

    @property
    def in_pod(self) -> bool:
        """Whether all this is in a pod, where remedies are others."""
        return in_pod(self.environ)
