"""Stage a chart: a whole copy with its dependencies inside, made in memory and written to a folder of ours.

Nothing is written into the user's tree; ``helm dependency`` there would leave locks and archives behind.
Dependencies are found by the chart's name, as in the platform's own build: first in the chart's ``charts/``
folder, then over the roots. Their ``repository`` is not looked at, so a path that leads nowhere is no obstacle.
An archive in ``charts/`` counts as well, except one of the DAG installer where the roots have its source: the
DAG image's tag is its version, and an old archive asks for a tag that nobody builds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edk.domain.charts.archives import ARCHIVE_LIMIT
from edk.domain.charts.edits import set_dependencies, set_text, tag_by_build
from edk.domain.charts.localising import localise_images, localise_listed, localise_passed_image
from edk.domain.charts.nodes import text_at
from edk.domain.charts.reading import is_chart_file, read_chart
from edk.domain.charts.selection import is_remote
from edk.domain.charts.versions import DAG_INSTALLER, is_semantic, tag_version
from edk.domain.charts.yamltext import read_yaml
from edk.domain.errors import ChartError
from edk.domain.references import RewrittenFile, rewrite_references
from edk.orchestrator.chart_loading import load_chart

if TYPE_CHECKING:
    from edk.domain.charts.model import ChartDependency, ChartReading
    from edk.ports import SourceTree

DEPTH_LIMIT = 20
_LOCKS = ("Chart.lock", "requirements.lock", ".helmignore")


@dataclass(frozen=True, slots=True)
class StagingOptions:
    """What the staged copy says otherwise than its source.

    Args:
        version: of the packaged chart (see `edk.domain.charts.versions.chart_version`); empty keeps its own.
        registry: how nodes reach the local registry, e.g. ``localhost:32000``; empty changes no reference.
        local_images: names of the images that stand there; templates take these from it. None: not known,
            then the DAG image is taken to be there, and templates stay as they are.
        installer_version: of the staged DAG installer; empty keeps its own.
        refs: name of a local image → the reference that templates and DAG files get; one that is not there keeps its
            tag.
        dag_registries: name of a DAG image → what goes in front of it in the reference that its installer asks for,
            see `edk.domain.charts.addressing`; for others that is `registry`.
        files: absolute path of a Python file that names local images → what of it is rewritten, by the images' names.
    """

    version: str = ""
    registry: str = ""
    local_images: frozenset[str] | None = None
    installer_version: str = ""
    refs: Mapping[str, str] = field(default_factory=dict)
    dag_registries: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, RewrittenFile] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StagedChart:
    """A chart with its dependencies, ready to be written: content by path relative to its folder."""

    name: str
    version: str
    files: Mapping[str, bytes]


@dataclass(slots=True)
class _Staging:
    """One chart on its way; `done` keeps dependencies that were put together before."""

    tree: SourceTree
    by_name: Mapping[str, str]
    options: StagingOptions
    done: dict[str, StagedChart] = field(default_factory=dict)


def stage_chart(tree: SourceTree, folder: str, by_name: Mapping[str, str], options: StagingOptions) -> StagedChart:
    """Return a chart with everything it depends on.

    Args:
        tree: where the charts are.
        folder: absolute path of the chart.
        by_name: absolute path of every other chart by its name; the nearest one where there are several.
        options: what to change.

    Raises:
        ChartError: a file is broken, a dependency missing, charts depend on each other in a circle, or a link
            leads out of the chart.
    """
    staging = _Staging(tree, by_name, options)
    staged = _complete(staging, load_chart(tree, folder), folder, ())
    files = dict(staged.files)
    chart = read_chart(folder, files)
    version = options.version or chart.version
    files["Chart.yaml"] = set_text(files["Chart.yaml"], ("version",), version, f"{folder}/Chart.yaml")
    local = options.local_images
    if options.registry and chart.dag_image and (local is None or chart.dag_image in local):
        keys = ("global", "custom_registry_url")
        content = files.get("values.yaml", b"")
        registry = options.dag_registries.get(chart.dag_image, options.registry)
        files["values.yaml"] = set_text(content, keys, registry, f"{folder}/values.yaml")
    return StagedChart(staged.name, version, files)


def _complete(staging: _Staging, files: dict[str, bytes], folder: str, chain: tuple[str, ...]) -> StagedChart:
    """Put the dependencies of a chart into its ``charts/``, and make the edits that every chart gets."""
    chart = _sound(folder, files)
    chain = (*chain, chart.name)
    versions: dict[str, str] = {}
    for dependency in chart.dependencies:
        if dependency.name in versions:
            continue
        staged = _dependency(staging, dependency, files, folder, chain)
        if staged is not None:
            staged = _with_passed_image(staging.options, staged, files.get("values.yaml", b""), dependency)
            versions[dependency.name] = staged.version
            files |= {f"charts/{dependency.name}/{path}": content for path, content in staged.files.items()}
            if sum(map(len, files.values())) > ARCHIVE_LIMIT:
                raise ChartError(f"{folder}: larger than the {ARCHIVE_LIMIT} bytes that helm takes", "Shrink it")
    for name in ("requirements.yaml", "Chart.yaml"):
        if versions and name in files:
            files[name] = set_dependencies(files[name], versions, f"{folder}/{name}")
    return _edited(staging.options, chart, files, folder)


def _dependency(
    staging: _Staging,
    dependency: ChartDependency,
    files: dict[str, bytes],
    folder: str,
    chain: tuple[str, ...],
) -> StagedChart | None:
    """Return one dependency; None if helm finds it by itself. `files` loses what the dependency replaces."""
    place = f"{dependency.file}:{dependency.line}"
    if dependency.name in chain or len(chain) > DEPTH_LIMIT:
        circle = " → ".join((*chain[chain.index(dependency.name) if dependency.name in chain else 0 :],
                             dependency.name))  # fmt: skip
        raise ChartError(f"{place}: charts depend on each other in a circle: {circle}", "Remove one of them")
    unpacked = _unpacked(files, dependency.name)
    if unpacked:
        inner = {p[len(unpacked) :]: files.pop(p) for p in [p for p in files if p.startswith(unpacked)]}
        return _complete(staging, inner, f"{folder}/{unpacked[:-1]}", chain)
    found = staging.by_name.get(dependency.name)
    packed = _packed(files, dependency.name)
    if packed and (found is None or dependency.name != DAG_INSTALLER):
        return None
    if found is not None:
        for path in packed:
            del files[path]
        if found not in staging.done:
            staging.done[found] = _complete(staging, load_chart(staging.tree, found), found, chain)
        return staging.done[found]
    if is_remote(dependency):
        return None
    message = f"{place}: the chart “{dependency.name}” is in none of the roots"
    raise ChartError(message, "Correct the name, or clone the platform's repository with `edk init`")


def _with_passed_image(
    options: StagingOptions, staged: StagedChart, values: bytes, dependency: ChartDependency
) -> StagedChart:
    """Return a sub-chart that takes the image which its parent's values name from where it was built."""
    root = read_yaml(values, "values.yaml").root
    image = text_at(root, dependency.alias or dependency.name, "image")
    if not options.registry or image is None or image.text not in (options.local_images or ()):
        return staged
    files = dict(staged.files)
    for path, content in staged.files.items():
        if path.startswith("templates/"):
            text = content.decode("utf-8", "surrogateescape")
            ref = options.refs.get(image.text, "")
            files[path] = localise_passed_image(text, options.registry, ref).encode("utf-8", "surrogateescape")
    return StagedChart(staged.name, staged.version, files)


