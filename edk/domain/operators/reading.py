"""Reading one Python file: which images it names, as far as it says so itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from edk.domain.codes.operators import ENCODING, SYNTAX_ERROR, TOO_LARGE
from edk.domain.diagnostics import Diagnostic
from edk.domain.operators.decoding import Decoded, decode
from edk.domain.operators.grammar import first_error, parse
from edk.domain.operators.model import Place, PythonReading, Scope
from edk.domain.operators.walking import Walker

MAX_BYTES = 1_000_000
"""Files above this size are not read: more than ten times the largest operator known, parsed in under a second."""


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
        return PythonReading(
            scopes=(Scope("module", "", -1, 0, ()),), diagnostics=(TOO_LARGE.at("", 0, message),)
        )
    decoded = decode(content)
    root = parse(decoded.source)
    walker = Walker(decoded.source)
    walker.walk(root)
    diagnostics: list[Diagnostic] = []
    if decoded.problem:
        diagnostics.append(ENCODING.at("", decoded.line, f"Python can't read this file: {decoded.problem}"))
    error = first_error(root, decoded.source)
    if error is not None:
        line, column, message = error
        diagnostics.append(SYNTAX_ERROR.at("", line, message, column=column))
    if walker.cut or walker.sites.cut:
        diagnostics.append(TOO_LARGE.at("", 0, "the file is too complicated to be read to its end"))
    return _assembled(walker, decoded, tuple(diagnostics))


def _assembled(walker: Walker, decoded: Decoded, diagnostics: tuple[Diagnostic, ...]) -> PythonReading:
    sites = walker.sites.finished()
    bindings = tuple(sorted(walker.names.bindings, key=lambda binding: binding.position))
    places = [site.place for site in sites] + [binding.place for binding in bindings if binding.place.line]
    moved = decoded.offsets([place.start for place in places] + [place.end for place in places])
    if any(key != value for key, value in moved.items()):
        sites = tuple(replace(site, place=_moved(site.place, moved)) for site in sites)
        bindings = tuple(
            replace(binding, place=_moved(binding.place, moved)) if binding.place.line else binding
            for binding in bindings
        )
    return PythonReading(
        scopes=tuple(walker.names.scopes),
        bindings=bindings,
        sites=sites,
        choices=tuple(walker.names.choices),
        stars=tuple(walker.stars),
        diagnostics=diagnostics,
    )


def _moved(place: Place, offsets: Mapping[int, int]) -> Place:
    return replace(place, start=offsets[place.start], end=offsets[place.end])
