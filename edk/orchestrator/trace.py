"""`edk trace`: what became of an image on its way from the saved file to a node."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from edk.domain.charts.selection import packaged_charts
from edk.domain.fingerprint import changed, sentence
from edk.domain.plan import BuildPlan, PlannedImage
from edk.domain.reference import RegistryAliases
from edk.domain.tracing import Link, Trace, judge_nodes, judge_reference, short
from edk.domain.workspace import LocatedChart
from edk.orchestrator.deliver import Memory
from edk.orchestrator.observe import carried_fingerprint
from edk.orchestrator.pipeline import known_inputs
from edk.orchestrator.services import Services
from edk.orchestrator.trace_looks import Tracer, archive_of, asked, look_at_cluster, named_by, shipped_references

BUILD = "edk build --dir {}"


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
    tracer = Tracer(services, plan, aliases)
    look_at_cluster(tracer)
    by_name = {image.node.target.name: image for image in plan.images}
    return tuple(Trace(name, tuple(_links(tracer, by_name[name]))) for name in names)


def _links(tracer: Tracer, image: PlannedImage) -> Iterator[Link]:
    yield from _source_links(tracer, image)
    digest = tracer.head(image.node.target.name, image.node.tags[0]) if image.node.tags else ""
    yield _registry_link(image, digest)
    yield from _dag_links(tracer, image, digest)
    yield from _chart_links(tracer, image, digest)
    if digest:
        yield _cluster_link(tracer, image, digest)


def _source_links(tracer: Tracer, image: PlannedImage) -> Iterator[Link]:
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


def _carried(tracer: Tracer, image: PlannedImage) -> str:
    """Return the fingerprint that the image under the first tag carries; empty if there is none."""
    name = image.node.target.name
    digest = tracer.head(name, image.node.tags[0]) if image.node.tags else ""
    services = tracer.services
    return carried_fingerprint(services.registry, services.cache, name, digest) if digest else ""


def _registry_link(image: PlannedImage, digest: str) -> Link:
    remedy = BUILD.format(image.node.target.root.path)
    ref = image.refs[0] if image.refs else image.label
    if not digest:
        return Link("registry", ref, "", "missing", "nothing stands under this tag", remedy)
    if image.digest and digest != image.digest:
        return Link("registry", ref, digest, "stale", f"another image was pushed there; ours is {short(image.digest)}",
                    remedy)  # fmt: skip
    return Link("registry", ref, digest)


def _dag_links(tracer: Tracer, image: PlannedImage, digest: str) -> Iterator[Link]:
    """Yield what each DAG image that names the image really has in its files."""
    name = image.node.target.name
    for dag in tracer.plan.images:
        if image.key not in named_by(tracer, dag):
            continue
        stands = tracer.head(dag.node.target.name, dag.node.tags[0]) if dag.node.tags else ""
        remedy = BUILD.format(dag.node.target.root.path)
        if not stands:
            yield Link("dag", dag.label, "", "missing", "the DAG image is not in the registry", remedy)
            continue
        found = shipped_references(tracer, dag, stands, name)
        if not found:
            yield Link("dag", dag.label, short(stands), "missing", f"none of its files names {name}", remedy)
        for path, ref in found:
            yield _reference_link(tracer, "dag", f"{dag.label}:/{path}", ref, digest, remedy)


def _reference_link(tracer: Tracer, where: str, name: str, ref: str, digest: str, remedy: str) -> Link:
    if "{" in ref:
        detail = "as written: a run asks the registry that the platform was deployed from, not the local one"
        return Link("dag", name, ref, "stale", detail, "build with --references digest")
    state, detail = judge_reference(tracer.named(ref), digest)
    kind = "dag" if where == "dag" else "chart"
    return Link(kind, name, ref, state, detail, remedy if state != "ok" else "")  # type: ignore[arg-type]


def _chart_links(tracer: Tracer, image: PlannedImage, digest: str) -> Iterator[Link]:
    """Yield what packaged charts ask for: the image itself, or the DAG image that names it."""
    digests = {image.node.target.name: digest}
    for dag in tracer.plan.images:
        if image.key in named_by(tracer, dag) and dag.node.tags:
            digests[dag.node.target.name] = tracer.head(dag.node.target.name, dag.node.tags[0])
    charts = [c for c in tracer.plan.workspace.charts if c.root.kind == "extension"]
    for top in packaged_charts(charts):
        remedy = BUILD.format(top.root.path)
        refs, problem = asked(tracer, top)
        if problem and any(_refers(r.file, top) for r in image.node.references):
            yield Link("chart", top.chart.name, "", "missing", problem, remedy)
        for ref in refs:
            name = tracer.name_of(ref)
            if name in digests:
                yield _reference_link(tracer, "chart", top.chart.name, ref, digests[name], remedy)
        if tracer.services.settings.kube_helm_url and any(tracer.name_of(ref) in digests for ref in refs):
            yield _platform_link(tracer, top)


def _platform_link(tracer: Tracer, chart: LocatedChart) -> Link:
    """Say whether the platform was given the chart as it was packaged last, as far as we did it ourselves."""
    name, settings = chart.chart.name, tracer.services.settings
    given = Memory(settings.kube_helm_url, tracer.services.cache).recall(name)
    packaged = hashlib.sha256(Path(archive_of(tracer, name)).read_bytes()).hexdigest()
    install = f"{BUILD.format(chart.root.path)} --install"
    if not given.uploaded:
        return Link("platform", name, "", "unknown", f"not uploaded to {settings.kube_helm_url} from here", install)
    if given.uploaded != packaged:
        return Link("platform", name, f"sha256:{given.uploaded}", "stale", "an older chart was uploaded", install)
    if given.installed and given.installed != packaged:
        return Link("platform", name, f"sha256:{given.installed}", "stale", "an older chart is installed", install)
    done = "uploaded and installed" if given.installed else "uploaded; not installed from here"
    return Link("platform", name, f"sha256:{packaged}", "ok", done)


def _refers(file: str, chart: LocatedChart) -> bool:
    return file.startswith(f"{chart.chart.path}/" if chart.chart.path else "")


def _cluster_link(tracer: Tracer, image: PlannedImage, digest: str) -> Link:
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
