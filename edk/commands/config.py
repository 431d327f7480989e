"""`edk config`: each setting, and where its value comes from."""

from __future__ import annotations

import argparse
import difflib
import sys

from edk.commands.wiring import sourced_of
from edk.domain.errors import EXIT_DONE, UsageError


def run(options: argparse.Namespace) -> int:
    """Print the settings, or the schema of ``edk.yaml``."""
    if options.schema:
        from edk.ui.config_schema import schema_text

        sys.stdout.write(schema_text())
        return EXIT_DONE
    from edk.ui.config_rows import NAMES, config_as_json, config_lines, config_rows

    sourced = sourced_of(options, options.dir)
    rows = config_rows(sourced, _checked(options.name, NAMES) or NAMES)
    if options.changed:
        rows = tuple(row for row in rows if row.origins)
    files = sourced.settings.config_files
    if options.json:
        from edk.domain.encoding import to_json

        sys.stdout.write(to_json(config_as_json(rows, files)).decode() + "\n")
        return EXIT_DONE
    for line in config_lines(rows, files):
        print(line)  # noqa: T201
    return EXIT_DONE


def _checked(names: list[str], known: tuple[str, ...]) -> tuple[str, ...]:
    """Return names of settings without repetition; raise UsageError where one is none."""
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "edk config lists them all"
            raise UsageError(f"no setting is called {name!r}", hint)
    return tuple(dict.fromkeys(names))
