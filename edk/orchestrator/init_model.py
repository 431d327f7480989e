"""What `edk init` is asked, what it answers, and what it works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edk.domain.events import Event, Noticed
from edk.ports import Locks


class Clones(Protocol):
    """Clones of a repository; `path` is always the top of one."""

    def is_clone(self, path: str) -> bool:
        """Return whether a folder is a clone."""

    def begin(self, path: str, source: str) -> None:
        """Make an empty one."""

    def fetch(self, path: str, source: str, into: str) -> None:
        """Fetch branches and tags into ``origin``'s refs or into a namespace of our own, ``edk``."""

    def default_branch(self, source: str) -> str:
        """Return the branch that a source's HEAD is on, empty if it does not say."""

    def resolve(self, path: str, name: str) -> str:
        """Return the commit that a full ref name or hexadecimal id means, empty if none."""

    def head(self, path: str) -> str:
        """Return the commit that is checked out, empty if none."""

    def unfinished(self, path: str) -> str:
        """Return what the user has begun there, e.g. ``a merge``."""

    def descends(self, path: str, commit: str) -> bool:
        """Return whether what is checked out holds a commit in its history."""

    def is_published(self, path: str) -> bool:
        """Return whether something that was fetched holds what is checked out."""

    def is_kept(self, path: str) -> bool:
        """Return whether some ref holds what is checked out."""

    def changed(self, path: str) -> tuple[str, ...]:
        """Return tracked files with local changes."""

    def checkout(self, path: str, commit: str) -> tuple[str, ...]:
        """Check a commit out, or return the files of the user that forbid it."""


class Folders(Protocol):
    """Folders put in place whole."""

    def partial(self, path: str) -> str:
        """Return a free name beside a path."""

    def clear(self, path: str) -> None:
        """Delete what is unfinished beside a path, if anything."""

    def place(self, partial: str, path: str) -> tuple[str, ...]:
        """Move a finished folder to a path, and return what was there and stays."""

    def copy_once(self, source: str, target: str) -> bool:
        """Copy a folder to where nothing is yet; return whether it was."""

    def is_folder(self, path: str) -> bool:
        """Return whether a folder is there."""


@dataclass(frozen=True, slots=True)
class InitRequest:
    """What to set up.

    Args:
        source: URL, folder or bundle of the platform's repository; a password in it is never shown.
        shown_source: the same without a password.
        path: where the clone shall stand, absolute.
        version: of the platform, as ``git describe`` tells it or a tag; empty: the branch's newest.
        branch: of the platform; empty: the source's own default.
        extensions_dir: where the example goes.
        own_example: folder of our own example, for repositories without one.
    """

    source: str
    shown_source: str
    path: str
    version: str
    branch: str
    extensions_dir: str
    own_example: str


@dataclass(frozen=True, slots=True)
class InitResult:
    """What was set up.

    Args:
        path: of the clone.
        commit: that is checked out.
        cloned: whether the clone was made just now.
        moved: whether another commit was checked out than before.
        example: folder of the example.
        example_copied: whether it was copied just now.
        next_steps: commands to run next.
    """

    path: str
    commit: str
    cloned: bool
    moved: bool
    example: str
    example_copied: bool
    next_steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tools:
    """What `initialise` works with."""

    clones: Clones
    folders: Folders
    locks: Locks
    emit: Callable[[Event], None]

    def notice(self, message: str, hint: str = "") -> None:
        """Tell the user."""
        self.emit(Noticed(message, hint))
