"""`edk trace`: what became of an image on its way from the saved file to a node."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edk.domain.charts.addressing import ROOT, original_of
from edk.domain.charts.asked import local_references
from edk.domain.charts.selection import packaged_charts
from edk.domain.charts.versions import chart_version
from edk.domain.cluster import NodeImage, RunningImage
from edk.domain.errors import ChartError, ClusterUnreachableError, DigestMismatchError
from edk.domain.fingerprint import LABEL, changed, sentence
from edk.domain.plan import BuildPlan, PlannedImage
from edk.domain.reference import RegistryAliases, split_local, substitute
from edk.domain.tracing import Link, Named, Trace, judge_nodes, judge_reference, short
from edk.domain.workspace import LocatedChart
from edk.orchestrator.chart_verifying import asked_images
from edk.orchestrator.deliver import Memory
from edk.orchestrator.pipeline import known_inputs, names_of
from edk.orchestrator.services import Services
from edk.orchestrator.shipped import references_in, shipped_files

BUILD = "edk build --dir {}"


@dataclass(slots=True)
class _Tracer:
    """Looks at each thing once, however many images it concerns."""

    services: Services
    plan: BuildPlan
    aliases: RegistryAliases
    heads: dict[tuple[str, str], str] = field(default_factory=dict)
    shipped: dict[str, dict[str, bytes]] = field(default_factory=dict)
    asked: dict[str, tuple[str, ...]] = field(default_factory=dict)
    nodes: tuple[NodeImage, ...] = ()
    running: tuple[RunningImage, ...] = ()
    no_cluster: str = ""

    def head(self, repository: str, reference: str) -> str:
        """Return the digest of what stands there, empty if nothing."""
        key = (repository, reference)
        if key not in self.heads:
            info = self.services.registry.head(repository, reference)
            self.heads[key] = info.digest if info else ""
        return self.heads[key]

    def named(self, ref: str) -> Named:
        """Return what a reference leads to."""
        local = split_local(ref, self.aliases)
        if local is None:
            return Named(ref, "", fixed=False)
        digest = self.head(local.name, local.digest or local.tag or "latest")
        return Named(ref, digest, fixed=bool(local.digest) or local.name.startswith(f"{ROOT}/"))

    def name_of(self, ref: str) -> str:
        """Return the name of the image that a local reference means, empty for others."""
        local = split_local(ref, self.aliases)
        if local is None:
            return ""
        addressed = original_of(local.name)
        return addressed[0] if addressed else local.name


def trace(services: Services, plan: BuildPlan, names: Sequence[str]) -> tuple[Trace, ...]:
    """Return the way of each image.

    Args:
        services: the ports; cluster and platform are looked at where they are there.
        plan: of the extension.
        names: of images.

    Raises:
        RegistryUnreachableError: see `edk.ports.Registry`.
    """
    aliases = RegistryAliases.of(services.settings.registry, services.settings.push_host)
    tracer = _Tracer(services, plan, aliases)
    _look_at_cluster(tracer)
    by_name = {image.node.target.name: image for image in plan.images}
    return tuple(Trace(name, tuple(_links(tracer, by_name[name]))) for name in names)


def _look_at_cluster(tracer: _Tracer) -> None:
    if tracer.services.cluster is None:
        tracer.no_cluster = "no cluster is known here"
        return
    try:
        tracer.nodes, tracer.running = tracer.services.cluster.images(), tracer.services.cluster.running()
    except ClusterUnreachableError as error:
        tracer.no_cluster = error.message


def _links(tracer: _Tracer, image: PlannedImage) -> Iterator[Link]:
    yield from _source_links(tracer, image)
    digest = tracer.head(image.node.target.name, image.node.tags[0]) if image.node.tags else ""
    yield _registry_link(image, digest)
    yield from _dag_links(tracer, image, digest)
    yield from _chart_links(tracer, image, digest)
    if digest:
        yield _cluster_link(tracer, image, digest)


def _source_links(tracer: _Tracer, image: PlannedImage) -> Iterator[Link]:
    """Yield the files that changed since the image was built, else its Dockerfile; then the inputs as a whole."""
    target = image.node.target
    built = _carried(tracer, image)
    known = known_inputs(tracer.services.cache)
    old = known.get(built) if built else None
    parts = dict(image.parts)
    root = f"{target.root.path}/{target.context}" if target.context else target.root.path
    for file in image.context.files if old else ():
        name = file.path
        if file.kind == "file" and old is not None and old.get(name) != parts.get(name):
            yield Link("source", f"{root}/{name}", f"sha256:{file.digest}", "ok", "saved since the image was built")
    yield Link("source", f"{target.root.path}/{target.dockerfile}", f"sha256:{target.content_digest}")
    count = f"{len(image.context.files)} files"
    remedy = BUILD.format(target.root.path)
    if image.action == "skip":
        yield Link("fingerprint", image.label, image.carried or image.fingerprint, "ok", f"{count}, as they were built")
    elif image.action in {"blocked", "ignore"}:
        yield Link("fingerprint", image.label, image.fingerprint, "missing", f"it is not built: {image.reason}", remedy)
    else:
        # Without a sealed fingerprint an image that it names comes first: then that is why.
        why = sentence(changed(old, parts)) if old and image.carried else image.reason
        state = Link("fingerprint", image.label, image.fingerprint, "stale", why or image.reason, remedy)
        yield state


def _carried(tracer: _Tracer, image: PlannedImage) -> str:
    if not image.node.tags:
        return ""
    digest = tracer.head(image.node.target.name, image.node.tags[0])
    if not digest:
        return ""
    known = tracer.services.cache.fingerprint_of(digest)
    if known:
        return known
    try:
        return (tracer.services.registry.labels(image.node.target.name, digest) or {}).get(LABEL, "")
    except DigestMismatchError:
        return ""


def _registry_link(image: PlannedImage, digest: str) -> Link:
    remedy = BUILD.format(image.node.target.root.path)
    ref = image.refs[0] if image.refs else image.label
    if not digest:
        return Link("registry", ref, "", "missing", "nothing stands under this tag", remedy)
    if image.digest and digest != image.digest:
        return Link("registry", ref, digest, "stale", f"another image was pushed there; ours is {short(image.digest)}",
                    remedy)  # fmt: skip
    return Link("registry", ref, digest)


def _dag_links(tracer: _Tracer, image: PlannedImage, digest: str) -> Iterator[Link]:
    """Yield what each DAG image that names the image really has in its files."""
    name = image.node.target.name
    for dag in tracer.plan.images:
        if image.key not in _named_by(tracer, dag):
            continue
        stands = tracer.head(dag.node.target.name, dag.node.tags[0]) if dag.node.tags else ""
        remedy = BUILD.format(dag.node.target.root.path)
        if not stands:
            yield Link("dag", dag.label, "", "missing", "the DAG image is not in the registry", remedy)
            continue
        found = _shipped_references(tracer, dag, stands, name)
        if not found:
            yield Link("dag", dag.label, short(stands), "missing", f"none of its files names {name}", remedy)
        for path, ref in found:
            yield _reference_link(tracer, "dag", f"{dag.label}:/{path}", ref, digest, remedy)


def _named_by(tracer: _Tracer, dag: PlannedImage) -> tuple[str, ...]:
    if dag.node.names or dag.node.role != "dag":
        return dag.node.names
    inside = f"{dag.node.target.context}/" if dag.node.target.context else ""
    return tuple(
        resolved.target
        for resolved in tracer.plan.graph.images
        if resolved.target
        and resolved.located.root == dag.node.target.root
        and resolved.located.image.file.startswith(inside)
    )


def _shipped_references(tracer: _Tracer, dag: PlannedImage, digest: str, name: str) -> list[tuple[str, str]]:
    """Return path and reference of each place in a DAG image that names an image."""
    if digest not in tracer.shipped:
        tracer.shipped[digest] = shipped_files(
            tracer.services.registry, tracer.services.cache, dag.node.target.name, digest, _base_of(tracer, dag)
        )
    files = tracer.shipped[digest]
    registries = (tracer.services.settings.registry, tracer.services.settings.push_host)
    found: list[tuple[str, str]] = []
    others: dict[str, bytes] = {}
    for path, content in files.items():
        refs = local_references(content.decode("utf-8", "replace"), registries)
        exact = [(path, ref) for ref in refs if tracer.name_of(ref) == name]
        found.extend(exact)
        if not exact and name.encode() in content:
            others[path] = content
    if others:
        # Not rewritten: what they come to, with what they import from those that are.
        variables = names_of(tracer.services.settings).variables
        written = references_in(files, {name})
        found.extend((path, substitute(ref, variables)) for path in others for ref in written.get(path, ()))
    return sorted(found)


def _base_of(tracer: _Tracer, dag: PlannedImage) -> str:
    """Return repository and digest of a DAG image's base; empty if it is not known."""
    by_key = {image.key: image for image in tracer.plan.images}
    base = next((by_key[base.target] for base in dag.node.bases if base.target in by_key), None)
    if base is None or not base.node.tags:
        return ""
    digest = tracer.head(base.node.target.name, base.node.tags[0])
    return f"{base.node.target.name}@{digest}" if digest else ""


