"""What a look at the registry brought, and what of it can be shown at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edk.domain.catalogue import Catalogue
from edk.domain.described import Description
from edk.domain.errors import EdkError


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen.

    Args:
        found: the list.
        described: digest → what each image tells.
        problem: why the tree could not be compared with; empty if it could, or there is none.
    """

    found: Catalogue
    described: Mapping[str, Description]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What can be shown now.

    Args:
        looked: what was seen last; None if there is nothing to show.
        age: seconds since it was seen.
        problem: why there is nothing; None: it is on its way.
    """

    looked: Looked | None = None
    age: float = 0.0
    problem: EdkError | None = None
