"""Evaluate the part of helm's template language that image names are written in.

Known are the fields of ``.Values`` (of the chart itself), of ``.Chart``, string literals, ``printf``,
``default``, ``tpl``, ``print`` and pipes of these; everything else is known to the platform alone. The
platform sets ``global.registry_url`` and ``global.kaapana_build_version``, so these stay variables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

REGISTRY = "{DEFAULT_REGISTRY}"
VERSION = "{KAAPANA_BUILD_VERSION}"
ALTERNATIVES_LIMIT = 8
DEPTH_LIMIT = 5

PLATFORM_VALUES: Mapping[str, str] = {
    "global.registry_url": REGISTRY,
    "global.kaapana_build_version": VERSION,
}

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|[()|]|[^\s()|"`]+')
_FIELD = re.compile(r"\$?\.[A-Za-z_][\w.]*")
_SAME = frozenset({"quote", "squote", "trim", "toString", "nospace"})


@dataclass(frozen=True, slots=True)
class Scope:
    """What expressions of one chart can refer to.

    Args:
        value: returns the text of a path such as ``global.image`` in the chart's values, None if it has none.
        chart: ``Name``, ``Version`` and ``AppVersion``.
    """

    value: Callable[[str], str | None]
    chart: Mapping[str, str]


class Action(NamedTuple):
    """One ``{{ … }}`` of a text: its place, and what stands in it."""

    start: int
    end: int
    expression: str


def expand(text: str, scope: Scope, depth: int = 0) -> tuple[tuple[str, str], ...]:
    """Return what a text with template actions can become.

    Returns:
        pairs of the text with every known action filled in and what kept it from being known (empty if
        known); one for each branch of a conditional, without repetitions.
    """
    if depth > DEPTH_LIMIT:
        return ((text, "its values refer to each other too deeply"),)
    found: dict[tuple[str, str], None] = {}
    for branch in _branches(text):
        filled, unknown, position = "", "", 0
        for action in actions(branch):
            value = _evaluate(action.expression, scope, depth)
            if value is None:
                unknown = unknown or f"{{{{ {action.expression} }}}} is known to the platform alone"
            filled += branch[position : action.start] + (value or "")
            position = action.end
        if "{{" in branch[position:]:
            unknown = unknown or "an action is not closed"
        found[(filled + branch[position:], unknown)] = None
    return tuple(found)


def actions(text: str) -> list[Action]:
    """Return the actions of a text in their order; the time is linear in its length."""
    found = []
    end = 0
    while (start := text.find("{{", end)) >= 0 and (close := text.find("}}", start + 2)) >= 0:
        end = close + 2
        found.append(Action(start, end, text[start + 2 : close].removeprefix("-").removesuffix("-").strip()))
    return found


def _branches(text: str) -> list[str]:
    """Return the text once for each way through its conditionals; both ways through one count."""
    done: list[str] = []
    todo = [text]
    while todo and len(done) + len(todo) <= ALTERNATIVES_LIMIT:
        current = todo.pop(0)
        split = _split_conditional(current)
        if split is None:
            done.append(current)
        else:
            todo.extend(split)
    return done + todo


def _split_conditional(text: str) -> list[str] | None:
    """Return the ways through the first conditional of a text, None if there is none that is closed."""
    found = actions(text)
    opening = next((i for i, action in enumerate(found) if action.expression.startswith("if ")), None)
    if opening is None:
        return None
    depth, parts = 0, [found[opening]]
    for action in found[opening + 1 :]:
        word = action.expression.split(" ", 1)[0]
        if word in {"if", "range", "with"}:
            depth += 1
        elif word == "end" and depth:
            depth -= 1
        elif word in {"end", "else"} and not depth:
            parts.append(action)
            if word == "end":
                break
    else:
        return None
    before, after = text[: parts[0].start], text[parts[-1].end :]
    bodies = [text[a.end : b.start] for a, b in pairwise(parts)]
    if len(parts) == 2:
        bodies.append("")
    if parts[0].expression.endswith(".Values.global.custom_registry_url"):
        bodies = bodies[:1]
    return [before + body + after for body in bodies]


def _evaluate(expression: str, scope: Scope, depth: int) -> str | None:
    """Return what an action stands for, None if that is not known."""
    tokens = _TOKEN.findall(expression)
    if tokens[:1] == ["$"] or not tokens or len(tokens) > 60:
        return None
    value, rest = _pipeline(tokens, scope, depth)
    return None if rest else value


def _pipeline(tokens: list[str], scope: Scope, depth: int) -> tuple[str | None, list[str]]:
    """Evaluate commands joined by ``|`` up to a closing parenthesis."""
    value: str | None = None
    first = True
    while tokens and tokens[0] != ")":
        if not first:
            if tokens[0] != "|":
                return None, tokens
            tokens = tokens[1:]
        arguments, tokens = _arguments(tokens, scope, depth)
        value = _call(arguments if first else [*arguments, value], scope, depth)
        first = False
    return value, tokens


def _arguments(tokens: list[str], scope: Scope, depth: int) -> tuple[list[str | None], list[str]]:
    """Read the words of one command; a function's name stands first, prefixed by ``@``."""
    arguments: list[str | None] = []
    while tokens and tokens[0] not in {"|", ")"}:
        word, tokens = tokens[0], tokens[1:]
        if word == "(":
            if depth >= DEPTH_LIMIT:
                return [None], []
            value, tokens = _pipeline(tokens, scope, depth + 1)
            tokens = tokens[1:]
            arguments.append(value)
        elif word[0] in '"`':
            arguments.append(word[1:-1].replace('\\"', '"'))
        elif word in {".", "$"}:
            arguments.append("")
        elif _FIELD.fullmatch(word):
            arguments.append(_field(word.lstrip("$."), scope))
        else:
            arguments.append("@" + word)
    return arguments, tokens


def _call(words: list[str | None], scope: Scope, depth: int) -> str | None:
    """Apply a function of the few that are known, or return the one plain word."""
    name, rest = (words[0], words[1:]) if words else (None, [])
    if name is None or not name.startswith("@"):
        return name if not rest else None
    if name == "@default":
        return (rest[1] or rest[0]) if len(rest) == 2 else None
    values = [word for word in rest if word is not None]
    if name == "@tpl" and rest[:1] == values[:1]:
        ways = expand(values[0], scope, depth + 1) if values else ()
        return ways[0][0] if len(ways) == 1 and not ways[0][1] else None
    return _join(name, values) if values and len(values) == len(rest) else None


def _join(name: str, values: list[str]) -> str | None:
    """Apply a function that makes one text of known texts."""
    if name == "@printf" and values[0].count("%s") == len(values) - 1 == values[0].count("%"):
        parts = values[0].split("%s")
        return "".join(part + value for part, value in zip(parts, [*values[1:], ""], strict=True))
    if name == "@print" or (name[1:] in _SAME and len(values) == 1):
        return "".join(values)
    return None


def _field(path: str, scope: Scope) -> str | None:
    """Return the value of ``Values.a.b`` or ``Chart.X``, None if it is not known."""
    head, _, rest = path.partition(".")
    if head == "Chart":
        return scope.chart.get(rest) or None
    if head != "Values":
        return None
    if rest in PLATFORM_VALUES:
        return PLATFORM_VALUES[rest]
    value = scope.value(rest)
    if rest == "global.custom_registry_url":
        return value or REGISTRY
    return value or None
