"""What the registry, the state folder and the engine hold of ours, and what of it is superseded; changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from edk.domain.chart_pruning import Installed, judge_charts, uses_of
from edk.domain.errors import EngineUnreachableError
from edk.domain.held import DIGEST, Push
from edk.domain.plan import BuildPlan
from edk.domain.pruning import Rules, Uses, judge
from edk.domain.redaction import Redactor, secrets_of
from edk.domain.survey import EngineUse, Inventory, Survey
from edk.orchestrator.chart_shelf import read_archives
from edk.orchestrator.deliver import DELIVERED
from edk.orchestrator.image_reading import ImageReader
from edk.orchestrator.inventory import take_inventory
from edk.orchestrator.pipeline import PlanRequest, steady_plan
from edk.orchestrator.services import Services
from edk.ports import EngineDisk, OwnRegistry

MIN_COPIES_AGE = 600.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What to prune by.

    Args:
        tree: what the present tree is.
        keep: of each repository, the last so many.
        min_age: seconds; what is younger stays.
        unrecorded: whether images of ours go too of whose push there is no record here.
        cluster: digests and ``repository:tag`` that the cluster runs or its nodes keep.
        installed: what the platform has installed.
        engine: whether the engine's copies are looked at.
        cache_limit: bytes that the engine's build cache may have; negative: it is left alone.
    """

    tree: PlanRequest
    keep: int = 3
    min_age: float = 3600.0
    unrecorded: bool = False
    cluster: frozenset[str] = frozenset()
    installed: Installed = field(default_factory=Installed)
    engine: bool = True
    cache_limit: int = -1

    @property
    def copies_age(self) -> float:
        """Return the seconds after which a copy in the engine is no build of somebody's that has no tag yet."""
        return max(self.min_age, MIN_COPIES_AGE)


def survey(services: Services, own: OwnRegistry | None, disk: EngineDisk, asked: Asked) -> Survey:
    """Return what there is and what of it is superseded; changes nothing.

    Args:
        services: the ports.
        own: the registry from behind; None if it is not ours to look at.
        disk: of the engine.
        asked: what to prune by.

    Raises:
        RegistryUnreachableError: without it nothing can be said.
        EngineUnreachableError: its cache was asked for, and it does not answer.
        SourceError: the present tree can't be read, so that nobody knows what it needs.
    """
    plan = steady_plan(services, asked.tree)
    return survey_beside(services, own, disk, asked, tree_uses(plan), len(plan.images))


def survey_beside(
    services: Services,
    own: OwnRegistry | None,
    disk: EngineDisk,
    asked: Asked,
    tree: frozenset[str],
    targets: int,
) -> Survey:
    """Return a survey, given what the present tree uses and how many images it yields; see `survey`."""
    now = services.clock.now()
    rules = Rules(now, asked.keep, asked.min_age, asked.unrecorded)
    inventory = look_into(services, own)
    charts = judge_charts(read_archives(services.settings.state_path("charts")), asked.installed, rules)
    delivered = read_archives(services.settings.state_path("charts", DELIVERED))
    uses = Uses(tree, uses_of((*(archive for archive, why in charts if why), *delivered)), asked.cluster)
    verdicts = judge(inventory.held, uses, rules)
    engine = _engine_use(disk, asked, now - asked.copies_age)
    return Survey(now, inventory, verdicts, charts, engine, targets)


def look_into(services: Services, own: OwnRegistry | None) -> Inventory:
    """Return what the registry holds, and bring the record of our pushes in line with it; see `survey`."""
    host = services.settings.push_host
    pushes = services.cache.pushes(host)
    stored = own.stored() if own is not None else None
    inventory = take_inventory(services.registry, reader_of(services), pushes, stored)
    services.cache.forget_pushes(host, inventory.gone)
    known = {(push.repository, push.digest) for push in pushes}
    for image in inventory.held:
        if image.recorded and image.key not in known:
            # An alias: it may outlive the image whose push is on record.
            push = Push(host, image.repository, image.digest, image.tags, image.pushed, image.contents)
            services.cache.record_push(push)
    return inventory


def reader_of(services: Services) -> ImageReader:
    """Return what reads images of the local registry."""
    settings = services.settings
    return ImageReader(services.registry, services.cache, Redactor(secrets_of(settings.build_args, settings.proxies)))


def tree_uses(plan: BuildPlan) -> frozenset[str]:
    """Return the digests and fingerprints that a tree asks for: of its images, and those that its files name."""
    named = [image.located.image.value for image in plan.graph.images]
    named += [f"{base.ref} {base.external}" for node in plan.graph.nodes for base in node.bases]
    named += [image.value for located in plan.workspace.charts for image in located.chart.images]
    found = {digest for text in named for digest in DIGEST.findall(text)}
    found |= {text for image in plan.images for text in (image.fingerprint, image.carried, image.digest) if text}
    return frozenset(found)


def _engine_use(disk: EngineDisk, asked: Asked, before: float) -> EngineUse:
    if not asked.engine and asked.cache_limit < 0:
        return EngineUse()
    try:
        copies, size = disk.copies(before) if asked.engine else (0, 0)
        return EngineUse(copies, size, disk.cache_bytes() if asked.cache_limit >= 0 else 0)
    except EngineUnreachableError as error:
        if asked.cache_limit >= 0:
            raise
        return EngineUse(problem=error.message)
