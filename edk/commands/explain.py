"""`edk explain`: what the code of a diagnostic means, and what to do."""

from __future__ import annotations

import argparse
import shutil
import sys

from edk.domain.codes import ALL, nearest
from edk.domain.diagnostics import Code
from edk.domain.errors import EXIT_DONE, UsageError
from edk.ui.explain_text import list_lines, page_lines

_BY_ID = {code.id: code for code in ALL}


def run(options: argparse.Namespace) -> int:
    """Print the pages of the codes, or the list of all codes."""
    codes = list(dict.fromkeys(code_of(text) for text in options.code))
    if options.json:
        from edk.domain.encoding import to_json

        told = to_json({"schema": "edk.codes/v1", "codes": codes or ALL})
        sys.stdout.write(told.decode() + "\n")
        return EXIT_DONE
    width = shutil.get_terminal_size().columns
    pages = [list(page_lines(code, width)) for code in codes] or [list(list_lines(width))]
    print("\n\n".join("\n".join(lines) for lines in pages))  # noqa: T201
    return EXIT_DONE


def code_of(text: str) -> Code:
    """Return the code that is meant: ``EDK203``, ``edk203``, ``[EDK203]`` or ``203``; raise UsageError if none is."""
    wanted = text.strip("[] ").upper()
    wanted = f"EDK{wanted}" if wanted.isdigit() else wanted
    if wanted in _BY_ID:
        return _BY_ID[wanted]
    near = nearest(wanted)
    hint = f"did you mean {near} ({_BY_ID[near].title})?" if near else "edk explain lists them all"
    raise UsageError(f"no diagnostic has the code {text!r}", hint)
