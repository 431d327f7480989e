"""The option that says what images are named by, and the commands that show it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import get_args

from edk.domain.reference_mode import ReferenceMode

AddCommand = Callable[[str, str, str], argparse.ArgumentParser]


def add_references_option(command: argparse.ArgumentParser) -> None:
    """Add ``--references``."""
    command.add_argument(
        "--references",
        choices=get_args(ReferenceMode),
        help="what the copies of operators, DAGs and charts name locally built images by; default: digest",
    )


def add_reference_commands(add: AddCommand) -> None:
    """Add the commands that show references; `add` takes name, summary and example."""
    command = add(
        "show-rewritten",
        "print what a DAG image or a packaged chart gets in place of an operator or DAG file, as a diff",
        "edk show-rewritten my-extension/extension/docker/files/my-dag/MyOperator.py",
    )
    command.add_argument("file", nargs="+", metavar="FILE", help="an operator or DAG file")
    command.add_argument(
        "--dir", action="append", default=[], metavar="DIR", help="folder of its extension; default: by the file's path"
    )
    add_references_option(command)
    command.add_argument("--json", action="store_true", help="JSON instead of a diff")
    command = add(
        "trace",
        "follow an image from the saved file to what a workflow run really gets, and say where it is stale",
        "edk trace OtsusMethodOperator --dir examples/otsus-method",
    )
    command.add_argument(
        "name", nargs="*", metavar="IMAGE|OPERATOR|CHART", help="what to follow; default: all that the extension names"
    )
    command.add_argument("--dir", action="append", default=[], metavar="DIR", help="folder of the extension")
    add_references_option(command)
    command.add_argument("--json", action="store_true", help="JSON instead of text; schema edk.trace/v1")
