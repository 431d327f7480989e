"""`edk history`: builds of the past, and what they cost."""

from __future__ import annotations

import argparse
import difflib
import sys
from datetime import datetime

from edk.commands.notices import Notices
from edk.commands.wiring import Wired, settings_of
from edk.domain.amounts import parse_age
from edk.domain.build_record import BuildRecord, chosen
from edk.domain.errors import EXIT_DONE, UsageError
from edk.orchestrator.build_history import past_builds


def run(options: argparse.Namespace) -> int:
    """Print the builds that the state remembers; changes nothing."""
    settings = settings_of(options)
    if options.limit < 0:
        raise UsageError(f"--limit must not be negative, but is {options.limit}", "0 shows all")
    with Wired(settings, Notices(), "edk history") as services:
        since = _since(options.since, services.clock.now()) if options.since else 0.0
        records = past_builds(services.cache)
    found = chosen(records, options.image, since)
    if not found and options.image:
        _check_known(options.image, records)
    if options.svg:
        _write_svg(options.svg, found)
    if options.json:
        from edk.domain.encoding import to_json
        from edk.ui.history_text import history_as_json

        sys.stdout.write(to_json(history_as_json(found)).decode() + "\n")
        return EXIT_DONE
    if not found:
        print(f"no build is remembered in {settings.state_dir}" + (" for what was asked" if records else ""))  # noqa: T201
        return EXIT_DONE
    from edk.ui.history_text import history_lines

    for line in history_lines(found, when, options.limit):
        print(line)  # noqa: T201
    return EXIT_DONE


def when(seconds: float) -> str:
    """Return a time of this place, to the minute."""
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")


def _since(text: str, now: float) -> float:
    """Return seconds since the epoch: a duration before now, a day, or a day with a time."""
    try:
        return now - parse_age(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"--since {text!r} is no time", "for example 2d, 12h, or 2026-01-31") from error


def _check_known(names: list[str], records: tuple[BuildRecord, ...]) -> None:
    """Raise UsageError if no build of these images is remembered at all."""
    known = sorted({record.image for record in records})
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "edk history lists those that there are"
            raise UsageError(f"no build of {name!r} is remembered", hint)


def _write_svg(path: str, records: tuple[BuildRecord, ...]) -> None:
    from edk.adapters.whole_files import write_whole
    from edk.ui.history_svg import history_svg

    try:
        write_whole(path, history_svg(records, when).encode(), 0o644)
    except OSError as error:
        raise UsageError(f"--svg {path}: {error.strerror or error}", "name a file that you may write") from error
    print(f"{path}: written", file=sys.stderr)  # noqa: T201
