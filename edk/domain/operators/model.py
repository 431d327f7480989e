"""Where Python files name images, as values.

`PythonReading` is what one file says by itself, so that it can be cached by the file's content; `OperatorImage` is
what becomes of it once the names that it imports from other files are known.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from edk.domain.diagnostics import Diagnostic

Branch = tuple[tuple[int, int], ...]
"""The way to a statement: (number of the branching statement, number of its branch), from the outside in."""


class OperatorImage(Struct, frozen=True):
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
        code: id of the diagnostic that says so; empty if it is known.
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
    code: str = ""


class ImagePlace(Struct, frozen=True):
    """An expression that names images, to be put in terms of others in a copy of its file.

    Args:
        file: path relative to its root, with ``/``.
        start: byte offset of the expression in the file.
        end: byte offset behind it.
        values: the references that it may come to, as in `OperatorImage`; in the order found, without repetition.
        sole: whether it comes to that one value whoever calls, inherits or assigns what: then a literal may stand
            for it. Else what it comes to at run time has to be looked at.
        content: sha256 of the file's content that the offsets are of; empty until the file is known.
    """

    file: str
    start: int
    end: int
    values: tuple[str, ...]
    sole: bool
    content: str = ""


class Expr(Struct, frozen=True):
    """An expression as far as it may become a text.

    Args:
        kind: see below; ``text`` and ``parts`` mean:

            - ``text``: a constant. ``number``: its source. ``none``: nothing.
            - ``name``: a name, perhaps dotted, to look up where it stands.
            - ``variable``: the platform's variable of this name, by the environment.
            - ``concat``: the parts, one behind the other. ``join``: the first between the others.
            - ``either``: one of the parts. ``or``: the first part that is true.
            - ``spec``: a part with a conversion (``text``) and a second part as format specification.
            - ``percent``: template and operand. ``format``: template and arguments, named ones as ``entry``.
            - ``list``, ``dict`` (of ``entry``, ``text`` being the key), ``each`` (one element of the part),
              ``item`` (the part's element named or numbered ``text``).
            - ``parameter``: given by the caller. ``class``, ``function``: of the scope numbered ``text``.
            - ``import``: of module ``text`` (leading dots are levels), or of the part's name in it.
            - ``unknown``: ``text`` says why.
    """

    kind: Literal[
        "text",
        "number",
        "none",
        "name",
        "variable",
        "concat",
        "join",
        "either",
        "or",
        "spec",
        "percent",
        "format",
        "list",
        "dict",
        "entry",
        "each",
        "item",
        "parameter",
        "class",
        "function",
        "import",
        "unknown",
    ]
    text: str = ""
    parts: tuple[Expr, ...] = ()


class Place(Struct, frozen=True):
    """Where an expression stands: line and column (in characters) from 1, byte range, source text folded."""

    line: int
    column: int
    start: int
    end: int
    expression: str


class Binding(Struct, frozen=True):
    """A name given a value.

    Args:
        scope: number of the scope it is bound in.
        name: the name.
        value: what it is bound to, its names looked up at `position` in `within`.
        position: order in the file.
        branch: way to the statement inside the scope.
        within: number of the scope in which the statement stands; differs from `scope` for ``self.x = …``.
        place: of the value.
    """

    scope: int
    name: str
    value: Expr
    position: int
    branch: Branch
    within: int
    place: Place


class Scope(Struct, frozen=True):
    """A module (always number 0), class or function.

    Args:
        kind: ``block`` is a comprehension: what is bound in it is seen in it only.
        name: of the class or function.
        parent: number of the scope around it; -1 for the module.
        position: order in the file.
        branch: way to it inside the parent.
        bases: of a class: dotted names.
        parameters: of a function: names of those that can be given by position, in order.
    """

    kind: Literal["module", "class", "function", "block"]
    name: str
    parent: int
    position: int
    branch: Branch
    bases: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()


class ImageSite(Struct, frozen=True):
    """A place that may name an image.

    Args:
        place: of the expression.
        position: order in the file.
        scope: number of the scope.
        branch: way to it inside the scope.
        owner: name of the class around it.
        role: ``operator`` is ``image=`` of a call that makes an operator; ``argument`` another argument of such a
            call, which counts if the signature says so; ``attribute`` is ``self.image`` or a class attribute;
            ``loose`` anything else named image, which counts if its value looks like a reference.
        callee: dotted name of what is called; empty if nothing is.
        parameter: name of the argument, or ``#2`` for the third by position.
        value: the expression.
        branches: of a conditional or an ``or``, where the parts of `value` stand, one for each.
    """

    place: Place
    position: int
    scope: int
    branch: Branch
    owner: str
    role: Literal["operator", "argument", "attribute", "loose"]
    callee: str
    parameter: str
    value: Expr
    branches: tuple[Place, ...] = ()


class Choice(Struct, frozen=True):
    """A branching statement.

    Args:
        number: as in `Branch`.
        branches: how many there are if one of them always runs; 0 if maybe none does.
        exclusive: whether at most one of them runs.
    """

    number: int
    branches: int
    exclusive: bool


class PythonReading(Struct, frozen=True):
    """What one Python file says about images, by itself.

    Args:
        scopes: modules, classes and functions; their index is their number.
        bindings: in the order of the file.
        sites: in the order of the file.
        choices: every branching statement.
        stars: modules of ``from … import *``, leading dots being levels.
        diagnostics: with `file` empty: the caller knows the path and fills it in.
    """

    scopes: tuple[Scope, ...] = ()
    bindings: tuple[Binding, ...] = ()
    sites: tuple[ImageSite, ...] = ()
    choices: tuple[Choice, ...] = ()
    stars: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
