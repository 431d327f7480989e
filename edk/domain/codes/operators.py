"""Codes EDK1xx: reading of operator and DAG files."""

from __future__ import annotations

from edk.domain.diagnostics import Code

CODES: tuple[Code, ...] = ()
