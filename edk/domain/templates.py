"""Text with placeholders, ``@@name@@``, in files and in their paths; anything unclear is a fault of ours and raises."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_MARK = "@@"
_PLACEHOLDER = re.compile(r"@@([a-z][a-z_]*)@@")


def placeholders(text: str) -> frozenset[str]:
    """Return the names of the placeholders in a text."""
    return frozenset(_PLACEHOLDER.findall(text))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in place of placeholders; values are taken as they are, and never looked through again.

    >>> fill("dag-@@name@@", {"name": "lung"})
    'dag-lung'

    Raises:
        ValueError: a placeholder has no value, or a mark is left that belongs to none.
    """
    unknown = placeholders(text) - values.keys()
    if unknown:
        raise ValueError(f"no value for the placeholders {', '.join(sorted(unknown))}")
    if _MARK in _PLACEHOLDER.sub("", text):
        raise ValueError(f"{_MARK} stands where no placeholder does")
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)


def render(templates: Iterable[tuple[str, str]], values: Mapping[str, str]) -> dict[str, str]:
    """Fill files and their paths.

    Args:
        templates: path and text of each, in order; a later one takes the place of an earlier one of its path.
        values: of the placeholders.

    Returns:
        Path → text, sorted by path.

    Raises:
        ValueError: see `fill`; or two templates that differ in their path come to one.
    """
    chosen = dict(templates)
    filled = {fill(path, values): fill(text, values) for path, text in chosen.items()}
    if len(filled) != len(chosen):
        raise ValueError("two templates come to one path")
    return dict(sorted(filled.items()))
