"""A SQLite file that may be missing, damaged, locked, read-only or from the future, and never raises for it.

A rollback journal rather than a write-ahead log, since state folders may lie on network mounts, where shared
memory does not work; and no fsync: a killed process loses nothing by it, and what a power cut damages,
checksums find.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

_BUSY_SECONDS = 2.0
_PAUSE_SECONDS = 10.0
_TEMPORARY = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_NOMEM")
_UNUSABLE = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")
_PRAGMAS = (
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA journal_mode = TRUNCATE",
    "PRAGMA synchronous = OFF",
)


class Database:
    """Runs pieces of work on a SQLite file, opened at the first one.

    Args:
        path: of the file; None for none.
        version: of the schema; a file of any other version is set aside.
        schema: statements that make an empty file one of this version.
        notice: called at most once for each kind of trouble, with a sentence.
    """

    def __init__(self, path: Path | None, version: int, schema: tuple[str, ...], notice: Callable[[str], None]) -> None:
        self._path = path
        self._version = version
        self._schema = schema
        self._notice = notice
        self._told: set[str] = set()
        self._connection: sqlite3.Connection | None = None
        self._identity = (0, 0)
        self._paused_until = 0.0

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Return what `work` returns, None if the file can't be used now or could not a few seconds ago.

        A damaged file is set aside under the same name with ``.damaged``, and `work` runs on a new one.
        """
        if self._path is None or time.monotonic() < self._paused_until:
            return None
        import sqlite3

        for _ in range(2):
            try:
                return work(self._connected(self._path))
            except sqlite3.ProgrammingError:
                raise
            except (sqlite3.Error, UnicodeDecodeError, MemoryError, OSError) as error:
                self.close()
                name = getattr(error, "sqlite_errorname", "")
                if isinstance(error, OSError) or name.startswith(_UNUSABLE + _TEMPORARY):
                    self._paused_until = time.monotonic() + _PAUSE_SECONDS
                    self._tell(name, f"The state in {self._path} can't be used, going on without it: {error}")
                    return None
                self._set_aside(self._path, str(error))
        return None

    def close(self) -> None:
        """Let go of the file; the next piece of work opens it again."""
        import sqlite3

        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _connected(self, path: Path) -> sqlite3.Connection:
        # A state that somebody deleted is begun anew, not written to under its dead inode.
        if self._connection is not None and self._identity != _identity(path):
            self.close()
        if self._connection is None:
            self._identity = (0, 0)
            self._connection = self._open(path)
            self._identity = _identity(path)
        return self._connection

    def _open(self, path: Path) -> sqlite3.Connection:
        import sqlite3

        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(connection)
        except (sqlite3.Error, UnicodeDecodeError, MemoryError):
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        import sqlite3

        connection.text_factory = bytes  # damaged text is no UTF-8
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == self._version:
            return
        connection.execute("BEGIN IMMEDIATE")  # others may be making it at this moment
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, self._version):
            connection.execute("ROLLBACK")
            raise sqlite3.DatabaseError(f"it is of version {version}, this is version {self._version}")
        if version == 0:
            for statement in self._schema:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {self._version}")
        connection.execute("COMMIT")

    def _set_aside(self, path: Path, why: str) -> None:
        if self._identity not in ((0, 0), _identity(path)):
            return  # another process has set it aside already
        self._tell("damaged", f"The state in {path} can't be read and is begun anew: {why}")
        with suppress(OSError):
            set_aside(path)

    def _tell(self, kind: str, sentence: str) -> None:
        if kind not in self._told:
            self._told.add(kind)
            self._notice(sentence)


def damage_of(path: Path) -> str:
    """Return what is wrong with a file; empty if nothing, it is not there, or it can't be told at this moment.

    Nothing is changed, but that SQLite takes back what a killed process was in the middle of.
    """
    import sqlite3

    if not path.is_file():
        return ""
    try:
        with closing(sqlite3.connect(f"file:{quote(os.fsencode(path))}?mode=rw", uri=True, timeout=1.0)) as connection:
            connection.text_factory = bytes
            told = [bytes(row[0]) for row in connection.execute("PRAGMA quick_check(1)")]
    except (sqlite3.Error, UnicodeDecodeError, MemoryError) as error:
        name = getattr(error, "sqlite_errorname", "")
        return "" if name.startswith(_UNUSABLE + _TEMPORARY) else str(error) or "it can't be read"
    return "" if told == [b"ok"] else told[0].decode("utf-8", "replace").splitlines()[-1]


def set_aside(path: Path) -> None:
    """Give a file the same name with ``.damaged``, and remove its journal; raise OSError as the system does."""
    path.replace(path.with_name(path.name + ".damaged"))
    path.with_name(path.name + "-journal").unlink(missing_ok=True)


def _identity(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_dev, status.st_ino)
