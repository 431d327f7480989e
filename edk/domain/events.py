"""What happened, as frozen values with past-tense names; every surface shows the same ones.

Each event is one JSON object with ``event`` naming its kind; fields keep their names. Times are
seconds; `image` is a target's name.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from edk.domain.archive_events import ArchiveEvent
from edk.domain.diagnostics import Diagnostic


class SourcesRead(Struct, frozen=True):
    """The roots were read."""

    roots: tuple[str, ...]
    files: int
    dockerfiles: int
    operators: int
    charts: int
    seconds: float


class DiagnosticFound(Struct, frozen=True):
    """Something is wrong in the sources."""

    diagnostic: Diagnostic


class PlanMade(Struct, frozen=True):
    """It was decided what to build."""

    build: tuple[str, ...]
    skip: tuple[str, ...]
    ignore: tuple[str, ...]
    blocked: tuple[str, ...]
    charts: tuple[str, ...]
    seconds: float


class ImageSkipped(Struct, frozen=True):
    """An image needs nothing; `reason` says why."""

    image: str
    refs: tuple[str, ...]
    digest: str
    reason: str


class ImageHeld(Struct, frozen=True):
    """An image waits; `reason` says for what, `waits_for` names the images, if it is images."""

    image: str
    reason: str
    waits_for: tuple[str, ...] = ()


class ImagePlaced(Struct, frozen=True):
    """A build goes on at a worker, or waits for one if `worker` is empty; `reason` says why there, or for what."""

    image: str
    worker: str
    reason: str = ""


class ImageStarted(Struct, frozen=True):
    """A build started; `reason` says why."""

    image: str
    reason: str
    dockerfile: str
    context_files: int
    context_bytes: int
    log: str
    attempt: int = 1


class ImageRetagged(Struct, frozen=True):
    """Nothing had to be built: the registry holds this content, and only tags are missing; `reason` says so."""

    image: str
    digest: str
    reason: str


class StepMoved(Struct, frozen=True):
    """A step of a build started, was cached, finished, failed or logged a line (see `StepProgress`)."""

    image: str
    step: str
    phase: Literal["started", "cached", "finished", "failed", "log", "warning"]
    title: str
    line: int = 0
    number: int = 0
    total: int = 0
    stream: Literal["", "out", "err"] = ""
    seconds: float = 0.0


class ImageBuilt(Struct, frozen=True):
    """An image stands in the engine's store, and is pushed next."""

    image: str
    image_id: str
    steps: int
    cached_steps: int
    seconds: float


class PushMoved(Struct, frozen=True):
    """Bytes of an image were pushed."""

    image: str
    ref: str
    status: str
    current: int
    total: int


class ImagePushed(Struct, frozen=True):
    """A ref stands in the registry, read back and compared."""

    image: str
    ref: str
    digest: str
    seconds: float


class ImageFinished(Struct, frozen=True):
    """All wanted refs of an image stand in the registry."""

    image: str
    digest: str
    refs: tuple[str, ...]
    seconds: float


class ImageFailed(Struct, frozen=True):
    """An image could not be built or pushed.

    Args:
        image: its name.
        kind: ``step``, ``refused``, ``engine``, ``registry``, ``digest``, ``sources`` or ``bug``.
        message: what failed.
        hint: what to do.
        dockerfile: path of it.
        line: of the failing instruction; 0 if not known.
        instruction: the failing instruction.
        log_tail: the last lines that it printed.
        log: path of the full log.
        worker: where it was built, if there are several; empty otherwise.
    """

    image: str
    kind: Literal["step", "refused", "engine", "registry", "digest", "sources", "bug"]
    message: str
    hint: str
    dockerfile: str
    line: int
    instruction: str
    log_tail: tuple[str, ...]
    log: str
    worker: str = ""


class ImageBlocked(Struct, frozen=True):
    """An image was not tried since one that it stands on failed."""

    image: str
    by: str


class ImageCancelled(Struct, frozen=True):
    """A build was stopped; `reason` says why."""

    image: str
    reason: str


class RetryScheduled(Struct, frozen=True):
    """Infrastructure failed; the same is tried again."""

    image: str
    attempt: int
    delay: float
    cause: str


class ChartPackaged(Struct, frozen=True):
    """A chart archive was written."""

    chart: str
    version: str
    archive: str
    by: str
    seconds: float


class ImageAsked(Struct, frozen=True):
    """A packaged chart asks for an image.

    Args:
        chart: its name.
        ref: what it asks for.
        state: ``there``, ``missing``, ``platform`` (in the platform's registry, which nobody asks), ``stale`` (there,
            though it is built here), or ``elsewhere``.
    """

    chart: str
    ref: str
    state: Literal["there", "missing", "platform", "stale", "elsewhere"]


class ChartVerified(Struct, frozen=True):
    """Every image that a packaged chart asks for is there.

    Args:
        chart: its name.
        local: how many references to the local registry there are, all of which exist.
        platform: how many to the platform's registry, which nobody asks.
        others: how many elsewhere.
        by: who found them: ``helm``, which rendered the chart, or ``text``, which sees only what is written out.
    """

    chart: str
    local: int
    platform: int
    others: int
    by: str


class ChartUploaded(Struct, frozen=True):
    """The platform took a chart."""

    chart: str
    url: str
    answer: str


