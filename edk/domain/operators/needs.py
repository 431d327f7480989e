"""Which other files must be read to know the images of one."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from edk.domain.operators import platform
from edk.domain.operators.model import Expr, PythonReading
from edk.domain.operators.modules import as_set, find_module


def needed_imports(path: str, reading: PythonReading, known_paths: Collection[str]) -> tuple[str, ...]:
    """Return which other files of a listing must be read to know the images of a file.

    Args:
        path: of the file, relative to the same root as the listing.
        reading: of the file.
        known_paths: every Python file there is; best a set.

    Returns:
        Paths of the listing, sorted. What those files need in turn is found by asking again for each of them.
    """
    known = as_set(known_paths)
    used = _used_names(reading)
    firsts = {name.partition(".")[0] for name in used}
    modules: set[str] = set(reading.stars)
    for binding in reading.bindings:
        if binding.value.kind != "import" or binding.name not in firsts:
            continue
        modules.add(binding.value.text)
        separator = "" if binding.value.text.endswith(".") else "."
        modules.update(f"{binding.value.text}{separator}{part.text}" for part in binding.value.parts)
        if not binding.value.parts:
            modules.update(_submodules(binding.value.text, binding.name, used))
    found = {find_module(path, module, known) for module in modules if not _is_platform(module)}
    return tuple(sorted(found - {"", path}))


def _used_names(reading: PythonReading) -> set[str]:
    """Return all names on which the images of a file may depend; all there are if it names none itself."""
    used: set[str] = {base for scope in reading.scopes for base in scope.bases}
    for site in reading.sites:
        used.add(site.callee)
        used.update(names_in(site.value))
    if not reading.sites:
        return used | {binding.name for binding in reading.bindings}
    waiting = {name.partition(".")[0] for name in used}
    while waiting:
        new: set[str] = set()
        for binding in reading.bindings:
            if binding.name in waiting or f"self.{binding.name}" in used:
                new.update(names_in(binding.value))
        waiting = {name.partition(".")[0] for name in new - used}
        used |= new
    return used


def names_in(value: Expr) -> set[str]:
    """Return all names in an expression."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if current.kind == "name":
            found.add(current.text)
        waiting.extend(current.parts)
    return found


def _submodules(module: str, bound: str, used: set[str]) -> Iterator[str]:
    for name in used:
        parts = name.split(".")
        if parts[0] == bound:
            for count in range(2, len(parts)):
                yield ".".join((module, *parts[1:count]))


def _is_platform(module: str) -> bool:
    return module.rpartition(".")[2] == platform.GLOBALS_MODULE
