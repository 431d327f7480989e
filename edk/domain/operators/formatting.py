"""Formatting of texts as Python does it, for constants only and within bounds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from string import Formatter

MAX_TEXT = 2_000
_SPECIFICATION = re.compile(r"(?:[^{}]?[<>=^])?[-+ ]?#?0?\d{0,3}[,_]?(?:\.\d{1,3})?[a-zA-Z%]?")
_PERCENT = re.compile(
    r"%(?:\((?P<key>[^)]*)\))?(?P<flags>[-#0 +]*)(?P<width>\d{0,3})(?:\.(?P<digits>\d{0,3}))?(?P<kind>[a-zA-Z%])"
)


class FormattingError(ValueError):
    """A template can't be filled in; its text completes the sentence "the value …"."""


def formatted(value: str | int | float, conversion: str, specification: str) -> str:
    """Return what ``{value!conversion:specification}`` gives; raise FormattingError."""
    converted: str | int | float = value
    if conversion:
        converted = repr(value) if conversion == "r" else ascii(value) if conversion == "a" else str(value)
    if not _SPECIFICATION.fullmatch(specification):
        raise FormattingError(f"has the format {specification!r}, which is not understood")
    try:
        return format(converted, specification)
    except (ValueError, OverflowError) as error:
        raise FormattingError(f"has the format {specification!r}, which does not fit") from error


def number_of(text: str) -> int | float | None:
    """Return the number that a literal means; None if it is none that is of use here."""
    if len(text) > 40:
        return None
    try:
        return int(text, 0)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return None


def fields(template: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield literal text, field, conversion and specification of a ``str.format`` template.

    The field is ``""`` where there is none; automatic numbers are filled in.

    Raises:
        FormattingError: the template is malformed, or a field has an attribute or an index.
    """
    automatic = 0
    try:
        parsed = list(Formatter().parse(template))
    except ValueError as error:
        raise FormattingError(f"has a template that Python refuses ({error})") from error
    for literal, name, specification, conversion in parsed:
        if name is None:
            yield literal, "", "", ""
            continue
        if "." in name or "[" in name or "{" in (specification or ""):
            raise FormattingError(f"has a template with the field {{{name}}}")
        field = name or str(automatic)
        automatic += not name
        yield literal, field, conversion or "", specification or ""


def percent(template: str, argument: Callable[[str], str | int | float]) -> str:
    """Return what the ``%`` operator gives.

    Args:
        template: the text on the left.
        argument: gives the value for a key, or for the next position if the key is empty.

    Raises:
        FormattingError: the template is malformed, or a value does not fit.
    """
    parts: list[str] = []
    last = 0
    for match in _PERCENT.finditer(template):
        parts.append(template[last : match.start()])
        last = match.end()
        parts.append("%" if match["kind"] == "%" else _percent_one(match, argument(match["key"] or "")))
    parts.append(template[last:])
    if any("%" in part for part in parts[::2]):
        raise FormattingError("has a template with a % that is no place for a value")
    return "".join(parts)


def _percent_one(match: re.Match[str], value: str | int | float) -> str:
    if not match["flags"] and not match["width"] and match["digits"] is None and match["kind"] == "s":
        return str(value)
    digits = "" if match["digits"] is None else f".{match['digits']}"
    try:
        return f"%{match['flags']}{match['width']}{digits}{match['kind']}" % (value,)
    except (TypeError, ValueError) as error:
        raise FormattingError(f"has a template with {match[0]!r}, which does not fit") from error
