"""The one road from files to a plan: scan, resolve, graph, inputs, registry, decide; a function a step."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from edk.domain.charts.selection import check_dependencies, named_twice, packaged_charts
from edk.domain.errors import ContextChangedError, SourceError, UsageError
from edk.domain.fingerprint import Inputs, components, declared, fingerprint, reference_part
from edk.domain.graph import BuildGraph, GraphRules, Node, build_graph, waves
from edk.domain.plan import BuildPlan, ContextReading, Prepared, decide
from edk.domain.reference import RegistryAliases, split_local, valid_tag
from edk.domain.resolve import Catalog, Names, Resolution, resolve
from edk.domain.workspace import LocatedDiagnostic, Root, Target, Workspace
from edk.orchestrator.contexts import read_context
from edk.orchestrator.keeping import Kept
from edk.orchestrator.memory import ContextKey, PlanMemory
from edk.orchestrator.observe import digests_of, stand_all
from edk.orchestrator.remembering import NotingTree, trace_of
from edk.orchestrator.scan import ScanRequest, scan
from edk.orchestrator.sensitive import look_into_contexts, without_allowed
from edk.ports import MarkingTree

if TYPE_CHECKING:
    from edk.domain.references import RewrittenFile
    from edk.orchestrator.services import Services
    from edk.orchestrator.single import SingleDockerfile
    from edk.ports import Cache, SourceTree
    from edk.settings import Settings

Selection = Literal["extension", "images", "bases", "all-bases"]
INPUTS = "inputs"
MAX_ATTEMPTS = 20
PAUSE = 0.1
T = TypeVar("T")
_PARTS = msgspec.msgpack.Decoder(dict[str, str])


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What to plan for.

    Args:
        roots: nearest first.
        selection: ``extension``: all that the extensions need; ``images``: those named, and what they stand on;
            ``bases``: the bases that the extensions need; ``all-bases``: every base of every root.
        images: names, for ``images``.
        force: build also what is unchanged.
        ask_registry: whether to ask it what it has.
        all_stages: whether stages count that the last one does not need.
        single: one Dockerfile that is named by its path, and called as the command line says; its name stands
            in `images`.
    """

    roots: tuple[Root, ...]
    selection: Selection = "extension"
    images: tuple[str, ...] = ()
    force: bool = False
    ask_registry: bool = True
    all_stages: bool = False
    single: SingleDockerfile | None = None


def steady_plan(services: Services, request: PlanRequest) -> BuildPlan:
    """Return a plan made of files that stood still while it was made.

    Raises:
        SourceError: files kept changing; see `make_plan` for the rest.
    """
    return steadily(services, lambda tree: make_plan(services, tree, request))


def steadily(services: Services, make: Callable[[SourceTree], T]) -> T:
    """Return what is made of a tree whose files stood still meanwhile.

    Args:
        services: the ports.
        make: makes it; raises ContextChangedError where a file changed.

    Raises:
        SourceError: files kept changing; and whatever else `make` raises.
    """
    for _ in range(MAX_ATTEMPTS):
        try:
            return make(services.open_tree())
        except ContextChangedError as error:
            changed = error
            services.clock.sleep(PAUSE)
    raise SourceError(f"files keep changing while they are read: {changed.message}", "stop what writes, and try again")


def make_plan(
    services: Services, tree: SourceTree, request: PlanRequest, memory: PlanMemory | None = None
) -> BuildPlan:
    """Return the plan for a request; reads files and asks the registry, changes nothing.

    Args:
        services: the ports.
        tree: the file system.
        request: what to plan for.
        memory: what is known from the plans before; None plans from nothing.

    Raises:
        UsageError: an image was named that no Dockerfile yields.
    """
    settings = services.settings
    scan_request = ScanRequest(request.roots, settings.exclude, settings.build_args, settings.platform)
    if request.single is not None:
        from edk.orchestrator.single import with_single

        memory = memory or PlanMemory()
        workspace = scan(tree, services.cache, scan_request, memory)
        workspace, name = with_single(tree, services.cache, workspace, request.single, scan_request)
        return plan_workspace(services, tree, replace(request, images=(name,)), workspace, memory)
    kept = Kept(services, tree, request) if memory is None and isinstance(tree, MarkingTree) else None
    memory = memory or (kept.memory() if kept is not None else PlanMemory())
    workspace = scan(tree, services.cache, scan_request, memory)
    plan = plan_workspace(services, tree, request, workspace, memory)
    if kept is not None:
        kept.keep(memory)
    return plan


