"""What `edk check --format sarif` prints of real folders, against the schema of SARIF 2.1.0."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest

from edk.cli import main
from edk.domain.checking.model import Checked, Finding
from edk.domain.codes import ALL
from edk.domain.encoding import to_json
from edk.domain.workspace import Root
from edk.ui.check_sarif import check_as_sarif
from tests.support.schemas import sarif_schema, uri_checker
from tests.unit.checking.conftest import Run
from tests.unit.checking.ground import OPERATOR, PROCESSING, SOUND

ODD = "processing-containers/größe 100% [a] #1?/Dockerfile"


@pytest.fixture(scope="session")
def validator(tmp_path_factory: pytest.TempPathFactory) -> jsonschema.Draft7Validator:
    """Of the official schema, URIs included."""
    schema = sarif_schema(tmp_path_factory.mktemp("schemas"))
    assert schema["$id"].endswith("/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json")
    return jsonschema.Draft7Validator(schema, format_checker=uri_checker())


def errors(validator: jsonschema.Draft7Validator, log: Any) -> list[str]:
    """What does not follow the schema, each with its place."""
    return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(log)]


def spoil(ext: Path, odd: str | bytes = ODD) -> None:
    """Write an error, a warning, an info, and one of what is suppressed into an extension."""
    (ext / OPERATOR).write_text(SOUND[OPERATOR].replace('"5"', "5"))
    unversioned = SOUND[PROCESSING].replace('LABEL VERSION="0.1.0"\n', "")
    (ext / PROCESSING).write_text(f"# edk: ignore-file[EDK603]\n{unversioned}")
    file = ext / os.fsdecode(odd)
    file.parent.mkdir(parents=True)
    file.write_text('FROM ubuntu\nLABEL IMAGE="odd"\n')


def test_several_findings_with_some_suppressed(run: Run, ext: Path, validator: jsonschema.Draft7Validator) -> None:
    """Of all levels; files with blanks and letters beyond ASCII are found again by their URIs."""
    spoil(ext)

    code, out, _ = run("--format", "sarif")

    log = json.loads(out)
    (told,) = log["runs"]
    uris = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in told["results"]]
    assert [] == errors(validator, log)
    assert 3 == code
    assert PROCESSING not in [uri for uri, r in zip(uris, told["results"], strict=True) if r["ruleId"] == "EDK603"]
    assert '"suppressed": 1' in json.dumps(json.loads(run("--format", "json")[1]))
    assert {"error", "warning", "note"} == {result["level"] for result in told["results"]}
    assert ODD in [unquote(uri) for uri in uris]
    assert all((ext / unquote(uri)).is_file() for uri in uris)


def test_nothing_found(run: Run, validator: jsonschema.Draft7Validator) -> None:
    """A run without results, which is what closes the findings of before."""
    code, out, _ = run("--format", "sarif")

    log = json.loads(out)
    assert [] == errors(validator, log)
    assert (0, [], []) == (code, log["runs"][0]["results"], log["runs"][0]["tool"]["driver"]["rules"])


def test_files_outside_of_an_odd_current_folder(
    run: Run, ext: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, validator: jsonschema.Draft7Validator
) -> None:
    """The current folder is a URI too, and files elsewhere have one of their own."""
    spoil(ext)
    elsewhere = tmp_path / "mit Leerzeichen ä#%"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    log = json.loads(run("--format", "sarif")[1])

    root = log["runs"][0]["originalUriBaseIds"]["SRCROOT"]["uri"]
    uris = [
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in log["runs"][0]["results"]
    ]
    assert [] == errors(validator, log)
    assert f"file://{elsewhere}/" == unquote(root)
    assert f"file://{ext}/{ODD}" in [unquote(uri) for uri in uris]


def test_names_that_are_no_utf8(run: Run, ext: Path, validator: jsonschema.Draft7Validator) -> None:
    """Their bytes, escaped."""
    spoil(ext, b"processing-containers/a\xff b/Dockerfile")

    out = run("--format", "sarif")[1]

    assert [] == errors(validator, json.loads(out))
    assert "a%FF%20b/Dockerfile" in out


def test_all_rules(validator: jsonschema.Draft7Validator) -> None:
    """Of every diagnostic that there is."""
    here = Root("/w/ext", "extension", 0)
    every = Checked(tuple(Finding(here, code.at("x", 1, "m", "h", 2)) for code in ALL), 0, 1)

    assert [] == errors(validator, json.loads(to_json(check_as_sarif(every, "/"))))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), "2.0.0"),
        (("runs", 0, "results", 0, "level"), "info"),
        (("runs", 0, "results", 0, "locations", 0, "physicalLocation", "artifactLocation", "uri"), "with blanks ä"),
        (("runs", 0, "originalUriBaseIds", "SRCROOT", "uri"), "file:///ü/"),
        (("runs", 0, "results", 0, "locations", 0, "physicalLocation", "region", "startLine"), 0),
    ],
)
def test_the_schema_finds_what_is_wrong(
    path: tuple[str | int, ...], value: Any, run: Run, ext: Path, validator: jsonschema.Draft7Validator
) -> None:
    """So that the tests above can fail."""
    spoil(ext)
    log = json.loads(run("--format", "sarif")[1])
    at = log
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value

    assert 1 == len(errors(validator, log))


def test_a_folder_that_is_gone(
    tmp_path: Path, ext: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    validator: jsonschema.Draft7Validator,
) -> None:
    """Where nothing is relative to."""
    spoil(ext)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    assert 3 == main(["check", "--dir", str(ext), "--format", "sarif"])
    assert [] == errors(validator, json.loads(capsys.readouterr().out))
