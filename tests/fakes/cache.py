"""A state that lives in a dictionary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

FileStamp = tuple[int, int, int, int, int]


class FakeCache:
    """The Cache port and the memory of digests, kept for the life of the object; `forget` loses all of it."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], bytes] = {}
        self.fingerprints: dict[str, str] = {}
        self.digests: dict[str, tuple[FileStamp, str]] = {}
        self.records: list[bytes] = []

    def readings(self, kind: str, keys: Sequence[str]) -> dict[str, bytes]:
        """Return those stored of `keys`."""
        return {key: self.stored[kind, key] for key in keys if (kind, key) in self.stored}

    def store_readings(self, kind: str, values: dict[str, bytes]) -> None:
        """Store readings by key."""
        self.stored.update({(kind, key): value for key, value in values.items()})

    def fingerprint_of(self, digest: str) -> str:
        """Return the fingerprint of a manifest digest, empty if not known."""
        return self.fingerprints.get(digest, "")

    def store_fingerprint(self, digest: str, fingerprint: str) -> None:
        """Remember the fingerprint of a manifest digest."""
        self.fingerprints[digest] = fingerprint

    def record_build(self, record: bytes) -> None:
        """Append one finished build to the history."""
        self.records.append(record)

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def builds(self, count: int) -> tuple[bytes, ...]:
        """Return the last `count` records, the latest first."""
        return tuple(reversed(self.records[-count:])) if count else ()

    def load_digests(self) -> dict[str, tuple[FileStamp, str]]:
        """Return all known digests of files."""
        return dict(self.digests)

    def store_digests(self, digests: Mapping[str, tuple[FileStamp, str]]) -> None:
        """Keep digests of files."""
        self.digests.update(digests)

    def forget(self) -> None:
        """Lose everything, as a state may at any time."""
        self.__init__()  # type: ignore[misc]
