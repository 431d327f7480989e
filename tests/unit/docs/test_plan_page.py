"""The page of the plan as JSON, against a plan that has something of everything."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edk.domain.workspace import Root
from edk.ui.json_lines import to_json
from edk.ui.plan_json import plan_as_json
from tests.unit.core.bench import EXTENSION, Bench
from tests.unit.docs.tables import page, tables, words

FILES = {
    "base/Dockerfile": 'FROM scratch\nLABEL REGISTRY="local-only" IMAGE="base"\nCOPY . /\n',
    "seg/Dockerfile": 'FROM local-only/base:latest\nLABEL IMAGE="seg"\n',
    "XOperator.py": 'X(image="localhost:32000/seg:1")\nY(image=z())\n',
    "chart/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- name: d\n  version: 1.0.0\n",
    "chart/values.yaml": 'global:\n  image: "localhost:32000/seg:1"\n',
}
# Words between backticks that are values of a field, not names of one.
VALUES = {
    *("edk.plan/v1", "extension", "extensions", "platform", "bundled", "local", "external", "ambiguous"),
    *("base", "processing", "dag", "other", "operator", "template", "value", "build", "skip", "ignore", "blocked"),
}
FIELDS, IMAGE = tables(page("plan-json.md"))


@pytest.fixture(scope="module")
def plan() -> dict[str, Any]:
    """A plan as printed."""
    bench = Bench(FILES, (EXTENSION, Root("/w/more", "extensions", 1)))
    bench.disk.mkdir("/w/more")
    printed: dict[str, Any] = json.loads(to_json(plan_as_json(bench.plan())))
    return printed


def names_of(value: object) -> set[str]:
    """Return the names of all fields in a value, at any depth."""
    if isinstance(value, list):
        return {name for item in value for name in names_of(item)}
    if isinstance(value, dict):
        return set(value) | {name for item in value.values() for name in names_of(item)}
    return set()


def test_the_fields_of_the_plan_are_those_of_the_page(plan: dict[str, Any]) -> None:
    """In their order."""
    assert list(plan) == ["".join(words(row[0])) for row in FIELDS]


def test_the_plan_has_something_of_everything(plan: dict[str, Any]) -> None:
    """Else the tests below would compare nothing."""
    empty = [name for name, value in plan.items() if value == []]

    assert ["unasked"] == empty
    assert plan["charts"][0]["images"]
    assert [image["name"] for image in plan["images"] if image["referenced_by"]] == ["seg"]


@pytest.mark.parametrize("field", ["roots", "operator_images", "charts", "diagnostics"])
def test_the_fields_of_its_objects_are_those_of_the_page(plan: dict[str, Any], field: str) -> None:
    """Each is named, and no other word is."""
    row = next(row for row in FIELDS if words(row[0]) == [field])

    assert names_of(plan[field]) - VALUES == set(words(row[1])) - VALUES


def test_the_fields_of_an_image_are_those_of_the_page(plan: dict[str, Any]) -> None:
    """Those of what refers to it too."""
    named = [name for row in IMAGE for name in words(row[0])]
    inside = next(row for row in IMAGE if words(row[0]) == ["referenced_by"])

    assert sorted(named) == sorted(plan["images"][0])
    assert names_of([image["referenced_by"] for image in plan["images"]]) == set(words(inside[1])) - VALUES


def test_every_value_that_the_page_lists_is_used_as_one(plan: dict[str, Any]) -> None:
    """The words that are left out above do stand on the page."""
    assert set() == VALUES - set(words(page("plan-json.md")))
