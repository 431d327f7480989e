"""What a Helm chart says, as values."""

from __future__ import annotations

from msgspec import Struct

from edk.domain.diagnostics import Diagnostic


class ChartDependency(Struct, frozen=True):
    """One entry of ``requirements.yaml`` or of ``dependencies:`` in ``Chart.yaml``, at `file`:`line`."""

    name: str
    version: str
    repository: str
    file: str
    line: int
    alias: str = ""
    condition: str = ""


class ChartImage(Struct, frozen=True):
    """An image that a chart names.

    Args:
        file: path relative to the root that contains the chart, with ``/``.
        line: from 1.
        how: ``dag`` (``global.image``), ``processing`` (``processingContainers``), ``template`` (by text in
            ``templates/**``) or ``value`` (a reference in values).
        written: the text as it stands there.
        value: the reference with the platform's variables as ``{DEFAULT_REGISTRY}`` and
            ``{KAAPANA_BUILD_VERSION}``, as in `OperatorImage`; for ``dag`` and ``processing`` without a tag;
            empty if unresolved.
        unresolved: what keeps it from being known; empty if it is known.
    """

    file: str
    line: int
    how: str
    written: str
    value: str
    unresolved: str = ""


class ChartReading(Struct, frozen=True):
    """One chart.

    Args:
        path: its folder, relative to the root, with ``/``.
        name: of ``Chart.yaml``.
        version: of ``Chart.yaml``, as text.
        app_version: of ``Chart.yaml``, as text.
        keywords: of ``Chart.yaml``.
        library: whether its type is ``library``.
        dependencies: of ``requirements.yaml`` and ``Chart.yaml``.
        dag_image: `global.image`; empty if none.
        custom_registry_url: `global.custom_registry_url`; empty if none.
        images: every image it names.
        diagnostics: of its files, paths relative to the root.
    """

    path: str
    name: str
    version: str
    app_version: str = ""
    keywords: tuple[str, ...] = ()
    library: bool = False
    dependencies: tuple[ChartDependency, ...] = ()
    dag_image: str = ""
    custom_registry_url: str = ""
    images: tuple[ChartImage, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
