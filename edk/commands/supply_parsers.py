"""The arguments of the commands that tell of an image's origin and content."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def add_supply_commands(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    """Add `edk provenance` and `edk sbom`; `add` makes a command out of name, summary and example."""
    provenance = add("provenance", "tell how an image in the registry came to be", "edk provenance otsus-method --json")
    sbom = add(
        "sbom",
        "print the bill of materials of an image in the registry as CycloneDX JSON; made by syft if there is none yet",
        "edk sbom otsus-method --attest",
    )
    for command in (provenance, sbom):
        command.add_argument("image", metavar="IMAGE", help="NAME, NAME:TAG or NAME@sha256:…")
        command.add_argument("--attest", action="store_true", help="put it beside the image into the registry")
    provenance.add_argument("--json", action="store_true", help="the in-toto statement as it was recorded")


def add_attesting_options(command: argparse.ArgumentParser) -> None:
    """Add what a build is told about documents beside its images."""
    command.add_argument(
        "--sbom", action="store_true", default=None, help="make a bill of materials of each image that is built"
    )
    command.add_argument(
        "--attest",
        action="store_true",
        default=None,
        help="put provenance, and bills of materials, beside the images into the registry",
    )
