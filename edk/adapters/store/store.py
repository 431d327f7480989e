"""What the state remembers, in the words of its users: readings, digests of files, fingerprints, builds."""

from __future__ import annotations

import os
import struct
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edk.adapters.store import facts
from edk.adapters.store.database import Database

if TYPE_CHECKING:
    import sqlite3

    from edk.domain.held import Push

FileStamp = tuple[int, int, int, int, int]
"""Device, inode, size, mtime and ctime in ns."""

_DAY = 86_400
_TOUCH_DAYS = 7
_FLUSH_AT = 5_000
_MEMORY_LIMIT = 100_000
_DIGEST = struct.Struct("<QQQqq32s")


class SqliteStore:
    """Remembers work already done; see `edk.ports.Cache`, and `DigestMemory` of the file adapter.

    Opened at the first use, written to in one transaction by `flush` and `close`. Never raises for the
    state's sake: without a usable folder it remembers for the life of the process, and says so.

    Args:
        state_dir: folder of the file ``state.sqlite``; empty keeps everything in memory.
        notice: called at most once for each kind of trouble, with a sentence.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        state_dir: str,
        notice: Callable[[str], None] = lambda _: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        path = Path(state_dir) / "state.sqlite" if state_dir else None
        self._database = Database(path, facts.VERSION, facts.SCHEMA, notice)
        self._day = int(now() // _DAY)
        self._pending: dict[tuple[str, bytes], bytes] = {}
        self._touched: set[tuple[str, bytes]] = set()
        self._records: list[bytes] = []
        self._flush_at = _FLUSH_AT
        self._pruned = False
        # Workers record builds while the loop reads, and a connection serves one thread at a time.
        self._lock = threading.RLock()

    def readings(self, kind: str, keys: Sequence[str]) -> dict[str, bytes]:
        """Return those stored of `keys`."""
        packed = {key.encode("utf-8", "surrogateescape"): key for key in keys}
        return {packed[key]: value for key, value in self._get("reading." + kind, tuple(packed)).items()}

    def store_readings(self, kind: str, values: dict[str, bytes]) -> None:
        """Store readings by key."""
        packed = ((key.encode("utf-8", "surrogateescape"), value) for key, value in values.items())
        self._put("reading." + kind, packed)

    def fingerprint_of(self, digest: str) -> str:
        """Return the fingerprint that the image with this manifest digest carries; empty if not known."""
        key = digest.encode()
        return self._get("fingerprint", (key,)).get(key, b"").decode()

    def store_fingerprint(self, digest: str, fingerprint: str) -> None:
        """Remember the fingerprint of a manifest digest."""
        self._put("fingerprint", [(digest.encode(), fingerprint.encode())])

    def load_digests(self) -> dict[str, tuple[FileStamp, str]]:
        """Return all known digests of files: path to stamp and sha256 as hex."""
        packed = self._get("digest", None)
        return {os.fsdecode(key): _unpacked(value) for key, value in packed.items() if len(value) == _DIGEST.size}

    def store_digests(self, digests: Mapping[str, tuple[FileStamp, str]]) -> None:
        """Keep digests of files."""
        packed = ((os.fsencode(path), _packed(stamp, digest)) for path, (stamp, digest) in digests.items())
        self._put("digest", packed)

    def record_build(self, record: bytes) -> None:
        """Append one finished build to the history, and write out what is pending."""
        with self._lock:
            self._records.append(record)
            self.flush()

    def builds(self, count: int) -> tuple[bytes, ...]:
        """Return the last `count` records of builds, the latest first."""
        with self._lock:
            stored = self._database.run(lambda db: facts.latest_builds(db, count)) or []
            return tuple([*reversed(self._records), *stored][:count])

    def record_push(self, push: Push) -> None:
        """See `edk.ports.Cache.record_push`."""
        from edk.adapters.store.pushes import encode_push, push_key

        key, value = push_key(push.registry, push.repository, push.digest), encode_push(push)
        day = int(push.time // _DAY)

        def write(db: sqlite3.Connection) -> bool:
            facts.write(db, [(facts.PUSH, key, value)], day)
            return True

        with self._lock:
            # At once, for a prune beside us to see it; under its own day, for a watcher may run for many.
            if not self._database.run(write):
                self._put(facts.PUSH, [(key, value)])

    def pushes(self, registry: str, since: float = 0.0) -> tuple[Push, ...]:
        """See `edk.ports.Cache.pushes`."""
        from edk.adapters.store.pushes import decode_push

        day = int(since // _DAY)
        with self._lock:
            rows = self._database.run(lambda db: facts.since(db, facts.PUSH, day)) or []
            found = {key: value for key, value, _ in rows}
            found.update((key, value) for (kind, key), value in self._pending.items() if kind == facts.PUSH)
        pushes = filter(None, map(decode_push, found.values()))
        return tuple(push for push in pushes if push.registry == registry)

    def forget_pushes(self, registry: str, keys: Collection[tuple[str, str]]) -> None:
        """See `edk.ports.Cache.forget_pushes`."""
        from edk.adapters.store.pushes import push_key

        gone = [(facts.PUSH, push_key(registry, *key)) for key in keys]
        with self._lock:
            for fact in gone:
                self._pending.pop(fact, None)
            self._database.run(lambda db: facts.remove(db, gone))

    def flush(self) -> None:
        """Write what is pending in one transaction; what can't be written stays pending, within bounds."""
        with self._lock:
            if not (self._pending or self._records or self._touched):
                return
            if self._database.run(self._write):
                self._pending, self._touched, self._records = {}, set(), []
                return
            del self._records[: -facts.KEEP_BUILDS]
            if len(self._pending) > _MEMORY_LIMIT:
                self._pending = {}

    def close(self) -> None:
        """Write what is pending and let go of the file; a later use opens it again."""
        with self._lock:
            self.flush()
            self._database.close()

    def _get(self, kind: str, keys: Sequence[bytes] | None) -> dict[bytes, bytes]:
        with self._lock:
            rows = self._database.run(lambda db: facts.rows(db, kind, keys)) or []
            self._touched.update((kind, key) for key, _, day in rows if not self._day - _TOUCH_DAYS <= day <= self._day)
            found = {key: value for key, value, _ in rows}
            if keys is not None:
                pending = ((key, self._pending.get((kind, key))) for key in keys)
                found.update((key, value) for key, value in pending if value is not None)
            else:
                found.update((key, value) for (of, key), value in self._pending.items() if of == kind)
        return found

    def _put(self, kind: str, values: Iterable[tuple[bytes, bytes]]) -> None:
        with self._lock:
            self._pending.update(((kind, key), value) for key, value in values)
            if len(self._pending) >= self._flush_at:
                self.flush()
                self._flush_at = len(self._pending) + _FLUSH_AT

    def _write(self, db: sqlite3.Connection) -> bool:
        db.execute("BEGIN IMMEDIATE")
        try:
            facts.write(db, ((kind, key, value) for (kind, key), value in self._pending.items()), self._day)
            facts.touch(db, self._touched, self._day)
            facts.append_builds(db, self._records)
            if not self._pruned:
                facts.prune(db, self._day)
            db.execute("COMMIT")
            self._pruned = True
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")
        return True


def _packed(stamp: FileStamp, digest: str) -> bytes:
    return _DIGEST.pack(*stamp, bytes.fromhex(digest))


def _unpacked(value: bytes) -> tuple[FileStamp, str]:
    device, inode, size, mtime, ctime, digest = _DIGEST.unpack(value)
    return (device, inode, size, mtime, ctime), digest.hex()
