"""The arguments of the command that shows the registry as pages."""

from __future__ import annotations

import argparse
from collections.abc import Callable

Add = Callable[[str, str, str], argparse.ArgumentParser]


def add_page_command(add: Add) -> None:
    """Add it to the command line.

    Args:
        add: adds a command by its name, what it does in a phrase, and an example.
    """
    page = add(
        "page",
        "show what the local registry holds as web pages; reads, and changes nothing",
        "edk page --listen 127.0.0.1:8082",
    )
    page.add_argument(
        "--listen", dest="page_listen", metavar="HOST:PORT", help="where to listen; default 127.0.0.1:8082"
    )
    page.add_argument(
        "--host",
        dest="page_hosts",
        metavar="NAMES",
        help="further names by which it may be asked for, with commas between; * for any, where a proxy in front knows",
    )
    page.add_argument(
        "--path",
        dest="page_path",
        metavar="PATH",
        help="path below which it lies for browsers, e.g. /local-registry-ui",
    )
    page.add_argument(
        "--dir",
        action="append",
        default=[],
        metavar="DIR",
        help="folder of an extension beside the extensions folder, to compare with; may be repeated",
    )
