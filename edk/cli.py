"""The command line: reads arguments, hands over to a command, prints errors, and chooses the exit code.

Nothing else exits. What a command needs is imported when it is chosen, so that ``edk --version`` and ``--help``
answer at once.
"""

from __future__ import annotations

import argparse
import errno
import gc
import os
import sys
from collections.abc import Callable, Sequence

from edk import __version__
from edk.commands.parsers import parser
from edk.domain.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, EdkError

__all__ = ["main", "parser"]

_COLLECT_AFTER = (20_000, 20, 20)
_NOWHERE_TO_WRITE = frozenset({errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EDQUOT})


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    _make_streams_safe()
    try:
        code = _run(arguments, signals=argv is None)
        sys.stdout.flush()
    except EdkError as error:
        _print_error(error.message, error.hint)
        return error.exit_code
    except KeyboardInterrupt:
        _print_error("interrupted", "run the same command again; what is done is not done again")
        return EXIT_INTERRUPTED
    except OSError as error:
        if error.errno not in _NOWHERE_TO_WRITE or error.filename is not None:
            raise
        # Nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return EXIT_INTERRUPTED
        _print_error(f"the output can't be written: {error.strerror}", "free space where it is written to")
        return EXIT_FAILED
    return code


def _run(arguments: Sequence[str], *, signals: bool) -> int:
    """Run what the arguments say, and return its exit code."""
    if arguments in (["--version"], ["-V"]):
        print(f"edk {__version__}")  # noqa: T201
        return 0
    try:
        options = parser(arguments[0] if arguments else "").parse_args(arguments)
    except SystemExit as stop:  # argparse printed what is wrong, or the help
        return stop.code if isinstance(stop.code, int) else EXIT_USAGE
    if signals:
        _interrupt_by_signals()
    # A plan is made of many objects that stay, and few circles: to look for these as often as Python does by itself
    # takes a sixth of a large plan.
    gc.set_threshold(*_COLLECT_AFTER)
    return _command(options.command)(options)


def _interrupt_by_signals() -> None:
    """Let TERM and HUP do what INT does, unless they are ignored as under nohup."""
    import signal

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def _make_streams_safe() -> None:
    """Let names that are no UTF-8 be printed, and live with closed streams."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r+"))  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _print_error(message: str, hint: str) -> None:
    from edk.ui.text import safe

    lines = [f"edk: error: {safe(message)}"] + ([f"    {safe(line)}" for line in hint.splitlines()])
    print("\n".join(lines), file=sys.stderr)  # noqa: T201


def _command(name: str) -> Callable[[argparse.Namespace], int]:
    import importlib

    module = importlib.import_module(f"edk.commands.{name.replace('-', '_')}")
    run: Callable[[argparse.Namespace], int] = module.run
    return run
