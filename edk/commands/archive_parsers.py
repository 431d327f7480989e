"""The arguments of the commands about archives of images, and about what the registry holds."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from edk.commands.reference_parsers import add_references_option

Add = Callable[[str, str, str], argparse.ArgumentParser]
Share = Callable[[argparse.ArgumentParser], None]


def add_archive_commands(add: Add, add_selection: Share, add_output: Share) -> None:
    """Add them to the command line.

    Args:
        add: adds a command by its name, what it does in a phrase, and an example.
        add_selection: adds the arguments that say which extensions and images.
        add_output: adds those that say how events are shown.
    """
    _add_export(add, add_selection, add_output)
    _add_import(add, add_output)
    verify = add(
        "verify",
        "read back and hash everything that the registry holds of what a tree needs",
        "edk verify --dir examples/otsus-method",
    )
    add_selection(verify)
    add_output(verify)


def _add_export(add: Add, add_selection: Share, add_output: Share) -> None:
    command = add(
        "export",
        "write the images of an extension as one archive, for the platform's upload page or another machine",
        "edk export --dir examples/otsus-method -o images.tar --chart",
    )
    add_selection(command)
    command.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="the archive, or a folder (with / at its end) for it; default: one named after the extension, here",
    )
    command.add_argument(
        "--platform-registry",
        nargs="?",
        const="",
        metavar="HOST/PATH",
        help="name the images for the platform's registry (default: REGISTRY_URL) instead of the local one",
    )
    command.add_argument("--with-bases", action="store_true", help="the bases too, so that all can be built on there")
    command.add_argument("--chart", action="store_true", help="put the packaged charts beside the archive")
    command.add_argument("--build", action="store_true", help="first build what is not up to date")
    add_references_option(command)
    command.set_defaults(force=False)
    add_output(command)


def _add_import(add: Add, add_output: Share) -> None:
    command = add(
        "import",
        "take an archive of images into the local registry: one of edk export, docker save, or an OCI layout",
        "edk import images.tar",
    )
    command.add_argument("archive", metavar="ARCHIVE", help="a tar file, also one compressed by gzip")
    command.add_argument("--into", metavar="REGISTRY", help="another registry, as HOST or HOST/PATH")
    command.add_argument("--name", metavar="NAME:TAG", help="for the one image of an archive that does not name it")
    add_output(command)
