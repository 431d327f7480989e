"""What `edk doctor` finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warning", "failure"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.

    Args:
        name: of it, e.g. ``registry``.
        status: ``ok``; ``warning``: a build goes on without it; ``failure``: it does not.
        detail: what was found, in a sentence.
        remedy: what to do, as a command where there is one; empty if ok.
        mend: what `edk doctor --fix` does about it; empty where it does nothing.
    """

    name: str
    status: Status
    detail: str
    remedy: str = ""
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Mended:
    """What was done about a check.

    Args:
        name: of the check.
        what: was to be done.
        error: why it could not be; empty if it was.
    """

    name: str
    what: str
    error: str = ""
