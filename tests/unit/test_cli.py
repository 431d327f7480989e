"""The command line: what it answers at once, and what it refuses."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from edk import __version__
from edk.cli import main, parser
from edk.domain.errors import UsageError
from edk.orchestrator.roots import checked_dir

COMMANDS = ("build", "plan", "init", "chart", "build-image", "doctor")
HEAVY = ("docker", "yaml", "git", "tree_sitter", "structlog", "requests", "urllib3", "watchdog", "msgspec", "sqlite3")


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state folder of the test's own, and no other folders of a platform."""
    for name in list(os.environ):
        if name.startswith(("EDK_", "KAAPANA_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("EDK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("EDK_EXTENSIONS_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("KAAPANA_REPO_PATH", str(tmp_path / "none"))


def modules_of(*arguments: str) -> set[str]:
    """The modules that a process has imported when it has answered."""
    program = "import sys; from edk.cli import main; main(sys.argv[1:]); print('\\n' + ' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    return {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("build", "--help")])
def test_version_and_help_import_nothing_heavy(arguments: tuple[str, ...]) -> None:
    """They answer at once."""
    assert set() == modules_of(*arguments) & set(HEAVY)


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_version(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The version goes to stdout."""
    assert (0, f"edk {__version__}\n") == (main([flag]), capsys.readouterr().out)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_has_an_example_and_the_exit_codes(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command shows how it is used, by an example that the command line takes."""
    assert 0 == main([command, "--help"])

    shown = capsys.readouterr().out
    example = shown.split("example:\n")[1].splitlines()[0].split()

    assert "exit codes: 0 all done" in shown
    assert ["edk", command] == example[:2]
    assert command == parser().parse_args(example[1:]).command


def test_the_list_of_commands_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """The help names every command."""
    main(["--help"])
    shown = capsys.readouterr().out

    assert [] == [command for command in COMMANDS if f"\n    {command} " not in shown]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "COMMAND"),
        (["biuld"], "invalid choice: 'biuld'"),
        (["build", "--jbos", "1"], "unrecognized arguments: --jbos 1"),
        (["build", "--job", "1"], "unrecognized arguments: --job 1"),
        (["build", "--jobs", "x", "--dir", "."], "invalid int value: 'x'"),
        (["build", "--jobs", "1.5", "--dir", "."], "invalid int value: '1.5'"),
        (["build", "--jobs", "0", "--dir", "."], "--jobs must be 1 or more, not 0"),
        (["build", "--jobs", "-1", "--dir", "."], "--jobs must be 1 or more, not -1"),
        (["build", "--jobs", "1001", "--dir", "."], "jobs must be between 1 and 1000, not 1001"),
        (["build", "--build-arg", "=x", "--dir", "."], "--build-arg '=x' has no name"),
        (["build"], "nothing was asked for"),
        (["plan"], "nothing was asked for"),
        (["build", "--dir"], "argument --dir: expected one argument"),
        (["build", "--dir", "-x"], "argument --dir: expected one argument"),
    ],
)
def test_wrong_usage_is_exit_2(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong goes to stderr, and nothing to stdout."""
    code = main(arguments)
    shown = capsys.readouterr()

    assert (2, "") == (code, shown.out)
    assert message in shown.err
    assert "Traceback" not in shown.err


WRONG_DIRS = {
    "missing": ("{tmp}/gone", "'{tmp}/gone'", "does not exist"),
    "file": ("{tmp}/file", "'{tmp}/file'", "is not a folder"),
    "below a file": ("{tmp}/file/x", "'{tmp}/file/x'", "does not exist"),
    "empty": ("", "--dir", "is empty"),
    "root": ("/", "'/'", "is the whole file system"),
    "dots": ("/tmp/..", "'/tmp/..'", "is the whole file system"),
    "newline": ("{tmp}/a\nb", "'{tmp}/a\\nb'", "does not exist"),
    "escape": ("{tmp}/\x1b[31m", "'{tmp}/\\x1b[31m'", "does not exist"),
    "undecodable": ("{tmp}/\udcff", "'{tmp}/\\udcff'", "does not exist"),
    "dash": ("-x", "'-x'", "does not exist"),
    "link to nowhere": ("{tmp}/nowhere", "'{tmp}/nowhere'", "does not exist"),
    "link in a circle": ("{tmp}/circle", "'{tmp}/circle'", "does not exist"),
    "long": ("x" * 5000, "'xxxx", "does not exist"),
}


@pytest.mark.parametrize("kind", WRONG_DIRS)
@pytest.mark.parametrize("command", ["build", "plan"])
def test_a_wrong_dir_is_exit_2_and_quoted(
    command: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder is named so that it can be recognised, and printed so that it does no harm."""
    (tmp_path / "file").touch()
    (tmp_path / "nowhere").symlink_to("gone")
    (tmp_path / "circle").symlink_to("circle")
    given, quoted, problem = (text.replace("{tmp}", str(tmp_path)) for text in WRONG_DIRS[kind])

    code = main([command, f"--dir={given}"])
    shown = capsys.readouterr()

    assert (2, "") == (code, shown.out)
    assert quoted in shown.err
    assert problem in shown.err
    assert all(line.isprintable() for line in shown.err.splitlines())
    assert shown.err.startswith("edk: error: ")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user that may not read a folder")
@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111])
def test_a_folder_that_may_not_be_read_is_refused(mode: int) -> None:
    """A folder of another user, without the right to list it or to go into it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(mode)
        os.setresuid(65534, 65534, 0)
        try:
            with pytest.raises(UsageError, match=re.escape(f"--dir '{folder}' can't be read")):
                checked_dir(folder)
        finally:
            os.setresuid(0, 0, 0)


def test_a_link_to_a_folder_is_that_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One folder given by two names is one root."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")

    code = main(["plan", "--offline", "--json", "--dir", str(tmp_path / "real"), "--dir", str(tmp_path / "link")])
    shown = capsys.readouterr()

    assert 0 == code
    assert 1 == shown.out.count(f'"{tmp_path}/real"')


def test_a_plan_of_wrong_sources_is_whole_and_exit_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The plan goes to stdout, what is wrong to stderr with file and line."""
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "Dockerfile").write_text('FROM local-only/nothing\nLABEL IMAGE="x"\n')

    code = main(["plan", "--offline", "--dir", str(tmp_path / "x")])
    shown = capsys.readouterr()

    assert 3 == code
    assert shown.out.startswith("x             blocked")
    assert "Dockerfile:1:1: error: no Dockerfile yields 'local-only/nothing' [EDK403]" in shown.err


def test_an_image_that_nobody_yields_is_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name given by hand is checked."""
    (tmp_path / "x").mkdir()

    assert 2 == main(["plan", "--offline", "--dir", str(tmp_path / "x"), "--image", "nobody"])
    assert "no Dockerfile yields an image 'nobody'" in capsys.readouterr().err


@pytest.mark.parametrize("stream", ["stdin", "stdout", "stderr"])
def test_closed_streams_are_no_fault(stream: str) -> None:
    """A process started without one of its streams still answers."""
    number = {"stdin": 0, "stdout": 1, "stderr": 2}[stream]
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -m edk --version {number}>&-', sys.executable], capture_output=True, check=False
    )

    assert 0 == done.returncode


@pytest.mark.parametrize("arguments", [["plan", "--offline", "--json"], ["plan", "--offline"], ["build", "--dry-run"]])
def test_a_reader_that_went_away_is_no_traceback(arguments: list[str], tmp_path: Path) -> None:
    """Output that nobody reads ends quietly."""
    (tmp_path / "x").mkdir()
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as stdout:
        done = subprocess.run(
            [sys.executable, "-m", "edk", *arguments, "--dir", str(tmp_path / "x")],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )

    assert (130, "") == (done.returncode, done.stderr)
