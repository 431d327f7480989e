"""Versions of charts and tags of DAG images."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edk.domain.charts.model import ChartReading
from edk.domain.charts.versions import chart_version, dag_image_tags, is_semantic

CHART = ChartReading("c", "c", "0.0.0", dag_image="dag-x")


@pytest.mark.parametrize(
    ("build_version", "expected"),
    [
        ("0.6.0", "0.6.0"),
        ("0.6.0-12-g09bb59b20", "0.6.0+12.g09bb59b20"),
        ("0.6.0-rc.1", "0.6.0+rc.1"),
        ("0.6.0-beta+meta", "0.6.0+beta.meta"),
        ("v0.6", "0.6.0"),
        ("2024.01.05", "2024.1.5"),
        ("g09bb59b20", "0.0.0+g09bb59b20"),
        ("09bb59b20", "0.0.0+09bb59b20"),
        ("latest", "0.0.0+latest"),
        ("a/b c", "0.0.0+a.b.c"),
        ("", "0.0.0"),
    ],
)
def test_the_version_of_a_chart_is_semantic_and_has_no_hyphen(build_version: str, expected: str) -> None:
    """kube-helm splits at the last hyphen, helm wants a semantic version; both read this one rightly."""
    version = chart_version(build_version)

    assert expected == version
    assert is_semantic(version)
    assert ["name-x", expected] == f"name-x-{version}.tgz".split(".tgz")[0].rsplit("-", 1)


@pytest.mark.parametrize(
    ("installer", "build_version", "expected"),
    [
        ("0.0.0", "0.6.0-12-g09bb59b20", ("0.0.0", "0.6.0-12-g09bb59b20")),
        ("0.6.0", "0.6.0", ("0.6.0",)),
        ("0.6.0+1", "0.6.0", ("0.6.0-1", "0.6.0")),
        ("", "0.6.0", ("0.6.0",)),
        ("0.0.0", "", ("0.0.0",)),
    ],
)
def test_a_dag_image_gets_the_tag_its_installer_asks_for(
    installer: str, build_version: str, expected: tuple[str, ...]
) -> None:
    """The installer's own version first, then the platform's, each once."""
    assert expected == dag_image_tags(CHART, installer, build_version)


def test_a_chart_without_a_dag_image_needs_no_tags() -> None:
    """An application has no DAG image."""
    assert () == dag_image_tags(replace(CHART, dag_image=""), "0.0.0", "0.6.0")
