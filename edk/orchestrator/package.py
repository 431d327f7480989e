"""Which charts are packaged after a build, and with what: the last part of `edk build`, and all of `edk chart`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from edk.domain import events as ev
from edk.domain.charts.addressing import addressed_path
from edk.domain.charts.local_images import LocalImage, chart_files, chart_references
from edk.domain.charts.selection import named_twice, packaged_charts
from edk.domain.charts.versions import chart_version
from edk.domain.errors import InfrastructureError
from edk.domain.run import GOOD, RunState
from edk.orchestrator.chart_staging import StagingOptions
from edk.orchestrator.chart_verifying import verify_chart
from edk.orchestrator.charts import ChartSource, Packaging, package_charts
from edk.orchestrator.content_address import address
from edk.orchestrator.deliver import Deliver, deliver, delivery_of

if TYPE_CHECKING:
    from edk.domain.charts.model import ChartReading
    from edk.domain.plan import BuildPlan
    from edk.domain.resolve import ResolvedPlace
    from edk.domain.workspace import LocatedChart
    from edk.orchestrator.services import Services

BY_IMAGE_USE = frozenset({"dag", "processing", "template", "value", "operator"})


@dataclass(frozen=True, slots=True)
class PackagedCharts:
    """What came of the charts.

    Args:
        archives: how many were packaged.
        failed: how many were not, or not uploaded.
        away: whether platform or registry did not answer.
        paths: of the archives.
    """

    archives: int = 0
    failed: int = 0
    away: bool = False
    paths: tuple[str, ...] = ()


def package_extension_charts(
    services: Services, plan: BuildPlan, state: RunState, take: Deliver | None = None
) -> PackagedCharts:
    """Package the charts of the extensions whose images stand, and upload them if there is a platform.

    Args:
        services: the ports.
        plan: what was planned.
        state: where every image stands after the build.
        take: as for `package`.
    """
    failed = 0
    ready: list[LocatedChart] = []
    for located in plan.workspace.charts:
        if located.root.kind != "extension":
            continue
        missing = _missing_images(located, plan, state)
        if missing:
            failed += 1
            name = located.chart.name or located.chart.path
            message = f"not packaged, since the images that it needs are not there: {', '.join(missing)}"
            services.sink.emit(ev.ChartFailed(name, message, "mend them, and build again"))
        else:
            ready.append(located)
    local = tuple(
        LocalImage(image.node.target.name, state.targets[image.key].digest, image.node.tags)
        for image in plan.images
        if state.targets[image.key].phase in GOOD
    )
    done = package(services, ready, plan.workspace.charts, local, plan.graph.places, take)
    return replace(done, failed=failed + done.failed)


def _missing_images(located: LocatedChart, plan: BuildPlan, state: RunState) -> tuple[str, ...]:
    """Return the images that a chart names, that are built here, and that could not be built."""
    prefix = f"{located.chart.path}/" if located.chart.path else ""
    return tuple(
        image.label
        for image in plan.images
        if image.action != "ignore"
        and state.targets[image.key].phase not in GOOD
        and any(r.how in BY_IMAGE_USE and r.file.startswith(prefix) for r in image.node.references)
    )


def package(
    services: Services,
    charts: Sequence[LocatedChart],
    known: Sequence[LocatedChart],
    local_images: Sequence[LocalImage] | None,
    places: Sequence[ResolvedPlace],
    take: Deliver | None = None,
    *,
    listed: bool = False,
    strict: bool = True,
) -> PackagedCharts:
    """Package charts root by root, and upload them if there is a platform.

    Args:
        services: the ports.
        charts: the charts to package.
        known: every chart of the roots, among which dependencies are found by name.
        local_images: of the local registry; None: not known.
        places: where Python files name images that are built here.
        take: takes each archive to the platform; None: it is uploaded if there is a platform.
        listed: whether each image that a chart asks for is shown.
        strict: whether a chart fails if one is not there.
    """
    settings = services.settings
    delivery = delivery_of(services)
    if take is None and delivery is not None:
        take = partial(deliver, to=delivery)
    tops = packaged_charts(charts)
    options = _options(services, tops, local_images, places)
    packager, by = services.packager()
    by_name = {image.name: image for image in local_images or ()}
    addressed = {name: by_name[name] for name in options.dag_registries}
    verify = partial(
        verify_chart, services, packager, local_names=frozenset(by_name), listed=listed, strict=strict
    )
    packaging = Packaging(
        tree=services.open_tree(),
        by_name=folders_by_name(known),
        options=options,
        staging=settings.state_path("staging"),
        out_dir=settings.state_path("charts"),
        packager=packager,
        by=by,
        deliver=take,
        sink=services.sink,
        clock=services.clock,
        cache=services.cache,
        prepare=partial(_address_images, services, addressed),
        verify=None if local_images is None else verify,
    )
    twice = named_twice(tops)
    for located, told in twice.items():
        message = f"not packaged: {told.diagnostic.message}"
        services.sink.emit(ev.ChartFailed(located.chart.name, message, told.diagnostic.hint))
    results = [
        result
        for top in tops
        if top not in twice
        for result in package_charts([ChartSource(top.chart, _folder(top))], packaging)
    ]
    errors = [r.error for r in results if r.error is not None]
    away = any(isinstance(error, InfrastructureError) for error in errors)
    paths = tuple(r.archive for r in results if r.archive)
    return PackagedCharts(len(paths), len(twice) + len(errors), away, paths)


def _options(
    services: Services,
    tops: Sequence[LocatedChart],
    local_images: Sequence[LocalImage] | None,
    places: Sequence[ResolvedPlace],
) -> StagingOptions:
    """Return what staged charts say otherwise."""
    settings = services.settings
    options = StagingOptions(chart_version(settings.build_version), settings.registry)
    if local_images is None:
        return options
    known = {image.name: image for image in local_images}
    registries = {
        top.chart.dag_image: f"{settings.registry}/{addressed_path(known[top.chart.dag_image].digest)}"
        for top in tops
        if settings.references == "digest" and top.chart.dag_image in known
    }
    return replace(
        options,
        local_images=frozenset(known),
        refs=chart_references(local_images, settings.registry, settings.references),
        dag_registries=registries,
        files=chart_files(places) if settings.references != "as-written" else {},
    )


def _address_images(services: Services, addressed: Mapping[str, LocalImage], chart: ChartReading) -> None:
    """Have the DAG image of a chart stand where the staged chart asks for it."""
    image = addressed.get(chart.dag_image)
    if image is not None:
        address(services.registry, image.name, image.digest, image.tags)


def folders_by_name(known: Sequence[LocatedChart]) -> Mapping[str, str]:
    """Return the absolute folder of every chart by its name, the nearest where there are several."""
    folders: dict[str, str] = {}
    for located in sorted(known, key=lambda c: (c.root.distance, c.chart.path)):
        folders.setdefault(located.chart.name, _folder(located))
    return folders


def _folder(located: LocatedChart) -> str:
    return f"{located.root.path}/{located.chart.path}" if located.chart.path else located.root.path
