"""What engines tell of themselves to `edk doctor`: whose rights they have, and what their build caches hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["root", "rootless", "unknown"]


@dataclass(frozen=True, slots=True)
class Rights:
    """Whose rights an engine has.

    Args:
        kind: ``root`` of its machine, or ``rootless``: an ordinary user's; ``unknown``: it does not tell.
        how: how it is known, or why it is not, e.g. ``user 1000``.
        snapshotter: by which it keeps layers, e.g. ``overlayfs``; empty if it does not tell.
        sandbox: whether a RUN step sees its own processes alone.
        unreached: why it does not get to the registry by the name that images are pushed to; empty if it does, or
            nobody asked it.
    """

    kind: Kind
    how: str = ""
    snapshotter: str = ""
    sandbox: bool = True
    unreached: str = ""


@dataclass(frozen=True, slots=True)
class CacheUse:
    """What a build cache holds, in bytes, without what images use too.

    Args:
        size: all of it.
        reclaimable: what no build uses at this moment.
        limit: above which the engine tidies up by itself; 0: it does not, or does not tell.
        kept: whether the engine keeps a build cache at all.
    """

    size: int
    reclaimable: int
    limit: int = 0
    kept: bool = True


@dataclass(frozen=True, slots=True)
class EngineSeen:
    """An engine, or one of several.

    Args:
        name: its address.
        rights: whose rights it has.
        cache: what its build cache holds.
    """

    name: str
    rights: Rights = Rights("unknown")
    cache: CacheUse = CacheUse(0, 0)
