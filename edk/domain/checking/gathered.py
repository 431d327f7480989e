"""All that the rules look at: the plan, and the facts of single files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from edk.domain.charts.versions import DAG_INSTALLER
from edk.domain.checking.chart_facts import ChartFileFacts
from edk.domain.checking.docker_facts import DockerFacts
from edk.domain.checking.python_facts import PythonFacts
from edk.domain.graph import Node
from edk.domain.operators.model import OperatorImage
from edk.domain.plan import BuildPlan, PlannedImage
from edk.domain.resolve import Catalog, Names
from edk.domain.workspace import LocatedChart, Root, Target

Place = tuple[str, str]
"""A root's path, and a path relative to it."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was read of the extensions that are checked.

    Args:
        plan: of all that they need.
        names: what names mean.
        catalog: all targets by name.
        by_key: nodes of the graph by their targets' identity.
        python: facts of operators, DAGs, and Python files beside DAG images.
        python_paths: root → every Python file of it.
        named: the Python files that are looked at for images: operators and DAGs.
        hidden: images that other files beside DAG images name.
        dockerfiles: facts of Dockerfiles.
        charts: facts of charts' files.
        dangling: absolute folders that ``file://`` names and that hold no chart.
    """

    plan: BuildPlan
    names: Names
    catalog: Catalog
    by_key: Mapping[str, Node]
    python: Mapping[Place, PythonFacts] = field(default_factory=dict)
    python_paths: Mapping[str, frozenset[str]] = field(default_factory=dict)
    named: frozenset[Place] = frozenset()
    hidden: tuple[tuple[Root, OperatorImage], ...] = ()
    dockerfiles: Mapping[Place, DockerFacts] = field(default_factory=dict)
    charts: Mapping[Place, ChartFileFacts] = field(default_factory=dict)
    dangling: frozenset[str] = frozenset()

    @property
    def targets(self) -> tuple[Target, ...]:
        """Return the targets of the extensions that are checked."""
        return tuple(t for t in self.plan.workspace.targets if t.root.kind == "extension")

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Return their nodes of the graph."""
        return tuple(n for n in self.plan.graph.nodes if n.target.root.kind == "extension")

    @property
    def own_charts(self) -> tuple[LocatedChart, ...]:
        """Return the charts of the extensions that are checked, those of the platform's own tree left out.

        Its tree is the one that brings the DAG installer. Its charts are released with the platform, and what is
        said to those who develop against a running one does not hold for them.
        """
        platform = {c.root for c in self.plan.workspace.charts if c.chart.name == DAG_INSTALLER}
        return tuple(c for c in self.plan.workspace.charts if c.root.kind == "extension" and c.root not in platform)

    def dag_images(self) -> Iterator[PlannedImage]:
        """Yield the DAG images of the extensions that are checked."""
        for image in self.plan.images:
            if image.node.role == "dag" and image.node.target.root.kind == "extension":
                yield image


def place_of(target: Target) -> Place:
    """Return where a target's Dockerfile is."""
    return target.root.path, target.dockerfile


def in_chart(path: str, name: str) -> str:
    """Return the path of a chart's file, relative to the chart's root."""
    return f"{path}/{name}" if path not in {"", "."} else name


def folders_above(path: str) -> Iterator[str]:
    """Yield the folders that a file is in, the nearest first, its root left out."""
    while (path := path.rpartition("/")[0]) != "":
        yield path
