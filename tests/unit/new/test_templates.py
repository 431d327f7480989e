"""Placeholders, and what the templates of `edk new` come to."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings

from edk.domain.new_extension import NewExtension
from edk.domain.templates import fill, placeholders, render
from tests.unit.new.making import TEMPLATE_FOLDER, files_of, label, variants
from tests.unit.new.test_naming import ALLOWED

EVERY = pytest.mark.parametrize("extension", variants("lung-volume"), ids=label)


def test_values_are_put_in_as_they_are() -> None:
    """And are not looked through for placeholders again."""
    assert "dag-a a@@b@@" == fill("dag-@@name@@ @@other@@", {"name": "a", "other": "a@@b@@", "unused": ""})


@pytest.mark.parametrize("text", ["@@unknown@@", "@@name@@ @@", "@@Name@@", "@@ name @@", "@@@@", "@@name"])
def test_what_is_unclear_is_a_fault(text: str) -> None:
    """An unknown placeholder, and a mark that belongs to none."""
    with pytest.raises(ValueError, match="placeholder"):
        fill(text, {"name": "a"})


def test_a_later_template_takes_the_place_of_an_earlier_one() -> None:
    """By its path as it is written; paths are filled too, and sorted."""
    templates = [("z", "1"), ("@@name@@/x", "2"), ("@@name@@/x", "@@name@@")]

    assert [("a/x", "a"), ("z", "1")] == list(render(templates, {"name": "a"}).items())


def test_two_templates_of_one_path_are_a_fault() -> None:
    """One would be lost."""
    with pytest.raises(ValueError, match="one path"):
        render([("@@name@@", ""), ("a", "")], {"name": "a"})


def test_every_template_and_every_value_is_used() -> None:
    """By some variant; and none is missing."""
    written = {path.relative_to(TEMPLATE_FOLDER).as_posix() for path in TEMPLATE_FOLDER.rglob("*") if path.is_file()}
    layers = {layer for extension in variants("x") for layer in extension.layers}
    used = {
        name
        for path in written
        for name in placeholders(path) | placeholders((TEMPLATE_FOLDER / path).read_text(encoding="utf-8"))
    }

    assert layers == {path.partition("/")[0] for path in written}
    assert set(NewExtension("x").values) == used
    assert len(written) > 20


@EVERY
def test_files_are_what_they_are_called(extension: NewExtension) -> None:
    """Python compiles, JSON and YAML can be read, scripts have no mistake of syntax, no placeholder is left."""
    files = files_of(extension)
    kinds = {path.rpartition(".")[2] for path in files}
    for path, text in files.items():
        assert "@@" not in path + text
        assert text.endswith("\n")
        if path.endswith(".py"):
            compile(text, path, "exec")
        elif path.endswith(".json"):
            assert isinstance(json.loads(text), dict)
        elif path.endswith(".yaml") and "/templates/" not in path:
            assert isinstance(yaml.safe_load(text), dict)
        elif path.endswith(".sh"):
            subprocess.run(["sh", "-n"], input=text.encode(), check=True)
    assert {"md", "py", "yaml"} <= kinds
    assert bool(extension.from_image) == ("sh" in kinds)


@settings(max_examples=20, deadline=None)
@given(ALLOWED)
def test_any_allowed_name_gives_python_that_compiles(name: str) -> None:
    """And no two things of one name are imported into the DAG."""
    for extension in variants(name):
        for path, text in files_of(extension).items():
            if not path.endswith(".py"):
                continue
            imported = [
                alias.asname or alias.name
                for node in ast.walk(ast.parse(text, path))
                if isinstance(node, ast.Import | ast.ImportFrom)
                for alias in node.names
            ]
            assert sorted(set(imported)) == sorted(imported)


@settings(max_examples=20, deadline=None)
@given(ALLOWED)
@example("no")
@example("on")
@example("null")
def test_any_allowed_name_stays_text_in_yaml(name: str) -> None:
    """Also names such as no and on."""
    values = {e.v2: yaml.safe_load(_file(e, "values.yaml")) for e in variants(name)}
    charts = [yaml.safe_load(_file(e, "Chart.yaml"))["name"] for e in variants(name)]

    assert f"dag-{name}" == values[False]["global"]["image"]
    assert [name] == values[True]["processingContainers"]
    assert {f"{name}-workflow"} == set(charts)


def test_a_graphics_card_is_asked_for() -> None:
    """By the operator's argument, or as a limit of the task; and by the base."""
    for extension in variants("x"):
        asked = '"nvidia.com/gpu": "1"' if extension.v2 else "gpu_mem_mb="
        place = "processing-container.json" if extension.v2 else "XOperator.py"

        assert extension.gpu == (asked in _file(extension, place))
        base = extension.from_image or f"local-only/base-python-{'gpu' if extension.gpu else 'cpu'}:latest"
        assert _file(extension, "processing-containers/x/Dockerfile").startswith(f"FROM {base}\n")


def test_tasks_fit_together() -> None:
    """The DAG names tasks, channels and parameters that processing-container.json and workflow.json have."""
    for extension in [e for e in variants("x") if e.v2]:
        container = json.loads(_file(extension, "processing-container.json"))
        tasks = {task["identifier"]: task for task in container["templates"]}
        workflow = json.loads(_file(extension, "workflow.json"))
        dag = _file(extension, "dag_x.py")

        assert {f'taskTemplate="{name}"' for name in tasks} <= set(dag.replace(",", " ").split())
        assert tasks["make-example"]["outputs"][0]["name"] == tasks["process"]["inputs"][0]["name"] == "cases"
        assert {"category", "provider"} <= {label["key"] for label in workflow["labels"]}
        (parameter,) = workflow["workflow_parameters"]
        assert parameter["env_variable_name"] in [env["name"] for env in tasks["make-example"]["env"]]
        assert f'task_id="{parameter["task_title"]}"' in dag
        programs = {path.partition("/files/")[2] for path in files_of(extension)}
        for task in tasks.values():
            assert task["command"][-1].removeprefix("/home/kaapana/") in programs


def test_both_programs_read_headers_alike() -> None:
    """Each stands alone in its image; a fix to one must reach the other."""
    programs = [
        Path(TEMPLATE_FOLDER, layer, "processing-containers/@@name@@/files/@@module@@.py").read_text(encoding="utf-8")
        for layer in ("program", "program-v2")
    ]
    shared = [text[text.index("def process_file") :].split("\n\n\ndef ")[:3] for text in programs]

    assert shared[0] == shared[1]
    assert shared[0][2].startswith("describe(header):")


def _file(extension: NewExtension, ending: str) -> str:
    (text,) = [text for path, text in files_of(extension).items() if path.endswith(ending)]
    return text
