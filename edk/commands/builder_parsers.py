"""The arguments of the command for a BuildKit daemon of our own."""

from __future__ import annotations

import argparse
from collections.abc import Callable

Add = Callable[[str, str, str], argparse.ArgumentParser]


def add_builder_commands(add: Add) -> None:
    """Add it to the command line.

    Args:
        add: adds a command by its name, what it does in a phrase, and an example.
    """
    builder = add(
        "builder",
        "bring a BuildKit daemon of our own up or down, or say how it is",
        "edk builder up --cache-limit 20GB --jobs 4",
    )
    builder.add_argument(
        "action",
        choices=["up", "down", "status"],
        help="up: start it if it does not run, and wait until it answers; down: end it, and what it left behind, while "
        "its cache stays; status: exit code 4 if it does not answer",
    )
    builder.add_argument(
        "--cache-limit",
        dest="daemon_cache_limit",
        metavar="SIZE",
        help="up: collect garbage above SIZE; default: the setting daemon_cache_limit (20GB)",
    )
    builder.add_argument(
        "--jobs",
        dest="daemon_jobs",
        type=int,
        metavar="N",
        help="up: steps at once; default: the setting daemon_jobs, else as many as builds at once",
    )
    builder.add_argument("--data", action="store_true", help="down: remove its cache as well")
    builder.add_argument("--json", action="store_true", help="status: JSON instead of text; schema edk.builder/v1")
