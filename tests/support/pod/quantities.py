"""Quantities as Kubernetes writes them, and its ``$(NAME)`` in commands and environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from tests.support.pod.errors import PodError

_UNITS = {
    "m": Decimal("0.001"), "": Decimal(1),
    "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40),
}  # fmt: skip
_QUANTITY = re.compile(r"([0-9.]+(?:[eE][0-9]+)?)([a-zA-Z]*)")
_REFERENCE = re.compile(r"\$(\$\(|\(([A-Za-z_.-][A-Za-z0-9_.-]*)\))")


def quantity(written: object, path: str) -> Decimal:
    """Return a quantity, e.g. 128Mi or 250m, as a number."""
    match = _QUANTITY.fullmatch(str(written))
    try:
        if match is not None:
            return Decimal(match[1]) * _UNITS[match[2]]
    except (KeyError, InvalidOperation):
        pass
    raise PodError(f"{path}: {written!r} is no quantity")


def expanded(text: str, known: Mapping[str, str]) -> str:
    """Replace ``$(NAME)`` by what is known; ``$$(`` stands for ``$(``, and an unknown name for itself."""
    return _REFERENCE.sub(lambda found: "$(" if found[2] is None else known.get(found[2], found[0]), text)
