"""The arguments of the commands that tell of, and remove, what is superseded."""

from __future__ import annotations

import argparse
from collections.abc import Callable

Add = Callable[[str, str, str], argparse.ArgumentParser]


def add_prune_commands(add: Add) -> None:
    """Add them to the command line.

    Args:
        add: adds a command by its name, what it does in a phrase, and an example.
    """
    images = add(
        "images",
        "list what the local registry holds: sizes, origin, who refers to it, and whether it is current",
        "edk images --layers otsus-method",
    )
    images.add_argument("--unused", action="store_true", help="only what edk prune would remove")
    images.add_argument(
        "--layers", metavar="NAME", help="what makes one image big: its layers, whose they are, and what made them"
    )
    prune = add(
        "prune",
        "remove superseded images and charts of ours; says what goes, and asks first",
        "edk prune --dry-run --build-cache 10GB",
    )
    prune.add_argument("-y", "--yes", action="store_true", help="do not ask")
    prune.add_argument("--dry-run", action="store_true", help="say what would go, and remove nothing")
    prune.add_argument(
        "--gc",
        action="store_true",
        help="then collect the registry's garbage, which alone frees its disk: a registry that the set-up started is "
        "stopped for it; for any other it is said how",
    )
    prune.add_argument(
        "--build-cache",
        nargs="?",
        const="",
        metavar="SIZE",
        help="bring the engine's build cache down to SIZE; default: the setting build_cache_limit (20GB)",
    )
    for command in (images, prune):
        command.add_argument(
            "--dir",
            action="append",
            default=[],
            metavar="DIR",
            help="folder of an extension beside the extensions folder, whose images are needed; may be repeated",
        )
        command.add_argument(
            "--keep", type=int, default=3, metavar="N", help="keep the last N images of each name; default 3"
        )
        command.add_argument(
            "--min-age", default="1h", metavar="AGE", help="keep what is younger, e.g. 30m, 2h, 1d; default 1h"
        )
        command.add_argument(
            "--unrecorded",
            action="store_true",
            help="count as superseded also images with our label of whose push there is no record here: after the "
            "state folder was lost, or those that another EDK pushed",
        )
        command.add_argument("--json", action="store_true", help="JSON instead of text")
