"""The state, kept in SQLite."""

from edk.adapters.store.store import SqliteStore

__all__ = ["SqliteStore"]
