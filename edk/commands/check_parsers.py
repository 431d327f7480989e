"""The arguments of `edk check`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

Add = Callable[[str, str, str], argparse.ArgumentParser]


def add_check_command(add: Add) -> None:
    """Add it to the command line.

    Args:
        add: adds a command by its name, what it does in a phrase, and an example.
    """
    command = add(
        "check",
        "look for what is wrong in the sources, by Kaapana's conventions; asks no engine and no registry",
        "edk check --dir examples/otsus-method --fix",
    )
    command.add_argument(
        "--dir", action="append", default=[], metavar="DIR", help="folder of an extension; may be repeated"
    )
    command.add_argument("--all", action="store_true", help="every extension of the extensions folder")
    command.add_argument(
        "--fix", action="store_true", help="mend what is safe: shows the difference, asks, and only then writes"
    )
    command.add_argument("-y", "--yes", action="store_true", help="with --fix: do not ask")
    command.add_argument("--strict", action="store_true", help="let warnings count as errors for the exit code")
    command.add_argument(
        "--format", choices=("text", "json", "sarif", "github"), default="text", help="how to print; default: text"
    )
    command.add_argument(
        "--offline", action="store_true", help="accepted as for edk plan; a check never needs a network"
    )
    command.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE", help="as for a build")
