"""The plan as text: what would happen to each image, and why."""

from __future__ import annotations

from collections.abc import Iterator

from edk.domain.plan import BuildPlan
from edk.ui.text import plural, safe, short, size


def plan_lines(plan: BuildPlan) -> Iterator[str]:
    """Yield the plan line by line; diagnostics are printed by the sink of events."""
    width = min(40, max([12, *(len(image.label) for image in plan.images)]))
    for image in plan.images:
        details = []
        if image.action in {"build", "skip"}:
            details.append(f"{plural(len(image.context.files), 'file')}, {size(image.context.total_bytes)}")
        if image.fingerprint:
            details.append(short(image.fingerprint))
        suffix = f" ({'; '.join(details)})" if details else ""
        yield safe(f"{image.label:<{width}}  {image.action:<8}  {image.reason}{suffix}")
    for resolved in plan.graph.images:
        if resolved.status == "external":
            place = f"{resolved.located.image.file}:{resolved.located.image.line}"
            yield safe(f"{resolved.name:<{width}}  external  named by {place}; nothing is built for it")
    for chart in plan.workspace.charts:
        if chart.root.kind == "extension":
            yield safe(f"{chart.chart.name:<{width}}  chart     {chart.chart.path or '.'}")
    for sentence in plan.unasked:
        yield safe(f"note: {sentence}")
    if any("could not be asked" in sentence for sentence in plan.unasked):
        yield "    `edk doctor` says how to bring it up"
    if not plan.images:
        yield "no Dockerfile found; nothing to build"
