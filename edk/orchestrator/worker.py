"""One build from its context to the registry: what a worker does, in its own thread.

A worker shares nothing but the services and the inbox that it posts to. It never decides whether to try again;
it says what happened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from edk.domain import events as ev
from edk.domain.dockerfile.rewriting import rewrite
from edk.domain.errors import (
    CancelledError,
    ContextChangedError,
    DigestMismatchError,
    NotAskedError,
    RegistryRefusesError,
    RegistryUnreachableError,
)
from edk.domain.fingerprint import LABEL, declared
from edk.domain.requests import BuildRequest, BuiltImage, Placement, PushProgress, SessionOptions, StepProgress
from edk.orchestrator.context_tar import SourceContext, dockerfile_member
from edk.orchestrator.observe import stand
from edk.orchestrator.pipeline import INPUTS
from edk.orchestrator.pushes import record_push
from edk.orchestrator.sealing import Seal, seal
from edk.orchestrator.walk import follow_inside

if TYPE_CHECKING:
    from edk.domain.plan import PlannedImage
    from edk.domain.workspace import Target
    from edk.orchestrator.services import Services
    from edk.ports import Cancellation, SourceTree
    from edk.settings import Settings

MAX_DOCKERFILE_BYTES = 8 << 20
LOCK_POLL = 0.1
CACHE_TAG = "build-cache"
Emit = Callable[[ev.Event], None]


@dataclass(frozen=True, slots=True)
class BuiltBase:
    """A target that another stands on or names, as it stands in the registry; `tag` is its first one."""

    key: str
    repository: str
    digest: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """One build.

    Args:
        image: what the plan says of it.
        bases: the targets that it stands on, or that the files which it ships name.
        attempt: from 1.
        force: build although another process may just have built the same.
        no_cache: build every step anew.
        pull: look for newer bases.
        urgency: see `BuildRequest`.
        unasked: whether the plan was made without the registry, and should be made anew as soon as that answers.
    """

    image: PlannedImage
    bases: tuple[BuiltBase, ...]
    attempt: int
    force: bool = False
    no_cache: bool = False
    pull: bool = False
    urgency: float = 0.0
    unasked: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it; `skipped` if the registry had it already when the lock was got, `carried` is its label."""

    digest: str
    skipped: bool = False
    carried: str = ""


def build_image(task: Task, services: Services, tree: SourceTree, emit: Emit, cancellation: Cancellation) -> Outcome:
    """Build one image and push it under all its tags.

    Args:
        task: what to build.
        services: the ports.
        tree: the file system as it stands now.
        emit: takes events, from this thread.
        cancellation: asked between the steps, and by the engine's adapter within them.

    Raises:
        EdkError: see `ImageBuilder.build` and `ImageBuilder.push`; ContextChangedError if a file is not
            what the plan saw; NotAskedError if the plan was made without the registry, and that answers;
            DigestMismatchError if the registry does not hold what was pushed.
    """
    # Where the registry is away nothing that is built could be pushed; an engine would try for most of a minute.
    services.registry.ping()
    if task.unasked:
        raise NotAskedError("the registry answers, which could not be asked when the plan was made")
    if task.attempt > 1:
        # Nor where it takes nothing, which one finds out by trying.
        services.registry.try_writing(task.image.node.target.name)
    with _Locked(task.image, services, emit, cancellation) as waited:
        # Even who did not wait may come just behind another process that built the same, after the plan was made.
        sealed = seal(
            task.image,
            {base.key: base.digest for base in task.bases},
            {base.key: base.tag for base in task.bases},
            services.settings,
        )
        if not task.force and (waited or not task.image.again):
            digest = _found_meanwhile(task, services, sealed)
            if digest:
                return Outcome(digest, skipped=True, carried=sealed.fingerprint)
        planned = task.image.carried or task.image.fingerprint
        digest = task.image.digest if not task.force and planned == sealed.fingerprint else ""
        if digest:
            # The same content stands there under another tag: no build, no upload.
            emit(ev.ImageRetagged(task.image.label, digest, task.image.reason))
            _tag_all(task, services, digest, emit)
        else:
            try:
                digest = _build_and_push(task, services, tree, emit, cancellation, sealed)
            except RegistryUnreachableError as error:
                raise _in_its_own_words(task, services, error) from error
        return Outcome(digest, carried=sealed.fingerprint)


