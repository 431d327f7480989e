"""All codes of diagnostics, by area.

EDK1xx operators, 2xx Dockerfiles, 3xx charts, 4xx resolving, 5xx files, 6xx conventions.
"""

from __future__ import annotations

from edk.domain.codes import charts, conventions, dockerfiles, files, operators, resolving
from edk.domain.diagnostics import Code

ALL: tuple[Code, ...] = (
    *operators.CODES,
    *dockerfiles.CODES,
    *charts.CODES,
    *resolving.CODES,
    *files.CODES,
    *conventions.CODES,
)

KNOWN: frozenset[str] = frozenset(code.id for code in ALL)
_ENOUGH = 4


def nearest(word: str) -> str:
    """Return the code that a wrong one looks most like, of several one of its area; empty if it is like none."""
    upper = word.upper().replace("O", "0").replace("I", "1").replace("L", "1")
    likeness = {code: sum(map(str.__eq__, code, upper)) for code in sorted(KNOWN)}
    best = max(likeness, key=lambda code: (likeness[code], code[:4] == upper[:4]))
    return best if likeness[best] >= _ENOUGH else ""
