"""Splitting an instruction's text: keyword, flags, words, pairs and JSON lists, with their places.

The places are indices in the logical line's text, so that a reference can be replaced where it stands.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from edk.domain.dockerfile.lines import GO_SPACE, DockerfileError

BLANKS = re.compile(r"[\t\v\f\r ]+")
_ASCII_SPACE = "\t\n\v\f\r "
_WORD = re.compile(r"[^\t\v\f\r ]+")


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its place: ``[start, end)`` in the logical line's text, quotes included."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag such as ``--from=x``, quotes and escapes removed.

    Args:
        name: without the dashes.
        value: behind the ``=``; None if there is none.
        places: index in the logical line's text of each character of `value`, and of what is behind it.
    """

    name: str
    value: str | None
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """An instruction's text taken apart; `rest` is what is behind the flags, at `start`."""

    keyword: str
    flags: tuple[Flag, ...]
    rest: str
    start: int


def split_instruction(text: str, start: int, escape: str) -> Split:
    """Take keyword and flags off an instruction's text, beginning at an index of it.

    Raises:
        DockerfileError: if a word that begins with ``--`` is no flag.
    """
    start += len(text[start:]) - len(text[start:].lstrip(GO_SPACE))
    end = len(text.rstrip(GO_SPACE))
    gap = BLANKS.search(text, start, end)
    if gap is None:
        return Split(text[start:end], (), "", end)
    flags, at = _flags(text, gap.end(), end, escape)
    rest = text[at:end].strip(GO_SPACE)
    return Split(text[start : gap.start()], flags, rest, text.index(rest, at) if rest else end)


def _flags(text: str, at: int, end: int, escape: str) -> tuple[tuple[Flag, ...], int]:
    flags: list[Flag] = []
    while True:
        while at < end and text[at] in _ASCII_SPACE:
            at += 1
        if not text.startswith("--", at, end):
            return tuple(flags), at
        chars, places, at = _flag_word(text, at, end, escape)
        if chars == "--":
            return tuple(flags), at
        name, equals, value = chars.partition("=")
        first = len(name) + 1
        flags.append(Flag(name[2:], value if equals else None, tuple(places[first:]) if equals else ()))


def _flag_word(text: str, at: int, end: int, escape: str) -> tuple[str, list[int], int]:
    chars: list[str] = []
    places: list[int] = []
    quote = ""
    while at < end:
        char = text[at]
        if not quote and char in _ASCII_SPACE:
            break
        if quote and char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        else:
            if char == escape:
                at += 1
                if at == end:
                    break
            chars.append(text[at])
            places.append(at)
        at += 1
    return "".join(chars), [*places, at], at


def blank_separated(split: Split) -> tuple[Word, ...]:
    """Return the words between blanks, quotes left in place."""
    return tuple(Word(m[0], split.start + m.start(), split.start + m.end()) for m in _WORD.finditer(split.rest))


def quoted_words(rest: str, escape: str) -> list[str]:
    """Return the words of a text where quotes and escapes hold blanks; both stay in the words."""
    words: list[str] = []
    at, end = 0, len(rest)
    while True:
        while at < end and rest[at] in GO_SPACE:
            at += 1
        if at >= end:
            return words
        word, at = _quoted_word(rest, at, escape)
        if word:
            words.append(word)


def _quoted_word(rest: str, at: int, escape: str) -> tuple[str, int]:
    out: list[str] = []
    quote = ""
    end = len(rest)
    while at < end:
        char = rest[at]
        if not quote and char in GO_SPACE:
            break
        if char == escape and quote != "'":
            # An escape character at the very end is dropped.
            out.append(rest[at : at + 2] if at + 1 < end else "")
            at += 2
            continue
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        out.append(char)
        at += 1
    return "".join(out), min(at, end)


def pairs(rest: str, escape: str, keyword: str) -> tuple[tuple[str, str], ...]:
    """Return the pairs of LABEL and ENV: ``a=b c="d e"``, or the old form ``a value``.

    Raises:
        DockerfileError: if it is neither.
    """
    words = quoted_words(rest, escape)
    if not words:
        raise DockerfileError(f"{keyword} requires at least one argument")
    if "=" not in words[0]:
        parts = BLANKS.split(rest, maxsplit=1)
        if len(parts) < 2:
            raise DockerfileError(f"{keyword} must have two arguments")
        return ((parts[0], parts[1]),)
    found: list[tuple[str, str]] = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise DockerfileError(f'Syntax error - can\'t find = in "{word}". Must be of the form: name=value')
        if not name:
            raise DockerfileError(f"{keyword} names can not be blank")
        found.append((name, value))
    return tuple(found)


def json_list(rest: str) -> tuple[str, ...] | None:
    """Return the strings of a JSON list, or None if the text is none.

    Raises:
        DockerfileError: for a JSON list that holds something else than strings.
    """
    if not rest.lstrip(GO_SPACE).startswith("["):
        return None
    try:
        found = json.loads(rest)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise DockerfileError("when using JSON array syntax, arrays must be comprised of strings only")
    return tuple(found)
