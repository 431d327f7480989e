"""What the registry holds, for people: each image with its size and origin, who refers to it, whether it is current.

Values in, values out: the verdicts of a survey, what the images tell of themselves, and what the present tree yields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from edk.domain.described import Description, PlatformImage
from edk.domain.held import Held, alias_of
from edk.domain.labels import DIRTY, REVISION
from edk.domain.pruning import Verdict
from edk.domain.sharing import Families

State = Literal["current", "stale", "earlier", "orphaned", "unknown", "foreign", "unreadable"]
STATES: Mapping[State, str] = {
    "current": "the present tree would build just this",
    "stale": "a tag that the tree asks for leads to it, and the tree would build another one now",
    "earlier": "an earlier build of an image that the tree yields",
    "orphaned": "no Dockerfile of the present tree yields an image of this name",
    "unknown": "there is nothing to compare it with",
    "foreign": "it was not built by the EDK",
    "unreadable": "the registry does not hold it whole",
}


@dataclass(frozen=True, slots=True)
class Referrer:
    """A place that refers to an image.

    Args:
        extension: whose it is; ``platform`` or ``bundled`` for what is of none.
        file: relative to the root that it was found in.
        line: in it.
        owner: the class, chart or image that refers.
        how: ``operator``, ``base``, ``dag`` or what a chart calls it.
    """

    extension: str
    file: str
    line: int
    owner: str
    how: str


@dataclass(frozen=True, slots=True)
class Yielded:
    """What the present tree says of an image.

    Args:
        dockerfile: that yields it, relative to its root.
        extension: whose it is, see `Referrer`.
        planned: whether an extension that was read needs it: only then its inputs were looked at.
        tags: that it must have.
        prints: fingerprints that a build of it would carry; empty where they can't be known.
        digest: of the image that is right, if the registry has it.
        reason: why it is to be built, or can't be.
        blocked: whether it can't be built.
        referrers: who refers to it.
    """

    dockerfile: str
    extension: str
    planned: bool = False
    tags: tuple[str, ...] = ()
    prints: frozenset[str] = frozenset()
    digest: str = ""
    reason: str = ""
    blocked: bool = False
    referrers: tuple[Referrer, ...] = ()


@dataclass(frozen=True, slots=True)
class TreeView:
    """What the present tree yields.

    Args:
        targets: name of an image → what is said of it.
        read: whether there was a tree.
        broken: Dockerfiles that can't be read, so that nobody knows what they yield.
    """

    targets: Mapping[str, Yielded] = field(default_factory=dict)
    read: bool = False
    broken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed(Verdict):
    """An image as it is listed: what a prune would say of it, and what it tells of itself.

    Args:
        description: what it tells; of an index, what the usual platform's image tells.
        platforms: of an index, what it consists of.
        state: see `STATES`.
        why: the state in words.
        size: bytes of all that it is stored in, of an index with its parts.
        shared: how much of that other images are stored in too.
        built: seconds since the epoch; 0: not known.
        index: digest of the index that it is a part of; empty if of none.
        alias_of: the image of which it is a copy under an address that holds its content; empty if it is none.
        yielded: what the tree says of its name; None if nothing.
    """

    description: Description
    platforms: tuple[PlatformImage, ...]
    state: State
    why: str
    size: int
    shared: int
    built: float
    index: str = ""
    alias_of: str = ""
    yielded: Yielded | None = None

    @property
    def ours(self) -> bool:
        """Whether it was built by the EDK."""
        return bool(self.held.contents.fingerprint)

    @property
    def commit(self) -> str:
        """Return the commit that it was built from, empty if it is not known; others inherit that of their base."""
        return self.description.label(REVISION) if self.ours else ""

    @property
    def dirty(self) -> bool:
        """Whether files were not as the commit has them."""
        return self.ours and self.description.label(DIRTY) == "true"

    @property
    def called(self) -> str:
        """Return how it is called: by its first tag, else by its digest."""
        return called(self.held)

    @property
    def whole(self) -> bool:
        """Whether it stands for itself: no part of an index, no alias of what is there under its own name."""
        return not self.index and not self.alias_of


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that the registry holds.

    Args:
        time: when it was looked at, in seconds since the epoch.
        images: in the order of their names, the newest first.
        stored: bytes of all blobs, each once.
        unreadable: repositories that could not be read.
        complete: see `edk.domain.survey.Inventory`.
        tree_read: whether there was a tree to compare with.
    """

    time: float
    images: tuple[Listed, ...]
    stored: int = 0
    unreadable: tuple[str, ...] = ()
    complete: bool = False
    tree_read: bool = False

    def find(self, repository: str, tag: str = "", digest: str = "") -> Listed | None:
        """Return an image; without tag and digest the one that says most: what is current, else has a tag, is newest.

        Args:
            repository: its name.
            tag: that points at it; empty: any.
            digest: of its manifest, or how that begins; empty: any.
        """
        found = [
            image
            for image in self.images
            if image.held.repository == repository
            and (not tag or tag in image.held.tags)
            and (not digest or image.held.digest.startswith(digest))
        ]
        wanted = [image for image in found if digest or not image.index] or found
        return max(wanted, key=_says_most, default=None)


