"""The names of one file while it is walked: scopes, bindings and branches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from edk.domain.operators.model import Binding, Branch, Choice, Expr, Place, Scope

MAX_BRANCH_DEPTH = 50
NOWHERE = Place(0, 0, 0, 0, "")


@dataclass(frozen=True, slots=True)
class Where:
    """The surroundings of a statement.

    Args:
        scope: number of the scope.
        branch: way to it inside the scope.
        owner: number of the class around it, through functions; -1 if there is none.
    """

    scope: int = 0
    branch: Branch = ()
    owner: int = -1

    def under(self, number: int, index: int) -> Where:
        """Return the surroundings one branch further in; far too deep ones are not told apart."""
        if len(self.branch) >= MAX_BRANCH_DEPTH:
            return self
        return replace(self, branch=(*self.branch, (number, index)))


class Names:
    """Collects the scopes, bindings and choices of one file."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = [Scope("module", "", -1, 0, ())]
        self.bindings: list[Binding] = []
        self.choices: list[Choice] = []

    def open(
        self,
        kind: Literal["class", "function", "block"],
        name: str,
        where: Where,
        position: int,
        bases: tuple[str, ...] = (),
        parameters: tuple[str, ...] = (),
    ) -> Where:
        """Add a scope and return the surroundings inside it."""
        self.scopes.append(Scope(kind, name, where.scope, position, where.branch, bases, parameters))
        number = len(self.scopes) - 1
        return Where(number, (), number if kind == "class" else where.owner)

    def bind(self, where: Where, name: str, value: Expr, position: int, place: Place = NOWHERE) -> None:
        """Add a binding of a plain name."""
        self.bindings.append(Binding(where.scope, name, value, position, where.branch, where.scope, place))

    def bind_attribute(self, where: Where, name: str, value: Expr, position: int, place: Place) -> None:
        """Add a binding of an attribute of the class around."""
        self.bindings.append(Binding(where.owner, name, value, position, where.branch, where.scope, place))

    def choose(self, branches: int, exclusive: bool = True) -> int:
        """Add a branching statement and return its number."""
        self.choices.append(Choice(len(self.choices), branches, exclusive))
        return len(self.choices) - 1

    def owner_name(self, where: Where) -> str:
        """Return the name of the class around, empty if there is none."""
        return self.scopes[where.owner].name if where.owner >= 0 else ""