def graph_of(settings: Settings, request: PlanRequest, workspace: Workspace) -> BuildGraph:
    """Return what stands on what among the targets that a request asks for."""
    names = names_of(settings)
    catalog = Catalog.of(workspace.targets)
    resolution = resolve(workspace, catalog, names)
    rules = GraphRules(
        names, dict(settings.base_overrides), dict(settings.mirrors), request.all_stages, settings.references
    )
    graph = build_graph(select(request, workspace, catalog, resolution), catalog, resolution, rules)
    if request.selection in {"bases", "all-bases"}:
        return _only_bases(graph, catalog, resolution, rules)
    return graph


def plan_workspace(
    services: Services, tree: SourceTree, request: PlanRequest, workspace: Workspace, memory: PlanMemory
) -> BuildPlan:
    """Return the plan for what was read."""
    settings = services.settings
    parts = tuple(memory.parts.values())
    if memory.graph is None or not _are_the_same(memory.graph[0], parts):
        memory.graph = parts, graph_of(settings, request, workspace)
    graph = memory.graph[1]
    wanted = {n.key: (n.target.name, n.tags) for n in graph.nodes if n.buildable}
    unasked = _ask_registry(services, graph, wanted, memory) if request.ask_registry else ""
    standings = {key: standing for key, standing in memory.standings.items() if key in wanted}
    prepared, problems = _prepare(tree, graph, settings, memory, all_stages=request.all_stages)
    prepared, found = look_into_contexts(prepared, tree, services.cache, settings, memory)
    forced = {n.key for n in graph.nodes} if request.force else set()
    images = decide(
        prepared,
        standings,
        known_inputs(services.cache),
        settings.registry,
        forced,
        by_digest=settings.references == "digest",
    )
    return BuildPlan(
        workspace,
        graph,
        images,
        waves(graph),
        without_allowed(
            dict.fromkeys(
                (*workspace.diagnostics, *graph.diagnostics, *_chart_problems(workspace), *problems, *found)
            ),
            settings,
        ),
        (f"the registry could not be asked: {unasked}",) if unasked else (),
    )


def _are_the_same(known: tuple[Workspace, ...], parts: tuple[Workspace, ...]) -> bool:
    """Tell whether these are the very same objects: to compare all that is in them would take as long as a new graph.

    Those known are held, not their identities alone: these may be given to new objects once the old ones are gone.
    """
    return len(known) == len(parts) and all(map(operator.is_, known, parts))


def _ask_registry(
    services: Services, graph: BuildGraph, wanted: Mapping[str, tuple[str, tuple[str, ...]]], memory: PlanMemory
) -> str:
    """Ask what is not known yet; return why the registry could not be asked, empty if it could."""
    unknown = {
        key: (name, tags)
        for key, (name, tags) in wanted.items()
        if key not in memory.standings or memory.standings[key].of != (name, tags)
    }
    found, unasked = stand_all(services.registry, services.cache, unknown)
    memory.standings.update(found)
    if not unasked:
        refs = _local_externals(graph, names_of(services.settings).aliases)
        unknown_refs = {ref: place for ref, place in refs.items() if ref not in memory.externals}
        digests, unasked = digests_of(services.registry, unknown_refs)
        memory.externals.update(digests)
    return unasked


def _chart_problems(workspace: Workspace) -> tuple[LocatedDiagnostic, ...]:
    """Return what keeps the extensions' charts from being put together with their dependencies."""
    nearest = sorted(workspace.charts, key=lambda c: c.root.distance, reverse=True)
    known = {c.chart.name: c.chart for c in nearest}
    tops = packaged_charts([c for c in workspace.charts if c.root.kind == "extension"])
    problems = list(named_twice(tops).values())
    for root in workspace.roots:
        own = [c.chart for c in tops if c.root == root]
        problems.extend(LocatedDiagnostic(root, d) for d in check_dependencies(own, known))
    return tuple(problems)


