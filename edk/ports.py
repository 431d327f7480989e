"""The few roles that the outside plays; adapters fill them, fakes stand in for them in tests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from edk.domain.buildkitd import CacheBounds, DaemonConfig, DaemonState
    from edk.domain.cluster import NodeImage, RunningImage
    from edk.domain.events import Event
    from edk.domain.files import ContextFile, Entry
    from edk.domain.held import Push
    from edk.domain.history import Revision
    from edk.domain.platform import Extension, ReleaseStatus
    from edk.domain.requests import (
        BuildRequest,
        BuiltImage,
        EngineInfo,
        ManifestInfo,
        Placement,
        PushProgress,
        StepProgress,
    )
    from edk.domain.saves import RawEvent, RescanNeeded
    from edk.domain.watching import WatchReport


class Cancellation(Protocol):
    """Asked by a worker whether to stop; `on_cancel` callbacks run in the thread that cancels."""

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked to stop."""

    def on_cancel(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back once when cancelled, at once if it already is; the returned function takes it back."""


class SourceTree(Protocol):
    """Folders and files, read and never written.

    All paths are absolute, with ``/``, and may hold surrogate escapes. Nothing follows a link in the last
    component; nothing opens what is not a regular file.
    """

    def list(self, folder: str) -> tuple[Entry, ...]:
        """Return the entries of a folder sorted by name; raise OSError as the system does."""

    def stat(self, path: str) -> Entry:
        """Return the entry at a path; raise FileNotFoundError or another OSError."""

    def read(self, path: str, limit: int) -> bytes:
        """Return a regular file's content; raise ValueError above `limit` bytes, OSError as the system does."""

    def digest(self, path: str, entry: Entry) -> str:
        """Return the sha256 of a regular file's content as hex; `entry` is what was last seen of it."""

    def chunks(self, path: str) -> Iterable[bytes]:
        """Yield a regular file's content piece by piece."""

    def beginning(self, path: str, size: int) -> bytes:
        """Return the first `size` bytes of a regular file, or all that it has; raise OSError as the system does."""


@runtime_checkable
class MarkingTree(SourceTree, Protocol):
    """A tree that tells by marks whether what was seen before is still so.

    The mark of a folder changes whenever one of its entries does: their names, kinds, modes, targets of links, and of
    regular files size, device, inode, mtime and ctime. Of a folder in it only name and mode count.
    """

    def start_marking(
        self, folders: Sequence[str], paths: Sequence[str]
    ) -> Callable[[], tuple[list[bytes], list[bytes]]]:
        """Begin to take the marks of folders and of single paths, and return what waits for them; call it once.

        They are as of a moment between the two calls. What can't be looked at has a mark, too.
        """

    def settled_marks(
        self, folders: Iterable[str], paths: Iterable[str]
    ) -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
        """Return the marks of those folders, and of those paths, of which every later write is sure to change the mark.

        Folders are taken as this tree has listed them, paths as they are now. One with a file that was written to a
        moment before the tree was opened is left out: clocks of file systems tick in steps, so it may be written to
        again and bear the same times.
        """


class FileWatcher(Protocol):
    """Tells which files and folders may have changed; rather too much than too little.

    It watches the folders that a walk looks at: not hidden ones, ``node_modules``, ``__pycache__`` and excluded ones.
    What it can't watch, it polls, and says so.
    """

    def start(self, roots: Sequence[str], notify: Callable[[RawEvent | RescanNeeded], None]) -> None:
        """Watch from now on; what changes after the return is told.

        Args:
            roots: absolute paths; one that is missing is waited for.
            notify: takes what may have changed; called from any thread, only enqueues, and never raises.
        """

    def keep(self, folders: Collection[str]) -> None:
        """Watch these folders (absolute) as well, although a walk would skip them, with all that is below them.

        Each call replaces what the one before said. A re-scan is asked for of what is newly watched.
        """

    def report(self) -> WatchReport:
        """Return how everything is watched at this moment."""

    def stop(self) -> None:
        """Drop all watches and end all threads; a second call does nothing."""


class BuildContext(Protocol):
    """What a Dockerfile may use: as a tar whose first member is the Dockerfile, or file by file.

    Both ways say the same, and both raise ContextChangedError where a file is not, or no longer, what the plan saw,
    and SourceError where it can't be read.
    """

    def __iter__(self) -> Iterator[bytes]:
        """Yield the tar in pieces; from its beginning, each time that it is asked for."""

    def files(self) -> Sequence[ContextFile]:
        """Return the files, folders and links, sorted by path, with the digests of what is sent of them."""

    def content(self, file: ContextFile) -> Iterable[bytes]:
        """Yield the content of one of `files` piece by piece."""


class ImageBuilder(Protocol):
    """Builds images and pushes them; one method call is one attempt, and retries nothing."""

    def describe(self) -> EngineInfo:
        """Return what answers; raise EngineUnreachableError within 5 seconds."""

    def places(self) -> int:
        """Return how many builds to hand in at once, 0 if it does not matter to it; asks no engine."""

    def build(
        self,
        request: BuildRequest,
        context: BuildContext,
        progress: Callable[[StepProgress | Placement], None],
        cancellation: Cancellation,
    ) -> BuiltImage:
        """Build one image from a context whose Dockerfile is called `request.dockerfile_member`.

        A builder of several machines tells by a `Placement` where it builds. One that pushes while it builds says so
        by `BuiltImage.digest`.

        Raises:
            StepFailedError: an instruction failed.
            BuildRefusedError: the engine can't build this Dockerfile.
            EngineUnreachableError: the engine went away.
            CancelledError: it was cancelled; nothing of it goes on.
            ContextChangedError: and whatever else the iterator of the context raises, unchanged.
        """

    def push(
        self,
        image: BuiltImage,
        ref: str,
        progress: Callable[[PushProgress], None],
        cancellation: Cancellation,
    ) -> str:
        """Tag an image as `ref`, push it, and return the digest of its manifest, or ``""`` if not told.

        Of an image that was pushed as `ref` while it was built it returns the digest, and does nothing.

        Raises:
            RegistryUnreachableError: the registry could not be reached or failed.
            EngineUnreachableError: the engine went away.
            CancelledError: it was cancelled.
        """


class Registry(Protocol):
    """A registry of the OCI distribution specification, asked by its API.

    `repository` is a name without a host. Every method raises RegistryUnreachableError where the registry
    does not answer within seconds or answers 5xx.
    """

    def ping(self) -> None:
        """Return if the registry answers ``/v2/`` as a registry does."""

    def head(self, repository: str, reference: str) -> ManifestInfo | None:
        """Return what stands at a tag or digest, None if nothing."""

    def manifest(self, repository: str, reference: str) -> tuple[ManifestInfo, bytes] | None:
        """Return a manifest read back, None if there is none; raise DigestMismatchError if it lies."""

    def labels(self, repository: str, reference: str) -> dict[str, str] | None:
        """Return the labels of an image's config, None if there is no such image."""

    def blob(self, repository: str, digest: str) -> Iterable[bytes]:
        """Yield a blob piece by piece; raise DigestMismatchError at its end if it is not what its digest says."""

    def tags(self, repository: str) -> tuple[str, ...]:
        """Return the tags of a repository, sorted; none if it does not exist."""

    def retag(self, repository: str, digest: str, tag: str) -> None:
        """Make a tag point at a manifest that the repository already holds."""

    def referrers(self, repository: str, digest: str) -> bytes | None:
        """Return the index of the artifacts about a manifest; None if the registry keeps no such list."""

    def repositories(self) -> tuple[str, ...]:
        """Return the names of all repositories, sorted; also of those that lost their last image."""

    def has_blob(self, repository: str, digest: str) -> bool:
        """Say whether a repository holds a blob, by its registry's word."""

    def upload(self, repository: str, digest: str, size: int, pieces: Iterable[bytes]) -> None:
        """Store a blob of `size` bytes; raise DigestMismatchError if it is not what its digest says."""

    def try_writing(self, repository: str) -> None:
        """Begin an upload, send a few bytes and take it back.

        Raises:
            RegistryRefusesError: it takes nothing, and tells why.
        """

    def mount(self, repository: str, digest: str, source: str) -> bool:
        """Have a repository hold a blob that another one holds; return False if that is not to be had."""

    def put_manifest(self, repository: str, reference: str, media_type: str, content: bytes) -> str:
        """Store a manifest under a tag or its digest, and return its digest.

        Raises:
            DigestMismatchError: a blob that it names is not there, or the registry did not keep it.
        """

    def delete(self, repository: str, digest: str) -> bool:
        """Remove a manifest and every tag that points at it; return whether it was there.

        Raises:
            BuildError: the registry does not let images be deleted.
        """


class SourceHistory(Protocol):
    """The repositories that the sources lie in."""

    def revision(self, folder: str) -> Revision | None:
        """Return the commit that the work tree around an absolute folder stands on; None if there is none."""


class RecordStore(Protocol):
    """Documents about images, kept by the digests of their manifests; the oldest go when there are too many."""

    def write(self, kind: str, digest: str, content: bytes) -> None:
        """Keep a document, whole or not at all; raise OSError as the system does."""

    def read(self, kind: str, digest: str) -> bytes | None:
        """Return a document, None if there is none."""


class Inventory(Protocol):
    """Lists what an image consists of."""

    def check(self) -> None:
        """Return if what makes lists is there; raise UsageError with how to get it if not."""

    def bill(self, repository: str, digest: str) -> bytes:
        """Return a software bill of materials of an image in the registry, as CycloneDX JSON.

        Raises:
            UsageError: see `check`.
            InfrastructureError: it failed, or did not end in time.
        """


class ChartPackager(Protocol):
    """Makes a chart archive out of a staged chart folder."""

    def package(self, chart_dir: str, out_dir: str) -> str:
        """Return the path of ``<name>-<version>.tgz``, written whole or not at all; raise ChartError."""

    @property
    def renders(self) -> bool:
        """Whether it can render charts."""

    def render(self, archive: str, values: Mapping[str, str]) -> str:
        """Return the manifests that a packaged chart comes to; raise ChartError.

        Args:
            archive: path of the packaged chart.
            values: of ``global``, beside those that the platform gives every chart.
        """


class Platform(Protocol):
    """kube-helm, the platform's chart service.

    Every method raises PlatformUnreachableError where it does not answer, and ChartError with its words where it
    refuses or fails.
    """

    def health(self) -> None:
        """Return if it answers."""

    def upload_chart(self, archive: str) -> str:
        """Send a chart archive and return what it says."""

    def import_image(self, filename: str) -> str:
        """Have an image archive below VOLUME_PATH imported into containerd; return what it says."""

    def extensions(self) -> tuple[Extension, ...]:
        """Return the charts that it has, and what runs of them; up to 30 seconds old."""

    def release(self, name: str) -> ReleaseStatus | None:
        """Return what helm says of a release now, None if there is none."""

    def install_chart(self, name: str, version: str, keywords: Sequence[str]) -> str:
        """Install an uploaded chart under its own name; return what it says once helm has ended."""

    def delete_release(self, name: str, version: str) -> str:
        """Have a release deleted and return what it says at once; `release` tells when it is gone."""


class Cluster(Protocol):
    """The Kubernetes cluster that the platform runs in, looked at and never changed.

    Both methods answer within seconds, and raise ClusterUnreachableError with the reason where no cluster is known
    here, it does not answer, or we may not look: on a developer's own machine that is the normal case.
    """

    def images(self) -> tuple[NodeImage, ...]:
        """Return what every node has; a kubelet tells its 50 largest images only, unless configured otherwise."""

    def running(self) -> tuple[RunningImage, ...]:
        """Return what every container of every pod was asked to run, and what it runs."""


class FileLock(Protocol):
    """A lock across processes; see `Locks`."""

    def release(self) -> None:
        """Give it back; a second call does nothing."""


class Locks(Protocol):
    """One at a time per target, across processes."""

    def try_acquire(self, name: str) -> FileLock | None:
        """Return the lock, or None if another process holds it."""

    def holder(self, name: str) -> str:
        """Return who holds it, e.g. ``edk build (pid 12)``; empty if not known."""


class Clock(Protocol):
    """Time, so that tests need not wait."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""

    def now(self) -> float:
        """Return seconds since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class EventSink(Protocol):
    """Shows or stores events."""

    def emit(self, event: Event) -> None:
        """Take one event; never raises for the event's sake."""

    def close(self) -> None:
        """Write out what is left."""


class Cache(Protocol):
    """The state's memory: everything in it may be lost at any time, and costs work then, never truth."""

    def readings(self, kind: str, keys: Sequence[str]) -> dict[str, bytes]:
        """Return those stored of `keys` (content digests with the reader's version)."""

    def store_readings(self, kind: str, values: dict[str, bytes]) -> None:
        """Store readings by key."""

    def fingerprint_of(self, digest: str) -> str:
        """Return the fingerprint that the image with this manifest digest carries; empty if not known."""

    def store_fingerprint(self, digest: str, fingerprint: str) -> None:
        """Remember the fingerprint of a manifest digest."""

    def record_build(self, record: bytes) -> None:
        """Append one finished build to the history."""

    def builds(self, count: int) -> tuple[bytes, ...]:
        """Return the last `count` records of builds, the latest first."""

    def flush(self) -> None:
        """Write out now what would be written at the end, since what follows must not be forgotten."""

    def record_push(self, push: Push) -> None:
        """Remember a push of ours, for other processes too from now on; the last one of a digest counts."""

    def pushes(self, registry: str, since: float = 0.0) -> tuple[Push, ...]:
        """Return the pushes to a registry, those of the day of `since` (seconds since the epoch) and later ones."""

    def forget_pushes(self, registry: str, keys: Collection[tuple[str, str]]) -> None:
        """Forget pushes by repository and digest."""


class OwnRegistry(Protocol):
    """The registry that the set-up started on this machine, looked at from behind."""

    def stored(self) -> Mapping[tuple[str, str], float]:
        """Return repository and digest → when it was stored, of every manifest, be it tagged or not."""

    def collect(self) -> int:
        """Stop it, remove what no manifest names, start it again, and return the bytes freed.

        Whatever happens, it is started again.

        Raises:
            BuildError: the collection failed.
            RegistryUnreachableError: it did not come back.
        """


class BuilderDaemon(Protocol):
    """A BuildKit daemon of our own on this machine; whoever starts or stops one holds the lock for it.

    Methods raise EngineUnreachableError where a program is missing, or the daemon does not do as it should.
    """

    def config(self, jobs: int, bounds: CacheBounds, registries: Sequence[str]) -> DaemonConfig:
        """Return what a daemon would be started with; raise if a program that it needs is missing."""

    def state(self) -> DaemonState:
        """Return what is known of it; takes some seconds where it runs and does not answer."""

    def stranger(self) -> int:
        """Return a running daemon that uses our folder and of which there is no record; 0 if there is none."""

    def start(self, config: DaemonConfig) -> None:
        """Start it, and write down which process it is; returns before it answers."""

    def announce(self, address: str) -> None:
        """Write down where it answers, for builds to find it; an empty address takes it back."""

    def stop(self) -> int:
        """End it, and return its process once that is gone; 0 if none ran."""

    def clear_remains(self) -> int:
        """End what a daemon that was killed left running, take its mounts off, and return how many processes ended."""

    def remove_data(self) -> None:
        """Remove its cache; only where none runs, and no remains are left."""

    def last_words(self) -> tuple[str, ...]:
        """Return the last lines of its log."""


class EngineDisk(Protocol):
    """What an engine keeps on its disk that was of use once. Raises EngineUnreachableError."""

    def copies(self, before: float) -> tuple[int, int]:
        """Return how many images of ours without a tag it has, older than a time, and their bytes at most."""

    def remove_copies(self, before: float) -> tuple[int, int]:
        """Remove them, and return how many went, and the bytes freed."""

    def cache_bytes(self) -> int:
        """Return the size of its build cache, without what images use too."""

    def prune_cache(self, keep: int) -> int:
        """Let go of the least used of its build cache until `keep` bytes are left; return the bytes freed."""
