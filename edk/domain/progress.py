"""How a run is shown."""

from __future__ import annotations

PROGRESS = ("auto", "board", "plain", "json")
