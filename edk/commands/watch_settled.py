"""What `edk watch` does once everything stands: charts are packaged, and whoever waits for it is told."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace

from edk.domain import events as ev
from edk.domain.plan import BuildPlan
from edk.domain.run import RunState
from edk.orchestrator.delivering import BackgroundDelivery
from edk.orchestrator.package import package_extension_charts
from edk.orchestrator.services import Services


class _News:
    """Leaves out what is unchanged: the watcher looks at the charts after every save."""

    def __init__(self, services: Services) -> None:
        self._sink = services.sink
        self._unchanged = ""

    def emit(self, event: ev.Event) -> None:
        """Hand on what is new."""
        if isinstance(event, ev.ChartPackaged):
            self._unchanged = event.chart if event.by == "unchanged" else ""
        told = isinstance(event, (ev.ChartPackaged, ev.ChartVerified)) and event.chart == self._unchanged
        if not told:
            self._sink.emit(event)

    def close(self) -> None:
        """Do nothing: the sink behind lives on."""


def settled(
    services: Services, ready_file: str | None, delivery: BackgroundDelivery | None
) -> Callable[[BuildPlan, RunState], None]:
    """Return what is done once everything stands: charts are packaged, and whoever waits for it is told.

    A chart that is unchanged is neither made nor sent again; what is sent is so aside, and no save waits for it. The
    file is written once, whole or not at all.
    """
    quiet = replace(services, sink=_News(services))
    waiting = [ready_file] if ready_file else []

    def settle(plan: BuildPlan, state: RunState) -> None:
        if any(c.root.kind == "extension" for c in plan.workspace.charts):
            package_extension_charts(quiet, plan, state, delivery.take if delivery else None)
        while waiting:
            failed = sorted(t.label for t in state.targets.values() if t.phase in {"failed", "blocked"})
            _write_ready(waiting.pop(), failed, services)

    return settle


def _write_ready(path: str, failed: Sequence[str], services: Services) -> None:
    from edk.adapters.whole_files import write_whole

    text = "\n".join(["failed: " + " ".join(failed) if failed else "ready", ""])
    try:
        write_whole(os.path.abspath(path), text.encode("utf-8", "surrogateescape"))  # noqa: PTH100
    except OSError as error:
        services.sink.emit(ev.Noticed(f"{path} can't be written: {error.strerror}"))
