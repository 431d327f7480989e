"""The elements of lists and dicts that an expression picks."""

from __future__ import annotations

from edk.domain.operators.lookup import Lookup, Meaning, Spot
from edk.domain.operators.model import Expr

MAX_ELEMENTS = 33


def elements(lookup: Lookup, value: Expr, spot: Spot, depth: int = 0) -> list[Meaning | None]:
    """Return the elements that an expression ``each`` or ``item`` means; None stands for one that is not known."""
    if depth > MAX_ELEMENTS:
        return [None]
    found: list[Meaning | None] = []
    inner: tuple[Meaning | None, ...] = lookup.concrete((Meaning(value.parts[0], spot),))
    for meaning in inner or (None,):
        holders: list[Meaning | None] = [meaning]
        if meaning is not None and meaning.value.kind in ("each", "item"):
            holders = elements(lookup, meaning.value, meaning.spot, depth + 1)
        for holder in holders:
            found.extend(_taken(value, holder))
    return found[:MAX_ELEMENTS]


def _taken(value: Expr, holder: Meaning | None) -> list[Meaning | None]:
    if holder is None or holder.value.kind not in ("list", "dict"):
        return [None]
    parts = holder.value.parts
    if value.kind == "each":
        if holder.value.kind == "dict":
            return [Meaning(Expr("text", part.text), holder.spot) for part in parts]
        return [Meaning(part, holder.spot) for part in parts]
    if holder.value.kind == "dict":
        chosen = [part.parts[0] for part in parts if part.text == value.text][-1:]
    else:
        chosen = list(parts[int(value.text) : int(value.text) + 1]) if value.text.isdecimal() else []
    return [Meaning(part, holder.spot) for part in chosen] or [None]
