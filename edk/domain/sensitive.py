"""What must not lie in an image unnoticed: its kinds, and where it may be; `edk.domain.beginnings` tells it."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Collection, Iterable
from typing import Literal

Kind = Literal["", "dicom", "nifti", "key", "netrc", "docker", "kubeconfig", "aws", "dotenv"]
HEAD = 1024
MORE = 64 << 10
MIN_SIZE = 132
"""A smaller file holds neither an image nor a key, and is looked at only if it is called like one with passwords."""

NAMES: dict[str, str] = {
    "dicom": "a DICOM file",
    "nifti": "a NIfTI file",
    "key": "a private key",
    "netrc": "passwords for hosts (.netrc)",
    "docker": "logins for registries (Docker's config.json)",
    "kubeconfig": "the way into a cluster (kubeconfig)",
    "aws": "credentials for AWS",
    "dotenv": "passwords or tokens (.env)",
}
PATIENT: frozenset[str] = frozenset({"dicom", "nifti"})
_SMALL = frozenset({".netrc", "_netrc", ".env", "credentials", "config.json", ".dockerconfigjson", "kubeconfig"})


def worth_a_look(path: str, size: int) -> bool:
    """Tell whether a file of this size can hold what is looked for."""
    return size > MIN_SIZE or (size > 0 and _may_be_small(posixpath.basename(path)))


def _may_be_small(name: str) -> bool:
    return name in _SMALL or is_dotenv(name)


def is_dotenv(name: str) -> bool:
    """Tell whether a file is called as one with variables of the environment is."""
    return name == ".env" or name.startswith(".env.") or name.endswith(".env")


def matters(kind: str, path: str) -> bool:
    """Tell whether a file of a kind matters under its name: variables alone are ordinary in scripts."""
    return kind != "dotenv" or is_dotenv(posixpath.basename(path))


def allowed(path: str, patterns: Collection[str]) -> bool:
    """Tell whether a path, relative to the root, is one that the user has vouched for.

    Args:
        path: of the file.
        patterns: of ``allow_data``: as ``exclude``, and a folder means all that is in it.
    """
    return any(_matches(path, pattern.rstrip("/")) for pattern in patterns)


def _matches(path: str, pattern: str) -> bool:
    pattern = pattern.removesuffix("/**")
    parts = path.split("/")
    above = ("/".join(parts[: end + 1]) for end in range(len(parts)))
    return any(fnmatch.fnmatchcase(each, pattern) for each in above) or fnmatch.fnmatchcase(parts[-1], pattern)


def listed(paths: Iterable[str], most: int = 3) -> str:
    """Return paths as a phrase, with the number of those left out."""
    known = list(paths)
    shown = ", ".join(known[:most])
    return f"{shown} and {len(known) - most} more" if len(known) > most else shown
