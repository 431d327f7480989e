"""Which images of ours are superseded, and why each of the others stays: values in, verdicts out.

An image is removed only if nothing speaks for it. What stays keeps what it needs: the images that it refers to, those
that it was built from, the parts that it is an index of, and its aliases. So the decision is a closure, from what is
needed for its own sake over everything that this needs in turn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import Literal

from edk.domain.cluster import RunningImage
from edk.domain.held import Held, alias_of
from edk.domain.reference import RegistryAliases, split_local

Why = Literal[
    "foreign",
    "unreadable",
    "tag",
    "tree",
    "chart",
    "cluster",
    "reference",
    "base",
    "part",
    "alias",
    "last",
    "recent",
    "undated",
    "unrecorded",
]
Key = tuple[str, str]

USES: tuple[Why, ...] = ("tag", "tree", "chart", "cluster", "reference", "base", "part", "alias")
"""Reasons that mean a use, those that say most first; the others are caution."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an image stays; `detail` names what it is needed by, or says when."""

    why: Why
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """How much is kept beside what is used.

    Args:
        now: seconds since the epoch.
        keep: of each repository, the last so many of ours.
        min_age: seconds; what was pushed later may be about to be used.
        unrecorded: whether images go too that carry our label, and of whose push there is no record here.
    """

    now: float
    keep: int = 3
    min_age: float = 3600.0
    unrecorded: bool = False


@dataclass(frozen=True, slots=True)
class Uses:
    """What is in use outside the registry.

    Args:
        tree: digests and fingerprints that the present tree asks for.
        charts: digest, or folder of an alias → the charts that name it.
        cluster: digests, and ``repository:tag``, that run in the cluster or are kept by its nodes.
    """

    tree: frozenset[str] = frozenset()
    charts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cluster: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """An image with all that speaks for it; without a reason it is removed."""

    held: Held
    reasons: tuple[Reason, ...]

    @property
    def superseded(self) -> bool:
        """Whether nothing speaks for it."""
        return not self.reasons

    @property
    def used(self) -> bool:
        """Whether something uses it."""
        return any(reason.why in USES for reason in self.reasons)


def judge(held: Iterable[Held], uses: Uses, rules: Rules) -> tuple[Verdict, ...]:
    """Return a verdict on every image, in the order given.

    Args:
        held: everything that the registry is known to hold, of whomever it is.
        uses: what is in use outside the registry.
        rules: how much is kept beside that.
    """
    images = {image.key: image for image in _with_parts(tuple(held))}
    last = _last(images.values(), rules.keep)
    reasons = {key: list(_own_reasons(image, key in last, uses, rules)) for key, image in images.items()}
    by_digest: dict[str, list[Key]] = {}
    for key in images:
        by_digest.setdefault(key[1], []).append(key)
    waiting = [key for key, found in reasons.items() if found]
    while waiting:
        image = images[waiting.pop()]
        for why, digest in _needs(image):
            for key in by_digest.get(digest, ()):
                if key == image.key or (why == "alias" and not alias_of(key[0])[0]):
                    continue
                if not reasons[key]:
                    waiting.append(key)
                reasons[key].append(Reason(why, _called(image)))
    return tuple(Verdict(image, _sorted(reasons[key])) for key, image in images.items())


def freed(verdicts: Iterable[Verdict], gone: Collection[Key]) -> int:
    """Return the bytes that become free: each blob once, and none that an image uses which stays.

    Args:
        verdicts: on everything that the registry is known to hold.
        gone: those that are removed.
    """
    going: dict[str, int] = {}
    staying: set[str] = set()
    for verdict in verdicts:
        if verdict.held.key in gone:
            going.update(verdict.held.contents.blobs)
        else:
            staying.update(digest for digest, _ in verdict.held.contents.blobs)
    return sum(size for digest, size in going.items() if digest not in staying)


