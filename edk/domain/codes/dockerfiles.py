"""Codes EDK2xx: reading of Dockerfiles, .dockerignore files and contexts."""

from __future__ import annotations

from edk.domain.diagnostics import Code

CODES: tuple[Code, ...] = ()
