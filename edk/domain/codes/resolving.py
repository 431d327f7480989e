"""Codes EDK4xx: names, targets and the graph."""

from __future__ import annotations

from edk.domain.diagnostics import Code

CODES: tuple[Code, ...] = ()
