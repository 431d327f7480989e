"""`edk builder`: a BuildKit daemon of our own, up, down, and how it is."""

from __future__ import annotations

import argparse
import os
import sys

from edk.adapters.buildkitd import Places, StartedBuildkitd
from edk.adapters.clock import SystemClock
from edk.adapters.locks import FileLocks
from edk.commands.wiring import settings_of
from edk.domain.amounts import parse_size
from edk.domain.buildkitd import CacheBounds, Wanted
from edk.domain.encoding import to_json
from edk.domain.errors import EXIT_DONE, EXIT_UNREACHABLE, UsageError
from edk.orchestrator.builder_daemon import bring_up, take_down
from edk.settings import Settings
from edk.ui.builder_text import down_lines, state_as_json, state_lines, up_lines

# What a command line may say, and with which action; option → its action.
_OPTIONS = {"daemon_cache_limit": "up", "daemon_jobs": "up", "data": "down", "json": "status"}
_WRITTEN = {"daemon_cache_limit": "--cache-limit", "daemon_jobs": "--jobs", "data": "--data", "json": "--json"}


def run(options: argparse.Namespace) -> int:
    """Do it, and print what came of it; exit code 4 if the daemon does not answer."""
    _check(options)
    settings = settings_of(options)
    daemon = StartedBuildkitd(Places.of(settings.state_dir, os.environ), os.environ)
    if options.action == "status":
        state = daemon.state()
        if options.json:
            sys.stdout.write(to_json(state_as_json(state)).decode() + "\n")
        else:
            _print(state_lines(state))
        return EXIT_DONE if state.answers else EXIT_UNREACHABLE
    locks = FileLocks(settings.state_dir, f"edk builder {options.action}")
    if options.action == "up":
        _print(up_lines(bring_up(daemon, locks, SystemClock(), wanted_of(settings))))
    else:
        _print(down_lines(take_down(daemon, locks, SystemClock(), data=options.data), data=options.data))
    return EXIT_DONE


def _check(options: argparse.Namespace) -> None:
    for name, action in _OPTIONS.items():
        if getattr(options, name) not in (None, False) and options.action != action:
            raise UsageError(
                f"{_WRITTEN[name]} says nothing to edk builder {options.action}", f"it belongs to edk builder {action}"
            )
    if options.daemon_jobs is not None and options.daemon_jobs < 1:
        raise UsageError(f"--jobs must be 1 or more, not {options.daemon_jobs}", "for example --jobs 4")


def wanted_of(settings: Settings) -> Wanted:
    """Return what a daemon of ours is asked to be; raise UsageError."""
    try:
        bounds = CacheBounds.of(parse_size(settings.daemon_cache_limit))
    except ValueError as error:
        raise UsageError(f"daemon_cache_limit: {error}", "see docs/builders.md") from error
    registries = dict.fromkeys(name.split("/", 1)[0] for name in (settings.registry, settings.push_host))
    return Wanted(settings.daemon_jobs or settings.jobs, bounds, tuple(registries))


def _print(lines: list[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
