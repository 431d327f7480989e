"""What the state has to say, for commands whose output is a document; by itself, so that these start fast."""

from __future__ import annotations

import sys


class Notices:
    """Shows what the state has to say on stderr, for stdout belongs to what was asked for."""

    def emit(self, event: object) -> None:
        """Show a notice."""
        message = getattr(event, "message", "")
        if message:
            print(f"note: {message}", file=sys.stderr)  # noqa: T201

    def close(self) -> None:
        """Do nothing; stderr stays open."""
