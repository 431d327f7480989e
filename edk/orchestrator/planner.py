"""Plans again and again, each time with as little reading as the saves since need."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from edk.domain.errors import ContextChangedError
from edk.domain.litter import SKIPPED_FOLDERS
from edk.domain.plan import BuildPlan, PlannedImage
from edk.domain.run import NAMES_ANEW
from edk.domain.saves import Batch
from edk.domain.workspace import Root
from edk.orchestrator.memory import PlanMemory, context_root
from edk.orchestrator.pipeline import MAX_ATTEMPTS, PAUSE, PlanRequest, make_plan
from edk.orchestrator.remembering import RememberingTree
from edk.orchestrator.services import Services
from edk.orchestrator.walk import says_what_to_build

NOTHING = Batch(frozenset(), frozenset(), "", True, 0.0, 0.0)


class Planner:
    """Makes the plans of a watcher.

    Args:
        services: the ports.
        request: what is planned for.
        roots: returns the roots as they are now, for some may come later, as the clone of the platform; None: they are
            those of the request for good.
    """

    def __init__(
        self, services: Services, request: PlanRequest, roots: Callable[[], tuple[Root, ...]] | None = None
    ) -> None:
        self._services = services
        self._request = request
        self._roots = roots or (lambda: request.roots)
        self._tree = RememberingTree(services.open_tree)
        self._memory = PlanMemory()
        self._plan: BuildPlan | None = None

    def anew(self) -> BuildPlan:
        """Return a plan for which every file is looked at again."""
        return self.after(Batch(frozenset(), frozenset(), "files changed while they were read", True, 0.0, 0.0))

    def after(self, batch: Batch) -> BuildPlan:
        """Return the plan after a batch of saves.

        Raises:
            ContextChangedError: files kept changing while they were read.
        """
        if batch.rescan:
            self._request = replace(self._request, roots=self._roots())
        for attempt in range(MAX_ATTEMPTS):
            self._memory.forget(batch, self._request.roots, self._tree.stayed)
            self._tree.forget(batch)
            try:
                self._plan = make_plan(self._services, self._tree, self._request, self._memory)
                return self._plan
            except ContextChangedError:
                if attempt == MAX_ATTEMPTS - 1:
                    raise
                self._services.clock.sleep(PAUSE)
        raise AssertionError("the last attempt returns or raises")

    def forced(self, keys: Collection[str]) -> BuildPlan:
        """Return the plan with some images built although nothing changed.

        Raises:
            ContextChangedError: files kept changing while they were read.
        """
        for key in keys:
            self._memory.standings.pop(key, None)
        plan = self.after(NOTHING)
        images = tuple(_forced(image, keys) for image in plan.images)
        self._plan = replace(plan, images=images)
        return self._plan

    def count_all_stages(self, all_stages: bool) -> None:
        """Have the next plans count stages that the last one does not need, or not; an engine tells late which."""
        if all_stages != self._request.all_stages:
            self._request = replace(self._request, all_stages=all_stages)
            self._memory.graph = None

    def forget_registry(self) -> None:
        """Have the next plan ask the registry what it has."""
        self._memory.forget_registry()

    def built(self, key: str, fingerprint: str, digest: str, tags: tuple[str, ...] | None = None) -> None:
        """Note that an image stands in the registry under these of its tags; None: under all."""
        node = self._plan.graph.by_key.get(key) if self._plan else None
        if node is not None:
            self._memory.built(node, fingerprint, digest, node.tags if tags is None else tags)

    def changed_files(self, before: BuildPlan | None, plan: BuildPlan, batch: Batch) -> tuple[str, ...]:
        """Return the files, absolute, of which a batch turned out to have changed what counts."""
        old = {image.key: image for image in before.images} if before else {}
        found: dict[str, None] = {}
        for image in plan.images:
            known = old.get(image.key)
            if known is None or known.fingerprint != image.fingerprint:
                found.update(dict.fromkeys(_changed_of(known, image)))
        if before is not None and before.workspace != plan.workspace:
            inside = tuple(f"{root.path}/" for root in plan.workspace.roots)
            read = (p for p in batch.paths if p.startswith(inside) and says_what_to_build(p))
            found.update(dict.fromkeys(sorted(read)))
        return tuple(found)

    def folders_to_keep(self) -> frozenset[str]:
        """Return folders that builds use although a walk would skip them, absolute."""
        kept = set()
        for image in self._plan.images if self._plan else ():
            root = context_root(image.node.target)
            for file in image.context.files:
                folders = file.path.split("/")[:-1]
                if any(name.startswith(".") or name in SKIPPED_FOLDERS for name in folders):
                    kept.add("/".join((root, *folders)))
        return frozenset(kept)


def _forced(image: PlannedImage, keys: Collection[str]) -> PlannedImage:
    """Return an image as it is planned where some are asked for though nothing changed.

    What names one of those is another image too, as soon as that one is.
    """
    if image.action not in {"skip", "build"}:
        return image
    if image.key in keys:
        return replace(image, action="build", reason="asked for by edk rebuild", digest="", again=True)
    if set(image.node.names) & set(keys):
        return replace(image, action="build", reason=NAMES_ANEW, digest="", carried="")
    return image


def rebuilt_bases(
    old: PlannedImage | None, new: PlannedImage, labels: Mapping[str, str], anew: Collection[str] = ()
) -> tuple[str, ...]:
    """Return the names of the bases that alone made an image another one; none if something of its own changed.

    Args:
        old: the image in the plan before.
        new: the image.
        labels: key of a target → its name.
        anew: keys of targets that are built anew; those that the image names count like bases.
    """
    if old is None or _changed_of(old, new):
        return ()
    changed = {position for position, identity in new.parts.items() if old.parts.get(position) != identity}
    bases = [
        labels.get(base.target, base.ref)
        for base in new.node.bases
        if base.target and f"image {base.position}" in changed
    ]
    return tuple(dict.fromkeys((*bases, *(labels.get(key, key) for key in new.node.names if key in anew))))


def _changed_of(old: PlannedImage | None, new: PlannedImage) -> list[str]:
    """Return which files of an image differ, absolute; its Dockerfile too."""
    target = new.node.target
    root = context_root(target)
    if old is None:
        return [f"{target.root.path}/{target.dockerfile}"]
    before = {file.path: file for file in old.context.files}
    after = {file.path: file for file in new.context.files}
    paths = [path for path in after.keys() | before.keys() if before.get(path) != after.get(path)]
    changed = [f"{root}/{path}" for path in sorted(paths)]
    if old.node.target.content_digest != target.content_digest:
        changed.append(f"{target.root.path}/{target.dockerfile}")
    return changed
