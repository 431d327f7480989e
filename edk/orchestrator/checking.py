"""Checks extensions: the plan's own reading, facts of single files beside it, the rules, and what is suppressed."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from edk.domain.checking.chart_facts import ChartFileFacts, read_chart_file, read_template
from edk.domain.checking.comments import Mark
from edk.domain.checking.docker_facts import DockerFacts, read_docker_facts
from edk.domain.checking.gathered import Gathered, Place, folders_above, in_chart
from edk.domain.checking.model import Checked, Finding
from edk.domain.checking.python_facts import PythonFacts, read_python_facts
from edk.domain.checking.rules import find_all
from edk.domain.checking.rules_charts import chart_folder
from edk.domain.checking.suppressing import suppress, unused_in
from edk.domain.codes.conventions import UNUSED_SUPPRESSION
from edk.domain.files import Entry
from edk.domain.operators.model import OperatorImage, PythonReading
from edk.domain.plan import BuildPlan
from edk.domain.resolve import Catalog
from edk.domain.workspace import LocatedChart, Root
from edk.orchestrator.memory import PlanMemory
from edk.orchestrator.pipeline import PlanRequest, make_plan, names_of, steadily
from edk.orchestrator.readings import Reader
from edk.orchestrator.scan import MAX_CHART_DEPTH
from edk.orchestrator.services import Services
from edk.orchestrator.walk import Candidate, Found, walk
from edk.settings import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from edk.ports import Cache, SourceTree
    from edk.settings import Settings

MAX_CONFIG = 1 << 20
_CHART_FILES = ("Chart.yaml", "values.yaml", "requirements.yaml")
T = TypeVar("T")


def check(services: Services, roots: Sequence[Root]) -> Checked:
    """Return what is wrong in the extensions among the roots; asks no registry and no engine.

    Raises:
        SourceError: files keep changing.
    """
    return steadily(services, lambda tree: _check(services, tree, tuple(roots)))


def _check(services: Services, tree: SourceTree, roots: tuple[Root, ...]) -> Checked:
    memory = PlanMemory()
    plan = make_plan(services, tree, PlanRequest(roots, ask_registry=False), memory)
    gatherer = _Gatherer(services, tree, plan, memory)
    gathered = gatherer.gather()
    findings = find_all(gathered)
    settings = services.settings
    unused = [f for rules in settings.check for f in _unused(tree, roots, rules.source, unused_in(rules, findings))]
    told = suppress((*findings, *unused), gatherer.marks(), {r.path: r for r in roots}, settings.check)
    return Checked(told.findings, told.suppressed, plan.workspace.files)


def _unused(
    tree: SourceTree, roots: Sequence[Root], source: str, found: Iterable[tuple[str, str]]
) -> Iterable[Finding]:
    """Yield what an ``edk.yaml`` ignores without need; one that lies in no extension is for other trees, too."""
    root = next((r for r in roots if r.kind == "extension" and posixpath.dirname(source) == r.path), None)
    if root is None:
        return
    lines = tree.read(source, MAX_CONFIG).decode("utf-8", "replace").splitlines()
    for needle, message in found:
        line = next((number for number, text in enumerate(lines, 1) if needle in text), 1)
        yield Finding(root, UNUSED_SUPPRESSION.at(posixpath.basename(source), line, message))


class _Gatherer:
    """Reads the facts of the files of the extensions that are checked, each content once ever."""

    def __init__(self, services: Services, tree: SourceTree, plan: BuildPlan, memory: PlanMemory) -> None:
        self._settings: Settings = services.settings
        self._cache: Cache = services.cache
        self._tree = tree
        self._plan = plan
        self._memory = memory
        self._python: dict[Place, PythonFacts] = {}
        self._dockerfiles: dict[Place, DockerFacts] = {}
        self._charts: dict[Place, ChartFileFacts] = {}

    def gather(self) -> Gathered:
        """Return all that the rules look at."""
        hidden: list[tuple[Root, OperatorImage]] = []
        named: set[Place] = set()
        paths: dict[str, frozenset[str]] = {}
        for root in (r for r in self._plan.workspace.roots if r.kind == "extension"):
            others = {r.path for r in self._plan.workspace.roots} - {root.path}
            found = walk(self._tree, root.path, self._settings.exclude, others, self._memory.seen)
            read = self._read(root, "check-dockerfile", DockerFacts, read_docker_facts, found.dockerfiles)
            self._dockerfiles |= read
            looked_at = {c.path for c in (*found.operators, *found.dags)}
            named |= {(root.path, path) for path in looked_at}
            paths[root.path] = frozenset(found.python)
            beside = self._beside_dags(root, found) - looked_at
            wanted = [found.python[path] for path in sorted(looked_at | beside)]
            self._python |= self._read(root, "check-python", PythonFacts, read_python_facts, wanted)
            hidden += [(root, image) for image in self._hidden(root, found, beside)]
            self._read_charts(root)
        return Gathered(
            self._plan,
            names_of(self._settings),
            Catalog.of(self._plan.workspace.targets),
            self._plan.graph.by_key,
            self._python,
            paths,
            frozenset(named),
            tuple(hidden),
            self._dockerfiles,
            self._charts,
            self._dangling(),
        )

    def marks(self) -> Mapping[Place, Sequence[Mark]]:
        """Return the comments that suppress, by file."""
        found: dict[Place, Sequence[Mark]] = {place: one.marks for place, one in self._python.items()}
        found |= {place: one.marks for place, one in self._dockerfiles.items()}
        found |= {place: one.marks for place, one in self._charts.items()}
        return {place: marks for place, marks in found.items() if marks}

    def _read(
        self, root: Root, kind: str, type_: type[T], read: Callable[[bytes], T], candidates: Iterable[Candidate]
    ) -> dict[Place, T]:
        """Return the facts of files; one that can't be read was pointed out by the plan."""
        readings, _ = Reader(kind, type_, read).read_all(self._tree, self._cache, root.path, candidates)
        return {(root.path, path): facts for path, (_, facts) in readings.items()}

    def _beside_dags(self, root: Root, found: Found) -> set[str]:
        """Return the Python files in the contexts of DAG images."""
        contexts = {
            node.target.context for node in self._plan.graph.nodes if node.role == "dag" and node.target.root == root
        }
        return {path for path in found.python if any(folder in contexts for folder in folders_above(path))}

    def _hidden(self, root: Root, found: Found, beside: set[str]) -> Iterable[OperatorImage]:
        """Return the images that files name which are called neither operator nor DAG."""
        wanted = [found.python[p] for p in sorted(beside) if self._python[root.path, p].names_image]
        if not wanted:
            return ()
        from edk.domain.operators.linking import link
        from edk.domain.operators.reading import read_python

        readings = self._read(root, "python", PythonReading, read_python, wanted)
        return link({path: reading for (_, path), reading in readings.items()})

    def _read_charts(self, root: Root) -> None:
        files: list[Candidate] = []
        templates: list[Candidate] = []
        for located in self._plan.workspace.charts:
            if located.root == root:
                own = {in_chart(located.chart.path, name) for name in _CHART_FILES}
                for candidate in self._chart_files(located):
                    (files if candidate.path in own else templates).append(candidate)
        self._charts |= self._read(root, "check-chart", ChartFileFacts, read_chart_file, files)
        self._charts |= self._read(root, "check-template", ChartFileFacts, read_template, templates)

    def _chart_files(self, located: LocatedChart) -> list[Candidate]:
        """Return the files of a chart that say what it is, and its templates."""
        chart = located.chart.path
        found: list[Candidate] = []
        pending = [("", 0)]
        while pending:
            below, depth = pending.pop()
            folder = in_chart(chart, below) if below else chart
            for entry in self._list(f"{located.root.path}/{folder}".rstrip("/")):
                path = f"{below}/{entry.name}" if below else entry.name
                if entry.kind == "dir" and depth < MAX_CHART_DEPTH and path.startswith("templates"):
                    pending.append((path, depth + 1))
                elif entry.kind == "file" and (below or entry.name in _CHART_FILES):
                    full = in_chart(chart, path)
                    found.append(Candidate(full, full, entry))
        return found

    def _list(self, folder: str) -> tuple[Entry, ...]:
        try:
            return self._tree.list(folder)
        except OSError:
            return ()

    def _dangling(self) -> frozenset[str]:
        """Return the folders that dependencies name and that hold no chart.

        One of the platform's usual place can't be looked at on a machine that has not got it.
        """
        usual = f"{DEFAULT_WORKSPACE}/"
        here = any(True for _ in self._list(DEFAULT_WORKSPACE))
        wrong = set()
        for located in self._plan.workspace.charts:
            for name in ("requirements.yaml", "Chart.yaml"):
                facts = self._charts.get((located.root.path, in_chart(located.chart.path, name)))
                for path in facts.paths if facts is not None and located.root.kind == "extension" else ():
                    folder = chart_folder(located, path.repository.text)
                    if (here or not folder.startswith(usual)) and not self._has_chart(folder):
                        wrong.add(folder)
        return frozenset(wrong)

    def _has_chart(self, folder: str) -> bool:
        return any(entry.name == "Chart.yaml" for entry in self._list(folder))
