"""Runs the command line: ``python -m edk``."""

from edk.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