def _in_its_own_words(task: Task, services: Services, error: RegistryUnreachableError) -> RegistryUnreachableError:
    """Return why nothing can be pushed as the registry tells it, where it does; builders pass on but a number."""
    try:
        services.registry.try_writing(task.image.node.target.name)
    except RegistryRefusesError as why:
        return RegistryRefusesError(f"{task.image.refs[0]} can't be pushed: {why.message}", why.hint)
    except RegistryUnreachableError:
        return error
    return error


class _Locked:
    """Holds the lock of a target across processes; `waited` tells whether another one had it."""

    def __init__(self, image: PlannedImage, services: Services, emit: Emit, cancellation: Cancellation) -> None:
        self._name = f"{services.settings.push_host}/{image.node.target.name}"
        self._image = image
        self._services = services
        self._emit = emit
        self._cancellation = cancellation

    def __enter__(self) -> bool:
        waited = False
        while (lock := self._services.locks.try_acquire(self._name)) is None:
            if not waited:
                holder = self._services.locks.holder(self._name) or "another process"
                self._emit(ev.ImageHeld(self._image.label, f"{holder} builds it"))
            waited = True
            if self._cancellation.cancelled:
                raise CancelledError("cancelled while another process was building the same image")
            self._services.clock.sleep(LOCK_POLL)
        self._lock = lock
        return waited

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _found_meanwhile(task: Task, services: Services, sealed: Seal) -> str:
    """Return the digest if every wanted tag now has the fingerprint, since another process built it."""
    name = task.image.node.target.name
    standing = stand(services.registry, services.cache, name, task.image.node.tags)
    there = [standing.tags.get(tag, ("", "")) for tag in task.image.node.tags]
    return there[0][0] if all(f == sealed.fingerprint for _, f in there) else ""


def _build_and_push(
    task: Task, services: Services, tree: SourceTree, emit: Emit, cancellation: Cancellation, sealed: Seal
) -> str:
    """Build an image, push it under all its tags, and return its digest."""
    image = task.image
    target = image.node.target
    name = image.label
    # Imported where something is built: a build of an unchanged tree need not wait for them.
    from edk.orchestrator.labels import labels_of, origin_of
    from edk.orchestrator.provenance import keep_records

    origin = origin_of(task, services, tree)
    request, context = _request(task, services, tree, sealed, labels_of(task, origin, services.settings))
    emit(
        ev.ImageStarted(
            name,
            image.reason,
            f"{target.root.path}/{target.dockerfile}",
            len(image.context.files),
            image.context.total_bytes,
            services.settings.log_path(name),
            task.attempt,
        )
    )
    started = services.clock.monotonic()

    def on_step(step: StepProgress | Placement) -> None:
        if isinstance(step, Placement):
            emit(ev.ImagePlaced(name, step.worker, step.reason))
            return
        emit(
            ev.StepMoved(
                name,
                step.step,
                step.phase,
                step.title,
                step.line,
                step.number,
                step.total,
                step.stream,
                step.seconds,
            )
        )

    built = services.builder.build(request, context, on_step, cancellation)
    seconds = services.clock.monotonic() - started
    emit(ev.ImageBuilt(name, built.image_id, built.steps, built.cached_steps, seconds))
    digest = _push(task, services, built, request.tag, emit, cancellation, sealed)
    _remember(services, digest, sealed)
    _tag_all(task, services, digest, emit, done=image.node.tags[0])
    keep_records(task, services, origin, sealed, digest, emit)
    return digest


def _request(
    task: Task, services: Services, tree: SourceTree, sealed: Seal, labels: tuple[tuple[str, str], ...]
) -> tuple[BuildRequest, SourceContext]:
    """Return what the engine is asked, and the context."""
    image = task.image
    target = image.node.target
    settings = services.settings
    root = f"{target.root.path}/{target.context}" if target.context else target.root.path
    content = _dockerfile(tree, target)
    syntax_allowed = any(
        target.reading.syntax == prefix or target.reading.syntax.startswith(f"{prefix}:")
        for prefix in settings.allowed_frontends
    )
    dockerfile = rewrite(
        content, target.reading, _replacements(task, settings.push_host), drop_syntax=not syntax_allowed
    )
    member = dockerfile_member(target.dockerfile.rpartition("/")[2], image.context.files)
    arguments = declared(settings.build_args, (arg.name for arg in target.reading.args))
    request = BuildRequest(
        name=image.label,
        tag=f"{settings.push_host}/{target.name}:{image.node.tags[0]}",
        dockerfile=dockerfile,
        dockerfile_path=f"{target.root.path}/{target.dockerfile}",
        dockerfile_member=member,
        features=target.reading.features,
        build_args=(*settings.proxies, *arguments),
        labels=((LABEL, sealed.fingerprint), *sealed.labels, *labels),
        platform=settings.platform,
        network=settings.network,
        no_cache=task.no_cache,
        pull=task.pull,
        session=_session(settings, target.name, sealed),
        urgency=task.urgency,
    )
    rewritten = {file.path: partial(sealed.rewritten, file.path) for file in sealed.files}
    return request, SourceContext(dockerfile, image.context.files, root, tree, member, rewritten)


