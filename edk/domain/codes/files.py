"""Codes EDK5xx: files, limits and configuration."""

from __future__ import annotations

from edk.domain.diagnostics import Code

CODES: tuple[Code, ...] = ()
