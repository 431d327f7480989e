"""Templates filled in with texts that may hold variables of the platform."""

from __future__ import annotations

from edk.domain.operators import platform
from edk.domain.operators.formatting import FormattingError, fields, formatted, percent


def formatted_text(text: str, conversion: str, specification: str) -> str:
    """Return a text, perhaps with variables, formatted; raise FormattingError if its variables would be."""
    if platform.is_symbolic(text):
        if conversion in ("", "s") and specification in ("", "s"):
            return text
        raise FormattingError("formats a variable of the platform")
    return formatted(text, conversion, specification)


def fill_percent(texts: list[str], keys: list[str], numbers: list[int | float | None]) -> str:
    """Return ``template % values``; `texts` is the template and the values, `keys` theirs in a dict, else empty."""
    values = [text if number is None else number for text, number in zip(texts[1:], numbers, strict=True)]
    position = iter(values)
    named = dict(zip(keys, values, strict=True))

    def argument(key: str) -> str | int | float:
        try:
            return named[key] if key else next(position)
        except (KeyError, StopIteration):
            raise FormattingError("has a template with more places than values") from None

    return percent(texts[0], argument)


def fill_format(texts: list[str], names: list[str], numbers: list[int | float | None]) -> str:
    """Return ``template.format(…)``; `texts` is the template and the values, `names` those of the values."""
    values = {name: (text, number) for name, text, number in zip(names, texts[1:], numbers, strict=True)}
    parts: list[str] = []
    for literal, field, conversion, specification in fields(texts[0]):
        parts.append(literal)
        if not field:
            continue
        if field not in values:
            raise FormattingError(f"has a template with the field {{{field}}}, which is not given")
        text, number = values[field]
        if number is None:
            parts.append(formatted_text(text, conversion, specification))
        else:
            parts.append(formatted(number, conversion, specification))
    return "".join(parts)
