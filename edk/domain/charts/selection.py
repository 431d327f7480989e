"""Which charts of an extension are packaged, and what their dependencies are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from edk.domain.codes.charts import DEPENDENCY_CYCLE, DEPENDENCY_MISSING, NAME_TWICE
from edk.domain.workspace import LocatedChart, LocatedDiagnostic, Root

if TYPE_CHECKING:
    from edk.domain.charts.model import ChartDependency, ChartReading
    from edk.domain.diagnostics import Diagnostic

_REMOTE = ("http://", "https://", "oci://")


def top_charts(charts: Sequence[ChartReading]) -> tuple[ChartReading, ...]:
    """Return the charts that are packaged and uploaded on their own, in the order given.

    Left out are library charts, charts inside another one's ``charts/`` folder, and charts that another chart
    of the same selection depends on: they reach the platform inside of it. Of charts that depend on each other
    in a circle one stays, so that packaging names the circle.
    """
    paths = {chart.path for chart in charts}
    own = [chart for chart in charts if not _inside(chart.path, paths)]
    needed = {d.name for chart in own for d in chart.dependencies if d.name != chart.name}
    tops = [chart for chart in own if chart.name not in needed and not chart.library]
    if own and not tops:
        tops = [chart for chart in own if not chart.library][:1]
    return tuple(tops)


def packaged_charts(charts: Sequence[LocatedChart]) -> tuple[LocatedChart, ...]:
    """Return the charts that are packaged on their own, root by root; see `top_charts`."""
    roots: dict[Root, list[LocatedChart]] = {}
    for located in charts:
        roots.setdefault(located.root, []).append(located)
    tops = [(root, chart) for root, below in roots.items() for chart in top_charts([c.chart for c in below])]
    return tuple(LocatedChart(root, chart) for root, chart in tops)


def named_twice(tops: Sequence[LocatedChart]) -> dict[LocatedChart, LocatedDiagnostic]:
    """Return those of the charts to be packaged whose name another one has too, with what is to be said of each."""
    found = {}
    for located in tops:
        name = located.chart.name
        others = [f"{c.root.path}/{c.chart.path}".rstrip("/") for c in tops if c.chart.name == name and c != located]
        if name and others:
            file = f"{located.chart.path}/Chart.yaml".lstrip("/")
            message = f"the chart “{name}” is in {', '.join(others)} too"
            found[located] = LocatedDiagnostic(located.root, NAME_TWICE.at(file, 1, message))
    return found


def is_remote(dependency: ChartDependency) -> bool:
    """Tell whether a dependency comes from a chart repository or an OCI registry."""
    return dependency.repository.startswith(_REMOTE)


def check_dependencies(charts: Iterable[ChartReading], known: Mapping[str, ChartReading]) -> tuple[Diagnostic, ...]:
    """Return a diagnostic for each dependency that is nowhere, and for each circle.

    Args:
        charts: the charts to be packaged.
        known: every chart of the roots by name, the nearest one where there are several.
    """
    findings: dict[Diagnostic, None] = {}
    for chart in charts:
        _visit(chart, known, (), set(), findings)
    return tuple(findings)


def _visit(
    chart: ChartReading,
    known: Mapping[str, ChartReading],
    chain: tuple[str, ...],
    done: set[str],
    findings: dict[Diagnostic, None],
) -> None:
    """Follow the dependencies of one chart; `chain` holds those that led here."""
    chain = (*chain, chart.name)
    for dependency in chart.dependencies:
        if dependency.name in chain:
            circle = " → ".join((*chain[chain.index(dependency.name) :], dependency.name))
            findings[DEPENDENCY_CYCLE.at(dependency.file, dependency.line, f"the charts {circle}")] = None
        elif dependency.name in known:
            if dependency.name not in done and len(chain) < 50:
                _visit(known[dependency.name], known, chain, done, findings)
        elif not is_remote(dependency) and not _vendored(dependency, chart, known):
            message = f"the chart “{dependency.name}” is in none of the roots"
            findings[DEPENDENCY_MISSING.at(dependency.file, dependency.line, message)] = None
    done.add(chart.name)


def _vendored(dependency: ChartDependency, chart: ChartReading, known: Mapping[str, ChartReading]) -> bool:
    """Tell whether the chart's own ``charts/`` folder holds the dependency."""
    return any(
        other.name == dependency.name and other.path.startswith(f"{chart.path}/charts/") for other in known.values()
    )


def _inside(path: str, paths: set[str]) -> bool:
    """Tell whether a chart lies in the ``charts/`` folder of another one."""
    parts = path.split("/")
    return any(part == "charts" and "/".join(parts[:i]) in paths for i, part in enumerate(parts))
