"""Reading of charts: what they say, and what is wrong with them."""

from __future__ import annotations

import time

import pytest

from edk.domain.charts.model import ChartDependency
from edk.domain.charts.reading import is_chart_file, read_chart, read_processing_container

CHART = b'apiVersion: v2\nname: demo\nversion: "0.0.0"\n'

WORKFLOW = {
    "Chart.yaml": b"""---
apiVersion: v2
description: Example
appVersion: "0.4.0"
name: demo-workflow
version: "0.0.0"
keywords:
- kaapanaworkflow
- kaapanaexperimental
""",
    "requirements.yaml": b"""---
dependencies:
  - name: dag-installer-chart
    version: 0.0.0
    repository: file://../../../nowhere/dag-installer-chart/
  - name: other
    version: "1.2.0"
    alias: second
    condition: second.enabled
""",
    "values.yaml": b"""---
global:
    image: "dag-demo"
    action: "copy"
    custom_registry_url: "localhost:32000" # local images
""",
}


def found(files: dict[str, bytes]) -> list[tuple[str, str, int]]:
    """Code, file and line of each finding."""
    return [(d.code, d.file, d.line) for d in read_chart("ext/demo", files).diagnostics]


def test_a_workflow_chart_is_read() -> None:
    """Name, versions, keywords, dependencies and the DAG image come from the three files."""
    chart = read_chart("ext/demo-workflow", WORKFLOW)
    requirements = "ext/demo-workflow/requirements.yaml"

    assert "demo-workflow" == chart.name
    assert "0.0.0" == chart.version
    assert "0.4.0" == chart.app_version
    assert ("kaapanaworkflow", "kaapanaexperimental") == chart.keywords
    assert "dag-demo" == chart.dag_image
    assert "localhost:32000" == chart.custom_registry_url
    assert (
        ChartDependency(
            "dag-installer-chart", "0.0.0", "file://../../../nowhere/dag-installer-chart/", requirements, 3
        ),
        ChartDependency("other", "1.2.0", "", requirements, 6, "second", "second.enabled"),
    ) == chart.dependencies
    assert [("dag", 3, "localhost:32000/dag-demo")] == [(i.how, i.line, i.value) for i in chart.images]
    assert () == chart.diagnostics


def test_dependencies_of_chart_yaml_are_read() -> None:
    """A chart of apiVersion v2 names its dependencies in Chart.yaml."""
    chart = read_chart("c", {"Chart.yaml": CHART + b'dependencies:\n- name: lib\n  version: "1"\n'})

    assert (ChartDependency("lib", "1", "", "c/Chart.yaml", 5),) == chart.dependencies


def test_requirements_replace_the_dependencies_of_chart_yaml() -> None:
    """Where both files name dependencies, helm takes those of requirements.yaml alone."""
    files = {
        "Chart.yaml": CHART + b"dependencies:\n- name: a\n",
        "requirements.yaml": b"dependencies:\n- name: b\n",
    }

    assert ["b"] == [d.name for d in read_chart("c", files).dependencies]


def test_processing_containers_are_images_without_a_tag() -> None:
    """Newer workflows name their images in values.yaml, as texts or as mappings with a name."""
    values = b"processingContainers:\n  - one\n  - name: two\n    other: x\n"
    chart = read_chart("c", {"Chart.yaml": CHART, "values.yaml": values})

    assert [
        ("processing", 2, "{DEFAULT_REGISTRY}/one"),
        ("processing", 3, "{DEFAULT_REGISTRY}/two"),
    ] == [(i.how, i.line, i.value) for i in chart.images]


def test_an_image_passed_to_a_sub_chart_is_found() -> None:
    """The platform's model installer gets the name of its image as a value."""
    files = {
        "Chart.yaml": CHART,
        "requirements.yaml": b"dependencies:\n- name: model_installer_chart\n",
        "values.yaml": b'model_installer_chart:\n  image: "get-models"\n',
    }

    assert [("value", 2, "{DEFAULT_REGISTRY}/get-models:{KAAPANA_BUILD_VERSION}")] == [
        (i.how, i.line, i.value) for i in read_chart("c", files).images
    ]


