"""`edk check` on a real disk: exit codes, questions, what is written and how."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from edk.cli import main
from tests.unit.checking.conftest import Run
from tests.unit.checking.ground import CHART, DOCKERFILE, OPERATOR, PROCESSING, SOUND

NUMBER = SOUND[OPERATOR].replace('"5"', "5")


def test_a_sound_extension_is_0(run: Run) -> None:
    """And says what was looked at; no engine, and no registry, is asked."""
    code, out, err = run()

    assert (0, "") == (code, err)
    assert out.startswith("nothing found; ")
    assert (0, 0) == (run("--strict", "--offline")[0], run("--all")[0])


def test_errors_are_3(run: Run, ext: Path) -> None:
    """With the place relative to the current folder."""
    (ext / OPERATOR).write_text(NUMBER)
    code, out, _ = run()

    assert 3 == code
    assert out.startswith(f"{OPERATOR}:5:34: error: the value of \"THRESHOLD\" is a number")


def test_warnings_count_with_strict_alone(run: Run, ext: Path) -> None:
    """Infos never do."""
    (ext / CHART).write_text(SOUND[CHART].replace("kaapanaworkflow", "other"))
    assert (0, 3) == (run()[0], run("--strict")[0])

    (ext / CHART).write_text(SOUND[CHART])
    (ext / PROCESSING).write_text(SOUND[PROCESSING].replace('LABEL VERSION="0.1.0"\n', ""))
    code, out, _ = run("--strict")
    assert 0 == code
    assert "info: my-algo has no LABEL VERSION [EDK603]" in out


@pytest.mark.parametrize("arguments", [(), ("--fix", "--yes")])
def test_what_is_to_be_checked_must_be_said(arguments: tuple[str, ...], ext: Path) -> None:
    """Wrong usage is 2."""
    assert 2 == main(["check", *arguments])


def test_yes_without_fix_is_wrong_usage(run: Run) -> None:
    """Nobody is asked anything."""
    assert 2 == run("--yes")[0]


def test_mending_shows_the_difference_and_writes(run: Run, ext: Path) -> None:
    """Mode and links stay; what is left decides the exit code; a second time there is nothing to do."""
    (ext / OPERATOR).write_text(NUMBER)
    (ext / OPERATOR).chmod(0o640)
    code, out, _ = run("--fix", "--yes")

    assert 0 == code
    assert f"--- {OPERATOR}\n+++ {OPERATOR}\n" in out
    assert '-        env_vars = {"THRESHOLD": 5}  # as text\n+        env_vars = {"THRESHOLD": "5"}  # as text\n' in out
    assert "1 file written\nnothing found; " in out
    assert (SOUND[OPERATOR], 0o640) == ((ext / OPERATOR).read_text(), (ext / OPERATOR).stat().st_mode & 0o777)
    assert [] == [p for p in ext.rglob("*") if "partial" in p.name]
    assert run("--fix", "--yes")[1].startswith("nothing that --fix can mend\n")


def test_without_a_terminal_nothing_is_written(run: Run, ext: Path) -> None:
    """The difference is shown all the same, and how to write it."""
    (ext / OPERATOR).write_text(NUMBER)
    code, out, err = run("--fix")

    assert 3 == code
    assert "nothing was written\n" in out
    assert "--fix --yes writes it" in err
    assert NUMBER == (ext / OPERATOR).read_text()


@pytest.mark.parametrize(("answer", "written"), [("y", True), ("Yes", True), ("n", False), ("", False), (None, False)])
def test_on_a_terminal_it_asks(
    run: Run, ext: Path, monkeypatch: pytest.MonkeyPatch, answer: str | None, written: bool
) -> None:
    """Only a yes is one."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def ask(question: str) -> str:
        assert "Write 1 file? [y/N] " == question
        if answer is None:
            raise EOFError
        return answer

    (ext / OPERATOR).write_text(NUMBER)
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", ask)

    assert (0 if written else 3) == run("--fix")[0]
    assert (SOUND[OPERATOR] if written else NUMBER) == (ext / OPERATOR).read_text()


def test_a_link_inside_of_the_extension_stays_one(run: Run, ext: Path) -> None:
    """What it leads to is written."""
    real = ext / "shared" / "TheOperator.txt"
    real.parent.mkdir()
    real.write_text(NUMBER)
    (ext / OPERATOR).unlink()
    (ext / OPERATOR).symlink_to(os.path.relpath(real, (ext / OPERATOR).parent))
    run("--fix", "--yes")

    assert (ext / OPERATOR).is_symlink()
    assert SOUND[OPERATOR] == real.read_text()


def test_a_folder_that_can_not_be_written_is_told(run: Run, ext: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1 if all else is right, else that of the sources."""

    def refuse(path: str, *_: object) -> None:
        raise OSError(30, "Read-only file system", path)

    monkeypatch.setattr("edk.commands.check.write_whole", refuse)
    (ext / OPERATOR).write_text(NUMBER)
    code, out, err = run("--fix", "--yes")

    assert 3 == code
    assert "0 files written" in out
    assert f"{ext / OPERATOR} was not written: Read-only file system" in err


@pytest.mark.parametrize("form", ["json", "sarif", "github"])
def test_other_formats_stand_alone_on_stdout(run: Run, ext: Path, form: str) -> None:
    """Differences go to stderr, so that what reads stdout is not disturbed."""
    (ext / OPERATOR).write_text(NUMBER)
    (ext / DOCKERFILE).write_text(SOUND[DOCKERFILE].replace("my_flow/", "flow/"))
    (ext / CHART).write_text(SOUND[CHART].replace("kaapanaworkflow", "other"))
    code, out, err = run("--fix", "--yes", "--format", form)

    assert 0 == code
    assert "@@" in err
    if form == "github":
        assert out.startswith(f"::warning file={CHART},line=1,title=EDK619::")
    else:
        assert "EDK619" in json.dumps(json.loads(out))
    assert 1 == out.count("\n")


def test_an_unknown_code_in_edk_yaml_is_wrong_configuration(run: Run, ext: Path) -> None:
    """Nothing is checked by rules that are not what somebody meant."""
    (ext / "edk.yaml").write_text("check:\n  ignore: [EDK6I6]\n")
    code, _, err = run()

    assert 2 == code
    assert f"{ext}/edk.yaml:1: check: unknown code 'EDK6I6', did you mean 'EDK616'?" in err


def test_edk_yaml_of_the_extensions_folder_counts_too(run: Run, ext: Path) -> None:
    """For all of them."""
    (ext / CHART).write_text(SOUND[CHART].replace("kaapanaworkflow", "other"))
    (ext.parent / "edk.yaml").write_text("check:\n  severity: {EDK619: error}\n")
    assert 3 == run()[0]

    (ext / "edk.yaml").write_text("check:\n  ignore: [EDK619]\n")
    code, out, _ = run()
    assert 0 == code
    assert "nothing found (1 suppressed)" in out
