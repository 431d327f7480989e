"""`edk logs`: the log of an image's last build, with or without a watcher."""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

from edk.adapters.clock import SystemClock
from edk.commands.wiring import settings_of
from edk.domain.errors import EXIT_DONE, EXIT_INTERRUPTED, UsageError
from edk.settings import log_name
from edk.ui.log_tail import LogTail
from edk.ui.text import safe

SUFFIX = ".log"
POLL_SECONDS = 0.2


def run(options: argparse.Namespace) -> int:
    """Print the log, and with ``--follow`` what comes, until it is interrupted."""
    path = log_path(settings_of(options).state_path("logs"), options.image)
    if not path.exists():
        if not options.follow:
            raise _no_log(path, options.image)
        print(f"edk: {safe(options.image)} has no log yet; waiting for its first build", file=sys.stderr)  # noqa: T201
    tail = LogTail(path)
    try:
        if options.follow:
            return _follow(tail)
        while lines := tail.new_lines():
            _print(lines)
        _print([rest] if (rest := tail.rest()) else [])
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise UsageError(f"{path}: {error.strerror or error}", "make the file readable for this user") from error
    return EXIT_DONE


def log_path(folder: str, image: str) -> Path:
    """Return where the log of an image is; a whole reference is as good as a name."""
    path = _path(folder, image)
    name = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    return path if path.exists() or not name else next((p for p in [_path(folder, name)] if p.exists()), path)


def _path(folder: str, image: str) -> Path:
    return Path(folder) / log_name(image)


def _no_log(path: Path, image: str) -> UsageError:
    known = sorted(p.name.removesuffix(SUFFIX) for p in path.parent.glob(f"*{SUFFIX}"))
    near = difflib.get_close_matches(path.name.removesuffix(SUFFIX), known, n=3)
    if near:
        return UsageError(f"there is no log of {image}", f"did you mean {' or '.join(near)}?")
    hint = f"there are logs of {', '.join(known)}" if known else "a log is written with the first build"
    return UsageError(f"there is no log of {image}", hint)


def _follow(tail: LogTail) -> int:
    clock = SystemClock()
    try:
        while True:
            lines = tail.new_lines()
            _print(lines)
            if not lines:
                clock.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _print(lines: tuple[str, ...] | list[str]) -> None:
    if lines:
        sys.stdout.write("".join(f"{safe(line)}\n" for line in lines))
        sys.stdout.flush()
