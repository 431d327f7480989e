"""What `edk.yaml` says about checks; light, for every command reads the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edk.domain.diagnostics import Severity


@dataclass(frozen=True, slots=True)
class CheckRules:
    """What one ``edk.yaml`` says below ``check``.

    Args:
        ignore: codes that are not told.
        severity: code → its severity instead of its own.
        files: pattern of paths, relative to the root → codes that are not told there.
        source: path of the file; empty until it is known.
    """

    ignore: tuple[str, ...] = ()
    severity: tuple[tuple[str, Severity], ...] = ()
    files: tuple[tuple[str, tuple[str, ...]], ...] = ()
    source: str = ""
