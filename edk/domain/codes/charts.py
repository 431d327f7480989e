"""Codes EDK3xx: reading and packaging of charts."""

from __future__ import annotations

from edk.domain.diagnostics import Code

CODES: tuple[Code, ...] = ()
