"""What a name means at a place: scopes inside one file, imports and base classes across files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from edk.domain.operators import platform
from edk.domain.operators.model import Binding, Branch, Expr, PythonReading
from edk.domain.operators.modules import Listing, find_module
from edk.domain.operators.tables import END, Table

MAX_BASES = 20


@dataclass(frozen=True, slots=True)
class Spot:
    """A place at which names are looked up.

    Args:
        file: path of the file.
        scope: number of the scope in it.
        position: what is bound later in the same scope does not count.
        branch: way to the place inside the scope.
        self_class: file and number of the class that ``self`` is of; ``("", -1)`` if that of the place itself.
    """

    file: str
    scope: int
    position: int
    branch: Branch
    self_class: tuple[str, int] = ("", -1)


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing that a name may mean: an expression, and where its own names are looked up."""

    value: Expr
    spot: Spot


class Lookup:
    """Looks names up over all files.

    Args:
        readings: by path.
    """

    def __init__(self, readings: Mapping[str, PythonReading]) -> None:
        self.readings = readings
        self._listing = Listing(readings)
        self._tables: dict[str, Table] = {}
        self._modules: dict[tuple[str, str], str] = {}
        self._lineages: dict[tuple[str, int], tuple[tuple[str, int], ...]] = {}

    def table(self, file: str) -> Table:
        """Return the names of a file."""
        if file not in self._tables:
            self._tables[file] = Table(self.readings[file])
        return self._tables[file]

    def name(self, dotted: str, spot: Spot) -> tuple[Meaning, ...]:
        """Return what a dotted name may mean at a place; none if nothing is known of it."""
        first, *rest = dotted.split(".")
        if first in ("self", "cls") and rest:
            owner = spot.self_class if spot.self_class[1] >= 0 else (spot.file, self.owner_of(spot))
            meanings = self.attribute(owner, rest[0], spot.file) if owner[1] >= 0 else ()
            rest = rest[1:]
        else:
            meanings = self._plain(first, spot)
        for attribute in rest:
            meanings = tuple(found for meaning in meanings for found in self._of(meaning, attribute))
        return meanings

    def attribute(self, owner: tuple[str, int], name: str, _seen_from: str = "") -> tuple[Meaning, ...]:
        """Return what an attribute of a class may be, its base classes included."""
        for file, number in self.lineage(owner):
            table = self.table(file)
            found = table.by_name.get((number, name), [])
            on_instance = [binding for binding in found if binding.within != number]
            on_class = table.visible(number, name, END, ())
            on_class = [binding for binding in on_class if binding.within == number]
            if on_instance and any(not binding.branch for binding in on_instance):
                on_class = []
            if on_instance or on_class:
                spots = [self._spot(file, binding, owner) for binding in (*on_class, *on_instance)]
                return tuple(
                    Meaning(binding.value, spot) for binding, spot in zip((*on_class, *on_instance), spots, strict=True)
                )
        return ()

    def lineage(self, owner: tuple[str, int]) -> tuple[tuple[str, int], ...]:
        """Return a class and its bases as far as they are known, nearest first, without repetition."""
        if owner not in self._lineages:
            self._lineages[owner] = tuple(self._bases(owner))
        return self._lineages[owner]

    def _bases(self, owner: tuple[str, int]) -> list[tuple[str, int]]:
        order: list[tuple[str, int]] = []
        waiting = [owner]
        while waiting and len(order) < MAX_BASES:
            current = waiting.pop(0)
            if current in order:
                continue
            order.append(current)
            for base in self.readings[current[0]].scopes[current[1]].bases:
                waiting.extend(self.classes(base, self.at_scope(current)))
        return order

    def classes(self, dotted: str, spot: Spot) -> list[tuple[str, int]]:
        """Return the classes that a dotted name may mean."""
        return [
            (meaning.spot.file, int(meaning.value.text))
            for meaning in self.concrete(self.name(dotted, spot))
            if meaning.value.kind == "class"
        ]

    def concrete(self, meanings: tuple[Meaning, ...], depth: int = 0) -> tuple[Meaning, ...]:
        """Follow names and imports until something else is found."""
        if depth > MAX_BASES:
            return ()
        found: list[Meaning] = []
        for meaning in meanings[:MAX_BASES]:
            if meaning.value.kind == "name":
                found.extend(self.concrete(self.name(meaning.value.text, meaning.spot), depth + 1))
            elif meaning.value.kind == "import" and meaning.value.parts:
                found.extend(self.concrete(self.imported(meaning.value, meaning.spot), depth + 1))
            else:
                found.append(meaning)
        return tuple(found)

    def imported(self, value: Expr, spot: Spot) -> tuple[Meaning, ...]:
        """Return what an imported name means in the file it comes from; none if that file is not known."""
        module, name = value.text, value.parts[0].text
        file = self._file_of(spot.file, module)
        if file:
            found = self._exported(file, name, (spot.file,))
            if found:
                return found
        separator = "" if module.endswith(".") else "."
        if self._file_of(spot.file, f"{module}{separator}{name}"):
            return (Meaning(Expr("import", f"{module}{separator}{name}"), spot),)
        return ()

    def at_scope(self, owner: tuple[str, int]) -> Spot:
        """Return the place at which a scope is defined."""
        scope = self.readings[owner[0]].scopes[owner[1]]
        return Spot(owner[0], max(0, scope.parent), scope.position, scope.branch)

    def owner_of(self, spot: Spot) -> int:
        """Return the number of the class around a place, -1 if there is none."""
        scopes = self.readings[spot.file].scopes
        number = spot.scope
        while number >= 0 and scopes[number].kind != "class":
            number = scopes[number].parent
        return number

    def _plain(self, name: str, spot: Spot) -> tuple[Meaning, ...]:
        table = self.table(spot.file)
        scopes = table.reading.scopes
        number, position, branch = spot.scope, spot.position, spot.branch
        inside = False
        while number >= 0:
            scope = scopes[number]
            if scope.kind != "class" or not inside:
                found = table.visible(number, name, position, branch)
                if found:
                    return tuple(Meaning(item.value, self._spot(spot.file, item, spot.self_class)) for item in found)
            if scope.kind == "function":
                inside, position, branch = True, END, ()
            elif not inside:
                position, branch = scope.position, scope.branch
            inside = inside or scope.kind == "class"
            number = scope.parent
        return self._starred(spot.file, name, (spot.file,))

    def _starred(self, file: str, name: str, seen: tuple[str, ...]) -> tuple[Meaning, ...]:
        if len(seen) > MAX_BASES:
            return ()
        for module in reversed(self.readings[file].stars):
            target = self._file_of(file, module)
            if target and target not in seen:
                found = self._exported(target, name, (*seen, target))
                if found:
                    return found
        return ()

    def _exported(self, file: str, name: str, seen: tuple[str, ...]) -> tuple[Meaning, ...]:
        found = self.table(file).visible(0, name, END, ())
        if found:
            return tuple(Meaning(item.value, self._spot(file, item, ("", -1))) for item in found)
        return self._starred(file, name, seen)

    def _of(self, meaning: Meaning, attribute: str) -> tuple[Meaning, ...]:
        if meaning.value.kind == "import" and not meaning.value.parts:
            module = meaning.value.text
            value = Expr("import", module, (Expr("text", attribute),))
            if platform.imported_variable(module, attribute):
                return (Meaning(value, meaning.spot),)
            return self.imported(value, meaning.spot) or (
                Meaning(Expr("import", f"{module}.{attribute}"), meaning.spot),
            )
        if meaning.value.kind == "import":
            inner = f"{meaning.value.text}.{meaning.value.parts[0].text}"
            if platform.imported_variable(inner, attribute):
                return (Meaning(Expr("import", inner, (Expr("text", attribute),)), meaning.spot),)
        found: list[Meaning] = []
        for item in self.concrete((meaning,)):
            if item.value.kind == "class":
                found.extend(self.attribute((item.spot.file, int(item.value.text)), attribute))
            elif item.value.kind == "import" and not item.value.parts and item != meaning:
                found.extend(self._of(item, attribute))
            elif attribute == "value" and item.value.kind in ("text", "concat"):
                found.append(item)
        return tuple(found)

    def _file_of(self, importing: str, module: str) -> str:
        key = (importing, module)
        if key not in self._modules:
            self._modules[key] = find_module(importing, module, self._listing)
        return self._modules[key]

    def _spot(self, file: str, binding: Binding, self_class: tuple[str, int]) -> Spot:
        return Spot(file, binding.within, binding.position, binding.branch, self_class)


def elsewhere(spot: Spot, owner: tuple[str, int]) -> Spot:
    """Return the same place, with ``self`` being of another class."""
    return replace(spot, self_class=owner)
