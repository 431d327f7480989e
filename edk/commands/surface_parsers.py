"""The arguments of the commands that show what the EDK knows."""

from __future__ import annotations

import argparse
from collections.abc import Callable

Add = Callable[[str, str, str], argparse.ArgumentParser]


def add_surface_commands(add: Add, add_engine_options: Callable[[argparse.ArgumentParser], None]) -> None:
    """Add them to the command line.

    Args:
        add: adds a command by its name, what it does in a phrase, and an example.
        add_engine_options: adds the settings that a build takes as flags.
    """
    config = add(
        "config",
        "show each setting, and which flag, variable or line of an edk.yaml it comes from; secrets are masked",
        "edk config --dir examples/otsus-method --changed",
    )
    config.add_argument("name", nargs="*", metavar="SETTING", help="show these alone")
    config.add_argument(
        "--dir", action="append", default=[], metavar="DIR", help="folder whose edk.yaml counts; may be repeated"
    )
    config.add_argument("--changed", action="store_true", help="leave out what has its default")
    config.add_argument("--json", action="store_true", help="JSON instead of text; schema edk.config/v1")
    config.add_argument("--schema", action="store_true", help="print the JSON schema of edk.yaml")
    add_engine_options(config)
    explain = add("explain", "say what the code of a diagnostic means, and what to do", "edk explain EDK203")
    explain.add_argument("code", nargs="*", metavar="CODE", help="for example EDK203; none: list all codes")
    explain.add_argument("--json", action="store_true", help="JSON instead of text; schema edk.codes/v1")
    completion = add(
        "completion",
        "print the script by which a shell completes commands, flags, folders and names of images",
        "edk completion bash",
    )
    completion.add_argument("shell", nargs="?", choices=["bash", "zsh", "fish"], help="the shell that reads it")
    completion.add_argument("--images", action="store_true", help="print the names of images that scripts offer")
    graph = add(
        "graph",
        "show which image depends on which, and what is stale, by extension; changes nothing",
        "edk graph --dir examples/otsus-method",
    )
    graph.add_argument(
        "--dir",
        action="append",
        default=[],
        metavar="DIR",
        help="folder of an extension, or of many; may be repeated; default: the extensions folder",
    )
    graph.add_argument("--image", metavar="NAME", help="this image, with what it depends on and what depends on it")
    graph.add_argument(
        "--format", choices=["tree", "mermaid", "dot", "svg", "json"], default="tree", help="default: tree"
    )
    graph.add_argument(
        "--fold",
        action=argparse.BooleanOptionalAction,
        help="show bases as a group of their own, once; default: where there are more than 30 images",
    )
    graph.add_argument("--offline", action="store_true", help="do not ask the registry what is stale")
    history = add(
        "history",
        "list builds of the past: when, why, how long, which steps cost most, what came from the cache",
        "edk history --image otsus-method --since 7d",
    )
    history.add_argument(
        "--image", action="append", default=[], metavar="NAME", help="builds of this image; may be repeated"
    )
    history.add_argument("--since", metavar="WHEN", help="for example 12h, 2d, 2026-01-31; default: all")
    history.add_argument("--limit", type=int, default=20, metavar="N", help="how many are listed; 0: all; default: 20")
    history.add_argument("--svg", metavar="FILE", help="write build times as a picture, too")
    history.add_argument("--json", action="store_true", help="JSON instead of text; schema edk.history/v1")
