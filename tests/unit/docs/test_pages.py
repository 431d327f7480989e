"""What the README and the pages promise: commands, links, folders, examples."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest

from edk.cli import parser
from tests.unit.docs.tables import PAGES, ROOT, page, tables, words

README = (ROOT / "README.md").read_text(encoding="utf-8")
_LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


def _commands() -> dict[str, argparse.ArgumentParser]:
    return next(dict(action.choices) for action in parser()._actions if isinstance(action.choices, dict))


COMMANDS = _commands()


def test_the_readme_names_every_command() -> None:
    """And none that there is not."""
    rows = next(table for table in tables(README) if table[0][0].startswith("`edk"))

    assert sorted(f"edk {name}" for name in COMMANDS) == sorted(words(row[0])[0] for row in rows)


def test_the_readme_names_only_flags_and_scripts_that_there_are() -> None:
    """In its table of commands."""
    rows = next(table for table in tables(README) if table[0][0].startswith("`edk"))
    for row in rows:
        command, *scripts = words(row[0])
        helped = COMMANDS[command.removeprefix("edk ")].format_help()
        assert [] == [flag for flag in re.findall(r"--[a-z-]+", row[1]) if flag not in helped]
        assert [] == [script for script in scripts if not (ROOT / script).is_file()]


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_every_help_has_an_example_that_works(name: str) -> None:
    """The line below ``example:`` is understood by the command line."""
    text = COMMANDS[name].format_help() if name else parser().format_help()
    example = shlex.split(text.split("example:\n")[1].splitlines()[0])

    options = parser().parse_args(example[1:])

    assert "edk" == example[0]
    assert options.command == (name or options.command)


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_every_help_tells_the_exit_codes(name: str) -> None:
    """All six."""
    text = " ".join((COMMANDS[name] if name else parser()).format_help().split())

    assert [] == [
        code for code in ("0 all done", "1 an", "2 wrong", "3 the", "4 engine", "130 int") if code not in text
    ]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    """Relative links are files of the project."""
    assert [] == [link for link in _LINK.findall(path.read_text(encoding="utf-8")) if not (path.parent / link).exists()]


def test_links_are_found() -> None:
    """The README has some, or the test above compares nothing."""
    assert len(_LINK.findall(README)) > 4


def test_the_architecture_is_short() -> None:
    """One page to hold in one's head."""
    assert len(page("architecture.md").splitlines()) < 130


def test_the_architecture_names_only_what_there_is() -> None:
    """Folders and files between backticks, those below the folder named first in their row too."""
    missing = []
    for row in tables(page("architecture.md"))[0]:
        first, *others = words(row[0])
        beside = (ROOT / first).parent
        paths = [ROOT / first, *((ROOT / o) if (ROOT / o).exists() else beside / o for o in others)]
        missing += [str(path) for path in paths if not path.exists()]
    named = re.findall(r"`((?:edk|tests|scripts|docs|examples|bench)/[\w./-]*)`", page("architecture.md"))

    assert [] == missing
    assert [] == [name for name in named if not (ROOT / name).exists()]
    assert len(named) > 10


def test_the_architecture_names_every_layer() -> None:
    """Each folder of the package has its row."""
    folders = {path.name for path in (ROOT / "edk").iterdir() if path.is_dir() and not path.name.startswith("_")}

    assert set() == {folder for folder in folders if f"`edk/{folder}/`" not in page("architecture.md")}
