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
    """

    name: str
    status: Status
    detail: str
    remedy: str = ""