class ChartUnchangedOnPlatform(Struct, frozen=True):
    """The platform has this very chart already, so it was not uploaded again."""

    chart: str
    version: str
    url: str


class ReleaseStatusSeen(Struct, frozen=True):
    """The platform tells another state of a release than before, in its own words; `pods` those of its pods."""

    chart: str
    release: str
    status: str
    pods: tuple[str, ...]
    seconds: float


class ReleaseDeleted(Struct, frozen=True):
    """A release is gone from the platform, to make room for the chart as it is now."""

    chart: str
    release: str
    seconds: float


class ChartInstalled(Struct, frozen=True):
    """A chart runs on the platform as it is now; `status` in the platform's words, `note` what to know of it."""

    chart: str
    version: str
    release: str
    status: str
    note: str
    seconds: float


class ImageImported(Struct, frozen=True):
    """The platform took an image into its nodes' store."""

    image: str
    ref: str
    digest: str
    answer: str
    seconds: float


class ImageKeptOnPlatform(Struct, frozen=True):
    """An image was not imported, since the platform has it; `reason` says by what that is known."""

    image: str
    ref: str
    digest: str
    reason: str


class ImageImportFailed(Struct, frozen=True):
    """The platform did not take an image."""

    image: str
    ref: str
    message: str
    hint: str


class ChartFailed(Struct, frozen=True):
    """A chart could not be packaged or uploaded."""

    chart: str
    message: str
    hint: str


class Noticed(Struct, frozen=True):
    """Something the user should know that is neither progress nor a diagnostic."""

    message: str
    hint: str = ""


class WatchStarted(Struct, frozen=True):
    """The watcher stands; `mode` says in words how it watches."""

    roots: tuple[str, ...]
    images: int
    mode: str
    seconds: float


class SavesNoticed(Struct, frozen=True):
    """Saves changed something; `cause` says in words what, `images` what is built for it."""

    cause: str
    files: tuple[str, ...]
    images: tuple[str, ...]
    seconds: float


class DiagnosticMended(Struct, frozen=True):
    """What was wrong in the sources is so no more."""

    diagnostic: Diagnostic


class SaveServed(Struct, frozen=True):
    """A save is in the registry; where the time went, in seconds.

    Args:
        image: that was built for it.
        cause: of the build, in words.
        noticed: from the save to the end of the quiet period.
        planned: reading and planning.
        waited: for bases and for a free worker.
        built: in the engine.
        pushed: into the registry, read back.
        total: from the save until it stands in the registry.
    """

    image: str
    cause: str
    noticed: float
    planned: float
    waited: float
    built: float
    pushed: float
    total: float


class ImageOrphaned(Struct, frozen=True):
    """The Dockerfile of an image is gone; its refs stay in the registry."""

    image: str
    refs: tuple[str, ...]


class OutOfReach(Struct, frozen=True):
    """Engine or registry went away; builds wait for it."""

    what: Literal["engine", "registry"]
    message: str


class BackAgain(Struct, frozen=True):
    """Engine or registry answers again."""

    what: Literal["engine", "registry"]


class ImageRemoved(Struct, frozen=True):
    """A superseded image went from the registry, with its tags; its bytes are free after garbage collection."""

    repository: str
    digest: str
    tags: tuple[str, ...]
    size: int


class ChartRemoved(Struct, frozen=True):
    """A superseded chart archive went from the state folder."""

    archive: str
    size: int


class RemovalRefused(Struct, frozen=True):
    """Something was to be removed and stays; `reason` says why. `digest` is empty for an archive."""

    what: str
    digest: str
    reason: str


class EngineTidied(Struct, frozen=True):
    """The engine let go of images without a tag, and of build cache; sizes are the bytes freed."""

    copies: int
    copies_size: int
    cache_size: int


class GarbageCollected(Struct, frozen=True):
    """The registry was stopped, rid of what no manifest names, and started again; `size` bytes are free."""

    size: int
    checked: int
    seconds: float


class RunFinished(Struct, frozen=True):
    """The run is over."""

    exit_code: int
    built: int
    skipped: int
    failed: int
    blocked: int
    charts: int
    seconds: float


Event = (
    SourcesRead
    | DiagnosticFound
    | PlanMade
    | ImageSkipped
    | ImageHeld
    | ImagePlaced
    | ImageStarted
    | ImageRetagged
    | StepMoved
    | ImageBuilt
    | PushMoved
    | ImagePushed
    | ImageFinished
    | ImageFailed
    | ImageBlocked
    | ImageCancelled
    | RetryScheduled
    | ChartPackaged
    | ImageAsked
    | ChartVerified
    | ChartUploaded
    | ChartUnchangedOnPlatform
    | ReleaseStatusSeen
    | ReleaseDeleted
    | ChartInstalled
    | ImageImported
    | ImageKeptOnPlatform
    | ImageImportFailed
    | ChartFailed
    | Noticed
    | WatchStarted
    | SavesNoticed
    | DiagnosticMended
    | SaveServed
    | ImageOrphaned
    | OutOfReach
    | BackAgain
    | ImageRemoved
    | ChartRemoved
    | RemovalRefused
    | EngineTidied
    | GarbageCollected
    | RunFinished
    | ArchiveEvent
)
