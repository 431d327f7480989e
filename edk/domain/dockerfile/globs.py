"""Patterns of paths: Go's ``filepath.Match`` for COPY, moby's ``patternmatcher`` for .dockerignore.

A pattern with few ``*`` becomes a regular expression; one with many, whose expression could take for ever
on a hostile name, is matched by stepping through all its states at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

Matcher = Callable[[str], bool]

_MANY_STARS = 2
_STAR, _ANYTHING, _GLOBSTAR = "[^/]*", ".*", "(?:.*/)?"
_EMPTY = ("[^\\0-\\U0010ffff]", "[\\0-\\U0010ffff]")  # a class of nothing, and its negation
_STARS = frozenset({_STAR, _ANYTHING, _GLOBSTAR})


def clean(path: str) -> str:
    """Return a path relative to the root of the context, without ``.``, ``..`` and slashes too many.

    As the engine's ``path.Join("/", path)``: ``..`` does not lead above the root; the root itself is ``.``.
    """
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts) or "."


def has_wildcard(path: str) -> bool:
    """Return whether a path holds an unescaped ``*``, ``?`` or ``[``."""
    return re.search(r"[*?[]", re.sub(r"\\.", "", path, flags=re.DOTALL)) is not None


def literal_prefix(pattern: str) -> str:
    """Return the folders before the first part with a wildcard; empty if the first part has one."""
    parts: list[str] = []
    for part in pattern.split("/"):
        if has_wildcard(part):
            break
        parts.append(part)
    return "/".join(parts)


def go_matcher(pattern: str) -> Matcher | None:
    """Return a matcher as Go's ``filepath.Match``; None if the pattern is malformed."""
    tokens = _tokens(pattern, globstar=False)
    return None if tokens is None else _compiled(tokens)


def moby_matcher(pattern: str) -> Matcher | None:
    """Return a matcher as moby's ``patternmatcher`` for a cleaned pattern; None if it is malformed."""
    tokens = _tokens(pattern, globstar=True)
    if tokens is None or any(token in _EMPTY for token in tokens):
        return None
    rest = pattern[2:]
    if pattern.startswith("**") and rest and not rest.startswith("/") and not set(rest) & set("*?[]\\"):
        # Its own short cut: behind ** a plain ending matches also in the middle of a name.
        return lambda path: path.endswith(rest)
    return _compiled(tokens)


def _tokens(pattern: str, *, globstar: bool) -> list[str] | None:
    """Return pieces of a regular expression, one for each element; None if the pattern is malformed."""
    out: list[str] = []
    at, end = 0, len(pattern)
    while at < end:
        char = pattern[at]
        at += 1
        if char == "*":
            double = globstar and pattern.startswith("*", at)
            token, at = _double_star(pattern, at + 1) if double else (_STAR, at)
            if not (out and out[-1] == token):
                out.append(token)
        elif char == "?":
            out.append("[^/]")
        elif char == "[":
            found = _class(pattern, at)
            if found is None:
                return None
            token, at = found
            out.append(token)
        elif char == "\\":
            if at == end:
                return None
            out.append(re.escape(pattern[at]))
            at += 1
        else:
            out.append(re.escape(char))
    return out


def _double_star(pattern: str, at: int) -> tuple[str, int]:
    at += pattern.startswith("/", at)
    return (_ANYTHING if at == len(pattern) else _GLOBSTAR), at


def _class(pattern: str, at: int) -> tuple[str, int] | None:
    """Read a class behind its ``[``: ranges of characters, ``^`` negates; it can't be empty."""
    negated = pattern.startswith("^", at)
    at += negated
    ranges: list[str] = []
    while True:
        if ranges and pattern.startswith("]", at):
            inner = "".join(ranges)
            return (f"[{'^' * negated}{inner}]" if inner else _EMPTY[negated]), at + 1
        low, at = _class_char(pattern, at)
        if not low:
            return None
        high = low
        if pattern.startswith("-", at):
            high, at = _class_char(pattern, at + 1)
            if not high:
                return None
        # Go takes a range whose ends are swapped, and matches nothing with it.
        ranges.append(f"{re.escape(low)}-{re.escape(high)}" if low <= high else "")


def _class_char(pattern: str, at: int) -> tuple[str, int]:
    char = pattern[at : at + 1]
    if not char or char in "-]":
        return "", at
    if char == "\\":
        return pattern[at + 1 : at + 2], at + 2
    return char, at + 1


def _compiled(tokens: list[str]) -> Matcher:
    stars = sum(token in _STARS for token in tokens)
    if stars == 0 and all(len(token.removeprefix("\\")) == 1 for token in tokens):
        text = "".join(token.removeprefix("\\") for token in tokens)
        return lambda path: path == text
    if stars <= _MANY_STARS:
        regex = re.compile("".join(tokens), re.DOTALL)
        return lambda path: regex.fullmatch(path) is not None
    places = [None if token in _STARS else re.compile(token, re.DOTALL) for token in tokens]
    return lambda path: _stepped(tokens, places, path)


def _stepped(tokens: list[str], places: Sequence[re.Pattern[str] | None], path: str) -> bool:
    """Match by the set of all places in the pattern that can be reached; linear in the path's length."""
    states = _closed({0}, tokens)
    for char in path:
        states = _closed(set(_moves(states, tokens, places, char)), tokens)
        if not states:
            return False
    return len(tokens) in states


def _moves(states: set[int], tokens: list[str], places: Sequence[re.Pattern[str] | None], char: str) -> Iterator[int]:
    """Yield the places behind a character; ``~n`` is inside the ``**/`` that is token n."""
    for state in states:
        if state == len(tokens):
            continue
        place = ~state if state < 0 else state
        token, wanted = tokens[place], places[place]
        if token == _GLOBSTAR:
            yield ~place
            if char == "/":
                yield place + 1
        elif wanted is None:
            if token == _ANYTHING or char != "/":
                yield place
        elif wanted.fullmatch(char):
            yield place + 1


def _closed(states: set[int], tokens: list[str]) -> set[int]:
    """Add what can be reached without a character: a star may stand for nothing."""
    todo = list(states)
    while todo:
        state = todo.pop()
        if 0 <= state < len(tokens) and tokens[state] in _STARS and state + 1 not in states:
            states.add(state + 1)
            todo.append(state + 1)
    return states
