"""What a check prints, in each format."""

from __future__ import annotations

import json
from typing import Any

from edk.domain.checking.model import Checked, Edit, FileEdit, Finding
from edk.domain.codes import ALL
from edk.domain.codes.conventions import LATEST_BASE, NO_VERSION, WRONG_DAG_FOLDER
from edk.domain.encoding import to_json
from edk.domain.workspace import Root
from edk.ui.check_github import github_lines
from edk.ui.check_json import check_as_json
from edk.ui.check_sarif import check_as_sarif
from edk.ui.check_text import check_lines

HERE = Root("/w/ext", "extension", 0)
AWAY = Root("/other/ext", "extension", 0)
ODD = "a%b, c:d/Dockerfile"
MENDS = (FileEdit("f", "0", Edit(0, 0, b"")),)
FINDINGS = (
    Finding(HERE, WRONG_DAG_FOLDER.at("f/dag_x.py", 3, "imports a.B", "mend it", 7), MENDS),
    Finding(HERE, LATEST_BASE.at(ODD, 1, "100% 'latest'\nand more")),
    Finding(AWAY, NO_VERSION.at("x/Dockerfile", 0, "none")),
)
CHECKED = Checked(FINDINGS, 2, 40)


def sarif() -> dict[str, Any]:
    """The log, as it is printed and read back."""
    return json.loads(to_json(check_as_sarif(CHECKED, "/w/ext")))


def test_text_is_what_problem_matchers_read() -> None:
    """Paths relative to the current folder where they are in it; a hint below each; a summary at the end."""
    lines = list(check_lines(CHECKED, "/w/ext"))

    assert "f/dag_x.py:3:7: error: imports a.B [EDK609]" == lines[0]
    assert "    mend it" == lines[1]
    assert "/other/ext/x/Dockerfile:1:1: info: none [EDK603]" == lines[4]
    assert "1 error, 1 warning, 1 info (1 can be mended by --fix, 2 suppressed); 40 files looked at" == lines[-1]
    assert all("\n" not in line for line in lines)


def test_nothing_found_is_said() -> None:
    """One line."""
    assert ["nothing found; 3 files looked at"] == list(check_lines(Checked((), 0, 3), "/w"))


def test_json_names_what_can_be_mended() -> None:
    """As documented in docs/checking.md."""
    told = check_as_json(CHECKED, "/w/ext")

    assert ("edk.check/v1", 1, 1, 1, 2, 40) == tuple(
        told[key] for key in ("schema", "errors", "warnings", "infos", "suppressed", "files")
    )
    assert {
        "severity": "error",
        "code": "EDK609",
        "file": "f/dag_x.py",
        "line": 3,
        "column": 7,
        "message": "imports a.B",
        "hint": "mend it",
        "fixable": True,
    } == told["findings"][0]
    assert [True, False, False] == [finding["fixable"] for finding in told["findings"]]


def test_github_commands_are_escaped() -> None:
    """Percent signs and line ends everywhere, colons and commas in properties, as the runner takes them back."""
    lines = list(github_lines(CHECKED, "/w/ext"))

    assert "::error file=f/dag_x.py,line=3,col=7,title=EDK609::imports a.B%0Amend it" == lines[0]
    assert lines[1].startswith(
        "::warning file=a%25b%2C c%3Ad/Dockerfile,line=1,title=EDK616::100%25 'latest'%0Aand more%0A"
    )
    assert lines[2].startswith("::notice file=/other/ext/x/Dockerfile,line=1,title=EDK603::none%0A")
    assert 3 == len(lines)


def test_sarif_has_what_the_standard_requires() -> None:
    """Version, one run with a driver, rules by index, levels and locations."""
    log = sarif()
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]

    assert "2.1.0" == log["version"]
    assert ["EDK603", "EDK609", "EDK616"] == rules
    assert ["error", "warning", "note"] == [result["level"] for result in run["results"]]
    assert [r["ruleId"] for r in run["results"]] == [rules[r["ruleIndex"]] for r in run["results"]]
    assert all(result["message"]["text"] for result in run["results"])
    assert "file:///w/ext/" == run["originalUriBaseIds"]["SRCROOT"]["uri"]


def test_sarif_names_places_as_uris() -> None:
    """Relative to the root where they are in it, escaped as URIs are; no line for a whole file."""
    physical = [result["locations"][0]["physicalLocation"] for result in sarif()["runs"][0]["results"]]
    first, second, third = ({**p["artifactLocation"], "region": p.get("region")} for p in physical)

    assert {"uri": "f/dag_x.py", "uriBaseId": "SRCROOT", "region": {"startLine": 3, "startColumn": 7}} == first
    assert {"uri": "a%25b%2C%20c%3Ad/Dockerfile", "uriBaseId": "SRCROOT", "region": {"startLine": 1}} == second
    assert {"uri": "file:///other/ext/x/Dockerfile", "region": None} == third


def test_names_that_are_no_utf8_are_printed_in_every_format() -> None:
    """As escapes."""
    odd = Checked((Finding(HERE, NO_VERSION.at("a\udcff/Dockerfile", 1, "odd \udcff")),), 0, 1)

    assert b"a%FF/Dockerfile" in to_json(check_as_sarif(odd, "/w/ext"))
    assert b"odd \\\\udcff" in to_json(check_as_json(odd, "/w/ext"))
    assert ["::notice file=a\\udcff/Dockerfile,line=1,title=EDK603::odd \\udcff%0A" + NO_VERSION.remedy] == list(
        github_lines(odd, "/w/ext")
    )
    assert next(iter(check_lines(odd, "/w/ext"))).startswith("a\\udcff/Dockerfile:1:1: info: odd \\udcff [EDK603]")


def test_a_fingerprint_stays_while_lines_move() -> None:
    """So that a service knows a finding again, and tells two of one file apart."""
    moved = Checked(tuple(Finding(f.root, type(f.diagnostic)(*_moved(f))) for f in FINDINGS), 0, 1)

    before, after = (
        [r["partialFingerprints"] for r in log["runs"][0]["results"]]
        for log in (sarif(), check_as_sarif(moved, "/w/ext"))
    )
    assert before == after
    assert 3 == len({str(each) for each in before})


def _moved(finding: Finding) -> tuple[Any, ...]:
    d = finding.diagnostic
    return d.code, d.severity, d.file, d.line + 5, d.message, d.hint, d.column


def test_every_rule_can_be_described() -> None:
    """All codes at once."""
    every = Checked(tuple(Finding(HERE, code.at("x", 1, "m")) for code in ALL), 0, 1)

    assert len(ALL) == len(check_as_sarif(every, "/")["runs"][0]["tool"]["driver"]["rules"])
