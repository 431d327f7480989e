"""The page of all settings, against the settings themselves."""

from __future__ import annotations

import argparse
import dataclasses
import re

import pytest

from edk.cli import parser
from edk.settings import ENVIRONMENT, NOT_CONFIGURABLE, PROXY_NAMES, Settings, default_state_dir
from tests.unit.docs.tables import page, tables, words

TEXT = page("configuration.md")
ROWS = {"".join(words(row[0])) or "state_dir": row for row in tables(TEXT)[0]}
DEFAULTS = {f.name: f.default for f in dataclasses.fields(Settings) if f.name not in NOT_CONFIGURABLE}


def test_every_setting_has_its_row() -> None:
    """What ``edk.yaml`` may hold stands in the table, in the order of the settings, and nothing else does."""
    assert list(DEFAULTS) == [key for key in ROWS if key != "state_dir"]


@pytest.mark.parametrize("field", [*DEFAULTS, "state_dir"])
def test_every_variable_is_named(field: str) -> None:
    """The environment's names are those that are read."""
    assert list(ENVIRONMENT.get(field, ())) == words(ROWS[field][1])


@pytest.mark.parametrize("field", DEFAULTS)
def test_every_default_is_the_true_one(field: str) -> None:
    """A value between backticks is the default itself; words stand for those that are worked out or empty."""
    cell, default = ROWS[field][3], DEFAULTS[field]
    if cell.startswith("`"):
        expected = str(default).lower() if isinstance(default, bool) else str(default)
        assert expected == words(cell)[0]
    else:
        assert default in ("", 0, ())
        assert not isinstance(default, bool)


def test_the_state_folder_is_where_the_page_says() -> None:
    """By the XDG rules, else in the home."""
    assert ["$XDG_STATE_HOME/edk", "~/.local/state/edk"] == words(ROWS["state_dir"][3])
    assert "/x/edk" == default_state_dir({"XDG_STATE_HOME": "/x", "HOME": "/h"})
    assert "/h/.local/state/edk" == default_state_dir({"HOME": "/h"})


def test_every_flag_is_one_of_the_command_line() -> None:
    """What the table names can be given."""
    known = set(re.findall(r"--[a-z-]+", "".join(command.format_help() for command in _commands().values())))

    assert set() == set(re.findall(r"--[a-z-]+", "".join(row[2] for row in ROWS.values()))) - known


def test_every_proxy_variable_is_named() -> None:
    """Those that are passed to builds."""
    assert set() == set(PROXY_NAMES) - set(words(TEXT))


def _commands() -> dict[str, argparse.ArgumentParser]:
    return next(dict(action.choices) for action in parser()._actions if isinstance(action.choices, dict))
