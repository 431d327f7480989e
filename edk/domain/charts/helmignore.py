"""``.helmignore`` as helm reads it: not as ``.gitignore``, the first rule that matches decides.

Patterns are those of Go's ``filepath.Match``. A pattern without ``/`` is matched against the name alone, one
with ``/`` against the path from the chart's folder. A negated rule (``!x``) leaves out everything that it does
**not** match. ``**`` is refused. Source: helm's documentation "The .helmignore file", checked against helm 3.16.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from edk.domain.errors import ChartError

RULES_LIMIT = 10_000
ALWAYS = "templates/.?*"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: what it matches, and how."""

    pattern: re.Pattern[str]
    negated: bool
    folders_only: bool
    whole_path: bool


def read_helmignore(content: bytes, file: str) -> tuple[Rule, ...]:
    """Return the rules of a ``.helmignore``, with the one that helm always adds at the end.

    Raises:
        ChartError: helm refuses a line, too.
    """
    lines = content.decode("utf-8-sig", "replace").splitlines()
    if len(lines) > RULES_LIMIT:
        raise ChartError(f"{file}: more than {RULES_LIMIT} lines", "Make the file shorter")
    rules = [_rule(line.strip(), f"{file}:{number}") for number, line in enumerate(lines, 1) if _counts(line)]
    return (*rules, _rule(ALWAYS, file))


def is_ignored(rules: tuple[Rule, ...], path: str, *, folder: bool) -> bool:
    """Tell whether helm leaves a path (relative to the chart's folder) out; a left-out folder is not entered."""
    for rule in rules:
        matched = rule.pattern.fullmatch(path if rule.whole_path else path.rsplit("/", 1)[-1]) is not None
        if rule.negated:
            if not matched or (rule.folders_only and not folder):
                return True
        elif matched and (folder or not rule.folders_only):
            return True
    return False


def _counts(line: str) -> bool:
    return bool(line.strip()) and not line.strip().startswith("#")


def _rule(line: str, place: str) -> Rule:
    if "**" in line:
        raise ChartError(f"{place}: “**” is not supported by helm", "Write one pattern for each level")
    negated = line.startswith("!")
    text = line[1:] if negated else line
    folders_only = text.endswith("/")
    text = text[:-1] if folders_only else text
    rooted = text.startswith("/")
    pattern = _translate(text[1:] if rooted else text, place)
    return Rule(pattern, negated, folders_only, rooted or "/" in text)


def _translate(glob: str, place: str) -> re.Pattern[str]:
    """Turn a pattern of Go's ``filepath.Match`` into a regular expression."""
    out, i = "", 0
    while i < len(glob):
        char, i = glob[i], i + 1
        if char in "*?":
            out += "[^/]*" if char == "*" else "[^/]"
        elif char == "[":
            members, i = _members(glob, i, place)
            out += members
        else:
            if char == "\\" and i < len(glob):
                char, i = glob[i], i + 1
            out += re.escape(char)
    return re.compile(out, re.DOTALL)


def _members(glob: str, i: int, place: str) -> tuple[str, int]:
    """Return the set that starts behind a ``[`` as a regular expression, and where the pattern goes on."""
    negation = "^" if glob[i : i + 1] == "^" else ""
    i += len(negation)
    ranges: list[str] = []
    while i < len(glob) and (glob[i] != "]" or not ranges):
        low, i = _member(glob, i)
        high = low
        if glob[i : i + 1] == "-":
            high, i = _member(glob, i + 1)
        if not low or not high or low in "]-" or high in "]-":
            break
        ranges.append(f"{re.escape(low)}-{re.escape(high)}" if low <= high else "")
    if not ranges or glob[i : i + 1] != "]":
        raise ChartError(f"{place}: “{glob}” is no pattern: “[” without members or end", "Write it as [ab]")
    known = "".join(ranges)
    if not known:
        return ("[^/]" if negation else r"(?!)"), i + 1
    return f"[{negation}{known}]", i + 1


def _member(glob: str, i: int) -> tuple[str, int]:
    """Return one character of a set, which a backslash may escape; empty behind the end."""
    if glob[i : i + 1] == "\\":
        i += 1
        return (f"{glob[i : i + 1]}", i + 1)
    return glob[i : i + 1], i + 1
