"""The socket in the state folder on which a running watcher answers, and what asks there.

One thread serves all clients by ``selectors``; nobody who reads slowly, or not at all, holds up the watcher.
"""

from __future__ import annotations

from edk.adapters.control.server import ControlServer

__all__ = ["ControlServer"]
