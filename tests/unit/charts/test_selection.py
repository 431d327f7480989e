"""Which charts are packaged, and what is wrong with their dependencies."""

from __future__ import annotations

from edk.domain.charts.model import ChartDependency, ChartReading
from edk.domain.charts.selection import check_dependencies, top_charts


def chart(path: str, *needs: str, library: bool = False, repository: str = "") -> ChartReading:
    """A chart named like the last part of its path."""
    dependencies = tuple(
        ChartDependency(name, "0.0.0", repository, f"{path}/requirements.yaml", line)
        for line, name in enumerate(needs, 1)
    )
    return ChartReading(path, path.rsplit("/", 1)[-1], "0.0.0", library=library, dependencies=dependencies)


def test_several_charts_are_all_packaged() -> None:
    """Two charts that have nothing to do with each other are both right, and so is none."""
    charts = [chart("x/one"), chart("x/two", "lib")]

    assert tuple(charts) == top_charts(charts)
    assert () == top_charts([])


def test_what_is_inside_another_chart_is_not_packaged_alone() -> None:
    """Dependencies, library charts and sub-charts reach the platform inside of others."""
    charts = [chart("app", "part"), chart("part"), chart("lib", library=True), chart("app/charts/inner")]

    assert ("app",) == tuple(c.name for c in top_charts(charts))


def test_a_circle_is_not_lost() -> None:
    """Charts that only depend on each other still have one that is tried, so that the circle is named."""
    charts = [chart("a", "b"), chart("b", "a")]

    assert ("a",) == tuple(c.name for c in top_charts(charts))


def test_a_circle_is_printed() -> None:
    """The place is the dependency that closes it."""
    known = {c.name: c for c in (chart("a", "b"), chart("b", "c"), chart("c", "b"))}

    assert [("EDK314", "c/requirements.yaml", 1, "the charts b → c → b")] == [
        (d.code, d.file, d.line, d.message) for d in check_dependencies([known["a"]], known)
    ]


def test_a_missing_dependency_is_named_at_its_line() -> None:
    """Also one of a dependency."""
    known = {c.name: c for c in (chart("a", "b"), chart("b", "c", "gone"), chart("c"))}

    assert [("EDK313", "b/requirements.yaml", 2)] == [
        (d.code, d.file, d.line) for d in check_dependencies([known["a"]], known)
    ]


def test_a_repository_or_a_sub_chart_satisfies_a_dependency() -> None:
    """What helm fetches, and what lies in charts/, is not missing."""
    far = chart("far", "remote", repository="https://charts.example.org")
    near = chart("near", "inner")
    known = {"inner": chart("near/charts/inner")}

    assert () == check_dependencies([far, near], known)
