"""The arguments of `edk new`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

Add = Callable[[str, str, str], argparse.ArgumentParser]


def add_new_command(add: Add) -> None:
    """Add it to the command line.

    Args:
        add: adds a command by its name, what it does in a phrase, and an example.
    """
    new = add("new", "write a new extension that builds as it is, to begin with", "edk new lung-volume --gpu")
    new.add_argument("name", metavar="NAME", help="words of a-z and 0-9 joined by hyphens, for example lung-volume")
    new.add_argument(
        "--dir",
        metavar="PARENT",
        help="the folder to make it in; default: the extensions folder, or the current one if there is none",
    )
    new.add_argument("--gpu", action="store_true", help="compute on the graphics card")
    new.add_argument("--v2", action="store_true", help="a workflow of the second generation, of tasks")
    new.add_argument(
        "--from-image", metavar="REF", default="", help="run the algorithm of this image, by a shell script around it"
    )
    new.add_argument("--json", action="store_true", help="JSON instead of text; schema edk.new/v1")
