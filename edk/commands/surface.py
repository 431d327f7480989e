"""Which surface shows a run: a board, plain lines or JSON."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from edk.adapters.clock import SystemClock
from edk.domain.errors import UsageError

if TYPE_CHECKING:
    from edk.ports import EventSink
    from edk.settings import Settings
    from edk.ui.plain import PlainLines


def surface_of(options: argparse.Namespace, settings: Settings) -> EventSink:
    """Return what prints events; raise UsageError where the command line contradicts itself."""
    asked = getattr(options, "progress", None)
    if options.json and asked not in (None, "json"):
        raise UsageError(f"--json and --progress {asked} contradict each other", "leave one of them out")
    if options.json or settings.progress == "json":
        from edk.ui.json_lines import JsonLines

        return JsonLines(sys.stdout, SystemClock().now)
    from edk.ui.plain import PlainLines

    plain = PlainLines(sys.stdout, verbose=options.verbose)
    return _board(options, settings, plain) if _wants_board(settings.progress, os.environ) else plain


def restore_terminals() -> None:
    """Put the terminal back as it was before a board took its keys; for ends that run no other code."""
    module = sys.modules.get("edk.adapters.terminal")
    if module is not None:
        module.restore_terminals()


def _wants_board(progress: str, environ: Mapping[str, str]) -> bool:
    """Tell whether there is to be a board: where there is a terminal to draw it in, and nobody else writes there."""
    if progress == "plain" or not sys.stdout.isatty():
        return False
    if progress == "auto" and environ.get("CI", "").lower() not in {"", "0", "false"}:
        return False
    if environ.get("EDK_LOG", "").lower() == "debug" and sys.stderr.isatty():
        return False
    from edk.adapters.terminal import fit_for_a_board

    return fit_for_a_board(sys.stdout, environ)


def _board(options: argparse.Namespace, settings: Settings, plain: PlainLines) -> EventSink:
    from edk.adapters.terminal import standard_terminal
    from edk.ui.board import LiveBoard

    def usual() -> Mapping[str, float]:
        """Return what images took in the past; runs in the board's thread, with a connection of its own."""
        from edk.adapters.store.store import SqliteStore
        from edk.domain.board_estimate import usual_seconds
        from edk.orchestrator.build_history import past_builds

        store = SqliteStore(settings.state_dir, lambda _message: None)
        try:
            return usual_seconds(past_builds(store))
        finally:
            store.close()

    return LiveBoard(
        standard_terminal(os.environ), plain, SystemClock().monotonic, usual, settings.jobs, logs=options.verbose
    )
