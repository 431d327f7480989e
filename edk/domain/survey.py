"""What was found of ours, what of it is superseded, and what was removed: values that every surface shows."""

from __future__ import annotations

from dataclasses import dataclass

from edk.domain.chart_pruning import ChartArchive
from edk.domain.held import Held
from edk.domain.pruning import Key, Verdict, freed


@dataclass(frozen=True, slots=True)
class Inventory:
    """What the registry holds.

    Args:
        held: each image once.
        unreadable: repositories that could not be read.
        complete: whether images are known too that nobody points at and that are not of ours.
        gone: pushes on record that the registry has no more.
    """

    held: tuple[Held, ...]
    unreadable: tuple[str, ...] = ()
    complete: bool = False
    gone: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineUse:
    """What of the engine's disk was of use once.

    Args:
        copies: images of ours that it keeps without a tag.
        copies_bytes: theirs, at most: layers may be shared.
        cache_bytes: of its build cache.
        problem: why it could not be asked; empty if it could.
    """

    copies: int = 0
    copies_bytes: int = 0
    cache_bytes: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is, and what of it is superseded.

    Args:
        time: when the survey began, in seconds since the epoch.
        inventory: what the registry holds.
        verdicts: on every image.
        charts: each packaged chart with why it stays; empty: it is superseded.
        engine: what the engine keeps.
        targets: how many images the present tree yields.
    """

    time: float
    inventory: Inventory
    verdicts: tuple[Verdict, ...]
    charts: tuple[tuple[ChartArchive, str], ...]
    engine: EngineUse
    targets: int

    @property
    def superseded(self) -> tuple[Verdict, ...]:
        """Return the images that nothing speaks for."""
        return tuple(verdict for verdict in self.verdicts if verdict.superseded)

    @property
    def old_charts(self) -> tuple[ChartArchive, ...]:
        """Return the charts that are superseded."""
        return tuple(archive for archive, why in self.charts if not why)

    @property
    def freed(self) -> int:
        """Return the bytes of the registry that garbage collection frees once the superseded ones are gone."""
        return freed(self.verdicts, {verdict.held.key for verdict in self.superseded})


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed.

    Args:
        images: repository and digest of each.
        stayed: those that were to go and stay, each with why.
        charts: paths of archives.
        copies: images of the engine.
        engine_bytes: that the engine freed, of copies and cache.
    """

    images: tuple[Key, ...] = ()
    stayed: tuple[tuple[Key, str], ...] = ()
    charts: tuple[str, ...] = ()
    copies: int = 0
    engine_bytes: int = 0
