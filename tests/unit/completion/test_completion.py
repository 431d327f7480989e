"""Completion, asked of the shells themselves."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edk.cli import main, parser
from edk.domain.codes import ALL
from edk.ui.completion import SHELLS, completion_script
from tests.unit.docs.tables import ROOT

Ask = Callable[..., list[str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with an extension, a program called edk, and a state of its own."""
    program = tmp_path / "bin/edk"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m edk "$@"\n')
    program.chmod(0o755)
    extension = tmp_path / "extensions/otsus"
    extension.mkdir(parents=True)
    (extension / "Dockerfile").write_text('FROM scratch\nLABEL IMAGE="otsus-method"\n')
    (tmp_path / "extensions/evil").mkdir()
    (tmp_path / "extensions/evil/Dockerfile").write_text('FROM scratch\nLABEL IMAGE="otsus$(touch harm)"\n')
    (tmp_path / "state/logs").mkdir(parents=True)
    (tmp_path / "state/logs/otsus-old.log").write_text("")
    for name, value in {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)]),
        "EDK_STATE_DIR": str(tmp_path / "state"),
        "EDK_EXTENSIONS_DIR": str(tmp_path / "extensions"),
        "KAAPANA_REPO_PATH": str(tmp_path / "none"),
        "HOME": str(tmp_path),
        "TERM": "dumb",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def script(shell: str, folder: Path) -> Path:
    """The script for a shell, in a file."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    path = folder / f"edk.{shell}"
    path.write_text(completion_script(parser(), shell, {"CODE": [code.id for code in ALL]}))
    return path


def run(command: list[str]) -> str:
    """What a command prints; it says nothing else."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL)
    assert "" == done.stderr
    return done.stdout


def ask_bash(folder: Path, line: str) -> list[str]:
    """What bash would offer at the end of a line."""
    text = (
        'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }; _shtab_edk; '
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    return run(["bash", "--norc", "-c", text, "bash", str(script("bash", folder)), *line.split(" ")]).split()


def ask_fish(folder: Path, line: str) -> list[str]:
    """What fish would offer at the end of a line, without descriptions."""
    text = 'source $argv[1]; complete -C "$argv[2]"'
    shown = run(["fish", "--no-config", "-c", text, str(script("fish", folder)), line])
    return [offered.split("\t")[0] for offered in shown.splitlines()]


# What completion adds is printed too, in a terminal of its own: zsh completes nowhere else.
_ZSH_SETUP = r"""
PROMPT=
fpath=("$FOLDER" $fpath)
autoload -Uz compinit
compinit -D -u
bindkey '^I' complete-word
bindkey '^M' undefined
bindkey '^J' undefined
zstyle ':completion:*' insert-tab false
compadd() {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
  local -a found
  builtin compadd -A found "$@"
  (( $#found )) && print -rl -- "<"${^found}">"
  builtin compadd "$@"
}
bye() { print "<end>"; exit }
comppostfuncs=(bye)
print "<ready>"
"""
_ZSH = r"""
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "source ${(q)1}"
zpty -r -m z seen '*<ready>*'
zpty -n -w z "$2"$'\t'
zpty -r -m z seen '*<end>*'
print -r -- "$seen"
"""


def ask_zsh(folder: Path, line: str) -> list[str]:
    """What zsh would offer at the end of a line."""
    functions = folder / "functions"
    functions.mkdir(exist_ok=True)
    script("zsh", folder).rename(functions / "_edk")
    (folder / "setup.zsh").write_text(_ZSH_SETUP.replace("$FOLDER", str(functions)))
    shown = run(["zsh", "-f", "-c", _ZSH, "zsh", str(folder / "setup.zsh"), line])
    return [found for found in re.findall(r"<([^<>\s]+)>", shown) if found != "end"]


SHELL = pytest.mark.parametrize("ask", [ask_bash, ask_fish, ask_zsh], ids=["bash", "fish", "zsh"])


@SHELL
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("edk expl", {"explain"}),
        ("edk pla", {"plan"}),
        ("edk plan --off", {"--offline"}),
        ("edk build --builder ", {"auto", "docker", "buildkit"}),
        ("edk build --dir x --references ta", {"tag"}),
        ("edk explain EDK20", {code.id for code in ALL if code.id.startswith("EDK20")}),
        ("edk code-server ", {"setup"}),
        ("edk build --image otsus", {"otsus-method", "otsus-old"}),
        ("edk logs otsus-m", {"otsus-method"}),
    ],
)
def test_what_is_offered(ask: Ask, line: str, expected: set[str], home: Path) -> None:
    """Commands, flags, choices, codes, and the names of images."""
    assert expected == set(ask(home, line))


@SHELL
def test_folders_alone_where_a_folder_is_wanted(ask: Ask, home: Path) -> None:
    """And no file."""
    (home / "extra-file").write_text("")

    assert {"extensions"} == {word.rstrip("/") for word in ask(home, "edk plan --dir ex")}


@SHELL
def test_names_of_images_are_no_commands(ask: Ask, home: Path) -> None:
    """A label that a shell would run is not offered, and not run."""
    ask(home, "edk logs ots")

    assert not (home / "harm").exists()


@SHELL
def test_reading_the_script_asks_nothing(ask: Ask, home: Path) -> None:
    """A shell starts without running edk; only names of images need it."""
    (home / "bin/edk").write_text(f"#!/bin/sh\ntouch {home}/asked\n")

    assert {"plan"} == set(ask(home, "edk pla"))
    assert not (home / "asked").exists()
    ask(home, "edk logs ")
    assert (home / "asked").exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_the_command_prints_the_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It knows every command."""
    assert 0 == main(["completion", shell])
    shown = capsys.readouterr().out

    commands = next(dict(action.choices) for action in parser()._actions if isinstance(action.choices, dict))
    assert [] == [name for name in commands if name not in shown]


def test_names_of_images(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those of the extensions folder, and those that were built here."""
    assert 0 == main(["completion", "--images"])
    assert {"otsus-method", "otsus-old"} == {n for n in capsys.readouterr().out.split() if n.startswith("otsus")}


def test_without_a_shell(capsys: pytest.CaptureFixture[str]) -> None:
    """It says what to write."""
    assert 2 == main(["completion"])
    assert "for example: edk completion bash" in capsys.readouterr().err
