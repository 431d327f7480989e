"""`edk verify`: read back and hash what the registry holds of what a tree needs.

A registry answers 200 for a blob that is damaged on its disk, and takes a push of an image whose layer it has lost. So
nothing but reading every byte tells whether an image is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from edk.domain import archive_events as ev
from edk.domain.archive_events import Fault
from edk.domain.errors import EXIT_DONE, EXIT_FAILED, CancelledError, DigestMismatchError, RegistryUnreachableError
from edk.domain.fingerprint import LABEL
from edk.domain.shipping import Subject
from edk.domain.verifying import Remedies, status_of
from edk.orchestrator.looking import Look, Looked, Part
from edk.orchestrator.progress import Progress
from edk.orchestrator.services import Services
from edk.ports import Registry

WORKERS = 4
_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Read:
    """How it went with reading a blob.

    Args:
        size: bytes that came.
        problem: what is wrong with it; empty if it is sound.
        there: whether the registry has something of it on its disk.
    """

    size: int
    problem: str = ""
    there: bool = True


def verify(
    services: Services,
    subjects: Sequence[Subject],
    remedies: Remedies,
    tag_target: Callable[[str, str], str],
) -> int:
    """Read everything back, tell of each image, and return the exit code.

    Args:
        services: the ports.
        subjects: the images.
        remedies: say what heals what.
        tag_target: digest that a tag's file in the registry's storage holds; empty if that is not known.

    Raises:
        RegistryUnreachableError: the registry does not answer.
    """
    started = services.clock.monotonic()
    services.registry.ping()
    services.sink.emit(ev.VerifyStarted(tuple(subject.label for subject in subjects)))
    look = Look(services.registry, remedies, tag_target)
    with ThreadPoolExecutor(WORKERS) as pool:
        looked = list(pool.map(look.at, subjects))
        sizes = {part.digest: part.size for found in looked for part in found.parts}
        reads = _read_all(services, pool, _Reading(services.registry, looked), sizes)
        list(pool.map(lambda found: _judge(services.registry, found, reads, remedies), looked))
    counts = dict.fromkeys(("ok", "missing", "corrupt", "outdated"), 0)
    for found in looked:
        status = status_of(found.faults)
        counts[status] += 1
        services.sink.emit(_verified(services, found, status))
    code = EXIT_DONE if counts["ok"] == len(looked) else EXIT_FAILED
    seconds = services.clock.monotonic() - started
    services.sink.emit(ev.VerifyFinished(code, **counts, blobs=len(sizes), bytes=sum(sizes.values()), seconds=seconds))
    return code


def _verified(services: Services, found: Looked, status: ev.Status) -> ev.ImageVerified:
    subject = found.subject
    marks = ((tag, "@" if tag.startswith("sha256:") else ":") for tag in subject.tags)
    refs = tuple(f"{services.settings.registry}/{subject.repository}{mark}{tag}" for tag, mark in marks)
    sizes = {part.digest: part.size for part in found.parts}
    digests = tuple(found.digests)
    return ev.ImageVerified(
        subject.label, status, refs, digests, len(sizes), sum(sizes.values()), tuple(found.faults)
    )


class _Reading:
    """Reads blobs, each once, through a repository that should have it; its methods run in worker threads.

    Args:
        registry: the registry.
        looked: what is made of which blobs.
    """

    def __init__(self, registry: Registry, looked: Sequence[Looked]) -> None:
        self._registry = registry
        self._sources: dict[str, str] = {}
        for found in looked:
            for part in found.parts:
                self._sources.setdefault(part.digest, found.subject.repository)
        # Each blob is read by one worker alone, and the main thread only reads these numbers: no lock is needed.
        self.moved: dict[str, int] = dict.fromkeys(self._sources, 0)
        self.stopped = False

    def read(self, digest: str) -> Read:
        """Read a blob to its end."""
        try:
            for piece in self._registry.blob(self._sources[digest], digest):
                self.moved[digest] += len(piece)
                if self.stopped:
                    raise CancelledError("reading back was stopped")
        except DigestMismatchError:
            return Read(self.moved[digest], f"its {self.moved[digest]} bytes are others than its digest says")
        except RegistryUnreachableError as error:
            self._registry.ping()
            if not self._registry.has_blob(self._sources[digest], digest):
                return Read(0, "the registry does not have it", there=False)
            return Read(0, f"the registry says that it has it, and does not hand it out: {error.message}")
        return Read(self.moved[digest])


def _read_all(
    services: Services, pool: ThreadPoolExecutor, reading: _Reading, sizes: Mapping[str, int]
) -> dict[str, Read]:
    """Read all blobs, several at once, the largest first."""
    progress = Progress("verify", sum(sizes.values()), services.clock, services.sink)
    order = sorted(reading.moved, key=lambda digest: (-sizes[digest], digest))
    futures: dict[Future[Read], str] = {pool.submit(reading.read, digest): digest for digest in order}
    left = set(futures)
    try:
        while left:
            done, left = wait(left, timeout=_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
            progress.reached(sum(reading.moved.values()))
    except BaseException:
        # A blob may have gigabytes: who is in the midst of one stops as well.
        reading.stopped = True
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    return {digest: future.result() for future, digest in futures.items()}


def _judge(registry: Registry, found: Looked, reads: Mapping[str, Read], remedies: Remedies) -> None:
    """Add the faults of an image's blobs, and see whether it is made of what the tree has."""
    subject = found.subject
    for part in {part.digest: part for part in found.parts}.values():
        read = reads[part.digest]
        kind, problem = _wrong(registry, subject.repository, part, read)
        if problem:
            # A sound file that a manifest lies about is no file to remove.
            remedy = remedies.of_blob(subject, part.digest, there=read.there and bool(read.problem))
            found.faults.append(Fault(kind, part.what, part.digest, part.size, problem, remedy))
    if found.faults or not subject.fingerprint:
        return
    for digest, at in found.digests.items():
        carried = (registry.labels(subject.repository, digest) or {}).get(LABEL, "")
        if carried != subject.fingerprint:
            made = "is made of other inputs than the tree has now" if carried else "was not built by the EDK"
            problem = f"what stands there is sound, but {made}"
            remedy = remedies.of_missing(subject)
            found.faults.append(Fault("outdated", f"tag {', '.join(at)}", digest, 0, problem, remedy))


def _wrong(registry: Registry, repository: str, part: Part, read: Read) -> tuple[ev.Kind, str]:
    """Return what is wrong with a part of an image in its repository; the text is empty if nothing is."""
    if read.problem:
        return "corrupt" if read.there else "missing", read.problem
    if read.size != part.size:
        return "corrupt", f"it has {read.size} bytes, and the manifest says {part.size}"
    if not registry.has_blob(repository, part.digest):
        return "missing", f"the repository {repository} does not have it, though others do"
    return "corrupt", ""
