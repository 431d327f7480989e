"""Names of extensions: which are allowed, and what is proposed instead of others."""

from __future__ import annotations

import ast
import keyword
import re

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from edk.domain.naming import MAX_NAME, camel_of, module_of, nearest_name, problem_of, title_of
from edk.domain.new_extension import NewExtension
from edk.domain.reference import valid_name

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
ALLOWED = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8}){0,3}", fullmatch=True).filter(lambda n: not problem_of(n))


@pytest.mark.parametrize("name", ["a", "otsus-method", "lung2", "v2-net", "a-1", "no", "yes", "a" * MAX_NAME])
def test_allowed(name: str) -> None:
    """Words of letters and digits, joined by hyphens."""
    assert "" == problem_of(name)
    assert name == nearest_name(name)


@pytest.mark.parametrize(
    ("name", "problem", "nearest"),
    [
        ("", "it is empty", "extension"),
        ("Otsus", "words of a-z", "otsus"),
        ("OtsusMethod", "words of a-z", "otsus-method"),
        ("CTLung", "words of a-z", "ct-lung"),
        ("otsus_method", "words of a-z", "otsus-method"),
        ("otsus--method", "words of a-z", "otsus-method"),
        ("-x-", "words of a-z", "x"),
        ("3d-net", "words of a-z", "my-3d-net"),
        ("../etc/passwd", "words of a-z", "etc-passwd"),
        ("a b\n", "words of a-z", "a-b"),
        ("Größe", "words of a-z", "groe"),
        ("肺", "words of a-z", "extension"),
        ("a\n", "words of a-z", "a"),
        ("class", "keyword of Python", "my-class"),
        ("json", "import its own 'json'", "my-json"),
        ("task-api", "import its own 'task_api'", "my-task-api"),
        ("get-input", "GetInputOperator is one", "my-get-input"),
        ("a" * (MAX_NAME + 1), "longer than 40", "a" * MAX_NAME),
        ("a" * (MAX_NAME - 1) + "-b", "longer than 40", "a" * (MAX_NAME - 1)),
    ],
)
def test_refused(name: str, problem: str, nearest: str) -> None:
    """With the reason, and what would be allowed."""
    assert problem in problem_of(name)
    assert nearest == nearest_name(name)


@given(st.text() | st.from_regex(r"[A-Za-z0-9_. -]{0,80}", fullmatch=True))
@example("class" * 20)
@example("3" * 60)
def test_the_nearest_name_is_always_allowed(text: str) -> None:
    """Whatever was asked for."""
    assert "" == problem_of(nearest_name(text))


@given(ALLOWED)
def test_what_is_made_of_an_allowed_name_is_allowed(name: str) -> None:
    """As repository of images, name of Jobs and Helm releases, module and class."""
    extension = NewExtension(name)

    assert all(valid_name(image) and DNS_LABEL.fullmatch(f"remove-{image}") for image in extension.images)
    assert DNS_LABEL.fullmatch(f"install-{extension.chart}-9999")
    assert len(extension.chart) <= 53
    assert module_of(name).isidentifier()
    assert not keyword.iskeyword(module_of(name))
    assert isinstance(ast.parse(f"from {module_of(name)}.x import {camel_of(name)}Operator"), ast.Module)
    assert isinstance(yaml.safe_load(f'a: "{title_of(name)}"')["a"], str)
