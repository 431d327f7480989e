"""Rules about charts."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator

from edk.domain.charts.selection import packaged_charts
from edk.domain.charts.versions import DAG_INSTALLER
from edk.domain.checking.chart_facts import ChartFileFacts, Path
from edk.domain.checking.gathered import Gathered, in_chart
from edk.domain.checking.model import Edit, FileEdit, Finding
from edk.domain.codes import conventions as codes
from edk.domain.resolve import nearest_chart
from edk.domain.workspace import LocatedChart

_LISTED = ("kaapanaworkflow", "kaapanaapplication")
_PREFIX = "kaapana"
_ADMIN = re.compile(r"admin|\{\{-?\s*\$?\.Values\.global\.admin_namespace\s*-?\}\}")
_PLAIN = re.compile(r"[\w:/.@~+-]+")
_OWN = re.compile(r"\{\{-?\s*(?:tpl\s+)?\$?\.Values\.global\.namespace(?:\s+\$?\.)?\s*-?\}\}")


def chart_rules(gathered: Gathered) -> Iterator[Finding]:
    """Yield what is wrong with charts."""
    own = gathered.own_charts
    tops = packaged_charts(own)
    for located in own:
        yield from _registry(gathered, located)
    for located in tops:
        yield from _installer(gathered, located)
        yield from _keywords(located)
    yield from _admin(gathered)
    for located in gathered.plan.workspace.charts:
        if located.root.kind == "extension":
            yield from _paths(gathered, located)


def chart_folder(located: LocatedChart, repository: str) -> str:
    """Return the absolute folder that a ``file://`` repository names."""
    path = repository.removeprefix("file://")
    return posixpath.normpath(posixpath.join(located.root.path, located.chart.path, path))


def _facts(gathered: Gathered, located: LocatedChart, name: str) -> tuple[str, ChartFileFacts | None]:
    file = in_chart(located.chart.path, name)
    return file, gathered.charts.get((located.root.path, file))


def _registry(gathered: Gathered, located: LocatedChart) -> Iterator[Finding]:
    """Yield that the local registry is not named, where the DAG image is built here."""
    chart = located.chart
    file, facts = _facts(gathered, located, "values.yaml")
    built = gathered.catalog.find(chart.dag_image) if chart.dag_image else ()
    here = bool(built) and built[0].root.kind == "extension"
    if chart.custom_registry_url or facts is None or facts.image is None or not here:
        return
    value = json.dumps(gathered.names.registry)
    edit = None
    if facts.registry is not None:
        space = "" if facts.registry.end > facts.registry.start else " "
        edit = Edit(facts.registry.start, facts.registry.end, f"{space}{value}".encode())
    elif facts.behind_image is not None:
        gap = facts.behind_image
        line = gap.before + f"custom_registry_url: {value}".encode() + gap.behind
        edit = Edit(gap.at, gap.at, line)
    message = f"no global.custom_registry_url: without the EDK, {chart.dag_image!r} comes from the platform's registry"
    found = codes.NO_CUSTOM_REGISTRY.at(file, facts.image.line, message, column=facts.image.column)
    yield Finding(located.root, found, (FileEdit(file, facts.digest, edit),) if edit else ())


def _installer(gathered: Gathered, located: LocatedChart) -> Iterator[Finding]:
    chart = located.chart
    if chart.dag_image and all(dependency.name != DAG_INSTALLER for dependency in chart.dependencies):
        file, facts = _facts(gathered, located, "values.yaml")
        line, column = (facts.image.line, facts.image.column) if facts and facts.image else (0, 0)
        message = f"{chart.name} names the DAG image {chart.dag_image!r}, but does not depend on {DAG_INSTALLER}"
        yield Finding(located.root, codes.NO_INSTALLER.at(file, line, message, column=column))


def _keywords(located: LocatedChart) -> Iterator[Finding]:
    chart = located.chart
    if chart.name and not any(keyword.startswith(_PREFIX) for keyword in chart.keywords):
        message = f"{chart.name} has none of the keywords {' and '.join(_LISTED)}, and is not listed"
        yield Finding(located.root, codes.NO_KEYWORD.at(in_chart(chart.path, "Chart.yaml"), 0, message))


def _uploaded(gathered: Gathered) -> Iterator[LocatedChart]:
    """Yield the charts that reach the platform as an extension, with those of the same root inside of them."""
    own = {(c.root, c.chart.path) for c in gathered.own_charts}
    charts = [c for c in gathered.plan.workspace.charts if c.root.kind == "extension"]
    by_name = {(c.root, c.chart.name): c for c in charts}
    pending = [
        c
        for c in packaged_charts(charts)
        if (c.root, c.chart.path) in own or any(keyword in _LISTED for keyword in c.chart.keywords)
    ]
    # In the platform's own tree an extension's chart may be a part of its collection, and is uploaded all the same.
    pending += [c for c in charts if any(keyword in _LISTED for keyword in c.chart.keywords)]
    done: set[tuple[object, str]] = set()
    while pending:
        located = pending.pop(0)
        if (located.root, located.chart.path) in done:
            continue
        done.add((located.root, located.chart.path))
        yield located
        pending += [
            by_name[located.root, d.name] for d in located.chart.dependencies if (located.root, d.name) in by_name
        ]


def _admin(gathered: Gathered) -> Iterator[Finding]:
    uploaded = {(c.root.path, in_chart(c.chart.path, "templates")): c for c in _uploaded(gathered)}
    for (root, file), facts in gathered.charts.items():
        above, slash, _ = file.partition("templates/")
        located = uploaded.get((root, f"{above}templates")) if slash else None
        if located is None or not facts.namespaces:
            continue
        _, values = _facts(gathered, located, "values.yaml")
        own = values.namespace.strip() if values is not None else ""
        for found in facts.namespaces:
            written = own if _OWN.fullmatch(found.written) and own else found.written
            if _ADMIN.fullmatch(written):
                message = f"the resource's namespace is {found.written}, the platform's admin namespace"
                about = codes.ADMIN_NAMESPACE.at(file, found.line, message, column=found.column)
                yield Finding(located.root, about)


def _paths(gathered: Gathered, located: LocatedChart) -> Iterator[Finding]:
    for name in ("requirements.yaml", "Chart.yaml"):
        file, facts = _facts(gathered, located, name)
        for path in facts.paths if facts is not None else ():
            if chart_folder(located, path.repository.text) in gathered.dangling:
                yield _dangling(gathered, located, file, path, facts)


def _dangling(
    gathered: Gathered, located: LocatedChart, file: str, path: Path, facts: ChartFileFacts | None
) -> Finding:
    where = path.repository
    message = f"{where.text} leads to no chart"
    there = nearest_chart(gathered.plan.workspace.charts, path.name)
    right = ""
    if there is not None and there.root == located.root:
        right = f"file://{posixpath.relpath(there.chart.path or '.', located.chart.path or '.')}"
    elif there is not None and there.root.kind != "bundled":
        right = f"file://{there.root.path}/{there.chart.path}".rstrip("/")
    if there is not None and there.root.kind != "bundled":
        near = there.chart.path if there.root == located.root else f"{there.root.path}/{there.chart.path}"
        message += f"; {path.name} is in {near}"
    found = codes.DANGLING_PATH.at(file, where.line, message, right and f"write {right}", where.column)
    if not right or facts is None:
        return Finding(located.root, found)
    plain = where.end - where.start == len(where.text.encode()) and _PLAIN.fullmatch(right)
    edit = Edit(where.start, where.end, (right if plain else json.dumps(right, ensure_ascii=False)).encode())
    return Finding(located.root, found, (FileEdit(file, facts.digest, edit),))
