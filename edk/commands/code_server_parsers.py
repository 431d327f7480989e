"""The arguments of the commands that an editor needs."""

from __future__ import annotations

import argparse
from collections.abc import Callable

Add = Callable[[str, str, str], argparse.ArgumentParser]


def add_editor_commands(add: Add) -> None:
    """Add them to the command line.

    Args:
        add: adds a command by its name, what it does in a phrase, and an example.
    """
    setup = add(
        "code-server",
        "write the tasks by which code-server shows a watcher's problems, and what it checks edk.yaml by; existing "
        "files are added to",
        "edk code-server setup --user-settings ~/.local/share/code-server/User/settings.json",
    )
    setup.add_argument("action", choices=["setup"], help="write what is not there yet, and say what was written")
    setup.add_argument("--dir", metavar="DIR", help="the folder that is opened; default: the extensions folder")
    setup.add_argument(
        "--user-settings",
        metavar="FILE",
        help="set there what lets tasks start without questions; else it is only printed",
    )
    setup.add_argument("--dry-run", action="store_true", help="print what would be written, and write nothing")
    follow = add(
        "follow",
        "print a running watcher's problems as FILE:LINE:COLUMN: SEVERITY: MESSAGE, at each change, until it ends",
        "edk follow --wait --dir examples/otsus-method",
    )
    follow.add_argument("--wait", action="store_true", help="if no watcher runs, wait for one")
    follow.add_argument("--once", action="store_true", help="print what there is now, and end")
    follow.add_argument(
        "--dir", action="append", default=[], metavar="DIR", help="of several watchers, the one of this folder"
    )
