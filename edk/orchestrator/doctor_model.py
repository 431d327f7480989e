"""What `edk doctor` looks at, and by what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

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

    def count_folders(self, path: str) -> int:
        """Return how many folders there are below a path."""

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
    watchers: Callable[[], Sequence[WatcherSeen]] = tuple

    @property
    def in_pod(self) -> bool:
        """Whether all this is in a pod, where remedies are others."""
        return in_pod(self.environ)
