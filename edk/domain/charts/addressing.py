"""Where a DAG image stands so that a chart asks for another reference whenever the image is another one.

The platform's DAG installer asks for ``<custom_registry_url>/<global.image>:<its own version>``, with the pull policy
``IfNotPresent``: name and tag never change, so a node that has them would run the old DAGs for ever. What can change
is the path in ``custom_registry_url``. So the image also stands, with the very same manifest, in a repository whose
path holds its digest, and the chart's ``custom_registry_url`` ends in that path. No template of the platform is
touched, and the chart's file name, which the platform's chart service takes apart at its last hyphen, stays.
"""

from __future__ import annotations

import re

ROOT = "edk"
LENGTH = 16
_ADDRESSED = re.compile(rf"{ROOT}/([0-9a-f]{{{LENGTH}}})/(.+)")


def addressed_path(digest: str) -> str:
    """Return the path that holds a digest, e.g. ``edk/3adeff2aaf2c0e11``."""
    return f"{ROOT}/{digest.partition(':')[2][:LENGTH]}"


def addressed_repository(name: str, digest: str) -> str:
    """Return the repository in which an image of this digest stands for charts."""
    return f"{addressed_path(digest)}/{name}"


def original_of(repository: str) -> tuple[str, str] | None:
    """Return the image's name and the first digits of its digest, of a repository made by `addressed_repository`."""
    match = _ADDRESSED.fullmatch(repository)
    return (match[2], match[1]) if match else None
