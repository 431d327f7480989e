"""Suppressions: by comment and by configuration, and those that are of no use."""

from __future__ import annotations

from pathlib import Path

import pytest

from edk.domain.checking.comments import Mark, marks_in
from edk.domain.checking.config import CheckRules
from edk.domain.errors import UsageError
from edk.settings import load_settings
from tests.unit.checking.ground import DOCKERFILE, JOB, OPERATOR, PROCESSING, SOUND, bench_of, changed, checked, found

NUMBER = SOUND[OPERATOR].replace('"5"', "5")
OLD_BASE = SOUND[PROCESSING].replace("cpu:latest", "cpu:0.3")
NO_VERSION = SOUND[PROCESSING].replace('LABEL VERSION="0.1.0"\n', "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1  # edk: ignore[EDK613]\n", (Mark(1, 8, 1, ("EDK613",)),)),
        ("#edk:ignore[EDK613,EDK601]\nx\n", (Mark(1, 1, 2, ("EDK613", "EDK601")),)),
        ("\n  # edk: ignore[ EDK613 ]\n\n# more\nx\n", (Mark(2, 3, 5, ("EDK613",)),)),
        ("# edk: ignore-file[EDK613]\n", (Mark(1, 1, 0, ("EDK613",)),)),
        ("# edk: ignore\nx\n", (Mark(1, 1, 2, ()),)),
        ("# edk: ignore[]\n", (Mark(1, 1, 1, ()),)),
        ("  {{- /* edk: ignore[EDK612] */}}\nx\n", (Mark(1, 3, 2, ("EDK612",)),)),
        ("ä # edk: ignore[EDK601]\n", (Mark(1, 3, 1, ("EDK601",)),)),
        ("# edk: ignored[EDK601]\n", ()),
        ("# edk: ignore-files[EDK601]\n", ()),
        ("edk: ignore[EDK601]\n", ()),
        ("FROM x\r\n# edk: ignore[EDK601]\r\n\r\nRUN y\r\n", (Mark(2, 1, 4, ("EDK601",)),)),
    ],
)
def test_comments_are_read(text: str, expected: tuple[Mark, ...]) -> None:
    """Behind something for its line, alone for the next one, with a dash for the file."""
    assert expected == marks_in(text.encode())


@pytest.mark.parametrize(
    "changes",
    [
        {OPERATOR: NUMBER.replace("# as text", "# edk: ignore[EDK613]")},
        {OPERATOR: NUMBER.replace("        env_vars", "        # edk: ignore[EDK613]\n        env_vars")},
        {OPERATOR: "# edk: ignore-file[EDK613]\n" + NUMBER},
        {PROCESSING: "# edk: ignore[EDK606]\n" + OLD_BASE},
        {PROCESSING: "# edk: ignore-file[EDK606, EDK603]\n" + OLD_BASE.replace('LABEL VERSION="0.1.0"\n', "")},
        {JOB: SOUND[JOB].replace('"{{ .Values.global.project_namespace }}"', "admin # edk: ignore[EDK612]")},
    ],
)
def test_what_is_suppressed_is_not_told(changes: dict[str, str | None]) -> None:
    """It is counted."""
    result = checked(bench_of(changes))

    assert () == result.findings
    assert result.suppressed > 0


@pytest.mark.parametrize(
    "changes",
    [
        {OPERATOR: NUMBER.replace("# as text", "# edk: ignore[EDK601]")},
        {OPERATOR: "# edk: ignore[EDK613]\n" + NUMBER},
        {OPERATOR: NUMBER, PROCESSING: "# edk: ignore-file[EDK613]\n" + SOUND[PROCESSING]},
    ],
)
def test_another_code_line_or_file_suppresses_nothing(changes: dict[str, str | None]) -> None:
    """The finding is told, and that the comment is of no use."""
    assert {"EDK613", "EDK690"} == {code for code, _, _ in found(changes)}


def test_a_comment_that_is_needed_no_more_is_told() -> None:
    """Each code of it by itself."""
    text = "# edk: ignore[EDK606, EDK616]\n" + OLD_BASE

    (finding,) = checked(bench_of({PROCESSING: text})).findings
    assert ("EDK690", 1, 1) == (finding.diagnostic.code, finding.diagnostic.line, finding.diagnostic.column)
    assert "there is no EDK616 in line 2 to suppress" == finding.diagnostic.message


@pytest.mark.parametrize(
    ("comment", "message", "hint"),
    [
        ("# edk: ignore[EDK6O6]", "there is no code 'EDK6O6' to suppress", "did you mean EDK606?"),
        ("# edk: ignore[nonsense]", "there is no code 'nonsense' to suppress", "docs/diagnostics.md lists the codes"),
        ("# edk: ignore", "a suppression names no code", "write # edk: ignore[EDK601], or # edk: ignore-file[EDK601]"),
    ],
)
def test_an_unknown_code_is_an_error(comment: str, message: str, hint: str) -> None:
    """With the nearest one."""
    (finding,) = checked(bench_of({PROCESSING: f"{comment}\n{SOUND[PROCESSING]}"})).findings

    told = finding.diagnostic
    assert ("EDK691", "error", message, hint) == (told.code, told.severity, told.message, told.hint)


