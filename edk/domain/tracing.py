"""From a saved file to what a workflow run really gets: a chain of links, and the first of them that is stale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "stale", "missing", "unknown"]
Where = Literal["source", "fingerprint", "registry", "dag", "chart", "platform", "cluster"]
WORDS: dict[Where, str] = {
    "source": "saved file",
    "fingerprint": "inputs",
    "registry": "registry",
    "dag": "DAG image",
    "chart": "chart",
    "platform": "platform",
    "cluster": "nodes",
}


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain.

    Args:
        where: which one.
        name: of what it is about: a file, an image, a chart, a node.
        value: what stands there: a hash, a digest, a reference.
        state: ``ok``: what comes from the link before; ``stale``: something else; ``missing``: nothing;
            ``unknown``: it could not be looked at.
        detail: why, for people.
        remedy: what to do; empty if nothing.
    """

    where: Where
    name: str
    value: str
    state: State = "ok"
    detail: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """What became of one image on its way.

    Args:
        image: its name.
        links: in the order of the way.
    """

    image: str
    links: tuple[Link, ...]

    @property
    def broken(self) -> Link | None:
        """Return the first link that is stale or missing, None if a run gets what was saved as far as is known."""
        return next((link for link in self.links if link.state in {"stale", "missing"}), None)

    @property
    def unknown(self) -> tuple[Link, ...]:
        """Return the links that could not be looked at."""
        return tuple(link for link in self.links if link.state == "unknown")


@dataclass(frozen=True, slots=True)
class Named:
    """A reference found further down the chain.

    Args:
        ref: as it is written.
        digest: of the image that it leads to now; empty if to none.
        fixed: whether it leads to the same image for ever: by its digest, or by a path that holds it.
    """

    ref: str
    digest: str
    fixed: bool


def judge_reference(named: Named, wanted: str) -> tuple[State, str]:
    """Say whether a reference leads to the image that is wanted, and why not.

    Args:
        named: the reference.
        wanted: digest of the image; empty: there is none.
    """
    if not named.digest:
        return "missing", "it leads to nothing in the registry"
    if not wanted:
        return "unknown", "the image itself is not in the registry"
    if named.digest != wanted:
        return "stale", f"it leads to {short(named.digest)}, but the image is {short(wanted)}"
    if not named.fixed:
        return "ok", "by its tag: a node that has an older image of this tag goes on using that one"
    return "ok", ""


def judge_nodes(nodes: Sequence[tuple[str, tuple[str, ...]]], wanted: str) -> tuple[State, str]:
    """Say what nodes have of an image.

    Args:
        nodes: name of each → the digests that it has under the image's name.
        wanted: digest of the image.
    """
    have = sorted(node for node, digests in nodes if wanted in digests)
    older = sorted(node for node, digests in nodes if digests and wanted not in digests)
    if have:
        more = f"; only older ones on {', '.join(older)}" if older else ""
        return "ok", f"on {', '.join(have)}{more}"
    if older:
        return "ok", f"older ones on {', '.join(older)}; the next run pulls it"
    return "ok", "no node tells of it; the next run pulls it"


def short(digest: str) -> str:
    """Return a digest's first digits, as ``sha256:0b33d53dee5e``."""
    return digest[: len("sha256:") + 12]
