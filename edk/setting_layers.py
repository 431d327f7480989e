"""Settings gathered layer by layer, from the farthest to the nearest, with where each value comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

MAPS = frozenset({"base_overrides", "mirrors", "build_args", "build_secrets"})
"""Merged key by key."""
JOINED = frozenset({"exclude", "allow_data", "check"})
"""Lists to which each layer adds."""
NEAREST_FIRST = frozenset({"check"})
"""Those of them whose first entry that fits counts."""

OriginKind = Literal["flag", "environment", "file"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from.

    Args:
        kind: of the layer.
        where: the flag, the variable, or ``FILE:LINE``.
    """

    kind: OriginKind
    where: str


Origins = tuple[Origin, ...]
"""Of one value: the one that counts first, then those that it outdoes, the nearest first."""


class Layers:
    """Values by field, each put over what farther layers said of it.

    ``origins`` holds, for each field that any layer named, one `Origins` for a plain value, and one for each entry
    of a map or a joined list, in their order.
    """

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.origins: dict[str, tuple[Origins, ...]] = {}

    def put(self, field: str, value: Any, origin: Origin, each: Origins = ()) -> None:  # noqa: ANN401
        """Put a value over those of farther layers; maps are merged key by key, joined lists grow.

        Args:
            field: of the settings.
            value: of the field's own kind.
            origin: of the value.
            each: of every entry of a map or a list; none: they have the value's own.
        """
        before = self.origins.get(field, ())
        if field in MAPS:
            old = dict(self.values.get(field, ()))
            known = dict(zip(old, before, strict=True))
            froms = each or (origin,) * len(value)
            new = {key: (found, *known.get(key, ())) for (key, _), found in zip(value, froms, strict=True)}
            merged = {**old, **dict(value)}
            self.values[field] = tuple(merged.items())
            self.origins[field] = tuple(new.get(key) or known[key] for key in merged)
        elif field in JOINED:
            old, new_origins = self.values.get(field, ()), tuple((found,) for found in each or (origin,) * len(value))
            nearest = field in NEAREST_FIRST
            self.values[field] = (*value, *old) if nearest else (*old, *value)
            self.origins[field] = (*new_origins, *before) if nearest else (*before, *new_origins)
        else:
            self.values[field] = value
            self.origins[field] = ((origin, *(before[0] if before else ())),)
