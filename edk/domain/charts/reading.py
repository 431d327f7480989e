"""Read a Helm chart's files into a `ChartReading`, without running helm and without ever raising.

Only ``Chart.yaml``, ``values.yaml`` and ``requirements.yaml`` are read as YAML; templates are no YAML before
helm filled them in, so images are found in them by text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edk.domain.charts.expressions import VERSION, Scope
from edk.domain.charts.images import named_images, template_images, value_images
from edk.domain.charts.model import ChartDependency, ChartImage, ChartReading
from edk.domain.charts.nodes import Node, Text, items_at, text_at
from edk.domain.charts.versions import DAG_INSTALLER, is_semantic
from edk.domain.charts.yamltext import Document, misread, read_yaml
from edk.domain.codes.charts import (
    CONTAINER_BROKEN,
    FIELD_MISSING,
    NAME_UNUSABLE,
    TEMPLATE_SKIPPED,
    TEXT_MISREAD,
    VERSION_UNUSABLE,
)

if TYPE_CHECKING:
    from edk.domain.diagnostics import Diagnostic

TEMPLATE_LIMIT = 5 * 1024 * 1024
CONTAINER_LIMIT = 1024 * 1024

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,249}")
_EMPTY = Document(None, "", whole=True)


@dataclass(frozen=True, slots=True)
class ProcessingContainer:
    """A ``processing-container.json``; `title` is what people see, and not the name of an image."""

    file: str
    title: str
    diagnostics: tuple[Diagnostic, ...] = ()


def is_chart_file(path: str) -> bool:
    """Tell whether a file, relative to its chart's folder, is one that `read_chart` looks at."""
    return path in {"Chart.yaml", "values.yaml", "requirements.yaml"} or (
        path.startswith("templates/") and path.endswith((".yaml", ".yml", ".tpl", ".json"))
    )


def read_chart(path: str, files: Mapping[str, bytes]) -> ChartReading:
    """Read one chart; where a file of it is broken, the rest is still read.

    Args:
        path: the chart's folder, relative to the root that contains it, with ``/``.
        files: content by path relative to the chart's folder; those that `is_chart_file` does not name are
            left out.
    """
    prefix = "" if path in {"", "."} else f"{path}/"
    documents = {
        name: read_yaml(files[name], prefix + name) if name in files else _EMPTY
        for name in ("Chart.yaml", "values.yaml", "requirements.yaml")
    }
    chart, values = documents["Chart.yaml"], documents["values.yaml"]
    dependencies, dependency_findings = _dependencies(documents, prefix)
    custom = text_at(values.root, "global", "custom_registry_url")
    custom_registry = custom.text if custom and "{{" not in custom.text else ""
    scope = _scope(chart.root, values.root)
    subcharts = tuple(dependency.alias or dependency.name for dependency in dependencies)
    images, skipped = _template_images(files, prefix, scope)
    findings = [
        *(finding for document in documents.values() for finding in document.diagnostics),
        *_chart_findings(chart, f"{prefix}Chart.yaml", "Chart.yaml" in files),
        *dependency_findings,
        *_value_findings(values.root, f"{prefix}values.yaml"),
        *skipped,
    ]
    return ChartReading(
        path=path,
        name=_text(chart.root, "name"),
        version=_text(chart.root, "version"),
        app_version=_text(chart.root, "appVersion"),
        keywords=tuple(item.text for item in items_at(chart.root, "keywords") if isinstance(item, Text)),
        library=_text(chart.root, "type") == "library",
        dependencies=dependencies,
        dag_image=_dag_image(values.root),
        custom_registry_url=custom_registry,
        images=(
            *named_images(values.root, f"{prefix}values.yaml", custom_registry, subcharts),
            *value_images(values.root, f"{prefix}values.yaml", scope),
            *images,
        ),
        diagnostics=tuple(findings),
    )


def read_processing_container(content: bytes, file: str) -> ProcessingContainer:
    """Check that a ``processing-container.json`` is a JSON object, and return its title."""
    if len(content) > CONTAINER_LIMIT:
        message = f"{len(content)} bytes; at most {CONTAINER_LIMIT} are read"
        return ProcessingContainer(file, "", (CONTAINER_BROKEN.at(file, 0, message),))
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        finding = CONTAINER_BROKEN.at(file, error.lineno, error.msg, column=error.colno)
        return ProcessingContainer(file, "", (finding,))
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        return ProcessingContainer(file, "", (CONTAINER_BROKEN.at(file, 0, str(error).splitlines()[0]),))
    if not isinstance(data, dict):
        message = "an object { … } is needed"
        return ProcessingContainer(file, "", (CONTAINER_BROKEN.at(file, 1, message),))
    title = data.get("name")
    return ProcessingContainer(file, title if isinstance(title, str) else "")


