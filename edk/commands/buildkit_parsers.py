"""The arguments of a build that choose its builder, and those that only BuildKit itself knows."""

from __future__ import annotations

import argparse

from edk.domain.errors import UsageError
from edk.settings import ATTESTATIONS, BUILDERS, COMPRESSIONS


def add_builder_options(command: argparse.ArgumentParser) -> None:
    """Add what a build is told about its builder."""
    command.add_argument(
        "--builder",
        choices=BUILDERS,
        help="auto (the default) takes BuildKit where BUILDKIT_HOST or 'edk builder up' leads to one that answers",
    )
    group = command.add_argument_group("with BuildKit (see docs/builders.md)")
    group.add_argument(
        "--build-secret", action="append", default=[], metavar="id=NAME,src=FILE", help="for RUN --mount=type=secret"
    )
    group.add_argument(
        "--ssh", action="append", metavar="default[=SOCKET|KEY]", help="an agent or a key for RUN --mount=type=ssh"
    )
    group.add_argument(
        "--cache-registry", metavar="HOST/PATH", help="keep the build cache there too, for other machines"
    )
    group.add_argument(
        "--attestation",
        action="append",
        choices=ATTESTATIONS,
        help="have BuildKit put provenance or a bill of materials into the image's index; may be repeated",
    )
    group.add_argument("--compression", choices=COMPRESSIONS, help="of new layers")


def secrets_of_arguments(given: list[str]) -> tuple[tuple[str, str], ...] | None:
    """Return id and file of each ``id=NAME,src=FILE``; None if there are none. Raises UsageError."""
    found = []
    for text in given:
        fields = dict(part.partition("=")[::2] for part in text.split(",", 1))
        name, path = fields.get("id", ""), fields.get("src", "")
        if set(fields) != {"id", "src"} or not name or not path:
            raise UsageError(f"--build-secret {text!r} is not understood", "write id=NAME,src=FILE")
        found.append((name, path))
    return tuple(found) or None
