"""Reading one Python file: which images it names, as far as it says so itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from edk.domain.codes.operators import ENCODING, SYNTAX_ERROR, TOO_LARGE
from edk.domain.diagnostics import Diagnostic
from edk.domain.operators.decoding import decode
from edk.domain.operators.grammar import first_error, fold, parse
from edk.domain.operators.model import Place, PythonReading, Scope
from edk.domain.operators.repairing import repaired
from edk.domain.operators.walking import Walker

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_BYTES = 1_000_000
"""Files above this size are not read: more than ten times the largest operator known, parsed in under a second."""


@dataclass(frozen=True, slots=True)
class _Walked:
    reading: PythonReading
    cut: bool


def read_python(content: bytes) -> PythonReading:
    """Return what a Python file says about images, by itself.

    Args:
        content: any bytes; syntax newer than our own Python, Python 2 and half-typed files are read as well.

    Returns:
        Names imported from other files are still names, see `edk.domain.operators.linking`. What is wrong with the
        file is in its diagnostics, without the file's path. Never raises.
    """
    if len(content) > MAX_BYTES:
        message = f"the file has {len(content)} bytes, more than the {MAX_BYTES} that are read"
        return PythonReading(scopes=(Scope("module", "", -1, 0, ()),), diagnostics=(TOO_LARGE.at("", 0, message),))
    decoded = decode(content)
    root = parse(decoded.source)
    error = first_error(root, decoded.source)
    walked = _walk(decoded.source, root)
    if error is not None:
        second = _second_try(decoded.source)
        walked = second if second is not None and _images(second) >= _images(walked) else walked
    diagnostics: list[Diagnostic] = []
    if decoded.problem:
        diagnostics.append(ENCODING.at("", decoded.line, f"Python can't read this file: {decoded.problem}"))
    if error is not None:
        line, column, message = error
        diagnostics.append(SYNTAX_ERROR.at("", line, message, column=column))
    if walked.cut:
        diagnostics.append(TOO_LARGE.at("", 0, "the file is too complicated to be read to its end"))
    return _in_file_terms(replace(walked.reading, diagnostics=tuple(diagnostics)), decoded.offsets)


def _walk(source: bytes, root: Node) -> _Walked:
    walker = Walker(source)
    walker.walk(root)
    return _Walked(walker.reading(), walker.cut or walker.sites.cut)


def _second_try(source: bytes) -> _Walked | None:
    """Return what is read once open brackets and quotes are closed by force; None if that is beyond hope."""
    repair = repaired(source)
    if repair is None:
        return None
    walked = _walk(repair.source, parse(repair.source))
    reading = _in_file_terms(walked.reading, lambda positions: {each: repair.offset(each) for each in positions})
    return _Walked(_seen_in(source, reading), walked.cut)


def _seen_in(source: bytes, reading: PythonReading) -> PythonReading:
    """Return a reading with columns and expressions as they are in another text with the same offsets."""

    def seen(place: Place) -> Place:
        if not place.line:
            return place
        line = source[source.rfind(b"\n", 0, place.start) + 1 : place.start]
        column = len(line.decode("utf-8", "replace")) + 1
        return replace(place, column=column, expression=fold(source, place.start, place.end))

    return replace(
        reading,
        sites=tuple(
            replace(site, place=seen(site.place), branches=tuple(map(seen, site.branches))) for site in reading.sites
        ),
        bindings=tuple(replace(binding, place=seen(binding.place)) for binding in reading.bindings),
    )


def _in_file_terms(reading: PythonReading, offsets: Callable[[list[int]], Mapping[int, int]]) -> PythonReading:
    """Return a reading with the offsets of its places moved."""
    places = [place for site in reading.sites for place in (site.place, *site.branches)]
    places += [binding.place for binding in reading.bindings if binding.place.line]
    moved = offsets([place.start for place in places] + [place.end for place in places])
    if all(key == value for key, value in moved.items()):
        return reading
    return replace(
        reading,
        sites=tuple(
            replace(
                site,
                place=_moved(site.place, moved),
                branches=tuple(_moved(branch, moved) for branch in site.branches),
            )
            for site in reading.sites
        ),
        bindings=tuple(
            replace(binding, place=_moved(binding.place, moved)) if binding.place.line else binding
            for binding in reading.bindings
        ),
    )


def _images(walked: _Walked) -> int:
    return sum(site.role != "argument" for site in walked.reading.sites)


def _moved(place: Place, offsets: Mapping[int, int]) -> Place:
    return replace(place, start=offsets[place.start], end=offsets[place.end])