@pytest.mark.parametrize(
    ("chart", "expected"),
    [
        (CHART + b"\tx: y\n", [("EDK301", 4)]),
        (CHART + b"a: \x00b\n", [("EDK301", 4)]),
        (CHART + b"a: \xe4\n", [("EDK301", 4)]),
        (CHART + b"a: [b\n", [("EDK301", 5)]),
        (CHART + b"a: *nothing\n", [("EDK301", 4)]),
        (CHART + b"a: &a\n  b: *a\n", [("EDK301", 5)]),
        (CHART + b"---\nname: other\n", [("EDK302", 5)]),
        (CHART + b"---\n", []),
        (CHART + b"a: {{ .Values.b }}\n", [("EDK303", 4)]),
        (CHART + b'a: {{ include "b" . }}-c\n', [("EDK303", 4)]),
        (CHART + b"a: " + b"[" * 5000, [("EDK304", 4)]),
        (CHART + b"a: !!python/object/apply:os.system [x]\n", [("EDK305", 4)]),
        (CHART + b"name: again\n", [("EDK306", 4)]),
        (b"apiVersion: v2\nname: no\nversion: 1.10\n", [("EDK307", 2), ("EDK307", 3)]),
        (b"apiVersion: v2\nname: a\nversion: 012\n", [("EDK307", 3), ("EDK310", 3)]),
        (b"apiVersion: v2\nname: a\n", [("EDK308", 0)]),
        (b"apiVersion: v2\nversion: 0.0.0\nname:\n", [("EDK308", 0)]),
        (b"", [("EDK308", 0)] * 3),
        (b"apiVersion: v2\nname: ../../x\nversion: 0.0.0\n", [("EDK309", 2)]),
        (b"apiVersion: v2\nname: a\nversion: latest\n", [("EDK310", 3)]),
        (CHART + b"dependencies:\n- version: 1\n", [("EDK308", 5)]),
        (CHART.replace(b"\n", b"\r\n"), []),
        (b"\xef\xbb\xbf" + CHART, []),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(chart: bytes, expected: list[tuple[str, int]]) -> None:
    """Every kind of bad Chart.yaml gives its code at its line, and never an exception."""
    assert [(code, "ext/demo/Chart.yaml", line) for code, line in expected] == found({"Chart.yaml": chart})


@pytest.mark.parametrize("text", ["no", "1.10", "012", "1e3"])
def test_text_that_yaml_would_convert_is_kept(text: str) -> None:
    """A version is what stands in the file, not what YAML makes of it."""
    chart = read_chart("c", {"Chart.yaml": f"apiVersion: v2\nname: a\nversion: {text}\n".encode()})

    assert text == chart.version


def test_what_stands_before_a_mistake_is_read() -> None:
    """A broken values.yaml hides neither the chart's name nor what stands above the mistake."""
    files = {**WORKFLOW, "values.yaml": b'global:\n  image: "dag-demo"\n  other: [\n'}
    chart = read_chart("c", files)

    assert ("demo-workflow", "dag-demo") == (chart.name, chart.dag_image)
    assert 2 == len(chart.dependencies)


def test_an_alias_bomb_is_refused_at_once() -> None:
    """Nine levels of nine aliases would be 387 million values; they are counted and not made."""
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    lines += [f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    began = time.perf_counter()

    assert [("EDK304", "ext/demo/values.yaml", 5)] == found(
        {"Chart.yaml": CHART, "values.yaml": "\n".join(lines).encode()}
    )
    assert time.perf_counter() - began < 1


def test_a_large_file_is_refused() -> None:
    """What is read as YAML is bounded in size."""
    assert [("EDK304", "ext/demo/values.yaml", 0)] == found({"Chart.yaml": CHART, "values.yaml": b"#" * 600_000})


def test_a_chart_without_chart_yaml_is_told() -> None:
    """Whatever the files are, reading gives a chart and a diagnostic."""
    assert [("EDK308", "ext/demo/Chart.yaml", 0)] == found({})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Chart.yaml", True),
        ("templates/a/b.yaml", True),
        ("templates/_h.tpl", True),
        ("templates/NOTES.txt", False),
        ("charts/x/Chart.yaml", False),
        ("README.md", False),
    ],
)
def test_the_files_that_count_are_named(path: str, expected: bool) -> None:
    """A scan need not read more than this."""
    assert expected == is_chart_file(path)


@pytest.mark.parametrize(
    ("content", "title", "lines"),
    [
        (b'{"name": "A title"}', "A title", []),
        (b"{}", "", []),
        (b'{"name":\n', "", [2]),
        (b"[]", "", [1]),
        (b"[" * 100_000, "", [0]),
        (b"\xff", "", [0]),
        (b'{"a": "' + b"x" * 1_100_000 + b'"}', "", [0]),
    ],
)
def test_a_processing_container_is_a_json_object(content: bytes, title: str, lines: list[int]) -> None:
    """Its name is a title; anything that is no JSON object is told."""
    container = read_processing_container(content, "p/processing-container.json")

    assert (title, lines) == (container.title, [d.line for d in container.diagnostics])
