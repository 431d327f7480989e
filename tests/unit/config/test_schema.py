"""The JSON schema of ``edk.yaml``, against the reader of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import edk
from edk.cli import main
from edk.config_file import convert
from edk.domain.errors import UsageError
from edk.settings import KINDS, WORDS, Settings
from edk.ui.config_schema import config_schema, schema_text
from tests.unit.docs.tables import ROOT

PROPERTIES = config_schema()["properties"]
VALUES: tuple[Any, ...] = (
    *("x", "3", 3, -3, 1.5, "0.5", True, False, "yes", None, [], ["a"], [1], {}, {"a": "b"}, {"a": 1}),
    *({"a": 1.5}, {"a": True}, {"a": ["x"]}),
    *({"ignore": ["EDK601"]}, {"ignore": ["EDK999"]}, {"severity": {"EDK601": "info"}}, {"severity": {"EDK601": "x"}}),
    *({"severity": {"EDK999": "info"}}, {"files": {"**/x": ["EDK601"]}}, {"files": None, "severity": None}),
)


def allows(schema: dict[str, Any], value: Any) -> bool:
    """Whether a schema allows a value."""
    return jsonschema.validators.validator_for(config_schema())(schema).is_valid(value)


def reads(name: str, value: Any) -> bool:
    """Whether the reader takes a value."""
    try:
        read = convert(KINDS[name], value, "x")
    except UsageError:
        return False
    words = WORDS.get(name)
    if words:
        return set(read if isinstance(read, tuple) else (read,)) <= set(words)
    return not isinstance(read, int) or isinstance(read, bool) or read >= 0


def test_the_committed_schema_is_current() -> None:
    """Made anew by ``edk config --schema > edk/edk.schema.json``; the documentation has the same one."""
    assert schema_text() == (ROOT / "edk/edk.schema.json").read_text(encoding="utf-8")
    assert schema_text() == (ROOT / "docs/edk.schema.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ["edk/edk.schema.json", "deploy/chart/values.schema.json"])
def test_our_schemas_are_schemas(path: str) -> None:
    """By the schema of their own language; a keyword that it does not know is a slip of the pen."""
    schema = json.loads((ROOT / path).read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema, default=None)

    assert validator is not None, "an unknown $schema"
    validator.check_schema(schema)
    assert set() == {key for part in _schemas(schema) for key in part} - set(validator.META_SCHEMA["properties"])


def _schemas(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema in a schema."""
    if not isinstance(schema, dict):
        return
    yield schema
    for key, value in schema.items():
        if key in ("properties", "patternProperties", "definitions", "dependencies"):
            for one in value.values():
                yield from _schemas(one)
        elif key in ("anyOf", "allOf", "oneOf"):
            for one in value:
                yield from _schemas(one)
        elif key in ("items", "additionalProperties", "propertyNames", "not", "if", "then", "else"):
            yield from _schemas(value)


def test_it_lies_in_the_package() -> None:
    """Where code-server is pointed to, and setuptools takes it along."""
    assert (Path(edk.__file__).parent / "edk.schema.json").is_file()
    assert '"edk.schema.json"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    """As it is."""
    assert 0 == main(["config", "--schema"])
    assert config_schema() == json.loads(capsys.readouterr().out)


def test_it_knows_every_key_and_no_other() -> None:
    """With a description of each."""
    assert list(KINDS) == list(PROPERTIES)
    assert config_schema()["additionalProperties"] is False
    assert [] == [name for name, told in PROPERTIES.items() if len(told["description"]) < 10]


@pytest.mark.parametrize("name", KINDS)
def test_it_allows_what_the_reader_takes(name: str) -> None:
    """And nothing else."""
    values = (*VALUES, *WORDS.get(name, ()), [*WORDS.get(name, ())])
    expected = [value for value in values if reads(name, value)]

    assert expected == [value for value in values if allows(PROPERTIES[name], value)]
    assert expected


@pytest.mark.parametrize("name", [name for name, told in PROPERTIES.items() if "default" in told])
def test_defaults_are_true_and_allowed(name: str) -> None:
    """Of the code."""
    assert getattr(Settings(), name) == PROPERTIES[name]["default"]
    assert allows(PROPERTIES[name], PROPERTIES[name]["default"])