def names_of(settings: Settings) -> Names:
    """Return what names mean under these settings; raise UsageError if the platform's version can be no tag."""
    if not valid_tag(settings.build_version):
        raise UsageError(
            f"the platform's version {settings.build_version!r} is not allowed as a tag of images",
            "set KAAPANA_BUILD_VERSION to letters, digits, '_', '.' and '-', at most 128",
        )
    aliases = RegistryAliases.of(settings.registry, settings.registry_push, settings.platform_registry)
    return Names(aliases, settings.registry, settings.build_version, settings.platform_registry)


def select(request: PlanRequest, workspace: Workspace, catalog: Catalog, resolution: Resolution) -> tuple[Target, ...]:
    """Return the targets that are wanted for themselves."""
    if request.selection == "all-bases":
        return tuple(t for t in workspace.targets if t.local_only)
    if request.selection == "images":
        return tuple(t for name in request.images for t in _named(name, catalog))
    own = {t.key: t for t in workspace.targets if t.root.kind == "extension"}
    return (*own.values(), *(t for t in resolution.wanted if t.key not in own))


def _named(name: str, catalog: Catalog) -> tuple[Target, ...]:
    found = catalog.find(name)
    if not found:
        near = catalog.near(name)
        hint = f"did you mean {' or '.join(near)}?" if near else "edk plan lists the images that there are"
        raise UsageError(f"no Dockerfile yields an image {name!r}", hint)
    return found


def _only_bases(graph: BuildGraph, catalog: Catalog, resolution: Resolution, rules: GraphRules) -> BuildGraph:
    """Return the graph of the bases alone, without what stands on them."""
    bases = [node.target for node in graph.nodes if node.target.local_only]
    return build_graph(bases, catalog, Resolution(references=resolution.references), rules)


def _local_externals(graph: BuildGraph, aliases: RegistryAliases) -> dict[str, tuple[str, str]]:
    """Return ref → repository and tag of bases that stand in the local registry without a Dockerfile."""
    found = {}
    for node in graph.nodes:
        for base in node.bases:
            local = split_local(base.external, aliases) if base.external else None
            if local is not None and not local.digest:
                found[base.external] = (local.name, local.tag or "latest")
    return found


def _prepare(
    tree: SourceTree,
    graph: BuildGraph,
    settings: Settings,
    memory: PlanMemory,
    *,
    all_stages: bool,
) -> tuple[list[Prepared], list[LocatedDiagnostic]]:
    """Read the context of every node that may be built, and take its fingerprint."""
    fingerprints: dict[str, str] = {}
    prepared = []
    problems: list[LocatedDiagnostic] = []
    by_key = graph.by_key
    for node in graph.nodes:
        if not node.buildable:
            prepared.append(Prepared(node))
            continue
        asked = (node.target, _why_whole(node, by_key), all_stages)
        if node.key not in memory.contexts or memory.contexts[node.key][0] != asked:
            _read_context(tree, node.key, asked, settings, memory)
        _, context, told = memory.contexts[node.key]
        problems.extend(LocatedDiagnostic(node.target.root, d) for d in told)
        item = _remembered(node, context, settings, memory, fingerprints)
        fingerprints[node.key] = item.fingerprint
        prepared.append(item)
    return prepared, problems


def _why_whole(node: Node, by_key: Mapping[str, Node]) -> str:
    """Return why the whole context of a node counts, whatever its Dockerfile says; empty if it does not."""
    triggers = [by_key[key] for key in node.depends_on if by_key[key].target.reading.onbuild]
    return f"{triggers[0].target.label} has ONBUILD instructions" if triggers else ""


