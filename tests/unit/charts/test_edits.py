"""Edits of staged charts."""

from __future__ import annotations

import pytest
import yaml

from edk.domain.charts.edits import set_dependencies, set_text, tag_by_build
from edk.domain.charts.localising import localise_images
from edk.domain.errors import ChartError

KEYS = ("global", "custom_registry_url")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("global:\n    image: x # why\n", 'global:\n    custom_registry_url: "R"\n    image: x # why\n'),
        ('global:\n  custom_registry_url: "a" # b\n  image: x\n',
         'global:\n  custom_registry_url: "R" # b\n  image: x\n'),
        ("global:\n  custom_registry_url:\n  image: x\n", 'global:\n  custom_registry_url: "R"\n  image: x\n'),
        ("global: {image: x}\n", 'global: {custom_registry_url: "R", image: x}\n'),
        ("global: {}\n", 'global: {custom_registry_url: "R"}\n'),
        ("global:\nother: 1\n", 'global: {custom_registry_url: "R"}\nother: 1\n'),
        ("other: 1\n", 'global: {custom_registry_url: "R"}\nother: 1\n'),
        ("# nothing", '# nothing\n"global": {custom_registry_url: "R"}\n'),
        ("", '"global": {custom_registry_url: "R"}\n'),
        ("---\n", '---\n"global": {custom_registry_url: "R"}\n'),
    ],
)  # fmt: skip
def test_a_value_is_set_where_it_stands(before: str, after: str) -> None:
    """Comments, order and indentation of everything else survive."""
    assert after == set_text(before.encode(), KEYS, "R", "values.yaml").decode()


@pytest.mark.parametrize(
    "before",
    [
        b"a: &a\n  image: x\nglobal:\n  <<: *a\n  custom_registry_url: &c old\nother: *c\n",
        b"a: &a\n  image: x\nglobal: *a\n",
        b"global:\n  image: x\n  custom_registry_url:\n    name: y\n",
    ],
)
def test_a_file_without_a_place_is_written_anew(before: bytes) -> None:
    """Where an edit would change another value as well, or break an alias, all values are written anew."""
    expected = yaml.safe_load(before)
    expected["global"] = {**expected["global"], "custom_registry_url": "R"}

    assert expected == yaml.safe_load(set_text(before, KEYS, "R", "values.yaml"))


def test_what_two_readers_of_yaml_see_differently_is_refused() -> None:
    """A mark in the middle of a file that hides a key from some readers is an error with the file's name."""
    with pytest.raises(ChartError, match="values"):
        set_text("a: 1\n\ufeffglobal: &g\n  b: c\nd: *g\n".encode(), KEYS, "R", "values.yaml")


def test_a_version_is_set() -> None:
    """The version of a chart is replaced whether it is quoted or not."""
    assert b'name: a\nversion: "1.2.3" # x\n' == set_text(
        b"name: a\nversion: 0.0.0 # x\n", ("version",), "1.2.3", "Chart.yaml"
    )


@pytest.mark.parametrize("broken", [b"global: [a]\n", b"global: text\n", b"- a\n", b"a: [\n"])
def test_a_file_that_has_no_such_mapping_is_refused(broken: bytes) -> None:
    """The error names the file and the line."""
    with pytest.raises(ChartError, match=r"values\.yaml:\d+: "):
        set_text(broken, KEYS, "R", "values.yaml")


def test_vendored_dependencies_lose_their_repository() -> None:
    """Each gets the version that stands in charts/; others, and comments, stay."""
    before = (
        "dependencies:\n"
        "# base\n"
        "- name: lib\n  version: 9.9.9\n  repository: file://../nowhere\n"
        "- name: bare\n"
        "- {name: flow, repository: 'x'}\n"
        "- name: far\n  version: 1.0.0\n  repository: https://charts.example.org\n"
    )
    after = (
        "dependencies:\n"
        "# base\n"
        '- name: lib\n  version: "0.1.0"\n  repository: ""\n'
        '- version: "0.2.0"\n  name: bare\n'
        '- {version: "0.3.0", name: flow, repository: ""}\n'
        "- name: far\n  version: 1.0.0\n  repository: https://charts.example.org\n"
    )
    versions = {"lib": "0.1.0", "bare": "0.2.0", "flow": "0.3.0"}

    assert after == set_dependencies(before.encode(), versions, "requirements.yaml").decode()


def test_images_built_here_come_from_the_local_registry() -> None:
    """Only whole names count, and only where the platform's registry stands before them."""
    before = (
        'image: "{{ .Values.global.registry_url }}/mine:1"\n'
        'image: "{{- $.Values.global.registry_url -}}/mine:1"\n'
        'image: "{{ .Values.global.registry_url }}/mine-too:1"\n'
    )
    after = (
        'image: "localhost:32000/mine:1"\n'
        'image: "localhost:32000/mine:1"\n'
        'image: "{{ .Values.global.registry_url }}/mine-too:1"\n'
    )

    assert after == localise_images(before, ["mine"], "localhost:32000")
    assert before == localise_images(before, [], "localhost:32000")


def test_images_are_tagged_by_the_build() -> None:
    """A chart's version is no tag; labels keep it."""
    before = 'image: "a/b:{{ $.Chart.Version }}"\nversion: "{{ .Chart.Version }}"\n'
    after = 'image: "a/b:{{ $.Values.global.kaapana_build_version }}"\nversion: "{{ .Chart.Version }}"\n'

    assert after == tag_by_build(before)
