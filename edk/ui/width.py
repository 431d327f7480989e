"""How wide what is printed may be."""

from __future__ import annotations

import shutil
import sys


def width_of_stdout() -> int:
    """Return the columns of the terminal that stdout is; 0, which bounds nothing, if it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