def _session(settings: Settings, name: str, sealed: Seal) -> SessionOptions:
    return SessionOptions(
        secrets=settings.build_secrets,
        ssh=settings.ssh,
        cache_ref=f"{settings.cache_registry}/{name}:{CACHE_TAG}" if settings.cache_registry else "",
        attestations=settings.attestations,
        sbom_generator=settings.sbom_generator,
        # What an image ships of references is read back from its layers (`shipped`), which are gzip then, and tiny.
        compression="gzip" if sealed.files else settings.compression,
    )


def _dockerfile(tree: SourceTree, target: Target) -> bytes:
    """Return the Dockerfile's content; raise ContextChangedError if it is not what the plan saw."""
    root = target.root.path
    path = f"{root}/{target.dockerfile}"
    try:
        entry = tree.stat(path)
        followed = follow_inside(tree, root, target.dockerfile, entry) if entry.kind == "link" else None
        content = tree.read(f"{root}/{followed[0]}" if followed else path, MAX_DOCKERFILE_BYTES)
    except (OSError, ValueError) as error:
        raise ContextChangedError(f"{path} can't be read any more: {error}") from error
    if hashlib.sha256(content).hexdigest() != target.content_digest:
        raise ContextChangedError(f"{path} changed while the build began")
    return content


def _replacements(task: Task, push_host: str) -> dict[int, str]:
    """Return index of an image use → the exact reference to build from."""
    bases = {base.key: f"{push_host}/{base.repository}@{base.digest}" for base in task.bases}
    image = task.image
    replacements = {base.index: bases[base.target] for base in image.node.bases if base.target}
    written = image.node.target.reading.images
    return replacements | {index: ref for index, ref in image.externals if ref != written[index].ref}


def _push(
    task: Task,
    services: Services,
    built: BuiltImage,
    ref: str,
    emit: Emit,
    cancellation: Cancellation,
    sealed: Seal,
) -> str:
    """Push the first ref, read its manifest back, and return its digest."""
    name = task.image.label
    started = services.clock.monotonic()
    services.registry.ping()

    def on_push(push: PushProgress) -> None:
        emit(ev.PushMoved(name, ref, push.status, push.current, push.total))

    told = services.builder.push(built, ref, on_push, cancellation)
    tag = task.image.node.tags[0]
    repository = task.image.node.target.name
    there = services.registry.manifest(repository, tag)
    if there is None:
        raise DigestMismatchError(
            f"the registry took {ref}, but has nothing there",
            "look at the registry's log and disk, then build again",
        )
    digest = there[0].digest
    if told and told != digest:
        raise DigestMismatchError(
            f"{ref} was pushed as {told}, but the registry has {digest}",
            "somebody else pushed the same tag at the same moment; build again",
        )
    labels = services.registry.labels(repository, digest) or {}
    if labels.get(LABEL) != sealed.fingerprint:
        raise DigestMismatchError(
            f"{ref} in the registry does not carry the fingerprint that was built",
            "somebody else pushed the same tag at the same moment; build again",
        )
    record_push(services, repository, there, labels, task.image.node.tags, [base.digest for base in task.bases])
    emit(ev.ImagePushed(name, task.image.refs[0], digest, services.clock.monotonic() - started))
    return digest


def _tag_all(task: Task, services: Services, digest: str, emit: Emit, done: str = "") -> None:
    """Make every other wanted tag point at the digest."""
    started = services.clock.monotonic()
    for tag, ref in zip(task.image.node.tags, task.image.refs, strict=True):
        if tag != done:
            services.registry.retag(task.image.node.target.name, digest, tag)
            emit(ev.ImagePushed(task.image.label, ref, digest, services.clock.monotonic() - started))


def _remember(services: Services, digest: str, sealed: Seal) -> None:
    services.cache.store_fingerprint(digest, sealed.fingerprint)
    try:
        parts = msgspec.msgpack.encode(dict(sealed.parts))
    except UnicodeEncodeError:
        # A file's name is no UTF-8: a later plan says that the inputs changed, and not which.
        return
    services.cache.store_readings(INPUTS, {sealed.fingerprint: parts})