def _reference_link(tracer: _Tracer, where: str, name: str, ref: str, digest: str, remedy: str) -> Link:
    if "{" in ref:
        detail = "as written: a run asks the registry that the platform was deployed from, not the local one"
        return Link("dag", name, ref, "stale", detail, "build with --references digest")
    state, detail = judge_reference(tracer.named(ref), digest)
    kind = "dag" if where == "dag" else "chart"
    return Link(kind, name, ref, state, detail, remedy if state != "ok" else "")  # type: ignore[arg-type]


def _chart_links(tracer: _Tracer, image: PlannedImage, digest: str) -> Iterator[Link]:
    """Yield what packaged charts ask for: the image itself, or the DAG image that names it."""
    digests = {image.node.target.name: digest}
    for dag in tracer.plan.images:
        if image.key in _named_by(tracer, dag) and dag.node.tags:
            digests[dag.node.target.name] = tracer.head(dag.node.target.name, dag.node.tags[0])
    charts = [c for c in tracer.plan.workspace.charts if c.root.kind == "extension"]
    for top in packaged_charts(charts):
        remedy = BUILD.format(top.root.path)
        refs, problem = _asked(tracer, top)
        if problem and any(_refers(r.file, top) for r in image.node.references):
            yield Link("chart", top.chart.name, "", "missing", problem, remedy)
        for ref in refs:
            name = tracer.name_of(ref)
            if name in digests:
                yield _reference_link(tracer, "chart", top.chart.name, ref, digests[name], remedy)
        if tracer.services.settings.kube_helm_url and any(tracer.name_of(ref) in digests for ref in refs):
            yield _platform_link(tracer, top)


