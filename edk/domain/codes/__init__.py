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
