"""Garbage collection of the registry that we run ourselves: only then does the disk get back what was removed.

It is stop-the-world: what is pushed while it runs may lose its blobs, and a registry that keeps running believes
in blobs that are gone. So nobody builds meanwhile, the registry is stopped, and what it held is looked for after it.
"""

from __future__ import annotations

from edk.domain import events as ev
from edk.domain.errors import BuildError
from edk.orchestrator.inventory import damaged
from edk.orchestrator.services import Services
from edk.orchestrator.survey import look_into
from edk.ports import FileLock, OwnRegistry

_LATER = "run edk prune --gc again when it is done; a watcher between two saves is no obstacle"
_REBUILD = "build them again with edk build --force"


def collect_garbage(services: Services, own: OwnRegistry) -> int:
    """Have our registry free what no manifest names, while nobody builds, and look for all that it held.

    Returns:
        The bytes freed.

    Raises:
        BuildError: a build is at work, the collection failed, or something is missing after it.
        RegistryUnreachableError: the registry did not come back.
    """
    started = services.clock.monotonic()
    inventory = look_into(services, own)
    images = [image for image in inventory.held if image.readable]
    locks: list[FileLock] = []
    try:
        for name in sorted({image.name for image in images if image.contents.fingerprint}):
            lock = services.locks.try_acquire(f"{services.settings.push_host}/{name}")
            if lock is None:
                holder = services.locks.holder(f"{services.settings.push_host}/{name}") or "another process"
                raise BuildError(f"{holder} is at work on {name}: garbage is collected while nobody builds", _LATER)
            locks.append(lock)
        before = damaged(services.registry, images)
        size = own.collect()
        lost = {key: what for key, what in damaged(services.registry, images).items() if key not in before}
    finally:
        for lock in locks:
            lock.release()
    if lost:
        named = "; ".join(f"{repository}@{digest}: {what}" for (repository, digest), what in sorted(lost.items())[:5])
        raise BuildError(f"after garbage collection {len(lost)} images are not whole any more: {named}", _REBUILD)
    services.sink.emit(ev.GarbageCollected(size, len(images), services.clock.monotonic() - started))
    return size
