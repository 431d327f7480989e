"""What the registry holds, looked at for people: what a prune sees, what images tell, and what the tree yields."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from edk.domain.catalogue import Referrer, TreeView, Yielded, catalogue
from edk.domain.described import Description
from edk.domain.errors import SourceError
from edk.domain.fingerprint import LABEL
from edk.domain.labels import CREATED
from edk.domain.plan import BuildPlan, PlannedImage
from edk.domain.pruning import Rules, Uses, Verdict, judge
from edk.domain.seen import Looked
from edk.domain.survey import Inventory, Survey
from edk.domain.workspace import Root, Target
from edk.orchestrator.inventory import moment_of, take_inventory
from edk.orchestrator.pipeline import PlanRequest, steady_plan
from edk.orchestrator.services import Services
from edk.orchestrator.survey import Asked, reader_of, survey_beside, tree_uses
from edk.ports import EngineDisk, OwnRegistry


def look(services: Services, own: OwnRegistry | None, disk: EngineDisk, asked: Asked) -> tuple[Looked, Survey]:
    """Return what the registry holds, and what a prune would remove of it; see `edk.orchestrator.survey.survey`.

    Raises:
        RegistryUnreachableError: it does not answer.
        SourceError: the present tree can't be read.
    """
    plan = steady_plan(services, asked.tree)
    surveyed = survey_beside(services, own, disk, asked, tree_uses(plan), len(plan.images))
    view = tree_view(plan, os.path.realpath(services.settings.extensions_dir))
    return _looked(services, surveyed.time, surveyed.inventory, surveyed.verdicts, view), surveyed


def look_only(services: Services, own: OwnRegistry | None, tree: PlanRequest | None) -> Looked:
    """Return what the registry holds, without saying what is superseded; changes not even the state's records.

    A tree that can't be read is told, and the list is made without it.

    Args:
        services: the ports.
        own: the registry from behind; None if it can't be looked at so.
        tree: what the present tree is; None if there is none here.

    Raises:
        RegistryUnreachableError: it does not answer.
    """
    services.registry.ping()  # before a plan asks it for image after image
    now = services.clock.now()
    plan, problem = None, ""
    try:
        plan = steady_plan(services, tree) if tree is not None else None
    except SourceError as error:
        problem = error.message
    pushes = services.cache.pushes(services.settings.push_host)
    stored = own.stored() if own is not None else None
    inventory = take_inventory(services.registry, reader_of(services), pushes, stored)
    uses = Uses(tree_uses(plan)) if plan is not None else Uses()
    verdicts = judge(inventory.held, uses, Rules(now, keep=0))
    folder = os.path.realpath(services.settings.extensions_dir)
    view = tree_view(plan, folder) if plan is not None else TreeView()
    return replace(_looked(services, now, inventory, verdicts, view), problem=problem)


def tree_view(plan: BuildPlan, extensions_dir: str) -> TreeView:
    """Return what a tree yields, by the names of the images.

    Args:
        plan: of the tree.
        extensions_dir: folder of all extensions, links resolved.
    """
    if not any(root.kind == "extension" for root in plan.workspace.roots):
        return TreeView()
    targets: dict[str, Yielded] = {}
    # The nearest of one name counts, as it does for a build.
    for target in sorted(plan.workspace.targets, key=lambda t: -t.root.distance):
        if target.name:
            extension = _extension(target.root, target.dockerfile, extensions_dir)
            targets[target.name] = Yielded(target.dockerfile, extension)
    referrers = _referrers(plan, extensions_dir)
    for image in plan.images:
        target = image.node.target
        if target.name:
            targets[target.name] = _yielded(target, image, referrers.get(target.key, ()), extensions_dir)
    broken = (
        f"{target.root.path}/{target.dockerfile}"
        for target in plan.workspace.targets
        if not target.name and any(d.severity == "error" for d in target.reading.diagnostics)
    )
    return TreeView(targets, read=True, broken=tuple(broken))


def _yielded(target: Target, image: PlannedImage, referrers: Sequence[Referrer], extensions_dir: str) -> Yielded:
    return Yielded(
        dockerfile=target.dockerfile,
        extension=_extension(target.root, target.dockerfile, extensions_dir),
        planned=True,
        tags=image.node.tags,
        prints=frozenset(filter(None, (image.carried, image.fingerprint))),
        digest=image.digest,
        reason=image.reason,
        blocked=image.action in {"blocked", "ignore"},
        referrers=tuple(dict.fromkeys(referrers)),
    )


def _referrers(plan: BuildPlan, extensions_dir: str) -> dict[str, list[Referrer]]:
    """Return key of a target → who refers to it: operators and DAGs, charts, and images that stand on it."""
    found: dict[str, list[Referrer]] = {}

    def note(key: str, root: Root, file: str, line: int, owner: str, how: str) -> None:
        extension = _extension(root, file, extensions_dir)
        found.setdefault(key, []).append(Referrer(extension, file, line, owner, how))

    for resolved in plan.graph.images:
        if resolved.target:
            image = resolved.located.image
            note(resolved.target, resolved.located.root, image.file, image.line, image.owner, "operator")
    lines = {(i.file, i.line): c for c in plan.workspace.charts for i in c.chart.images}
    for node in plan.graph.nodes:
        for reference in node.references:
            chart = lines.get((reference.file, reference.line))
            if chart is not None and reference.how not in {"operator", "base"}:
                note(node.key, chart.root, reference.file, reference.line, reference.owner, reference.how)
        for link in node.bases:
            if link.target:
                note(link.target, node.target.root, node.target.dockerfile, link.line, node.target.label, "base")
    return found


def _extension(root: Root, file: str, extensions_dir: str) -> str:
    """Return the name of the extension that a file belongs to, or what kind of root it is in."""
    path = f"{root.path}/{file}"
    if path.startswith(f"{extensions_dir}/"):
        return path.removeprefix(f"{extensions_dir}/").partition("/")[0]
    return root.path.rpartition("/")[2] if root.kind == "extension" else root.kind


def _looked(
    services: Services, now: float, inventory: Inventory, verdicts: Sequence[Verdict], view: TreeView
) -> Looked:
    described = reader_of(services).describe(inventory.held)
    found = catalogue(now, verdicts, described, dict(_built(described)), view)
    return Looked(replace(found, unreadable=inventory.unreadable, complete=inventory.complete), described)


def _built(described: Mapping[str, Description]) -> Iterator[tuple[str, float]]:
    """Yield digest and time of those that tell when they were built."""
    for digest, told in described.items():
        # The configuration may tell of a fixed time, for the sake of builds that can be repeated.
        stamp = max(moment_of(told.created), moment_of(told.label(CREATED)) if told.label(LABEL) else 0.0)
        if stamp:
            yield digest, stamp
