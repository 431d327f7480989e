"""Patterns in substitutions: ``${X#p}``, ``${X%p}``, ``${X/p/r}``."""

from __future__ import annotations

import re

MAX_STARS = 3
MAX_MATCHED = 1024
"""More ``*`` in the pattern of ``${X#pattern}``, or a longer value, could take for ever and are refused."""


class ShellError(Exception):
    """A word that the engine would refuse to expand."""


def replaced(pattern: str, replacement: str, value: str, *, every: bool) -> str:
    """Return a value with the first match of a pattern, or every one, replaced.

    Raises:
        ShellError: for a pattern that the engine refuses, or that could take for ever.
    """
    if len(value) > MAX_MATCHED:
        raise ShellError("the value is too long for ${…/…/…}")
    return _pattern(pattern, greedy=True).sub(lambda _: replacement, value, count=0 if every else 1)


def trimmed(pattern: str, value: str, modifier: str) -> str:
    """Return a value without what a pattern matches at its begin (``#``) or end (``%``); doubled is longest.

    Raises:
        ShellError: for a pattern that the engine refuses, or that could take for ever.
    """
    if len(value) > MAX_MATCHED:
        raise ShellError(f"the value is too long for ${{…{modifier}…}}")
    greedy = pattern[:1] == modifier
    pattern = pattern[1:] if greedy else pattern
    regex = _pattern(pattern, greedy=greedy)
    if modifier == "#":
        found = regex.match(value)
        return value[found.end() :] if found else value
    ends = range(len(value) + 1) if greedy else range(len(value), -1, -1)
    return next((value[:at] for at in ends if regex.fullmatch(value, at)), value)


def _pattern(pattern: str, *, greedy: bool) -> re.Pattern[str]:
    if pattern.count("*") > MAX_STARS:
        raise ShellError(f"invalid pattern ({pattern}) in substitution: too many *")
    out: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "\\":
            char = pattern[at : at + 1]
            at += 1
            if char not in ("*", "?", "\\", "}", "/"):
                raise ShellError(f"invalid pattern ({pattern}) in substitution: invalid escape '\\{char}'")
            out.append(re.escape(char))
        else:
            out.append((".*" if greedy else ".*?") if char == "*" else "." if char == "?" else re.escape(char))
    return re.compile("".join(out))
