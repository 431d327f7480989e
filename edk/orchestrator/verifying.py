"""`edk verify`: read back and hash what the registry holds of what a tree needs.

A registry answers 200 for a blob that is damaged on its disk, and takes a push of an image whose layer it has lost. So
nothing but reading every byte tells whether an image is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from edk.domain import archive_events as ev
from edk.domain.archive_events import Fault
from edk.domain.errors import EXIT_DONE, EXIT_FAILED, DigestMismatchError, RegistryUnreachableError
from edk.domain.fingerprint import LABEL
from edk.domain.oci import Index, MalformedManifestError, Manifest, read_manifest
from edk.domain.requests import ManifestInfo
from edk.domain.shipping import Subject
from edk.domain.verifying import Remedies, status_of
from edk.orchestrator.progress import Progress
from edk.orchestrator.services import Services
from edk.ports import Registry

WORKERS = 4
_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Part:
    """A blob that an image is made of; `what` is its place in it."""

    what: str
    digest: str
    size: int


@dataclass(slots=True)
class Looked:
    """What the manifests of an image say.

    Args:
        subject: the image.
        digests: that its tags point at, with the tags.
        parts: every blob of every platform.
        faults: found so far.
    """

    subject: Subject
    digests: dict[str, list[str]] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


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
    look = _Look(services.registry, remedies, tag_target)
    with ThreadPoolExecutor(WORKERS) as pool:
        looked = list(pool.map(look.at, subjects))
        sizes = {part.digest: part.size for found in looked for part in found.parts}
        read = _Reading(services.registry, looked)
        problems = _read_all(services, pool, read, sizes)
        list(pool.map(lambda found: _judge(services.registry, found, problems, remedies), looked))
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


class _Look:
    """Reads the manifests of images.

    Args:
        registry: the registry.
        remedies: say what heals what.
        tag_target: see `verify`.
    """

    def __init__(self, registry: Registry, remedies: Remedies, tag_target: Callable[[str, str], str]) -> None:
        self._registry = registry
        self._remedies = remedies
        self._tag_target = tag_target

    def at(self, subject: Subject) -> Looked:
        """Return what stands under an image's tags."""
        found = Looked(subject)
        for tag in subject.tags:
            self._reference(found, tag, f"tag {tag}")
        return found

    def _reference(self, found: Looked, reference: str, what: str) -> None:
        """Read the manifest at a tag or digest, and those of its platforms."""
        subject = found.subject
        try:
            held = self._registry.manifest(subject.repository, reference)
        except DigestMismatchError as error:
            digest = self._digest_at(subject, reference)
            remedy = self._remedies.of_blob(subject, digest, there=True)
            found.faults.append(Fault("corrupt", f"manifest of {what}", digest, 0, error.message, remedy))
            return
        except RegistryUnreachableError as error:
            self._registry.ping()
            target = self._tag_target(subject.repository, reference)
            remedy = self._remedies.of_tag(subject, reference, target)
            problem = f"the registry is well, but fails at it: {error.message}"
            found.faults.append(Fault("corrupt", what, target, 0, problem, remedy))
            return
        if held is None:
            remedy = self._remedies.of_missing(subject)
            found.faults.append(Fault("missing", what, "", 0, "the registry has nothing there", remedy))
            return
        known = held[0].digest in found.digests
        if reference in subject.tags:
            found.digests.setdefault(held[0].digest, []).append(reference)
        if not known:
            self._manifest(found, held, what)

    def _digest_at(self, subject: Subject, reference: str) -> str:
        if reference.startswith("sha256:"):
            return reference
        info = self._registry.head(subject.repository, reference)
        return info.digest if info else ""

    def _manifest(self, found: Looked, held: tuple[ManifestInfo, bytes], what: str) -> None:
        info, content = held
        try:
            manifest = read_manifest(content, info.media_type)
        except MalformedManifestError as error:
            remedy = self._remedies.of_blob(found.subject, info.digest, there=False)
            problem = f"it is what its digest says, but no manifest: {error}"
            found.faults.append(Fault("corrupt", f"manifest of {what}", info.digest, info.size, problem, remedy))
            return
        if isinstance(manifest, Index):
            for child in manifest.manifests:
                self._reference(found, child.digest, f"platform {child.platform or child.digest}")
            return
        found.parts.extend(_parts(manifest))


def _parts(manifest: Manifest) -> list[Part]:
    """Return configuration and layers with their places."""
    count = len(manifest.layers)
    layers = [Part(f"layer {n} of {count}", blob.digest, blob.size) for n, blob in enumerate(manifest.layers, 1)]
    return [Part("configuration", manifest.config.digest, manifest.config.size), *layers]


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

    def problem(self, digest: str) -> tuple[str, bool]:
        """Return what is wrong with a blob, empty if it is sound, and whether the registry says that it has it."""
        try:
            for piece in self._registry.blob(self._sources[digest], digest):
                self.moved[digest] += len(piece)
        except DigestMismatchError:
            return f"its {self.moved[digest]} bytes are others than its digest says", True
        except RegistryUnreachableError as error:
            self._registry.ping()
            if not self._registry.has_blob(self._sources[digest], digest):
                return "the registry does not have it", False
            return f"the registry says that it has it, and does not hand it out: {error.message}", True
        return "", True


def _read_all(
    services: Services, pool: ThreadPoolExecutor, reading: _Reading, sizes: Mapping[str, int]
) -> dict[str, tuple[str, bool]]:
    """Read all blobs, several at once, the largest first; return what is wrong with each."""
    progress = Progress("verify", sum(sizes.values()), services.clock, services.sink)
    order = sorted(reading.moved, key=lambda digest: (-sizes[digest], digest))
    futures: dict[Future[tuple[str, bool]], str] = {pool.submit(reading.problem, digest): digest for digest in order}
    left = set(futures)
    try:
        while left:
            done, left = wait(left, timeout=_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
            progress.reached(sum(reading.moved.values()))
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    return {digest: future.result() for future, digest in futures.items()}


def _judge(
    registry: Registry, found: Looked, problems: Mapping[str, tuple[str, bool]], remedies: Remedies
) -> None:
    """Add the faults of an image's blobs, and see whether it is made of what the tree has."""
    subject = found.subject
    told: set[str] = set()
    for part in found.parts:
        problem, there = problems[part.digest]
        if not problem and not registry.has_blob(subject.repository, part.digest):
            problem, there = f"the repository {subject.repository} does not have it, though others do", False
        if problem and part.digest not in told:
            told.add(part.digest)
            remedy = remedies.of_blob(subject, part.digest, there=there)
            kind: ev.Kind = "corrupt" if there else "missing"
            found.faults.append(Fault(kind, part.what, part.digest, part.size, problem, remedy))
    if found.faults or not subject.fingerprint:
        return
    for digest, at in found.digests.items():
        carried = (registry.labels(subject.repository, digest) or {}).get(LABEL, "")
        if carried != subject.fingerprint:
            made = "is made of other inputs than the tree has now" if carried else "was not built by the EDK"
            problem = f"what stands there is sound, but {made}"
            found.faults.append(Fault("outdated", f"tag {', '.join(at)}", digest, 0, problem, remedies.of_missing(subject)))
