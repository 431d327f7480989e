"""Where Python files name images, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OperatorImage:
    """A place where an operator or DAG names an image, resolved as far as that is possible without running it.

    A conditional expression gives one value for each branch, all with the same place.

    Args:
        file: path relative to its root, with ``/``.
        line: of the expression, from 1.
        column: of the expression, from 1, in characters.
        start: byte offset of the expression in the file.
        end: byte offset behind it.
        owner: name of the class it stands in; empty at the level of the module or a function.
        expression: the source text, white space folded.
        value: the reference with every constant filled in and the platform's variables as ``{DEFAULT_REGISTRY}``
            and ``{KAAPANA_BUILD_VERSION}``; empty if unresolved.
        unresolved: what keeps it from being known, in a sentence; empty if it is known.
    """

    file: str
    line: int
    column: int
    start: int
    end: int
    owner: str
    expression: str
    value: str
    unresolved: str = ""
