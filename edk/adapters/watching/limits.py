"""The user's limits of inotify, and how many watches a descriptor holds."""

from __future__ import annotations

from pathlib import Path

_WATCHES = ("fs/inotify/max_user_watches", "user/max_inotify_watches")
_INSTANCES = ("fs/inotify/max_user_instances", "user/max_inotify_instances")


def max_watches() -> int:
    """Return how many inotify watches all programs of the user may hold; 0 if not known."""
    return _least(_WATCHES)


def max_instances() -> int:
    """Return how many inotify instances all programs of the user may hold; 0 if not known."""
    return _least(_INSTANCES)


def watches_held(descriptor: int) -> int:
    """Return how many watches an inotify descriptor of this process holds; -1 if not known."""
    try:
        text = Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="ascii")
    except OSError:
        return -1
    return sum(line.startswith("inotify wd:") for line in text.splitlines())


def _least(names: tuple[str, ...]) -> int:
    """Return the smallest of the limits; a user namespace has its own beside the machine's."""
    found = []
    for name in names:
        try:
            found.append(int(Path("/proc/sys", name).read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue
    return min(found, default=0)
