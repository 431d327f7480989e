"""What a trace looks at: the registry, the files of DAG images, packaged charts, the cluster; each thing once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from edk.domain.charts.addressing import ROOT, original_of
from edk.domain.charts.asked import local_references
from edk.domain.charts.versions import chart_version
from edk.domain.cluster import NodeImage, RunningImage
from edk.domain.errors import ChartError, ClusterUnreachableError
from edk.domain.plan import BuildPlan, PlannedImage
from edk.domain.reference import RegistryAliases, split_local, substitute
from edk.domain.tracing import Named
from edk.domain.workspace import LocatedChart
from edk.orchestrator.chart_verifying import asked_images
from edk.orchestrator.pipeline import names_of
from edk.orchestrator.services import Services
from edk.orchestrator.shipped import references_in, shipped_files


@dataclass(slots=True)
class Tracer:
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


def look_at_cluster(tracer: Tracer) -> None:
    """Ask the cluster what its nodes have and its pods run, or note why it can't be asked."""
    if tracer.services.cluster is None:
        tracer.no_cluster = "no cluster is known here"
        return
    try:
        tracer.nodes, tracer.running = tracer.services.cluster.images(), tracer.services.cluster.running()
    except ClusterUnreachableError as error:
        tracer.no_cluster = error.message


def named_by(tracer: Tracer, dag: PlannedImage) -> tuple[str, ...]:
    """Return the keys of the targets that a DAG image names, also where its files are shipped as they are written."""
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


def shipped_references(tracer: Tracer, dag: PlannedImage, digest: str, name: str) -> list[tuple[str, str]]:
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


def _base_of(tracer: Tracer, dag: PlannedImage) -> str:
    """Return repository and digest of a DAG image's base; empty if it is not known."""
    by_key = {image.key: image for image in tracer.plan.images}
    base = next((by_key[base.target] for base in dag.node.bases if base.target in by_key), None)
    if base is None or not base.node.tags:
        return ""
    digest = tracer.head(base.node.target.name, base.node.tags[0])
    return f"{base.node.target.name}@{digest}" if digest else ""


def asked(tracer: Tracer, chart: LocatedChart) -> tuple[tuple[str, ...], str]:
    """Return the references to the local registry in a chart as it was packaged last, and why there are none."""
    name = chart.chart.name
    services = tracer.services
    if name not in tracer.asked:
        archive = archive_of(tracer, name)
        if not Path(archive).is_file():
            return (), "it was not packaged"
        try:
            found = asked_images(services, services.packager()[0], archive, ())
        except ChartError as error:
            return (), error.message
        tracer.asked[name] = (*found.local, *found.missing)
    return tracer.asked[name], ""


def archive_of(tracer: Tracer, name: str) -> str:
    """Return the path of a chart's archive, as it was packaged last."""
    settings = tracer.services.settings
    return settings.state_path("charts", f"{name}-{chart_version(settings.build_version)}.tgz")
