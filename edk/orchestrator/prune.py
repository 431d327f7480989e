"""The removal of what is superseded.

A survey decided; here each image is looked at once more before it goes, under the lock of its target, for a build may
have gone on meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from edk.domain import events as ev
from edk.domain.chart_pruning import ChartArchive
from edk.domain.errors import BuildError
from edk.domain.held import Held
from edk.domain.pruning import Key, Verdict, in_order
from edk.domain.survey import Removed, Survey
from edk.orchestrator.chart_shelf import remove_archive
from edk.orchestrator.services import Services
from edk.orchestrator.survey import Asked
from edk.ports import EngineDisk


def remove(services: Services, disk: EngineDisk, found: Survey, asked: Asked, shown: Collection[Key]) -> Removed:
    """Remove what is superseded.

    Args:
        services: the ports.
        disk: of the engine.
        found: a survey made just now.
        asked: what it was made by.
        shown: repository and digest of what the user agreed to; nothing else is removed.

    Raises:
        BuildError: the registry does not let images be deleted, or another prune is at work.
        RegistryUnreachableError: it went away; what is removed until then stays removed.
    """
    lock = services.locks.try_acquire(f"prune {services.settings.push_host}")
    if lock is None:
        raise BuildError("another edk prune is at work on this registry", "wait until it is done")
    try:
        done = _images(services, [v for v in in_order(found.superseded) if v.held.key in shown], found.time)
        charts = tuple(a.path for a in found.old_charts if _chart_went(services, a))
    finally:
        lock.release()
    copies = size = cache = 0
    if found.engine.copies:
        copies, size = disk.remove_copies(found.time - asked.copies_age)
    if 0 <= asked.cache_limit < found.engine.cache_bytes:
        cache = disk.prune_cache(asked.cache_limit)
    if copies or cache:
        services.sink.emit(ev.EngineTidied(copies, size, cache))
    return Removed(
        images=tuple(key for key, why in done if not why),
        stayed=tuple((key, why) for key, why in done if why),
        charts=charts,
        copies=copies,
        engine_bytes=size + cache,
    )


def _images(services: Services, superseded: Sequence[Verdict], since: float) -> list[tuple[Key, str]]:
    """Remove images one by one, and return each with why it stays, empty if it is gone."""
    done: list[tuple[Key, str]] = []
    for verdict in superseded:
        held = verdict.held
        why = _remove_image(services, held, since)
        if why:
            services.sink.emit(ev.RemovalRefused(held.repository, held.digest, why))
        else:
            services.sink.emit(ev.ImageRemoved(held.repository, held.digest, held.tags, held.contents.size))
        done.append((held.key, why))
    return done


def _remove_image(services: Services, held: Held, since: float) -> str:
    """Remove one image unless it came into use since; return why it stays, empty if it is gone.

    The lock is that which a build of the same name holds from its start until all its tags stand.
    """
    name = f"{services.settings.push_host}/{held.name}"
    lock = services.locks.try_acquire(name)
    if lock is None:
        return f"{services.locks.holder(name) or 'another process'} is at work on {held.name}"
    try:
        why = _came_into_use(services, held, since)
        if not why:
            services.registry.delete(held.repository, held.digest)
            services.cache.forget_pushes(services.settings.push_host, [held.key])
        return why
    finally:
        lock.release()


def _came_into_use(services: Services, held: Held, since: float) -> str:
    """Return what uses an image since the survey; empty if nothing does, as far as anybody can tell."""
    for push in services.cache.pushes(services.settings.push_host, since):
        needed = (push.digest, *push.contents.refers, *push.contents.bases, *push.contents.parts)
        if push.time >= since and held.digest in needed:
            return f"a build of {push.repository} has just come to use it"
    for tag in services.registry.tags(held.repository):
        there = services.registry.head(held.repository, tag) if tag not in held.tags else None
        if there is not None and there.digest == held.digest:
            return f"the tag {tag} points at it now"
    return ""


def _chart_went(services: Services, archive: ChartArchive) -> bool:
    why = remove_archive(archive)
    if why:
        services.sink.emit(ev.RemovalRefused(archive.path, "", why))
    else:
        services.sink.emit(ev.ChartRemoved(archive.path, archive.size))
    return not why
