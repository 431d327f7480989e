"""The names of one file, indexed: which of several bindings of a name hold at a place."""

from __future__ import annotations

from functools import cached_property

from edk.domain.operators.model import Binding, Branch, Choice, PythonReading

END = 1 << 60
"""A position behind everything in any file."""


class Table:
    """The names of one file, indexed."""

    def __init__(self, reading: PythonReading) -> None:
        self.reading = reading

    @cached_property
    def by_name(self) -> dict[tuple[int, str], list[Binding]]:
        """Bindings by scope and name, in the order of the file."""
        index: dict[tuple[int, str], list[Binding]] = {}
        for binding in self.reading.bindings:
            index.setdefault((binding.scope, binding.name), []).append(binding)
        return index

    def visible(self, scope: int, name: str, position: int, branch: Branch) -> list[Binding]:
        """Return the bindings of a name in one scope that may hold at a place; see `Branch`."""
        found: list[Binding] = []
        covered: set[Branch] = set()
        for binding in reversed(self.by_name.get((scope, name), [])):
            if binding.position >= position:
                continue
            rest = self._apart(binding.branch, branch)
            if rest is None or any(binding.branch[: len(way)] == way for way in covered):
                continue
            found.append(binding)
            if self._covers(binding.branch, rest, covered):
                break
        return found

    def _apart(self, there: Branch, here: Branch) -> int | None:
        shared = 0
        while shared < min(len(there), len(here)) and there[shared] == here[shared]:
            shared += 1
        if shared < min(len(there), len(here)) and there[shared][0] == here[shared][0]:
            choice = self._choice(there[shared][0])
            if choice is not None and choice.exclusive:
                return None
        return shared

    def _covers(self, way: Branch, shared: int, covered: set[Branch]) -> bool:
        while len(way) > shared:
            covered.add(way)
            choice = self._choice(way[-1][0])
            ways = {(*way[:-1], (way[-1][0], index)) for index in range(choice.branches)} if choice else set()
            if not ways or not ways <= covered:
                return False
            way = way[:-1]
        return True

    def _choice(self, number: int) -> Choice | None:
        return self.reading.choices[number] if 0 <= number < len(self.reading.choices) else None
