"""The versions that charts and DAG images get.

The platform's version comes from ``git describe`` and may be ``0.6.0-12-g09bb59b20``. kube-helm splits the
file name ``<chart>-<version>.tgz`` at the **last** hyphen, so that a version with hyphens gives a wrong name
and a wrong version: such a chart is kept as ``otsus-method-workflow-0.6.0-12`` in version ``g09bb59b20``. A
chart's version must be a semantic one for helm, and the only part of such a version that can hold the rest
without a hyphen is the build metadata: ``0.6.0+12.g09bb59b20``. helm keeps the ``+`` in the archive's name; a
shell, a URL and a multipart header take it unchanged. It is no character of an image tag, though, so the
version of the DAG installer, which its Job uses as the DAG image's tag, never gets one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edk.domain.charts.model import ChartReading

DAG_INSTALLER = "dag-installer-chart"
DEFAULT_VERSION = "0.0.0"

_CORE = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?=[-+]|$)")
_SEMANTIC = re.compile(
    r"v?(0|[1-9]\d*)(\.(0|[1-9]\d*)){0,2}"
    r"(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"
)


def is_semantic(version: str) -> bool:
    """Tell whether helm takes a version (it is lenient: ``1`` and ``v1.2`` pass)."""
    return bool(_SEMANTIC.fullmatch(version))


def chart_version(build_version: str) -> str:
    """Return the version of a packaged chart: semantic, and without a hyphen (the module says why).

    Args:
        build_version: the platform's, e.g. ``0.6.0`` or ``0.6.0-12-g09bb59b20``; empty for none, which gives
            ``0.0.0``. One without a number in front goes into the build metadata as a whole.
    """
    match = _CORE.match(build_version)
    core = ".".join(str(int(part or 0)) for part in match.groups()) if match else DEFAULT_VERSION
    rest = build_version[match.end() :] if match else build_version
    words = [word for word in re.split(r"[^0-9A-Za-z]+", rest) if word]
    return f"{core}+{'.'.join(words)}" if words else core


def tag_version(version: str) -> str:
    """Return a semantic version that is also an image tag: without a ``+``."""
    return version.replace("+", "-")


def dag_image_tags(chart: ChartReading, installer_version: str, build_version: str) -> tuple[str, ...]:
    """Return the tags that must exist for a chart's DAG image, the one that its installer asks for first.

    The Job of the DAG installer takes the installer's own chart version as the tag. A packaged installer
    keeps the version that its ``Chart.yaml`` states (``0.0.0`` in the platform's repository), unless staging
    was told to write another one. The platform's version comes second: every other image is tagged with it.

    Args:
        chart: the extension's chart; one without a DAG image needs no tags.
        installer_version: of the staged ``dag-installer-chart``; empty if the chart has no such dependency.
        build_version: the platform's; empty if not known.
    """
    if not chart.dag_image:
        return ()
    tags = [tag_version(installer_version), build_version]
    return tuple(dict.fromkeys(tag for tag in tags if tag))