def _unpacked(files: Mapping[str, bytes], name: str) -> str:
    """Return the folder (ending in ``/``) below ``charts/`` that holds the chart of a name, empty if none."""
    for path in files:
        parts = path.split("/")
        if len(parts) == 3 and parts[0] == "charts" and parts[2] == "Chart.yaml":
            folder = path.removesuffix("Chart.yaml")
            if read_chart(folder, {"Chart.yaml": files[path]}).name == name:
                return folder
    return ""


def _packed(files: Mapping[str, bytes], name: str) -> list[str]:
    """Return the archives in ``charts/`` that are of the chart of a name."""
    start = f"charts/{name}-"
    return [p for p in files if p.startswith(start) and p.endswith(".tgz") and is_semantic(p[len(start) : -4])]


def _edited(options: StagingOptions, chart: ChartReading, files: dict[str, bytes], folder: str) -> StagedChart:
    """Make the edits that concern every chart, sub-charts included."""
    version = chart.version
    if chart.name == DAG_INSTALLER:
        version = options.installer_version or tag_version(version)
        if version != chart.version:
            files["Chart.yaml"] = set_text(files["Chart.yaml"], ("version",), version, f"{folder}/Chart.yaml")
    local = options.local_images or frozenset()
    for path in [path for path in files if path == "values.yaml" or path.startswith("templates/")]:
        marks = (b"registry_url", b".Chart.Version", options.registry.encode() or b"registry_url")
        if not any(mark in files[path] for mark in marks):
            continue
        text = files[path].decode("utf-8", "surrogateescape")
        if options.registry:
            text = localise_images(text, local, options.registry, options.refs)
            listed = {i.written for i in chart.images if i.how == "processing"}
            text = localise_listed(text, {name: ref for name, ref in options.refs.items() if name in listed})
        if chart.name != DAG_INSTALLER and path != "values.yaml":
            text = tag_by_build(text)
        files[path] = text.encode("utf-8", "surrogateescape")
    kept = {path: content for path, content in files.items() if path not in _LOCKS}
    made = {path: _with_references(options, content, f"{folder}/{path}") for path, content in kept.items()}
    return StagedChart(chart.name, version, made)


def _with_references(options: StagingOptions, content: bytes, path: str) -> bytes:
    """Return a file of a chart with its images named as they were built, if it is a Python file that names some."""
    file = options.files.get(path)
    if file is None:
        return content
    if hashlib.sha256(content).hexdigest() != file.content:
        raise ChartError(f"{path} changed while the chart was packaged", "Build again")
    return rewrite_references(content, file.edits, options.refs)


def _sound(folder: str, files: Mapping[str, bytes]) -> ChartReading:
    """Return what a chart says; raise ChartError for the first thing that is wrong with it."""
    chart = read_chart(folder, {path: files[path] for path in files if is_chart_file(path)})
    for finding in chart.diagnostics:
        if finding.severity == "error":
            raise ChartError(f"{finding.file}:{finding.line}: {finding.message}", finding.hint)
    return chart
