"""Where an image comes from: looked up when it is built, and put into it as labels.

Nothing of it counts for the fingerprint, and nothing that is wrong with a repository keeps an image from being built.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from edk.domain.files import ContextFile
from edk.domain.graph import BaseLink
from edk.domain.history import Revision, blob_name, differs_at_a_glance
from edk.domain.labels import Origin, base_index, origin_labels
from edk.domain.litter import is_litter
from edk.domain.plan import PlannedImage
from edk.domain.redaction import Redactor, secrets_of
from edk.domain.reference import RegistryAliases, split_local
from edk.orchestrator.contexts import rules_of
from edk.orchestrator.memory import context_root
from edk.orchestrator.walk import follow_inside

if TYPE_CHECKING:
    from edk.orchestrator.services import Services
    from edk.orchestrator.worker import Task
    from edk.ports import Cache, SourceTree
    from edk.settings import Settings

_BLOBS = "blobs"


def origin_of(task: Task, services: Services, tree: SourceTree) -> Origin:
    """Return where an image comes from, as everything stands when its build begins.

    Args:
        task: the build.
        services: the ports.
        tree: the file system as it stands now.
    """
    settings = services.settings
    target = task.image.node.target
    name, digest = base_of(task, settings)
    origin = Origin(
        dockerfile=target.dockerfile, created=moment(settings, services.clock.now()), base_name=name, base_digest=digest
    )
    path = posixpath.normpath(f"{target.root.path}/{target.dockerfile}")
    revision = services.history.revision(posixpath.dirname(path)) if services.history else None
    if revision is None:
        return origin
    return replace(
        origin,
        revision=revision.commit,
        source=revision.source,
        dirty="true" if is_dirty(task.image, services.cache, tree, revision) else "false",
        dockerfile=revision.relative(path),
    )


def labels_of(task: Task, origin: Origin, settings: Settings) -> tuple[tuple[str, str], ...]:
    """Return the labels that tell of it, secrets masked."""
    target = task.image.node.target
    redactor = Redactor(secrets_of(settings.build_args, settings.proxies))
    own = (label.name for label in target.reading.labels)
    labels = origin_labels(origin, target.name, target.version or task.image.node.tags[0], own)
    return tuple((name, redactor.text(value)) for name, value in labels)


def moment(settings: Settings, now: float) -> str:
    """Return a time by RFC 3339; that of SOURCE_DATE_EPOCH if it is set, so that builds can be repeated."""
    from datetime import UTC, datetime

    seconds = settings.source_date_epoch if settings.source_date_epoch >= 0 else now
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def base_of(task: Task, settings: Settings) -> tuple[str, str]:
    """Return reference and digest of the image that the last stage stands on; the digest is empty if not known."""
    image = task.image
    index = base_index(image.node.target.reading)
    link = next((base for base in image.node.bases if base.index == index), None)
    if link is None:
        return "", ""
    built = next((base for base in task.bases if base.key == link.target), None)
    if built is None:
        ref = dict(image.externals).get(index, link.external)
        return link.external, ref.partition("@")[2]
    return local_ref(link, built.repository, settings), built.digest


def local_ref(link: BaseLink, repository: str, settings: Settings) -> str:
    """Return the whole reference of a base that another target yields, with the tag that it was asked for by."""
    aliases = RegistryAliases.of(settings.registry, settings.registry_push, settings.platform_registry)
    local = split_local(link.ref, aliases)
    tag = (local.tag if local else "") or "latest"
    return f"{settings.registry}/{repository}:{tag}"


def is_dirty(image: PlannedImage, cache: Cache, tree: SourceTree, revision: Revision) -> bool:
    """Tell whether an image is made of anything else than what a commit holds; if in doubt, it is."""
    target = image.node.target
    root = context_root(target)
    folder = revision.relative(root)
    if not folder and root != revision.top:
        return True
    try:
        ignore, rules = rules_of(tree, target, image.context.whole_because)
        files = [*image.context.files, *_beside(tree, image, root, ignore)]
        there = {file.path for file in files}
        gone = (p for p in revision.below(folder) if p not in there and rules.wants(p, is_dir=False))
        if any(not is_litter(posixpath.basename(path)) for path in gone):
            return True
        return _differs(revision, folder, root, files, cache, tree)
    except (OSError, ValueError):
        return True


def _beside(tree: SourceTree, image: PlannedImage, root: str, ignore: str) -> Iterable[ContextFile]:
    """Return the files that say what to build of the context: the Dockerfile, and what is left out."""
    target = image.node.target
    known = {file.path for file in image.context.files}
    # One Dockerfile may lie in another folder than the context; then its path leads there.
    dockerfile = posixpath.relpath(f"{target.root.path}/{target.dockerfile}", root)
    for path in dict.fromkeys((dockerfile, ignore)):
        if not path or path in known:
            continue
        entry = tree.stat(posixpath.normpath(f"{root}/{path}"))
        if entry.kind == "link" and path == dockerfile:
            followed = follow_inside(tree, target.root.path, target.dockerfile, entry)
            if followed is not None:
                where = posixpath.relpath(f"{target.root.path}/{followed[0]}", root)
                yield ContextFile(where, "file", False, followed[1].size, target.content_digest, "", followed[1].mode)
        whole = f"{root}/{path}"
        digest = tree.digest(posixpath.normpath(whole), entry) if entry.kind == "file" else ""
        yield ContextFile(path, entry.kind, bool(entry.mode & 0o111), entry.size, digest, entry.target, entry.mode)


def _differs(
    revision: Revision,
    folder: str,
    root: str,
    files: Iterable[ContextFile],
    cache: Cache,
    tree: SourceTree,
) -> bool:
    undecided: list[tuple[ContextFile, str]] = []
    for file in files:
        path = posixpath.normpath(posixpath.join(folder, file.path))
        seen = differs_at_a_glance(revision, path, file)
        if seen:
            return True
        if seen is None:
            undecided.append((file, revision.files[path][1]))
    keys = [f"{revision.algorithm}:{file.digest}" for file, _ in undecided]
    names: Mapping[str, bytes] = cache.readings(_BLOBS, keys)
    pairs = list(zip(undecided, keys, strict=True))
    if any(key in names and names[key].decode() != blob for (_, blob), key in pairs):
        return True
    # The small ones first: what differs is mostly among them.
    for (file, blob), key in sorted(pairs, key=lambda pair: pair[0][0].size):
        if key not in names:
            name = _read_name(tree, posixpath.normpath(f"{root}/{file.path}"), file, revision.algorithm)
            if name != blob:
                return True
            cache.store_readings(_BLOBS, {key: name.encode()})
    return False


def _read_name(tree: SourceTree, path: str, file: ContextFile, algorithm: str) -> str:
    """Return what git calls a file's content; empty if that is not what the plan saw."""
    seen = hashlib.sha256()

    def pieces() -> Iterator[bytes]:
        for piece in tree.chunks(path):
            seen.update(piece)
            yield piece

    name = blob_name(algorithm, file.size, pieces())
    return name if seen.hexdigest() == file.digest else ""
