"""A map of paths that is a value: a changed copy costs the same however many paths there are.

A checkout reports some ten thousand paths, one event each; copying one mapping for each of them takes quadratic
time. Here a copy shares all but one of its parts with the map that it was made from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

_PARTS = 256
_EMPTY: Mapping[str, object] = {}

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class PathMap(Generic[Value]):
    """Path → value.

    Args:
        parts: the entries, spread by the paths' hashes.
        count: of entries.
    """

    parts: tuple[Mapping[str, Value], ...] = (_EMPTY,) * _PARTS  # type: ignore[assignment]
    count: int = 0

    def get(self, path: str) -> Value | None:
        """Return the value of a path, None if it has none."""
        return self.parts[hash(path) % _PARTS].get(path)

    def having(self, path: str, value: Value) -> PathMap[Value]:
        """Return the map with a value for a path, in place of the one that it may have had."""
        index = hash(path) % _PARTS
        part = self.parts[index]
        parts = (*self.parts[:index], {**part, path: value}, *self.parts[index + 1 :])
        return replace(self, parts=parts, count=self.count + (path not in part))

    def items(self) -> Iterator[tuple[str, Value]]:
        """Return paths and values, in no particular order."""
        return (item for part in self.parts for item in part.items())
