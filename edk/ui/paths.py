"""Paths as people want them."""

from __future__ import annotations


def shown(path: str, folder: str) -> str:
    """Return a path relative to a folder that it is in, as it is otherwise.

    Args:
        path: absolute.
        folder: absolute, links resolved.
    """
    inside = f"{folder.rstrip('/')}/"
    return path[len(inside) :] if path.startswith(inside) and len(path) > len(inside) else path
