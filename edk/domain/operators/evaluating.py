"""What an expression comes to: every text that it may be, or what keeps it from being known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Literal

from edk.domain.operators import platform
from edk.domain.operators.elements import elements
from edk.domain.operators.formatting import MAX_TEXT, FormattingError, formatted, number_of
from edk.domain.operators.lookup import Lookup, Meaning, Spot
from edk.domain.operators.model import Expr
from edk.domain.operators.templates import fill_format, fill_percent, formatted_text

MAX_DEPTH = 60
MAX_OUTCOMES = 32
MAX_STEPS = 3_000
MAX_STEPS_PER_FILE = 60_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing an expression may come to.

    Args:
        kind: ``text``, ``none``, ``given`` by the caller, or ``unknown``.
        text: the text with marked variables; the name of the parameter; or a sentence that says why it is not known.
    """

    kind: Literal["text", "none", "given", "unknown"]
    text: str = ""


Outcomes = tuple[Outcome, ...]
_NONE = Outcome("none")
_TOO_MUCH = Outcome("unknown", "the value is put together in too complicated a way to be followed")


def unknown(why: str) -> Outcomes:
    """Return the outcome of something that can't be known."""
    return (Outcome("unknown", why if why.startswith("`") else f"the value {why}"),)


class Evaluator:
    """Evaluates the expressions of one file, within a bound.

    Args:
        lookup: knows all names.
    """

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._left = MAX_STEPS_PER_FILE
        self._steps = 0

    def outcomes(self, value: Expr, spot: Spot) -> Outcomes:
        """Return everything that an expression may come to at a place, without repetition."""
        self._steps = min(MAX_STEPS, self._left)
        before = self._steps
        found = self._evaluate(value, spot, ())
        self._left -= before - max(0, self._steps)
        return found

    def _evaluate(self, value: Expr, spot: Spot, trail: tuple[Meaning, ...]) -> Outcomes:
        self._steps -= 1
        if self._steps <= 0 or len(trail) > MAX_DEPTH:
            return (_TOO_MUCH,)
        here = Meaning(value, spot)
        if value.kind == "name" and here in trail:
            return unknown("is defined by itself")
        rule = _RULES.get(value.kind)
        if rule is None:
            return unknown("is no text")
        found = tuple(dict.fromkeys(rule(self, value, spot, (*trail, here))))
        return found if len(found) <= MAX_OUTCOMES else (_TOO_MUCH,)

    def _each(self, meanings: tuple[Meaning, ...], trail: tuple[Meaning, ...]) -> Outcomes:
        found: list[Outcome] = []
        for meaning in meanings[: MAX_OUTCOMES + 1]:
            found.extend(self._evaluate(meaning.value, meaning.spot, trail))
        return tuple(found)

    def _text(self, value: Expr, _: Spot, __: tuple[Meaning, ...]) -> Outcomes:
        return (Outcome("text", platform.plain(value.text)),)

    def _number(self, value: Expr, _: Spot, __: tuple[Meaning, ...]) -> Outcomes:
        number = number_of(value.text)
        return unknown("is a number of an unusual form") if number is None else (Outcome("text", str(number)),)

    def _none(self, _: Expr, __: Spot, ___: tuple[Meaning, ...]) -> Outcomes:
        return (_NONE,)

    def _parameter(self, value: Expr, _: Spot, __: tuple[Meaning, ...]) -> Outcomes:
        return (Outcome("given", value.text),)

    def _unknown(self, value: Expr, _: Spot, __: tuple[Meaning, ...]) -> Outcomes:
        return unknown(value.text)

    def _variable(self, value: Expr, spot: Spot, trail: tuple[Meaning, ...]) -> Outcomes:
        marked = platform.environment_variable(value.text)
        return (Outcome("text", marked),) if marked else self._evaluate(value.parts[0], spot, trail)

    def _name(self, value: Expr, spot: Spot, trail: tuple[Meaning, ...]) -> Outcomes:
        meanings = self._lookup.name(value.text, spot)
        if meanings:
            return self._each(meanings, trail)
        marked = platform.variable(value.text)
        if marked:
            return (Outcome("text", marked),)
        return unknown(f"`{value.text}` is " + ("known at run time only" if "." in value.text else "not defined here"))

    def _import(self, value: Expr, spot: Spot, trail: tuple[Meaning, ...]) -> Outcomes:
        if not value.parts:
            return unknown(f"`{value.text}` is a module")
        name = value.parts[0].text
        marked = platform.imported_variable(value.text, name)
        if marked:
            return (Outcome("text", marked),)
        meanings = self._lookup.imported(value, spot)
        if meanings:
            return self._each(meanings, trail)
        return unknown(f"`{name}` is imported from `{value.text}`, which is not among the files of the extension")

    def _either(self, value: Expr, spot: Spot, trail: tuple[Meaning, ...]) -> Outcomes:
        return tuple(outcome for part in value.parts for outcome in self._evaluate(part, spot, trail))

    def _or(self, value: Expr, spot: Spot, trail: tuple[Meaning, ...]) -> Outcomes:
        left = self._evaluate(value.parts[0], spot, trail)
        true = tuple(outcome for outcome in left if outcome.kind != "none" and outcome.text)
        if left and all(outcome.kind == "text" and outcome.text for outcome in left):
            return left
        return (*true, *self._evaluate(value.parts[1], spot, trail))

    def _concat(self, value: Expr, spot: Spot, trail: tuple[Meaning, ...]) -> Outcomes:
        parts = [self._evaluate(part, spot, trail) for part in value.parts]
        return self._combined(parts, "".join)

    def _combined(self, parts: list[Outcomes], build: Callable[[list[str]], str]) -> Outcomes:
        """Return what comes of all combinations of the parts' outcomes."""
        count = 1
        for part in parts:
            count *= len(part)
        if count > MAX_OUTCOMES:
            return (_TOO_MUCH,)
        return tuple(_one(combination, build) for combination in product(*parts))

    def _join(self, value: Expr, spot: Spot, trail: tuple[Meaning, ...]) -> Outcomes:
        separator = self._evaluate(value.parts[0], spot, trail)
        found: list[Outcome] = []
        for meaning in self._lookup.concrete((Meaning(value.parts[1], spot),)):
            if meaning.value.kind != "list":
                return unknown("is joined of parts known at run time only")
            items = [self._evaluate(part, meaning.spot, trail) for part in meaning.value.parts]
            found.extend(self._combined([separator, *items], lambda texts: texts[0].join(texts[1:])))
        return tuple(found) or unknown("is joined of parts known at run time only")

    def _spec(self, value: Expr, spot: Spot, trail: tuple[Meaning, ...]) -> Outcomes:
        inner = self._lookup.concrete((Meaning(value.parts[0], spot),))
        specification = self._evaluate(value.parts[1], spot, trail)
        number = number_of(inner[0].value.text) if len(inner) == 1 and inner[0].value.kind == "number" else None
        if number is not None:
            return self._combined([specification], lambda texts: formatted(number, value.text, texts[0]))
        parts = [self._evaluate(value.parts[0], spot, trail), specification]
        return self._combined(parts, lambda texts: formatted_text(texts[0], value.text, texts[1]))

    def _percent(self, value: Expr, spot: Spot, trail: tuple[Meaning, ...]) -> Outcomes:
        template = self._evaluate(value.parts[0], spot, trail)
        right = Meaning(value.parts[1], spot)
        operands = self._lookup.concrete((right,)) or (right,)
        return tuple(each for operand in operands for each in self._percent_one(template, operand, trail))

    def _percent_one(self, template: Outcomes, operand: Meaning, trail: tuple[Meaning, ...]) -> Outcomes:
        several = operand.value.kind in ("list", "dict")
        inner = operand.value.parts if several else (operand.value,)
        keys = [part.text if part.kind == "entry" else "" for part in inner]
        numbers = [_number_in(part) for part in inner]
        parts = [self._argument(part, operand.spot, trail) for part in inner]
        return self._combined([template, *parts], lambda texts: fill_percent(texts, keys, numbers))

    def _format(self, value: Expr, spot: Spot, trail: tuple[Meaning, ...]) -> Outcomes:
        template = self._evaluate(value.parts[0], spot, trail)
        arguments = self._spread(value.parts[1:], spot)
        if arguments is None:
            return unknown("is formatted with arguments known at run time only")
        names: list[str] = []
        for name, _ in arguments:
            names.append(name or str(sum(seen.isdigit() for seen in names)))
        numbers = [_number_in(meaning.value) for _, meaning in arguments]
        parts = [self._argument(meaning.value, meaning.spot, trail) for _, meaning in arguments]
        return self._combined([template, *parts], lambda texts: fill_format(texts, names, numbers))

    def _spread(self, parts: tuple[Expr, ...], spot: Spot) -> list[tuple[str, Meaning]] | None:
        found: list[tuple[str, Meaning]] = []
        for part in parts:
            if part.kind != "entry":
                found.append(("", Meaning(part, spot)))
            elif part.text != "**":
                found.append((part.text, Meaning(part.parts[0], spot)))
            else:
                inner = self._lookup.concrete((Meaning(part.parts[0], spot),))
                if len(inner) != 1 or inner[0].value.kind != "dict":
                    return None
                found.extend((entry.text, Meaning(entry.parts[0], inner[0].spot)) for entry in inner[0].value.parts)
        return found

    def _argument(self, value: Expr, spot: Spot, trail: tuple[Meaning, ...]) -> Outcomes:
        return self._evaluate(value.parts[0] if value.kind == "entry" else value, spot, trail)

    def _element(self, value: Expr, spot: Spot, trail: tuple[Meaning, ...]) -> Outcomes:
        found: list[Outcome] = []
        for meaning in elements(self._lookup, value, spot):
            if meaning is None:
                why = value.parts[1].text if len(value.parts) > 1 else "is one of several known at run time only"
                found.extend(unknown(why))
            else:
                found.extend(self._evaluate(meaning.value, meaning.spot, trail))
        return tuple(found) or unknown("is one of none")


