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
        char = glob[i]
        i += 1
        if char == "*":
            out += "[^/]*"
        elif char == "?":
            out += "[^/]"
        elif char == "[":
            close = glob.find("]", i + 1)
            inside = glob[i:close]
            if close < 0 or not inside.strip("^"):
                raise ChartError(f"{place}: “{glob}” has an unclosed “[”", "Close it with “]”")
            negation = "^" if inside[0] == "^" else ""
            members = inside[1:] if negation else inside
            members = members.replace("[", "\\[").replace("^", "\\^")
            out += f"[{negation}{members}]"
            i = close + 1
        elif char == "\\" and i < len(glob):
            out += re.escape(glob[i])
            i += 1
        else:
            out += re.escape(char)
    try:
        return re.compile(out, re.DOTALL)
    except re.error as error:
        raise ChartError(f"{place}: “{glob}” is no pattern: {error}", "Correct the pattern") from error
