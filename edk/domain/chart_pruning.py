"""Which packaged charts in the state folder are superseded, and why each of the others stays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edk.domain.pruning import Rules


@dataclass(frozen=True, slots=True)
class ChartArchive:
    """A packaged chart in the state folder.

    Args:
        path: of the archive.
        name: of the chart; empty if it can't be read.
        version: of the chart.
        size: in bytes.
        modified: seconds since the epoch.
        uses: digests and folders of aliases that it names.
    """

    path: str
    name: str
    version: str = ""
    size: int = 0
    modified: float = 0.0
    uses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Installed:
    """What the platform has installed.

    Args:
        known: whether it could tell, or there is no platform.
        charts: ``name-version`` of each chart.
    """

    known: bool = True
    charts: frozenset[str] = frozenset()


def judge_charts(
    archives: Sequence[ChartArchive], installed: Installed, rules: Rules
) -> tuple[tuple[ChartArchive, str], ...]:
    """Return each archive with why it stays, empty for those that are superseded, in the order given.

    Args:
        archives: of the state folder.
        installed: what the platform has.
        rules: how much is kept beside what is used.
    """
    newest = {a.name: a.path for a in sorted(archives, key=lambda a: (a.modified, a.path))}

    def why(archive: ChartArchive) -> str:
        if not archive.name:
            return "it can't be read"
        if newest[archive.name] == archive.path:
            return "the last one"
        if not installed.known:
            return "the platform could not be asked whether it is installed"
        if f"{archive.name}-{archive.version}" in installed.charts:
            return "installed"
        return "just packaged" if rules.now - archive.modified < rules.min_age else ""

    return tuple((archive, why(archive)) for archive in archives)


def uses_of(archives: Iterable[ChartArchive]) -> dict[str, tuple[str, ...]]:
    """Return what charts name → the charts that do."""
    found: dict[str, tuple[str, ...]] = {}
    for archive in archives:
        for use in archive.uses:
            found[use] = tuple(sorted({*found.get(use, ()), archive.name or archive.path}))
    return found