def _text(root: Node | None, *keys: str) -> str:
    found = text_at(root, *keys)
    return "" if found is None else found.text.strip()


def _dag_image(values: Node | None) -> str:
    name = _text(values, "global", "image")
    return "" if "{{" in name else name


def _scope(chart: Node | None, values: Node | None) -> Scope:
    """Return what the chart's expressions can refer to.

    The platform's build sets the version of every chart to its own, so ``.Chart.Version`` means the build's
    version; only the DAG installer keeps what its ``Chart.yaml`` says.
    """
    name = _text(chart, "name")
    version = _text(chart, "version") if name == DAG_INSTALLER else VERSION

    def value(path: str) -> str | None:
        found = text_at(values, *path.split("."))
        return None if found is None else found.text

    return Scope(value, {"Name": name, "Version": version, "AppVersion": _text(chart, "appVersion")})


def _template_images(
    files: Mapping[str, bytes], prefix: str, scope: Scope
) -> tuple[list[ChartImage], list[Diagnostic]]:
    images: list[ChartImage] = []
    skipped: list[Diagnostic] = []
    for name in sorted(files):
        if not name.startswith("templates/") or not is_chart_file(name):
            continue
        content = files[name]
        if len(content) > TEMPLATE_LIMIT:
            message = f"{len(content)} bytes; at most {TEMPLATE_LIMIT} are read"
            skipped.append(TEMPLATE_SKIPPED.at(prefix + name, 0, message))
        elif b"image" in content or b"registry_url" in content:
            images += template_images(content.decode("utf-8", "replace"), prefix + name, scope)
    return images, skipped


def _chart_findings(chart: Document, file: str, present: bool) -> Iterator[Diagnostic]:
    if not present:
        yield FIELD_MISSING.at(file, 0, "there is no Chart.yaml")
        return
    for key in ("name", "version", "apiVersion", "appVersion"):
        field = text_at(chart.root, key)
        if field is None:
            if chart.whole and key != "appVersion":
                yield FIELD_MISSING.at(file, 0, f"“{key}” is missing")
            continue
        yield from _misread(field, file, key)
        if key == "name" and not _NAME.fullmatch(field.text):
            yield NAME_UNUSABLE.at(file, field.line, f"{field.text!r} can't be the name of a chart")
        if key == "version" and not is_semantic(field.text):
            yield VERSION_UNUSABLE.at(file, field.line, f"{field.text!r} is no semantic version")


def _value_findings(root: Node | None, file: str) -> Iterator[Diagnostic]:
    for path in (("global", "image"), ("global", "custom_registry_url")):
        if field := text_at(root, *path):
            yield from _misread(field, file, ".".join(path))
    for item in items_at(root, "processingContainers"):
        if isinstance(item, Text):
            yield from _misread(item, file, "processingContainers")


def _misread(field: Text, file: str, key: str) -> Iterator[Diagnostic]:
    if kind := misread(field):
        yield TEXT_MISREAD.at(file, field.line, f"“{key}: {field.text}” is a {kind} for YAML, not a text")


def _dependencies(
    documents: Mapping[str, Document], prefix: str
) -> tuple[tuple[ChartDependency, ...], list[Diagnostic]]:
    """Read the dependencies: where ``requirements.yaml`` has some, helm takes those and no others."""
    found: list[ChartDependency] = []
    findings: list[Diagnostic] = []
    for name in ("requirements.yaml", "Chart.yaml"):
        for item in items_at(documents[name].root, "dependencies"):
            file = prefix + name
            chart = text_at(item, "name")
            if chart is None:
                findings.append(FIELD_MISSING.at(file, item.line, "a dependency has no “name”"))
                continue
            for key in ("name", "version"):
                if field := text_at(item, key):
                    findings += _misread(field, file, key)
            found.append(
                ChartDependency(
                    chart.text,
                    _text(item, "version"),
                    _text(item, "repository"),
                    file,
                    chart.line,
                    _text(item, "alias"),
                    _text(item, "condition"),
                )
            )
        if found:
            break
    return tuple(found), findings