def _read_context(tree: SourceTree, key: str, asked: ContextKey, settings: Settings, memory: PlanMemory) -> None:
    """Read a context, and note what it was made of where that is to be kept."""
    target, whole, all_stages = asked
    noting = NotingTree(tree)
    context, found = read_context(
        noting, target, all_stages=all_stages, warn_bytes=settings.max_context_bytes, whole=whole
    )
    known = memory.prepared.get(key)
    # What is equal stays the same object: then it is not taken a fingerprint of again.
    context = known[2] if known is not None and known[2] == context else context
    memory.contexts[key] = asked, context, tuple(found)
    if memory.traces is not None:
        memory.traces.anew = True
        memory.traces.contexts[key] = trace_of(noting)


def _remembered(
    node: Node, context: ContextReading, settings: Settings, memory: PlanMemory, fingerprints: Mapping[str, str]
) -> Prepared:
    """Return a node's inputs, those of the plan before if they were made of the same."""
    made_of: tuple[object, ...] = tuple(
        (base.target, fingerprints.get(base.target, ""), base.external, memory.externals.get(base.external, ""))
        for base in node.bases
    )
    made_of += tuple((key, fingerprints.get(key, "")) for key in node.names)
    before = memory.prepared.get(node.key)
    if before is not None and before[0] == made_of and before[1] == node and before[2] is context:
        return before[3]
    item = _prepared(node, context, settings, memory.externals, fingerprints)
    memory.prepared[node.key] = made_of, node, context, item
    return item


def _prepared(
    node: Node,
    context: ContextReading,
    settings: Settings,
    externals: Mapping[str, str],
    fingerprints: Mapping[str, str],
) -> Prepared:
    images = []
    used = []
    for base in node.bases:
        if base.target:
            images.append((base.position, f"fingerprint:{fingerprints.get(base.target, '')}"))
            continue
        digest = externals.get(base.external, "")
        images.append((base.position, f"digest:{digest}" if digest else f"ref:{base.external}"))
        used.append((base.index, pinned(base.external, digest, settings)))
    files = _sent(node.files, context)
    reading = node.target.reading
    inputs = Inputs(
        dockerfile=node.target.content_digest,
        images=tuple(images),
        build_args=declared(settings.build_args, (arg.name for arg in reading.args)),
        platform=settings.platform,
        files=context.files,
        references=tuple(_reference_parts(files, fingerprints)),
    )
    parts = components(inputs)
    return Prepared(node, context, parts, fingerprint(parts), tuple(used), files)


def _sent(files: Sequence[RewrittenFile], context: ContextReading) -> tuple[RewrittenFile, ...]:
    """Return the rewritten files that are sent; raise ContextChangedError if one is another by now."""
    sent = {file.path: file.digest for file in context.files if file.kind == "file"} if files else {}
    for file in files:
        if sent.get(file.path, file.content) != file.content:
            raise ContextChangedError(f"{file.path} changed while it was read")
    return tuple(file for file in files if file.path in sent)


def _reference_parts(files: Sequence[RewrittenFile], fingerprints: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for file in files:
        yield f"references in {file.path}", file.identity
        for edit in file.edits:
            for name, key in edit.names:
                yield reference_part(name), f"fingerprint:{fingerprints.get(key, '')}"


def pinned(ref: str, digest: str, settings: Settings) -> str:
    """Return the reference to build from: exact where the digest is known, by the address the engine has."""
    local = split_local(ref, RegistryAliases.of(settings.registry, settings.registry_push))
    if local is None:
        return ref
    exact = local.digest or digest
    suffix = f"@{exact}" if exact else f":{local.tag or 'latest'}"
    return f"{settings.push_host}/{local.name}{suffix}"


def known_inputs(cache: Cache) -> Mapping[str, Mapping[str, str]]:
    """Return fingerprint → inputs part by part, of images that were built before; each looked up when asked for."""
    return _KnownInputs(cache)


class _KnownInputs(Mapping[str, Mapping[str, str]]):
    """Fingerprint → inputs part by part, of what was built before; looked up when it is asked for."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def __getitem__(self, fingerprint: str) -> Mapping[str, str]:
        stored = self._cache.readings(INPUTS, [fingerprint])
        try:
            return _PARTS.decode(stored[fingerprint])
        except msgspec.MsgspecError as error:
            raise KeyError(fingerprint) from error

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
