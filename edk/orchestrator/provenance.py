"""What is kept of a build once its image stands in the registry: how it came to be, and what is in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import edk
from edk.domain import events as ev
from edk.domain.artifacts import Document
from edk.domain.errors import EdkError, UsageError
from edk.domain.fingerprint import declared
from edk.domain.labels import Origin
from edk.domain.provenance import MEDIA_TYPE as IN_TOTO
from edk.domain.provenance import BuildFacts, Dependency, canonical, statement
from edk.domain.redaction import Redactor, secrets_of
from edk.orchestrator.attesting import attach
from edk.orchestrator.labels import local_ref, moment

if TYPE_CHECKING:
    from edk.orchestrator.sealing import Seal
    from edk.orchestrator.services import Services
    from edk.orchestrator.worker import Task
    from edk.settings import Settings

PROVENANCE = "provenance"
SBOM = "sbom"
CYCLONEDX = "application/vnd.cyclonedx+json"


def keep_records(
    task: Task, services: Services, origin: Origin, sealed: Seal, digest: str, emit: Callable[[ev.Event], None]
) -> None:
    """Keep what is to be kept of an image that was just pushed.

    The image stands, whatever comes of this: what goes wrong here is told, and fails nothing.

    Args:
        task: the build.
        services: the ports.
        origin: where the image comes from.
        sealed: its inputs, with the references that it ships.
        digest: of its manifest.
        emit: takes events.
    """
    if services.records is None:
        return
    name = task.image.node.target.name
    documents = [Document(PROVENANCE, IN_TOTO, record_of(task, services, origin, sealed, digest))]
    try:
        if services.settings.sbom and services.inventory is not None:
            documents.append(Document(SBOM, CYCLONEDX, bill_of(services, name, digest)))
    except EdkError as error:
        emit(ev.Noticed(f"no bill of materials of {task.image.label} could be made: {error.message}", error.hint))
    for document in documents:
        try:
            services.records.write(document.kind, digest, document.content)
            if services.settings.attest:
                attach(services.registry, name, digest, document, moment(services.settings, services.clock.now()))
        except OSError as error:
            emit(ev.Noticed(f"the {document.kind} of {task.image.label} could not be kept: {error}"))
        except EdkError as error:
            said = f"the {document.kind} of {task.image.label} is not in the registry: {error.message}"
            emit(ev.Noticed(said, f"edk {document.kind} {name} --attest puts it there later"))


def bill_of(services: Services, repository: str, digest: str) -> bytes:
    """Make a bill of materials, secrets masked: what it lists of the image's labels may come from a build argument.

    Raises:
        EdkError: see `edk.ports.Inventory.bill`.
    """
    if services.inventory is None:
        raise UsageError("nothing makes bills of materials here")
    settings = services.settings
    redactor = Redactor(secrets_of(settings.build_args, settings.proxies))
    return redactor.text(services.inventory.bill(repository, digest).decode("utf-8", "replace")).encode()


def record_of(task: Task, services: Services, origin: Origin, sealed: Seal, digest: str) -> bytes:
    """Return the provenance of an image as canonical JSON, secrets masked."""
    settings = services.settings
    reading = task.image.node.target.reading
    facts = BuildFacts(
        image=f"{settings.registry}/{task.image.node.target.name}",
        digest=digest,
        origin=origin,
        platform=settings.platform,
        build_args=declared(settings.build_args, (arg.name for arg in reading.args)),
        dependencies=_dependencies(task, settings),
        fingerprint=sealed.fingerprint,
        parts=sealed.parts,
        versions={"edk": edk.__version__, **_engine(services)},
        finished=moment(settings, services.clock.now()),
    )
    redactor = Redactor(secrets_of(settings.build_args, settings.proxies))
    return canonical(redactor.json(statement(facts)))


def _dependencies(task: Task, settings: Settings) -> tuple[Dependency, ...]:
    built = {base.key: base for base in task.bases}
    exact = dict(task.image.externals)
    found = []
    for link in task.image.node.bases:
        base = built.get(link.target)
        if base is not None:
            found.append(Dependency(local_ref(link, base.repository, settings), base.digest))
        else:
            found.append(Dependency(link.external, exact.get(link.index, link.external).partition("@")[2]))
    return tuple(dict.fromkeys(found))


def _engine(services: Services) -> dict[str, str]:
    try:
        engine = services.builder.describe()
    except EdkError:
        # It went away behind the build: its name is not worth more than the record.
        return {}
    return {engine.name: engine.version}
