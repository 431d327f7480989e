"""Reading ahead: of a large tree that nobody knows yet, many files at once are read by several processes.

They find out nothing but facts: the digest of what a file held under its stamp, the reading of that content, and
whether it looks like a key or a patient's data. The plan is made after them as ever, and finds these facts known. Where
no process can be started, or one ends too soon, it finds them itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from edk.domain.files import ContextFile, Entry
from edk.domain.plan import ContextReading
from edk.domain.sensitive import HEAD, MORE
from edk.orchestrator.readings import MAX_FILE_BYTES, Reader, pack

if TYPE_CHECKING:
    from edk.orchestrator.scan import ScanRequest
    from edk.orchestrator.walk import Candidate
    from edk.ports import Cache, Forerunners, LearningTree

WORTH_FILES = 10_000
"""With fewer, others gain less than their start costs: of 2,000 they made a plan slower by a tenth."""
BATCH = 100
PYTHON, DOCKERFILE, DATA = "python", "dockerfile", "data"


class Asked(msgspec.Struct, array_like=True):
    """What a process is asked: files of one kind, and the arguments that Dockerfiles are read with."""

    kind: str
    paths: list[str]
    build_args: list[tuple[str, str]]
    platform: str


class Told(msgspec.Struct, array_like=True):
    """What it tells of a file.

    Args:
        path: of the file.
        stamp: under which it was read.
        digest: of its content.
        reading: packed; empty of one that is none of ours, or can't be packed.
        kind: as what it was recognized, see `edk.domain.beginnings`.
    """

    path: str
    stamp: tuple[int, int, int, int, int]
    digest: str
    reading: bytes = b""
    kind: str = ""


class Ahead:
    """Has files read ahead for one plan.

    Args:
        forerunners: the processes.
        tree: takes the digests.
        cache: takes the readings.
        request: what Dockerfiles are read with.
        looked: digest of a content → what it was recognized as; filled in.
    """

    def __init__(
        self,
        forerunners: Forerunners,
        tree: LearningTree,
        cache: Cache,
        request: ScanRequest,
        looked: dict[str, str],
    ) -> None:
        self._forerunners = forerunners
        self._tree = tree
        self._cache = cache
        self._request = request
        self._looked = looked

    def sources(self, root: str, dockerfiles: Sequence[Candidate], python: Sequence[Candidate]) -> None:
        """Have Dockerfiles, and operators and DAGs, read that are not known."""
        asked = [(DOCKERFILE, self._unknown(root, dockerfiles)), (PYTHON, self._unknown(root, python))]
        if sum(len(paths) for _, paths in asked) >= WORTH_FILES:
            self._learn(request for kind, paths in asked for request in self._requests(kind, paths))

    def contexts(self, files: Sequence[str]) -> None:
        """Have files of contexts hashed and looked into."""
        if len(files) >= WORTH_FILES:
            self._learn(self._requests(DATA, files))

    def close(self) -> None:
        """End the processes; they start again where they are asked again."""
        self._forerunners.close()

    def _unknown(self, root: str, candidates: Iterable[Candidate]) -> list[str]:
        return [
            path
            for path, entry in ((f"{root}/{c.source}", c.entry) for c in candidates)
            if entry.size <= MAX_FILE_BYTES and not self._tree.knows(path, entry)
        ]

    def _requests(self, kind: str, paths: Sequence[str]) -> Iterator[bytes]:
        more = list(self._request.build_args), self._request.platform
        for start in range(0, len(paths), BATCH):
            try:
                yield msgspec.msgpack.encode(Asked(kind, list(paths[start : start + BATCH]), *more))
            except UnicodeEncodeError:
                continue  # one of the names is no UTF-8

    def _learn(self, requests: Iterator[bytes]) -> None:
        readers = _readers(self._request)
        decoder = msgspec.msgpack.Decoder(tuple[str, list[Told]])
        for message in self._forerunners.run(requests):
            kind, files = decoder.decode(message)
            fresh = {}
            self._tree.learn({told.path: (told.stamp, told.digest) for told in files})
            for told in files:
                self._looked[told.digest] = told.kind
                if told.reading:
                    fresh[readers[kind].key(told.digest)] = told.reading
            if fresh:
                self._cache.store_readings(readers[kind].kind, fresh)


class WantingTree:
    """Notes the files whose digests are asked for and not known, and gives an empty one until these are found out.

    Args:
        tree: what answers all else; see `edk.ports.SourceTree`.
    """

    def __init__(self, tree: LearningTree) -> None:
        self._tree = tree
        self.wanted: dict[str, Entry] = {}

    def list(self, folder: str) -> tuple[Entry, ...]:
        """Return the entries of a folder."""
        return self._tree.list(folder)

    def stat(self, path: str) -> Entry:
        """Return the entry at a path."""
        return self._tree.stat(path)

    def read(self, path: str, limit: int) -> bytes:
        """Return a regular file's content."""
        return self._tree.read(path, limit)

    def digest(self, path: str, entry: Entry) -> str:
        """Note a file that has to be hashed; a large one is hashed piece by piece, when its turn comes."""
        if entry.size > MAX_FILE_BYTES or self._tree.knows(path, entry):
            return self._tree.digest(path, entry)
        self.wanted[path] = entry
        return ""

    def filled(self, context: ContextReading, root: str) -> ContextReading | None:
        """Return a context with the digests that were left open; None if one of its files can't be read."""
        try:
            files = tuple([self._filled(file, root) for file in context.files])
        except OSError:
            return None
        return replace(context, files=files)

    def _filled(self, file: ContextFile, root: str) -> ContextFile:
        if file.digest or file.kind != "file":
            return file
        path = f"{root}/{file.path}"
        digest = self._tree.digest(path, self.wanted[path])
        return ContextFile(file.path, file.kind, file.executable, file.size, digest, file.target, file.mode)

    def chunks(self, path: str) -> Iterable[bytes]:
        """Yield a regular file's content piece by piece."""
        return self._tree.chunks(path)

    def beginning(self, path: str, size: int) -> bytes:
        """Return the first bytes of a regular file."""
        return self._tree.beginning(path, size)


def _readers(request: ScanRequest) -> dict[str, Reader[object]]:
    from edk.domain.operators.model import PythonReading
    from edk.domain.operators.reading import read_python
    from edk.orchestrator.scan import dockerfile_reader

    python = Reader(PYTHON, PythonReading, read_python)
    return {PYTHON: python, DOCKERFILE: dockerfile_reader(request)}  # type: ignore[dict-item]


def answer(request: bytes, tree: LearningTree) -> bytes:
    """Return what a process tells that was asked by `Ahead`."""
    from edk.orchestrator.scan import ScanRequest

    asked = msgspec.msgpack.decode(request, type=Asked)
    reader = _readers(ScanRequest((), (), tuple(asked.build_args), asked.platform)).get(asked.kind)
    files = []
    for path in asked.paths:
        taken = tree.take(path, MAX_FILE_BYTES)
        if taken is None:
            continue  # unsettled, unreadable or gone: the plan finds out by itself
        stamp, digest, content = taken
        packed: dict[str, bytes] = {}
        if reader is not None:
            pack(packed, "", reader.parse(content))
        files.append(Told(path, stamp, digest, packed.get("", b""), _look(content)))
    return msgspec.msgpack.encode((asked.kind, files))


def _look(content: bytes) -> str:
    from edk.domain.beginnings import classify, wants_more

    beginning = content[:HEAD]
    return classify(content[:MORE] if wants_more(beginning) else beginning)