def _platform_link(tracer: _Tracer, chart: LocatedChart) -> Link:
    """Say whether the platform was given the chart as it was packaged last, as far as we did it ourselves."""
    name, settings = chart.chart.name, tracer.services.settings
    given = Memory(settings.kube_helm_url, tracer.services.cache).recall(name)
    packaged = hashlib.sha256(Path(_archive_of(tracer, name)).read_bytes()).hexdigest()
    install = f"{BUILD.format(chart.root.path)} --install"
    if not given.uploaded:
        return Link("platform", name, "", "unknown", f"not uploaded to {settings.kube_helm_url} from here", install)
    if given.uploaded != packaged:
        return Link("platform", name, f"sha256:{given.uploaded}", "stale", "an older chart was uploaded", install)
    if given.installed and given.installed != packaged:
        return Link("platform", name, f"sha256:{given.installed}", "stale", "an older chart is installed", install)
    done = "uploaded and installed" if given.installed else "uploaded; not installed from here"
    return Link("platform", name, f"sha256:{packaged}", "ok", done)


def _archive_of(tracer: _Tracer, name: str) -> str:
    settings = tracer.services.settings
    return settings.state_path("charts", f"{name}-{chart_version(settings.build_version)}.tgz")


def _refers(file: str, chart: LocatedChart) -> bool:
    return file.startswith(f"{chart.chart.path}/" if chart.chart.path else "")


def _asked(tracer: _Tracer, chart: LocatedChart) -> tuple[tuple[str, ...], str]:
    """Return the references to the local registry in a chart as it was packaged last, and why there are none."""
    name = chart.chart.name
    services = tracer.services
    if name not in tracer.asked:
        archive = _archive_of(tracer, name)
        if not Path(archive).is_file():
            return (), "it was not packaged"
        try:
            found = asked_images(services, services.packager()[0], archive, ())
        except ChartError as error:
            return (), error.message
        tracer.asked[name] = (*found.local, *found.missing)
    return tracer.asked[name], ""


def _cluster_link(tracer: _Tracer, image: PlannedImage, digest: str) -> Link:
    name = image.node.target.name
    if tracer.no_cluster:
        return Link("cluster", name, "", "unknown", tracer.no_cluster)
    nodes: Mapping[str, list[str]] = {node.node: [] for node in tracer.nodes}
    for node in tracer.nodes:
        nodes[node.node].extend(d for ref, d in zip(node.names, map(_digest, node.names), strict=True)
                                if d and tracer.name_of(ref) == name)  # fmt: skip
    old = [r for r in tracer.running if tracer.name_of(r.image) == name and r.digest and r.digest != digest]
    state, detail = judge_nodes([(node, tuple(digests)) for node, digests in nodes.items()], digest)
    if old:
        pods = ", ".join(f"{r.namespace}/{r.pod}" for r in old[:3])
        return Link("cluster", name, digest, "stale", f"an older one still runs in {pods}",
                    "let it end, or install the chart again")  # fmt: skip
    return Link("cluster", name, digest, state, detail)


def _digest(ref: str) -> str:
    return ref.rpartition("@")[2] if "@sha256:" in ref else ""
