"""Readings of files, remembered by the files' content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

import edk
from edk.domain.codes import files as codes

if TYPE_CHECKING:
    from edk.domain.diagnostics import Diagnostic
    from edk.orchestrator.walk import Candidate
    from edk.ports import Cache, SourceTree

MAX_FILE_BYTES = 8 << 20
_PIECE = 1000
T = TypeVar("T")


@cache
def code_stamp() -> str:
    """Return what changes whenever the code that reads files may have: readings made by other code are not used.

    The version alone would not do, for people run the EDK from a clone, and pull.
    """
    domain = os.path.join(os.path.dirname(edk.__file__), "domain")  # noqa: PTH118, PTH120 - pathlib costs 10 ms
    stamps = [edk.__version__]
    for folder in ("", "dockerfile", "operators", "charts", "codes", "checking"):
        with os.scandir(os.path.join(domain, folder)) as entries:  # noqa: PTH118
            for entry in sorted(entries, key=lambda e: e.name):
                if entry.name.endswith(".py"):
                    status = entry.stat()
                    stamps.append(f"{entry.name}:{status.st_size}:{status.st_mtime_ns}")
    return hashlib.sha256("\n".join(stamps).encode()).hexdigest()[:16]


class Reader(Generic[T]):
    """Reads files of one kind, each content once ever.

    Args:
        kind: name of the kind in the cache.
        type_: of the readings.
        parse: from a file's content to its reading.
    """

    def __init__(self, kind: str, type_: type[T], parse: Callable[[bytes], T], variant: str = "") -> None:
        self._kind = kind
        self._parse = parse
        self._decoder = msgspec.msgpack.Decoder(type_)
        self._variant = f"{code_stamp()}:{variant}"

    def read_all(
        self, tree: SourceTree, cache: Cache, root: str, candidates: Iterable[Candidate]
    ) -> tuple[dict[str, tuple[str, T]], list[Diagnostic]]:
        """Return path → (content digest, reading), and diagnostics of files that can't be read."""
        digests: dict[str, str] = {}
        by_path: dict[str, Candidate] = {}
        diagnostics: list[Diagnostic] = []
        for candidate in candidates:
            try:
                if candidate.entry.size > MAX_FILE_BYTES:
                    raise ValueError(f"{candidate.entry.size} bytes, more than {MAX_FILE_BYTES}")
                digests[candidate.path] = tree.digest(f"{root}/{candidate.source}", candidate.entry)
                by_path[candidate.path] = candidate
            except (OSError, ValueError) as error:
                diagnostics.append(diagnose(candidate.path, error))
        fresh: dict[str, bytes] = {}
        readings: dict[str, tuple[str, T]] = {}
        for some in _pieces(list(by_path)):
            stored = cache.readings(self._kind, [self._key(digests[path]) for path in some])
            for path in some:
                reading = decoded(self._decoder, stored.get(self._key(digests[path])))
                if reading is None:
                    try:
                        content = tree.read(f"{root}/{by_path[path].source}", MAX_FILE_BYTES)
                    except (OSError, ValueError) as error:
                        diagnostics.append(diagnose(path, error))
                        continue
                    reading = self._parse(content)
                    digests[path] = hashlib.sha256(content).hexdigest()
                    pack(fresh, self._key(digests[path]), reading)
                readings[path] = (digests[path], reading)
        if fresh:
            cache.store_readings(self._kind, fresh)
        return readings, diagnostics

    def _key(self, digest: str) -> str:
        """Return the key of a content's reading."""
        return f"{self._variant}:{digest}"


def _pieces(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield paths in pieces: what is stored of all of them at once would need as much memory as all else."""
    for start in range(0, len(paths), _PIECE):
        yield paths[start : start + _PIECE]


def decoded(decoder: msgspec.msgpack.Decoder[T], stored: bytes | None) -> T | None:
    """Return a stored reading, None if there is none of this form."""
    try:
        return None if stored is None else decoder.decode(stored)
    except msgspec.MsgspecError:
        return None


def pack(packed: dict[str, bytes], key: str, reading: object) -> None:
    """Add a reading to those to be stored; one with bytes that are no UTF-8 is read anew each time."""
    try:
        packed[key] = msgspec.msgpack.encode(reading)
    except UnicodeEncodeError:
        return


def diagnose(path: str, error: OSError | ValueError) -> Diagnostic:
    """Return the diagnostic of a file that could not be read."""
    if isinstance(error, OSError):
        return codes.UNREADABLE.at(path, 0, f"not readable: {error.strerror or error}")
    return codes.TOO_LARGE.at(path, 0, f"not read: {error}")
