"""A state that lives in a dictionary."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from edk.domain.held import Push

FileStamp = tuple[int, int, int, int, int]


class FakeCache:
    """The Cache port and the memory of digests, kept for the life of the object; `forget` loses all of it."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], bytes] = {}
        self.fingerprints: dict[str, str] = {}
        self.digests: dict[str, tuple[FileStamp, str]] = {}
        self.records: list[bytes] = []
        self.pushed: dict[tuple[str, str, str], Push] = {}

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

    def record_push(self, push: Push) -> None:
        """Remember a push."""
        self.pushed[push.registry, push.repository, push.digest] = push

    def pushes(self, registry: str, since: float = 0.0) -> tuple[Push, ...]:
        """Return the pushes to a registry of a day and later ones."""
        found = (push for push in self.pushed.values() if push.registry == registry)
        return tuple(push for push in found if push.time // 86_400 >= since // 86_400)

    def forget_pushes(self, registry: str, keys: Collection[tuple[str, str]]) -> None:
        """Forget pushes."""
        for key in keys:
            self.pushed.pop((registry, *key), None)

    def load_digests(self) -> dict[str, tuple[FileStamp, str]]:
        """Return all known digests of files."""
        return dict(self.digests)

    def store_digests(self, digests: Mapping[str, tuple[FileStamp, str]]) -> None:
        """Keep digests of files."""
        self.digests.update(digests)

    def forget(self) -> None:
        """Lose everything, as a state may at any time."""
        self.__init__()  # type: ignore[misc]
