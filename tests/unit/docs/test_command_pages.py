"""The pages of all commands, and the command line that they are made from."""

from __future__ import annotations

import argparse

import pytest

from edk.cli import parser
from edk.ui.command_pages import GROUPS, MORE, render
from tests.unit.docs.tables import ROOT

FOLDER = ROOT / "docs" / "commands"
TITLES = {path.name: path.read_text(encoding="utf-8").partition("\n")[0][2:] for path in (ROOT / "docs").glob("*.md")}
COMMANDS = next(dict(action.choices) for action in parser()._actions if isinstance(action.choices, dict))


def test_the_pages_are_what_the_command_line_says() -> None:
    """They are made by ``scripts/docs.sh --commands``, and made again when a flag changes."""
    stored = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}

    assert render(parser(), TITLES) == stored


def test_every_command_has_its_place() -> None:
    """Each is in one group, and none is that there is not."""
    grouped = [name for _, names in GROUPS for name in names]

    assert sorted(COMMANDS) == sorted(grouped)
    assert set() == set(MORE) - set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_flag_is_on_the_page(name: str) -> None:
    """And its example."""
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    flags = [flag for action in COMMANDS[name]._actions for flag in action.option_strings if action.dest != "help"]

    assert [] == [flag for flag in flags if f"`{flag}" not in text]
    assert f"\nedk {name}" in text.split("For example:")[1]


def test_arguments_and_flags_are_spelled_as_they_are_typed() -> None:
    """Required ones in the usage; values that may be left out, several, and of a choice."""
    top = argparse.ArgumentParser(prog="edk")
    commands = top.add_subparsers()
    made = commands.add_parser("x", description="Does <x>.", epilog="example:\n  edk x a\n\nexit codes: 0 done")
    made.add_argument("name", nargs="+", metavar="NAME", help="the %(prog)s of it")
    made.add_argument("kind", choices=("a", "b"), nargs="?")
    made.add_argument("-o", "--out", required=True, metavar="FILE")
    made.add_argument("--how", nargs="?", const="b", choices=("a", "b"), help="default: %(const)s | none")
    made.add_argument("--json", action="store_true")

    page = render(top, {})["x.md"]

    assert "\nedk x --out FILE [FLAGS] NAME … [a|b]\n" in page
    for row in (
        "| `NAME` | the edk x of it |",
        r"| `a\|b` |  |",
        "| `-o`, `--out FILE` |  |",
        r"| `--how[=a\|b]` | default: b \| none |",
        "| `--json` |  |",
    ):
        assert f"\n{row}\n" in page
    assert "Does &lt;x>." in page
