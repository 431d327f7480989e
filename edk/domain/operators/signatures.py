"""Which arguments of a call are the image of an operator, as far as signatures in the files tell."""

from __future__ import annotations

from edk.domain.operators import platform
from edk.domain.operators.lookup import Lookup, Meaning, Spot
from edk.domain.operators.model import ImageSite

Function = tuple[str, int]


class Signatures:
    """Knows the parameters of classes and functions.

    Args:
        lookup: knows all names.
    """

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._handed_on: dict[str, dict[int, set[str]]] = {}

    def names_image(self, site: ImageSite, spot: Spot) -> bool:
        """Say whether an argument of a call that is not named ``image`` is one."""
        functions, bases = self._called(site.callee, spot)
        for function in functions:
            parameters = self._parameters(function)
            name = _by_position(site.parameter, parameters)
            if name == "image" or name in self._images_of(function):
                return True
        return not functions and any(
            _by_position(site.parameter, platform.BASE_OPERATORS[base]) == "image" for base in bases
        )

    def _called(self, callee: str, spot: Spot) -> tuple[list[Function], list[str]]:
        """Return the functions that a call may run, and the platform's classes it may make."""
        functions: list[Function] = []
        known: list[str] = []
        owners = self._owners(callee, spot)
        for meaning in self._lookup.concrete(self._lookup.name(callee, spot)):
            if meaning.value.kind == "function":
                functions.append((meaning.spot.file, int(meaning.value.text)))
            elif meaning.value.kind == "class":
                owners.append((meaning.spot.file, int(meaning.value.text)))
        for owner in owners:
            functions.extend(self._initializers(owner))
            known.extend(self._platform_bases(owner))
        if not owners and not functions:
            known.extend(self._last_names(callee, spot))
        return functions, known

    def _owners(self, callee: str, spot: Spot) -> list[Function]:
        if not callee.endswith(".__init__"):
            return []
        holder = callee.rpartition(".")[0]
        if holder != "super":
            return self._lookup.classes(holder, spot)
        number = self._lookup.owner_of(spot)
        return list(self._lookup.lineage((spot.file, number))[1:2]) if number >= 0 else []

    def _initializers(self, owner: Function) -> list[Function]:
        meanings: tuple[Meaning, ...] = self._lookup.attribute(owner, "__init__")
        return [(item.spot.file, int(item.value.text)) for item in meanings if item.value.kind == "function"]

    def _platform_bases(self, owner: Function) -> list[str]:
        found: list[str] = []
        for file, number in self._lookup.lineage(owner):
            bases = self._lookup.readings[file].scopes[number].bases
            found.extend(base.rpartition(".")[2] for base in bases)
        return [name for name in found if name in platform.BASE_OPERATORS]

    def _last_names(self, callee: str, spot: Spot) -> list[str]:
        holder = callee.removesuffix(".__init__")
        if holder == "super":
            number = self._lookup.owner_of(spot)
            return self._platform_bases((spot.file, number)) if number >= 0 else []
        name = holder.rpartition(".")[2]
        return [name] if name in platform.BASE_OPERATORS else []

    def _parameters(self, function: Function) -> tuple[str, ...]:
        scope = self._lookup.readings[function[0]].scopes[function[1]]
        parent = self._lookup.readings[function[0]].scopes[scope.parent]
        return scope.parameters[1:] if parent.kind == "class" else scope.parameters

    def _images_of(self, function: Function) -> set[str]:
        """Return the parameters that a function hands on as an image, exactly as they are given."""
        file, number = function
        if file not in self._handed_on:
            handed: dict[int, set[str]] = {}
            for site in self._lookup.readings[file].sites:
                if site.role in ("operator", "attribute") and site.value.kind == "name":
                    handed.setdefault(site.scope, set()).add(site.value.text)
            self._handed_on[file] = handed
        names = self._handed_on[file].get(number, set())
        table = self._lookup.table(file)
        return {name for name in names if (number, name) in table.by_name}


def _by_position(parameter: str, parameters: tuple[str, ...]) -> str:
    if not parameter.startswith("#"):
        return parameter
    index = int(parameter[1:])
    return parameters[index] if index < len(parameters) else ""
