"""Strict reading of manifests: every field is taken by name, and what is left over is an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.pod.errors import NotKnownError, PodError

_MISSING = object()


class Fields:
    """One mapping of a manifest, as a context: leaving it fails if a field was not taken.

    Args:
        value: the mapping; None counts as an empty one.
        path: where it stands, for errors.
        notes: takes what is known and has no effect here, as ``path: why``.
    """

    def __init__(self, value: Any, path: str, notes: list[str]) -> None:
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise PodError(f"{path}: {value!r} is no mapping")
        self._left: dict[str, Any] = {name: one for name, one in value.items() if one is not None}
        self.path = path
        self.notes = notes

    def __enter__(self) -> Fields:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and self._left:
            named = ", ".join(f"{name}: {value!r}"[:120] for name, value in self._left.items())
            raise NotKnownError(f"{self.path}: the runner does not know {named}")

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def take(self, name: str, default: Any = _MISSING) -> Any:
        """Return a field's value and count it as read; without a default it has to be there."""
        value = self._left.pop(name, default)
        if value is _MISSING:
            raise PodError(f"{self.path}: {name} is missing")
        return value

    def which(self, *known: str) -> str:
        """Return which of these fields is there; exactly one has to be."""
        there = [name for name in known if name in self._left]
        if len(there) != 1:
            named = ", ".join(self._left) or "nothing"
            raise NotKnownError(f"{self.path}: the runner does not know {named}; it knows one of {', '.join(known)}")
        return there[0]

    def text(self, name: str, default: str | None = None) -> str:
        """Return a field that is a text."""
        value = self.take(name) if default is None else self.take(name, default)
        if not isinstance(value, str):
            raise PodError(f"{self.path}.{name}: {value!r} is no text; a cluster refuses it")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a field that is a list of texts."""
        values = self.take(name, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise PodError(f"{self.path}.{name}: {values!r} is no list of texts; a cluster refuses it")
        return tuple(values)

    def mapping(self, name: str) -> dict[str, str]:
        """Return a field that maps texts to texts."""
        with self.inner(name) as inner:
            return {key: inner.text(key) for key in list(inner._left)}

    def inner(self, name: str) -> Fields:
        """Return a mapping in a field, to be read strictly as well."""
        return Fields(self.take(name, None), f"{self.path}.{name}", self.notes)

    def each(self, name: str) -> Iterator[Fields]:
        """Return the mappings of a list, each to be read strictly as well."""
        for number, one in enumerate(self.take(name, [])):
            known = one.get("name", number) if isinstance(one, dict) else number
            yield Fields(one, f"{self.path}.{name}[{known}]", self.notes)

    def rest(self) -> dict[str, Any]:
        """Take all that is left, for who reads it elsewhere."""
        left, self._left = self._left, {}
        return left

    def only(self, name: str, *known: Any) -> None:
        """Take a field that may have these values alone, or not be there."""
        value = self.take(name, known[0])
        if value not in known:
            raise NotKnownError(f"{self.path}: the runner does not know {name}: {value!r}")

    def without_effect(self, name: str, why: str) -> None:
        """Take a field that means nothing here, and note it if it is there."""
        if self.take(name, None) is not None:
            self.notes.append(f"{self.path}.{name}: {why}")
