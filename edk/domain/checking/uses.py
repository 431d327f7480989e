"""Who refers to which image that is built here, with the place of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edk.domain.checking.gathered import Gathered
from edk.domain.reference import split_local, substitute
from edk.domain.workspace import Root, Target


@dataclass(frozen=True, slots=True)
class Use:
    """A place that asks for an image.

    Args:
        root: of the file.
        file: relative to it.
        line: from 1.
        column: from 1; 0 if not known.
        how: ``operator``, or as in `edk.domain.charts.model.ChartImage`.
        owner: the operator's class; empty if there is none.
        name: of the image.
        tag: that is asked for; empty if none is given.
        targets: that yield it: one, or several that share the name.
    """

    root: Root
    file: str
    line: int
    column: int
    how: str
    owner: str
    name: str
    tag: str
    targets: tuple[Target, ...]


def uses(gathered: Gathered) -> Iterator[Use]:
    """Yield every use of an image that a Dockerfile here yields; those pinned by a digest mean exactly that one."""
    catalog, names = gathered.catalog, gathered.names
    for resolved in gathered.plan.graph.images:
        image, root = resolved.located.image, resolved.located.root
        found = catalog.find(resolved.name) if resolved.status in ("local", "ambiguous") else ()
        if found and not resolved.version.startswith("sha256:"):
            place = image.file, image.line, image.column
            yield Use(root, *place, "operator", image.owner, resolved.name, resolved.version, found)
    for located in gathered.plan.workspace.charts:
        if located.root.kind != "extension":
            continue
        for named in located.chart.images:
            value = substitute(named.value, names.variables)
            local = split_local(value, names.aliases) or split_local(f"{names.registry}/{value}", names.aliases)
            found = catalog.find(local.name) if local is not None else ()
            if local is not None and found and not local.digest:
                place = named.file, named.line, 0
                yield Use(located.root, *place, named.how, "", local.name, local.tag, found)
