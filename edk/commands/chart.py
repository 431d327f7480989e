"""`edk chart`: the charts of a folder alone."""

from __future__ import annotations

import argparse
from functools import partial

from edk.commands.wiring import Wired, check_platform_options, places_of, settings_of, sink_of, with_platform
from edk.domain import events as ev
from edk.domain.errors import EXIT_DONE, EXIT_FAILED, EXIT_SOURCES, EXIT_UNREACHABLE, SourceError
from edk.domain.workspace import Workspace
from edk.orchestrator.build import show_diagnostics
from edk.orchestrator.chart_alone import package_alone
from edk.orchestrator.deliver import deliver, delivery_of
from edk.orchestrator.roots import roots_for
from edk.orchestrator.scan import ScanRequest, scan
from edk.orchestrator.services import Services


def run(options: argparse.Namespace) -> int:
    """Package the charts below a folder and upload them; return the exit code."""
    settings = settings_of(options, [options.dir])
    check_platform_options(options, settings)
    roots = roots_for([options.dir], places_of(settings))
    with Wired(settings, sink_of(options, settings), "edk chart") as services:
        workspace = scan(services.open_tree(), services.cache, ScanRequest(roots, settings.exclude))
        reaching = services if options.no_import or options.verify else with_platform(services)
        return _package(reaching, workspace, options)


def _package(services: Services, workspace: Workspace, options: argparse.Namespace) -> int:
    charts = [located for located in workspace.charts if located.root.kind == "extension"]
    if not charts:
        raise SourceError(f"no Chart.yaml below {options.dir!r}", "name the folder of a chart, or of an extension")
    paths = {(located.root, d.file) for located in charts for d in located.chart.diagnostics}
    findings = tuple(d for d in workspace.diagnostics if (d.root, d.diagnostic.file) in paths)
    show_diagnostics(services, findings)
    delivery = delivery_of(services, options.install)
    take = partial(deliver, to=delivery) if delivery else None
    done = package_alone(services, workspace, take, listed=options.verify)
    if services.platform is None and done.archives and not options.verify:
        services.sink.emit(
            ev.Noticed("the charts were not uploaded: --no-import was given, or KUBE_HELM_URL is not set")
        )
    if done.failed:
        return EXIT_UNREACHABLE if done.away else EXIT_FAILED
    return EXIT_SOURCES if any(d.diagnostic.severity == "error" for d in findings) else EXIT_DONE
