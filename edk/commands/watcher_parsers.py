"""The arguments of the commands that speak with a running watcher."""

from __future__ import annotations

import argparse
from collections.abc import Callable

Add = Callable[[str, str, str], argparse.ArgumentParser]


def add_watcher_commands(add: Add) -> None:
    """Add them to the command line.

    Args:
        add: adds a command by its name, what it does in a phrase, and an example.
    """
    status = add("status", "say where every image of a running watcher stands, and why", "edk status --json")
    status.add_argument("--json", action="store_true", help="JSON instead of text; schema edk.status/v1")
    status.add_argument(
        "--wait",
        action="store_true",
        help="first wait until the tree as it is now is all in the registry, or has failed; then exit with 1 if an "
        "image failed, 3 if the sources are wrong",
    )
    logs = add("logs", "print the log of an image's last build", "edk logs otsus-method -f")
    logs.add_argument("image", metavar="IMAGE", help="its name")
    logs.add_argument("-f", "--follow", action="store_true", help="go on with what comes, over the next builds too")
    rebuild = add("rebuild", "have a running watcher build images anew", "edk rebuild otsus-method")
    rebuild.add_argument("image", nargs="+", metavar="IMAGE", help="its name")
    pause = add("pause", "have a running watcher build nothing for a while; saves are kept", "edk pause")
    resume = add("resume", "have a paused watcher go on", "edk resume --dir examples/otsus-method")
    stop = add("stop", "end a running watcher, and wait until it is gone", "edk stop")
    for command in (status, rebuild, pause, resume, stop):
        command.add_argument(
            "--dir", action="append", default=[], metavar="DIR", help="of several watchers, the one of this folder"
        )
