"""Rules about the images that operators, charts and Dockerfiles name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from edk.domain.checking.gathered import Gathered, place_of
from edk.domain.checking.model import Edit, FileEdit, Finding
from edk.domain.checking.rules_dockerfiles import put_line
from edk.domain.checking.uses import uses
from edk.domain.codes import conventions as codes
from edk.domain.graph import BaseLink, Node
from edk.domain.reference import (
    ImageRef,
    InvalidReferenceError,
    parse_symbolic,
    split_local,
    substitute,
    variables_of,
)
from edk.domain.workspace import Target

_IN_CLUSTER = re.compile(r"local-registry\.[\w.-]+:\d+/")
"""The local registry as it is called inside of a cluster, where no setting says so."""

_LOCAL_ONLY = "local-only"
_TAGLESS = ("dag", "processing")
"""How charts name images without a tag: the platform's own follows."""


def image_rules(gathered: Gathered) -> Iterator[Finding]:
    """Yield what is wrong with the images that are named."""
    yield from _hidden_operators(gathered)
    yield from _tags(gathered)
    yield from _ignored(gathered)
    for node in gathered.nodes:
        for link in node.bases:
            yield from _base(gathered, node, link)


def _hidden_operators(gathered: Gathered) -> Iterator[Finding]:
    for root, image in gathered.hidden:
        local = split_local(substitute(image.value, gathered.names.variables), gathered.names.aliases)
        if local is not None:
            file = image.file.rpartition("/")[2]
            message = f"{file} names the image {local.name!r}, but has no “operator” in its name and is overlooked"
            yield Finding(root, codes.HIDDEN_OPERATOR.at(image.file, image.line, message, column=image.column))


def _tags(gathered: Gathered) -> Iterator[Finding]:
    for use in uses(gathered):
        for target in use.targets:
            if not use.tag and use.how == "operator":
                message = f"{use.name!r} is named without a tag, which means latest, and that is not made"
            elif not use.tag or use.how in _TAGLESS or _is_made(target, use.tag, gathered):
                continue
            else:
                message = f"the tag {use.tag!r} of {use.name!r} is not {_expected(target, gathered)}"
            yield Finding(use.root, codes.ODD_TAG.at(use.file, use.line, message, column=use.column))


def _is_made(target: Target, tag: str, gathered: Gathered) -> bool:
    return bool(variables_of(tag)) or tag in _made(target, gathered)


def _made(target: Target, gathered: Gathered) -> tuple[str, ...]:
    first = "latest" if target.local_only else gathered.names.build_version
    return tuple(dict.fromkeys(tag for tag in (first, target.version, target.tag) if tag))


def _expected(target: Target, gathered: Gathered) -> str:
    made = [repr(tag) for tag in _made(target, gathered)]
    version = target.version and target.version != made[0].strip("'")
    words = " or ".join(made[:1] + [f"its VERSION {target.version!r}"] * bool(version))
    return words if target.local_only else f"the platform's version {words}"


def _ignored(gathered: Gathered) -> Iterator[Finding]:
    """Yield who refers to an ignored image; an operator whose own DAG image is ignored never gets to ask for it."""
    unused = tuple(
        (n.target.root, f"{n.target.context}/")
        for n in gathered.nodes
        if n.role == "dag" and n.target.build_ignore and n.target.context
    )
    for use in uses(gathered):
        if any(use.root == root and use.file.startswith(inside) for root, inside in unused):
            continue
        for target in use.targets:
            if target.build_ignore:
                message = f"{use.name!r} is not built: {target.dockerfile} has LABEL BUILD_IGNORE"
                yield Finding(use.root, codes.IGNORED_IMAGE.at(use.file, use.line, message, column=use.column))


def _base(gathered: Gathered, node: Node, link: BaseLink) -> Iterator[Finding]:
    """Yield what is wrong with an image that a Dockerfile stands on or copies from."""
    root, file = node.target.root, node.target.dockerfile
    written = node.target.reading.images[link.index]
    local = split_local(link.ref, gathered.names.aliases)
    if local is None and _IN_CLUSTER.match(link.ref):
        message = f"{link.ref.partition('/')[0]} is known in one cluster alone"
        yield Finding(root, codes.CLUSTER_ADDRESS.at(file, link.line, message), _without_address(gathered, node, link))
        return
    if local is None:
        parsed = _parsed(link.ref)
        if parsed is not None and not parsed.digest and parsed.tag in {"", "latest"}:
            message = f"{link.ref!r} is whatever its registry calls latest when the image is built"
            stage = written.how != "from" and "/" not in link.ref and not parsed.tag
            hint = f"if a stage is meant, write FROM … AS {link.ref}; else name a version" if stage else ""
            yield Finding(root, codes.LATEST_BASE.at(file, link.line, message, hint))
        return
    base = gathered.by_key.get(link.target)
    if base is None or local.digest:
        return
    if local.tag and not _is_made(base.target, local.tag, gathered) and local.tag != "latest":
        message = f"the tag {local.tag!r} of {local.name!r} is not {_expected(base.target, gathered)}"
        yield Finding(root, codes.ODD_TAG.at(file, link.line, message))
    prefix = link.ref.partition(f"/{local.name}")[0]
    if base.target.local_only and prefix in _addresses(gathered):
        message = f"{prefix} is known in one cluster alone"
        yield Finding(root, codes.CLUSTER_ADDRESS.at(file, link.line, message), _without_address(gathered, node, link))
    elif prefix == _LOCAL_ONLY and not base.target.local_only and base.target.root.kind == "extension":
        yield _unmarked(gathered, base.target, node.target, written.line)


def _addresses(gathered: Gathered) -> tuple[str, ...]:
    """Return the addresses of the local registry, as they stand before a name."""
    return tuple(p for p in gathered.names.aliases.prefixes if ":" in p and p != gathered.names.platform_registry)


def _without_address(gathered: Gathered, node: Node, link: BaseLink) -> tuple[FileEdit, ...]:
    """Return the edit that names a local-only base as one; none if the platform has no such base."""
    use = node.target.reading.images[link.index]
    found = gathered.catalog.find(link.ref.partition("/")[2].partition(":")[0])
    if len(found) != 1 or not found[0].local_only:
        return ()
    if use.start < 0 or use.written != use.ref or use.end - use.start != len(use.ref):
        return ()
    suffix = use.ref[len(link.ref.partition("/")[0]) :]
    edit = Edit(use.start, use.end, f"{_LOCAL_ONLY}{suffix}".encode())
    return (FileEdit(node.target.dockerfile, node.target.content_digest, edit),)


def _unmarked(gathered: Gathered, base: Target, user: Target, line: int) -> Finding:
    where = f"{user.dockerfile}:{line}"
    message = f"{where} stands on local-only/{base.name}, but this has no LABEL REGISTRY=\"local-only\""
    found = codes.NOT_MARKED_LOCAL.at(base.dockerfile, base.name_line, message)
    facts = gathered.dockerfiles.get(place_of(base))
    named = [one for one in facts.labels if any(name == "IMAGE" for name, _ in one.pairs)] if facts else []
    other = facts is not None and any(name == "REGISTRY" for one in facts.labels for name, _ in one.pairs)
    if facts is None or not named or other or facts.digest != base.content_digest:
        return Finding(base.root, found)
    edit = put_line(facts, named[-1].end, 'LABEL REGISTRY="local-only"')
    return Finding(base.root, found, (FileEdit(base.dockerfile, facts.digest, edit),))


def _parsed(ref: str) -> ImageRef | None:
    try:
        return parse_symbolic(ref)
    except InvalidReferenceError:
        return None