def _says_most(image: Listed) -> tuple[bool, bool, float, str]:
    return image.state == "current", bool(image.held.tags), image.built, image.held.digest


def called(held: Held) -> str:
    """Return how an image is called: by its first tag, else by its digest."""
    return f"{held.repository}:{held.tags[0]}" if held.tags else f"{held.repository}@{held.digest[:19]}"


def catalogue(
    time: float,
    verdicts: Sequence[Verdict],
    described: Mapping[str, Description],
    built: Mapping[str, float],
    tree: TreeView,
) -> Catalogue:
    """Return everything that the registry holds.

    Args:
        time: when it was looked at.
        verdicts: on each image.
        described: digest → what the image tells; what can't be read is missing.
        built: digest → when it was built, by its own word; what does not tell is missing.
        tree: what the present tree yields.
    """
    held = [verdict.held for verdict in verdicts]
    families = Families(held)
    names = {(image.repository, image.digest) for image in held}
    rows = []
    for verdict in verdicts:
        image = verdict.held
        own = described.get(image.digest, Description())
        usual = next((p.digest for p in own.platforms if p.platform == "linux/amd64"), "")
        told = described.get(usual or next((p.digest for p in own.platforms), ""), own)
        state, why = _state(image, tree)
        behind = alias_of(image.repository)[1]
        pushed = image.pushed
        rows.append(
            Listed(
                image,
                verdict.reasons,
                told,
                own.platforms,
                state,
                why,
                families.size(image),
                families.shared(image),
                built.get(image.digest) or next(filter(None, (built.get(p.digest) for p in own.platforms)), pushed),
                families.index_of(image.digest),
                behind if (behind, image.digest) in names else "",
                tree.targets.get(image.name),
            )
        )
    rows.sort(key=lambda row: (row.held.name, row.held.repository, -row.built, row.held.digest))
    return Catalogue(time, tuple(rows), families.stored, tree_read=tree.read)


def _state(image: Held, tree: TreeView) -> tuple[State, str]:
    """Return an image's state, and why it is so where that is more than `STATES` says."""
    if not image.readable:
        return "unreadable", STATES["unreadable"]
    if not image.contents.fingerprint:
        return "foreign", STATES["foreign"]
    if not tree.read:
        return "unknown", "no extension is read here"
    target = tree.targets.get(image.name)
    if target is None and tree.broken:
        # One that is being edited has not lost its image.
        return "unknown", f"no Dockerfile is known to yield it, but {', '.join(tree.broken[:3])} can't be read"
    if target is None:
        return "orphaned", STATES["orphaned"]
    if image.contents.fingerprint in target.prints or image.digest == target.digest:
        return "current", STATES["current"]
    if not target.planned:
        return "unknown", "no extension that was read needs it, so its inputs were not looked at"
    if target.blocked:
        return "unknown", f"its Dockerfile can't be built: {target.reason}"
    if alias_of(image.repository)[0] or not {*image.tags} & {*target.tags}:
        return "earlier", STATES["earlier"]
    return "stale", target.reason
