"""What to write so that a board stands below the lines that scroll, and is replaced when it changes."""

from __future__ import annotations

from collections.abc import Sequence

# A terminal that knows this shows the whole frame at once; others ignore it.
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"


class Painter:
    """Knows what of a board stands on the screen, with the cursor at the end of its last line.

    Args:
        reflows: whether the terminal breaks long lines anew when it is made narrower, as most do.
    """

    def __init__(self, *, reflows: bool = True) -> None:
        self._reflows = reflows
        self._widths: list[int] = []
        self._drawn: list[str] = []
        self._columns = 0

    def frame(self, scrolled: str, lines: Sequence[str], widths: Sequence[int], size: tuple[int, int]) -> str:
        """Return what to write; empty if the screen is as it should be.

        Args:
            scrolled: whole lines that go above the board, and stay.
            lines: of the board, with colours, without line breaks.
            widths: of these lines, in cells.
            size: columns and lines of the terminal.
        """
        if not scrolled and list(lines) == self._drawn and size[0] == self._columns:
            return ""
        text = self._erased(size) + scrolled + "\n".join(lines)
        self._drawn, self._widths, self._columns = list(lines), list(widths), size[0]
        return f"{_BEGIN}{text}{_END}"

    def forget(self) -> None:
        """Take the screen for one without a board: somebody else has written to it."""
        self._drawn, self._widths = [], []

    def _erased(self, size: tuple[int, int]) -> str:
        if not self._widths:
            return ""
        columns, lines = size
        rows = sum(-(-max(1, width) // columns) if self._reflows else 1 for width in self._widths)
        up = min(rows, lines) - 1
        # Line by line: a terminal that is told to clear all of its screen at once may keep it in its history.
        return "\r\x1b[2K" + "\x1b[1A\x1b[2K" * up
