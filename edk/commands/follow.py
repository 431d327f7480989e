"""`edk follow`: a running watcher's problems, as an editor's problem matcher reads them, until the watcher ends.

It builds nothing and holds nothing: any number may follow at once, and one may end at any time.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from edk.commands.wiring import settings_of
from edk.domain.errors import EXIT_DONE, WatcherUnreachableError
from edk.domain.problems import Problem, may_change, note_of, problems_of, seen_from
from edk.ui.text import safe

WAIT_SECONDS = 1.0
Shown = tuple[tuple[Problem, ...], str]


def run(options: argparse.Namespace) -> int:
    """Print the problems that there are, and again whenever they change; 0 when the watcher has ended."""
    state_dir = settings_of(options).state_dir
    answers = _followed(state_dir, options.dir, wait=options.wait)
    shown = _told(next(answers), options.dir)
    _print(*shown)
    if options.once:
        return EXIT_DONE
    why = "it was stopped"
    try:
        for event in answers:
            if may_change(event, shown[0]):
                now = _asked(state_dir, options.dir)
                if now != shown:
                    shown = now
                    _print(*shown)
    except WatcherUnreachableError as error:
        why = error.message
    # Nobody knows any more whether they still hold.
    _print((), f"the watcher is gone, {why}; start one with edk watch, then this again")
    return EXIT_DONE


def _followed(state_dir: str, dirs: Sequence[str], *, wait: bool) -> Iterator[dict[str, Any]]:
    """Yield the answers of a watcher; if there is none, wait for one or raise WatcherUnreachableError."""
    from edk.adapters.control.client import ask

    waiting = False
    while True:
        try:
            answers = ask(state_dir, "follow", dirs=dirs)
            yield next(answers)
            break
        except WatcherUnreachableError as error:
            if not wait:
                raise
            if not waiting:
                _print((), f"{error.message}; waiting for one")
            waiting = True
            time.sleep(WAIT_SECONDS)
    yield from answers


def _asked(state_dir: str, dirs: Sequence[str]) -> Shown:
    from edk.adapters.control.client import ask

    return _told(next(ask(state_dir, "status", dirs=dirs)), dirs)


def _told(answer: Mapping[str, Any], dirs: Sequence[str]) -> Shown:
    """Return the problems in a status, in files as they are named from the folders that were asked for."""
    from edk.domain.status import status_from_json

    try:
        status = status_from_json(answer.get("status", {}))
    except ValueError as error:
        raise WatcherUnreachableError(
            f"the watcher is of another version: {error}", "stop it with edk stop, and start it again"
        ) from error
    problems = problems_of(status)
    for folder in dirs:
        real, named = os.path.realpath(folder), os.path.abspath(folder)  # noqa: PTH100
        problems = tuple(replace(p, file=seen_from(p.file, real, named)) for p in problems)
    return problems, note_of(status)


def _print(problems: tuple[Problem, ...], note: str) -> None:
    from edk.ui.problem_lines import problem_lines

    sys.stdout.write("\n".join((*problem_lines(problems, safe(note)), "")))
    sys.stdout.flush()
