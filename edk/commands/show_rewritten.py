"""`edk show-rewritten`: what a DAG image gets in place of a file."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Iterator

from edk.commands.notices import Notices
from edk.commands.wiring import Wired, places_of, settings_of
from edk.domain.errors import EXIT_DONE
from edk.orchestrator.pipeline import PlanRequest, steady_plan
from edk.orchestrator.rewritten import Rewritten, rewritten_file
from edk.orchestrator.roots import extension_of, roots_for
from edk.ui.text import safe


def run(options: argparse.Namespace) -> int:
    """Print each file's diff; return the exit code."""
    files = [os.path.realpath(file) for file in options.file]
    dirs = options.dir or list(dict.fromkeys(extension_of(file) for file in files))
    settings = settings_of(options, dirs)
    with Wired(settings, Notices(), "edk show-rewritten") as services:
        plan = steady_plan(services, PlanRequest(roots_for(dirs, places_of(settings))))
        shown = [rewritten_file(services, plan, file) for file in files]
    if options.json:
        from edk.ui.json_lines import to_json

        for one in shown:
            sys.stdout.write(to_json(_as_json(one)).decode() + "\n")
        return EXIT_DONE
    for one in shown:
        for line in _diff(one):
            sys.stdout.write(line)
        for name in one.pending:
            print(f"note: {name} has to be built first; its digest is shown as zeros", file=sys.stderr)  # noqa: T201
    return EXIT_DONE


def _as_json(one: Rewritten) -> dict[str, object]:
    text = one.after.decode("utf-8", "replace")
    return {"file": one.path, "references": dict(one.refs), "pending": list(one.pending), "content": text}


def _diff(one: Rewritten) -> Iterator[str]:
    if one.before == one.after:
        yield f"{safe(one.path)}: shipped as it is written\n"
        return
    before, after = (part.decode("utf-8", "replace").splitlines(keepends=True) for part in (one.before, one.after))
    name = os.path.basename(one.path)  # noqa: PTH119
    for line in difflib.unified_diff(before, after, safe(one.path), f"{safe(name)} as it is shipped"):
        yield safe(line.rstrip("\r\n")) + "\n"