@pytest.mark.parametrize(
    "rules",
    [
        CheckRules(ignore=("EDK603",)),
        CheckRules(files=(("processing-containers/**", ("EDK603",)),)),
        CheckRules(files=(("processing-containers", ("EDK603",)),)),
        CheckRules(files=(("*/my-algo/Dockerfile", ("EDK601", "EDK603")),)),
        CheckRules(files=(("Dockerfile", ("EDK603",)),)),
    ],
)
def test_configuration_suppresses(rules: CheckRules) -> None:
    """Everywhere, or where a pattern fits."""
    assert [] == found({PROCESSING: NO_VERSION}, check=(rules,))


def test_a_pattern_that_does_not_fit_suppresses_nothing() -> None:
    """A folder of another name is none of it."""
    rules = CheckRules(files=(("processing", ("EDK603",)), ("other/**", ("EDK603",))))

    assert [("EDK603", PROCESSING, 2)] == found({PROCESSING: NO_VERSION}, check=(rules,))


def test_severities_are_overridden_by_the_nearest_file() -> None:
    """Of two that name a code."""
    near, far = CheckRules(severity=(("EDK603", "error"),)), CheckRules(severity=(("EDK603", "warning"),))
    (finding,) = checked(bench_of({PROCESSING: NO_VERSION}, check=(near, far))).findings

    assert "error" == finding.diagnostic.severity


def test_configuration_that_is_needed_no_more_is_told() -> None:
    """At its line, if the file is the extension's own; one for all extensions is not judged by one of them."""
    text = "check:\n  ignore:\n    - EDK603\n  files:\n    old/**: [EDK616]\n"
    rules = CheckRules(("EDK603",), (), (("old/**", ("EDK616",)),), "/w/ext/edk.yaml")

    assert [("EDK690", "edk.yaml", 3), ("EDK690", "edk.yaml", 5)] == found({"edk.yaml": text}, check=(rules,))
    assert [] == found({}, check=(CheckRules(("EDK603",), source="/w/edk.yaml"),))
    needed = CheckRules(("EDK603",), source="/w/ext/edk.yaml")
    assert [] == found({"edk.yaml": text, PROCESSING: NO_VERSION}, check=(needed,))


def _load(tmp_path: Path, near: str, far: str = "") -> tuple[CheckRules, ...]:
    (tmp_path / "near").mkdir()
    (tmp_path / "state").mkdir()
    (tmp_path / "near" / "edk.yaml").write_text(near)
    (tmp_path / "state" / "edk.yaml").write_text(far)
    return load_settings({"EDK_STATE_DIR": str(tmp_path / "state")}, {}, (str(tmp_path / "near"),)).check


def test_configuration_is_read(tmp_path: Path) -> None:
    """File by file, the nearest first, each knowing where it is."""
    near = "check:\n  ignore: [EDK616]\n  severity: {EDK603: error}\n  files:\n    'old/**': [EDK601]\n"
    rules = _load(tmp_path, near, "check:\n  ignore: [EDK603]\n")

    first = CheckRules(("EDK616",), (("EDK603", "error"),), (("old/**", ("EDK601",)),), f"{tmp_path}/near/edk.yaml")
    assert (first, CheckRules(("EDK603",), source=f"{tmp_path}/state/edk.yaml")) == rules


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("check: {ignore: [EDK6O3]}", "check: unknown code 'EDK6O3', did you mean 'EDK603'?"),
        ("jobs: 2\ncheck: {severity: {EDK603: fatal}}", "check: unknown severity 'fatal'"),
        ("check: {severity: {EDK603: warn}}", "check: unknown severity 'warn', did you mean 'warning'?"),
        ("check: {ignored: []}", "check: unknown key 'ignored', did you mean 'ignore'?"),
        ("check: {files: {a: EDK603}}", "check: expected a list of texts, not 'EDK603'"),
        ("check: [EDK603]", "check: expected ignore, severity and files, not ['EDK603']"),
        ("check: {files: [a]}", "check: severity and files are keys and values"),
        ("check: {severity: {1: error}}", "check: expected a list of texts, not [1]"),
    ],
)
def test_configuration_that_is_wrong_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """With the file, its line, and the nearest right word."""
    with pytest.raises(UsageError) as caught:
        _load(tmp_path, text)

    assert message in caught.value.message
    assert f"{tmp_path}/near/edk.yaml:{text[: text.index('check')].count(chr(10)) + 1}: " in caught.value.message


def test_a_doubled_label_may_be_suppressed_where_it_stands() -> None:
    """The comment stands above the instruction, for a Dockerfile has none behind one."""
    text = SOUND[DOCKERFILE].replace("COPY files/dag", '# edk: ignore[EDK602]\nLABEL VERSION="0.1.0"\nCOPY files/dag')

    assert [] == found({DOCKERFILE: text})
    assert [] != found(changed(DOCKERFILE, "COPY files/dag", 'LABEL VERSION="0.1.0"\nCOPY files/dag'))