def _one(combination: tuple[Outcome, ...], build: Callable[[list[str]], str]) -> Outcome:
    for outcome in combination:
        if outcome.kind == "unknown":
            return outcome
        if outcome.kind == "given":
            return Outcome("unknown", f"`{outcome.text}` is given by the caller")
        if outcome.kind == "none":
            return Outcome("unknown", "a part of the value is None")
    try:
        text = build([outcome.text for outcome in combination])
    except FormattingError as error:
        return Outcome("unknown", f"the value {error}")
    return Outcome("text", text) if len(text) <= MAX_TEXT else Outcome("unknown", "the value is far too long")


def _number_in(value: Expr) -> int | float | None:
    inner = value.parts[0] if value.kind == "entry" else value
    return number_of(inner.text) if inner.kind == "number" else None


_Rule = Callable[[Evaluator, Expr, Spot, tuple[Meaning, ...]], Outcomes]
_RULES: dict[str, _Rule] = {
    "text": Evaluator._text,
    "number": Evaluator._number,
    "none": Evaluator._none,
    "name": Evaluator._name,
    "variable": Evaluator._variable,
    "concat": Evaluator._concat,
    "join": Evaluator._join,
    "either": Evaluator._either,
    "or": Evaluator._or,
    "spec": Evaluator._spec,
    "percent": Evaluator._percent,
    "format": Evaluator._format,
    "each": Evaluator._element,
    "item": Evaluator._element,
    "parameter": Evaluator._parameter,
    "import": Evaluator._import,
    "unknown": Evaluator._unknown,
}
