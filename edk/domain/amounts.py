"""Amounts as people write them: ``20GB``, ``90m``."""

from __future__ import annotations

import re

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?))?b?", re.IGNORECASE)
_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw]?)")
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def parse_size(text: str) -> int:
    """Return a size in bytes: ``20GB``, ``1.5g`` (powers of 1000), ``512MiB`` (of 1024); raise ValueError."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no size; for example 20GB")
    return int(float(match[1]) * (1024 if match[3] else 1000) ** _POWERS[(match[2] or "").lower()])


def parse_age(text: str) -> float:
    """Return seconds: ``90m``, ``2h``, ``1d``, ``30`` (seconds); raise ValueError."""
    match = _AGE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no duration; for example 90m, 2h or 1d")
    return float(match[1]) * _SECONDS[match[2]]