def in_order(superseded: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Return images so that each comes before those that it needs: nothing half removed refers to what is gone."""
    by_digest: dict[str, list[Verdict]] = {}
    for verdict in superseded:
        by_digest.setdefault(verdict.held.digest, []).append(verdict)
    sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(by_digest, ()))
    for digest, group in by_digest.items():
        for _, needed in _needs(group[0].held):
            if needed in by_digest and needed != digest:
                sorter.add(needed, digest)
    try:
        return tuple(verdict for digest in sorter.static_order() for verdict in by_digest[digest])
    except CycleError:  # labels can say anything
        return tuple(superseded)


def _with_parts(held: tuple[Held, ...]) -> tuple[Held, ...]:
    """Return the same with what an index of ours holds as ours: attestations carry no label."""
    own = {(i.repository, part): i for i in held if i.contents.fingerprint for part in i.contents.parts}

    def adopted(image: Held) -> Held:
        index = own.get(image.key)
        if index is None:
            return image
        return replace(
            image,
            contents=replace(image.contents, fingerprint=image.contents.fingerprint or index.contents.fingerprint),
            pushed=max(image.pushed, index.pushed),
            recorded=image.recorded or index.recorded,
        )

    return tuple(map(adopted, held))


def _last(images: Collection[Held], keep: int) -> frozenset[Key]:
    """Return the last of ours in each repository; those inside an index are counted with it."""
    parts = {(image.repository, part) for image in images for part in image.contents.parts}
    rows: dict[str, list[Held]] = {}
    for image in images:
        if image.contents.fingerprint and image.key not in parts and not alias_of(image.repository)[0]:
            rows.setdefault(image.repository, []).append(image)
    return frozenset(
        image.key
        for row in rows.values()
        for image in sorted(row, key=lambda i: (i.pushed, i.digest), reverse=True)[:keep]
    )


def _own_reasons(image: Held, last: bool, uses: Uses, rules: Rules) -> Iterator[Reason]:
    """Yield what speaks for an image by itself."""
    folder = alias_of(image.repository)[0]
    if not image.readable:
        yield Reason("unreadable")
    elif not image.contents.fingerprint:
        yield Reason("foreign")
    if image.tags and not folder:
        yield Reason("tag", ", ".join(image.tags))
    if not uses.tree.isdisjoint((image.digest, image.contents.fingerprint)):
        yield Reason("tree")
    for name in sorted({*uses.charts.get(image.digest, ()), *uses.charts.get(folder, ())}):
        yield Reason("chart", name)
    if not uses.cluster.isdisjoint((image.digest, *(f"{image.repository}:{tag}" for tag in image.tags))):
        yield Reason("cluster")
    if last:
        yield Reason("last", str(rules.keep))
    if not image.recorded and not rules.unrecorded:
        yield Reason("unrecorded")
    if not image.pushed:
        yield Reason("undated")
    elif rules.now - image.pushed < rules.min_age:
        yield Reason("recent")


def _needs(image: Held) -> Iterator[tuple[Why, str]]:
    """Yield how and which digests an image that stays keeps."""
    yield from (("reference", digest) for digest in image.contents.refers)
    yield from (("base", digest) for digest in image.contents.bases)
    yield from (("part", digest) for digest in image.contents.parts)
    if not alias_of(image.repository)[0]:
        yield "alias", image.digest


def _called(image: Held) -> str:
    return f"{image.repository}:{image.tags[0]}" if image.tags else f"{image.repository}@{image.digest[:19]}"


def _sorted(reasons: list[Reason]) -> tuple[Reason, ...]:
    """Return the reasons without repetition, uses first."""
    order = {why: number for number, why in enumerate(USES)}
    return tuple(sorted(dict.fromkeys(reasons), key=lambda r: (order.get(r.why, len(order)), r.why, r.detail)))


def used_by(running: Iterable[RunningImage], aliases: RegistryAliases) -> frozenset[str]:
    """Return the digests, and ``repository:tag`` of the local registry, that a cluster's pods run or ask for.

    Args:
        running: what the containers of all pods run.
        aliases: the names of the local registry.
    """
    found: set[str] = set()
    for image in running:
        local = split_local(image.image, aliases)
        if local is not None:
            found.add(local.digest or f"{local.name}:{local.tag or 'latest'}")
        if image.digest:
            found.add(image.digest)
    return frozenset(found)
