"""Which images a packaged chart asks for: in what helm rendered of it, or, where helm is not there, in its files.

Asked for is what containers are made of, and every reference to the local registry wherever it stands: an application
hands images on in its environment, and the chart of a v2 workflow carries its DAG in a ConfigMap.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from edk.domain.charts.reading import is_chart_file, read_chart
from edk.domain.charts.versions import DAG_INSTALLER
from edk.domain.errors import ChartError

_CONTAINERS = frozenset({"containers", "initContainers", "ephemeralContainers"})
_VERSION = re.compile(r"\{\{-?\s*\$?\.Values\.global\.kaapana_build_version\s*-?\}\}")
_SUFFIX = r"(?:@sha256:[0-9a-f]{64}|:\w[\w.-]{0,127})"
_NAME = r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
DEPTH_LIMIT = 200


def rendered_references(manifests: str, registries: Iterable[str]) -> tuple[str, ...]:
    """Return the references in rendered manifests, in order, without repetition.

    Args:
        manifests: what ``helm template`` printed.
        registries: the names of the local registry.

    Raises:
        ChartError: it is no YAML.
    """
    import yaml

    try:
        documents = list(yaml.safe_load_all(manifests))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ChartError(f"what helm made of the chart is no YAML: {said}", "Look at `helm template`") from error
    images = [image for document in documents for image in _container_images(document)]
    return tuple(dict.fromkeys((*images, *local_references(manifests, registries))))


def _container_images(document: object) -> Iterator[str]:
    """Yield the images of all containers in a document."""
    pending: list[tuple[object, int]] = [(document, 0)]
    while pending:
        value, depth = pending.pop()
        if depth > DEPTH_LIMIT:
            continue
        if isinstance(value, list):
            pending.extend((item, depth + 1) for item in reversed(value))
        elif isinstance(value, dict):
            pending.extend((item, depth + 1) for item in reversed(list(value.values())))
            for key in _CONTAINERS & value.keys():
                for container in value[key] if isinstance(value[key], list) else ():
                    image = container.get("image") if isinstance(container, dict) else None
                    if isinstance(image, str) and image:
                        yield image


def local_references(text: str, registries: Iterable[str]) -> tuple[str, ...]:
    """Return the references to the local registry in a text, in order, without repetition.

    Args:
        text: any.
        registries: the names of the local registry.
    """
    names = "|".join(re.escape(name) for name in sorted(registries, key=lambda name: -len(name)))
    found = re.finditer(rf"(?<![\w./-])(?:{names})/{_NAME}{_SUFFIX}", text)
    return tuple(dict.fromkeys(match[0].rstrip(".") for match in found))


def written_references(files: Mapping[str, bytes], registries: Iterable[str], build_version: str) -> tuple[str, ...]:
    """Return the references to the local registry in a packaged chart's files, as far as text tells.

    Args:
        files: content by path relative to the chart's folder, sub-charts included.
        registries: the names of the local registry.
        build_version: the platform's, which templates tag images by.
    """
    names = tuple(registries)
    texts = (content.decode("utf-8", "replace") for _, content in sorted(files.items()))
    found = [ref for text in texts for ref in local_references(_VERSION.sub(build_version, text), names)]
    chart = read_chart("", {path: content for path, content in files.items() if is_chart_file(path)})
    installer = f"charts/{DAG_INSTALLER}/Chart.yaml"
    if chart.dag_image and chart.custom_registry_url and installer in files:
        version = read_chart("", {"Chart.yaml": files[installer]}).version
        found.append(f"{chart.custom_registry_url}/{chart.dag_image}:{version}")
    return tuple(dict.fromkeys(found))
