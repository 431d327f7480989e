"""The plan as JSON, schema ``edk.plan/v1``, which is stable and documented in ``docs/plan-json.md``."""

from __future__ import annotations

from typing import Any

from edk.domain.graph import Node
from edk.domain.named import folders_above
from edk.domain.plan import BuildPlan, PlannedImage
from edk.domain.resolve import ResolvedImage
from edk.domain.workspace import LocatedChart, LocatedDiagnostic, Root

SCHEMA = "edk.plan/v1"


def plan_as_json(plan: BuildPlan) -> dict[str, Any]:
    """Return the plan as JSON values; paths are relative to the root that contains them."""
    labels = {node.key: node.target.label for node in plan.graph.nodes}
    numbers = {root: number for number, root in enumerate(plan.workspace.roots)}
    named = _named_below(plan)
    return {
        "schema": SCHEMA,
        "roots": [{"path": r.path, "kind": r.kind} for r in plan.workspace.roots],
        "images": [_image(image, labels, numbers) for image in plan.images],
        "operator_images": [_operator_image(image, labels, numbers) for image in plan.graph.images],
        "order": [[labels[key] for key in wave] for wave in plan.waves],
        "charts": [_chart(c, named, numbers) for c in plan.workspace.charts if c.root.kind == "extension"],
        "diagnostics": [_diagnostic(d, numbers) for d in plan.diagnostics],
        "unasked": list(plan.unasked),
    }


def _image(image: PlannedImage, labels: dict[str, str], numbers: dict[Root, int]) -> dict[str, Any]:
    node = image.node
    target = node.target
    return {
        "name": target.label,
        "root": numbers[target.root],
        "tags": list(node.tags),
        "refs": list(image.refs),
        "dockerfile": target.dockerfile,
        "context": target.context or ".",
        "role": node.role,
        "local_only": target.local_only,
        "build_ignore": target.build_ignore,
        "bases": [base.ref for base in node.bases],
        "depends_on": [labels.get(key, key) for key in node.depends_on],
        "referenced_by": _references(node),
        "action": image.action,
        "reason": image.reason,
        "fingerprint": image.fingerprint,
        "digest": image.digest,
        "context_files": len(image.context.files),
        "context_bytes": image.context.total_bytes,
        "context_whole_because": image.context.whole_because,
    }


def _references(node: Node) -> list[dict[str, Any]]:
    return [{"file": r.file, "line": r.line, "class": r.owner, "how": r.how, "tag": r.tag} for r in node.references]


def _operator_image(resolved: ResolvedImage, labels: dict[str, str], numbers: dict[Root, int]) -> dict[str, Any]:
    image = resolved.located.image
    return {
        "root": numbers[resolved.located.root],
        "file": image.file,
        "line": image.line,
        "column": image.column,
        "class": image.owner,
        "expression": image.expression,
        "registry": resolved.registry,
        "name": resolved.name,
        "version": resolved.version,
        "status": resolved.status,
        "target": labels.get(resolved.target, ""),
        "unresolved": image.unresolved,
    }


def _named_below(plan: BuildPlan) -> dict[tuple[Root, str], set[str]]:
    """Return the images that operators name below each folder of each root, but those in the folders of charts."""
    charts = {(c.root, c.chart.path) for c in plan.workspace.charts if c.chart.path}
    found: dict[tuple[Root, str], set[str]] = {}
    for image in plan.graph.images:
        root = image.located.root
        above = list(folders_above(image.located.image.file))
        if image.name and not any((root, folder) in charts for folder in above):
            for folder in above:
                found.setdefault((root, folder), set()).add(image.name)
    return found


def _chart(located: LocatedChart, named: dict[tuple[Root, str], set[str]], numbers: dict[Root, int]) -> dict[str, Any]:
    chart = located.chart
    return {
        "root": numbers[located.root],
        "name": chart.name,
        "path": chart.path or ".",
        "version": chart.version,
        "dag_image": chart.dag_image,
        "custom_registry_url": chart.custom_registry_url,
        "dependencies": [d.name for d in chart.dependencies],
        "operator_images": sorted(named.get((located.root, _extension_of(chart.path)), ())),
        "processing_containers": [i.value for i in chart.images if i.how == "processing"],
        "images": [
            {"file": i.file, "line": i.line, "how": i.how, "value": i.value, "unresolved": i.unresolved}
            for i in chart.images
        ],
    }


def _extension_of(path: str) -> str:
    """Return the folder of the extension that a chart belongs to, empty is the root itself.

    By convention a chart stands in ``<extension>/extension/<chart>``.
    """
    parts = path.split("/")
    above = parts[: parts.index("extension")] if "extension" in parts else parts[:-1]
    return "/".join(above)


def _diagnostic(located: LocatedDiagnostic, numbers: dict[Root, int]) -> dict[str, Any]:
    diagnostic = located.diagnostic
    return {
        "root": numbers[located.root],
        "severity": diagnostic.severity,
        "code": diagnostic.code,
        "file": diagnostic.file,
        "line": diagnostic.line,
        "column": diagnostic.column,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
    }
