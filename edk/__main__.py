"""Runs the command line: ``python -m edk``."""

import os
import sys

from edk.cli import main

if __name__ == "__main__":
    code = main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        raise SystemExit(code) from None  # Python says what is wrong with the stream
    # All is closed by now. To free every object one by one would take a tenth of a run with nothing to do.
    os._exit(code)
