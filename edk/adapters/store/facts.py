"""Facts as rows: each with a checksum over its kind, key and value, and the day it was last of use.

A fact stays true for ever (the content under a file's stamp, the reading of a content, the fingerprint that a
manifest carries), so an old row is never wrong, only useless. A *damaged* row must not be believed: one whose
checksum does not match condemns the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

VERSION = 1
SCHEMA = (
    "CREATE TABLE facts (kind TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, used INTEGER NOT NULL,"
    " checksum BLOB NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID",
    "CREATE TABLE builds (id INTEGER PRIMARY KEY, record BLOB NOT NULL, checksum BLOB NOT NULL)",
)
KEEP_DAYS = 60
KEEP_FACTS = 200_000
KEEP_BUILDS = 2_000
PUSH = "push"
"""Kind of what nobody else knows: it is not forgotten for its age, only for its number."""
KEEP_PUSHES = 20_000

_BATCH = 500
_SELECT = "SELECT key, value, used, checksum FROM facts WHERE kind = ?"

Row = tuple[bytes, bytes, int]
"""Key, value, and the day it was last of use."""


def rows(db: sqlite3.Connection, kind: str, keys: Sequence[bytes] | None) -> list[Row]:
    """Return the facts of a kind: those of `keys`, or all if None.

    Raises:
        sqlite3.DatabaseError: one of them is damaged, so that none is to be believed.
    """
    if keys is None:
        return list(_sound(kind, db.execute(_SELECT, (kind,))))
    found: list[Row] = []
    for start in range(0, len(keys), _BATCH):
        batch = keys[start : start + _BATCH]
        marks = ", ".join("?" * len(batch))
        found += _sound(kind, db.execute(f"{_SELECT} AND key IN ({marks})", (kind, *batch)))
    if not {key for key, _, _ in found} <= set(keys):  # damaged inner pages lead to other rows
        raise _damage("a row that nobody asked for")
    return found


def since(db: sqlite3.Connection, kind: str, day: int) -> list[Row]:
    """Return the facts of a kind that were stored on a day or later; raise sqlite3.DatabaseError if damaged."""
    return list(_sound(kind, db.execute(f"{_SELECT} AND used >= ?", (kind, day))))


def remove(db: sqlite3.Connection, facts: Iterable[tuple[str, bytes]]) -> None:
    """Remove facts (kind, key)."""
    db.executemany("DELETE FROM facts WHERE kind = ? AND key = ?", facts)


def write(db: sqlite3.Connection, facts: Iterable[tuple[str, bytes, bytes]], day: int) -> None:
    """Store facts (kind, key, value), used on this day."""
    values = ((kind, key, value, day, _checksum(kind, key, value)) for kind, key, value in facts)
    db.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?, ?)", values)


def touch(db: sqlite3.Connection, facts: Iterable[tuple[str, bytes]], day: int) -> None:
    """Note that facts (kind, key) were of use on this day."""
    values = ((day, kind, key) for kind, key in facts)
    db.executemany("UPDATE facts SET used = ? WHERE kind = ? AND key = ?", values)


def append_builds(db: sqlite3.Connection, records: Iterable[bytes]) -> None:
    """Append records of finished builds."""
    values = ((record, _checksum("build", b"", record)) for record in records)
    db.executemany("INSERT INTO builds (record, checksum) VALUES (?, ?)", values)


def latest_builds(db: sqlite3.Connection, count: int) -> list[bytes]:
    """Return the last records of builds, the latest first; raise sqlite3.DatabaseError if damaged."""
    found = db.execute("SELECT x'', record, 0, checksum FROM builds ORDER BY id DESC LIMIT ?", (count,))
    return [record for _, record, _ in _sound("build", found)]


def prune(db: sqlite3.Connection, day: int) -> None:
    """Forget what was of no use for long, and the oldest of what is too much."""
    db.execute("DELETE FROM facts WHERE used < ? AND kind != ?", (day - KEEP_DAYS, PUSH))
    for which, most, left in (("!=", KEEP_FACTS, KEEP_FACTS // 2), ("=", KEEP_PUSHES, KEEP_PUSHES)):
        (count,) = db.execute(f"SELECT count(*) FROM facts WHERE kind {which} ?", (PUSH,)).fetchone()  # noqa: S608
        if count > most:
            oldest = f"SELECT kind, key FROM facts WHERE kind {which} ? ORDER BY used LIMIT ?"  # noqa: S608
            db.execute(f"DELETE FROM facts WHERE (kind, key) IN ({oldest})", (PUSH, count - left))  # noqa: S608
    db.execute("DELETE FROM builds WHERE id <= (SELECT max(id) FROM builds) - ?", (KEEP_BUILDS,))


def _sound(kind: str, found: Iterable[tuple[object, object, object, object]]) -> Iterator[Row]:
    # Damage may give a column any type, whatever the schema says.
    for key, value, used, checksum in found:
        typed = isinstance(key, bytes) and isinstance(value, bytes) and isinstance(used, int)
        if not typed or checksum != _checksum(kind, key, value):  # type: ignore[arg-type]
            raise _damage("a row whose checksum is wrong")
        yield key, value, used  # type: ignore[misc]


def _damage(what: str) -> Exception:
    import sqlite3

    return sqlite3.DatabaseError(f"it gave {what}")


def _checksum(kind: str, key: bytes, value: bytes) -> bytes:
    # The lengths keep (key, value) pairs apart that only differ in where one ends.
    head = f"{kind}\0{len(key)}\0{len(value)}\0".encode()
    return blake2b(head + key + value, digest_size=8).digest()
