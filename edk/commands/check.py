"""`edk check`: what is wrong in the sources, by the plan's own reading and by Kaapana's conventions."""

from __future__ import annotations

import argparse
import os
import sys

from edk.adapters.whole_files import write_whole
from edk.commands.notices import Notices
from edk.commands.wiring import Wired, selected_roots, settings_of
from edk.domain.checking.model import Checked
from edk.domain.encoding import to_json
from edk.domain.errors import EXIT_DONE, EXIT_FAILED, EXIT_SOURCES, UsageError
from edk.domain.workspace import Root
from edk.orchestrator.checking import check
from edk.orchestrator.mending import plan_mends, write_mends
from edk.orchestrator.services import Services


def run(options: argparse.Namespace) -> int:
    """Check, mend if that was asked for, and print what is left; exit code 3 if there are errors."""
    if options.yes and not options.fix:
        raise UsageError("--yes is for --fix", "add --fix, or leave it out")
    settings = settings_of(options, options.dir)
    roots = selected_roots(options, settings)
    with Wired(settings, Notices(), "edk check") as services:
        checked = check(services, roots)
        failed = False
        if options.fix:
            checked, failed = _mend(options, services, roots, checked)
    _print(options, checked)
    if checked.count("error") or (options.strict and checked.count("warning")):
        return EXIT_SOURCES
    return EXIT_FAILED if failed else EXIT_DONE


def _mend(
    options: argparse.Namespace, services: Services, roots: tuple[Root, ...], checked: Checked
) -> tuple[Checked, bool]:
    """Show what would be written, write it if that is agreed to, and return what is then found.

    Returns:
        What is found, and whether a file that was to be written could not be.
    """
    from edk.ui.asking import agreed
    from edk.ui.check_text import difference_lines
    from edk.ui.text import plural, safe

    mends = plan_mends(services.open_tree(), checked.findings)
    aside = sys.stdout if options.format == "text" else sys.stderr
    if not mends:
        print("nothing that --fix can mend", file=aside)
        return checked, False
    for line in difference_lines(mends, _folder()):
        print(line, file=aside)
    question = f"Write {plural(len(mends), 'file')}?"
    if not agreed(question, yes=options.yes, may_ask=options.format == "text", nobody=_tell_nobody):
        print("nothing was written", file=aside)
        return checked, False
    written = write_mends(services.open_tree(), mends, write_whole)
    for path, why in written.left:
        print(f"edk: {safe(path)} was not written: {safe(why)}", file=sys.stderr)  # noqa: T201
    print(f"{plural(len(written.done), 'file')} written", file=aside)
    return check(services, roots), bool(written.left)


def _tell_nobody() -> None:
    print("edk: there is no terminal to ask on; --fix --yes writes it", file=sys.stderr)  # noqa: T201


def _print(options: argparse.Namespace, checked: Checked) -> None:
    folder = _folder()
    if options.format == "json":
        from edk.ui.check_json import check_as_json

        print(to_json(check_as_json(checked, folder)).decode())  # noqa: T201
    elif options.format == "sarif":
        from edk.ui.check_sarif import check_as_sarif

        print(to_json(check_as_sarif(checked, folder)).decode())  # noqa: T201
    elif options.format == "github":
        from edk.ui.check_github import github_lines

        for line in github_lines(checked, folder):
            print(line)  # noqa: T201
    else:
        from edk.ui.check_text import check_lines

        for line in check_lines(checked, folder):
            print(line)  # noqa: T201


def _folder() -> str:
    """Return the current folder; one that is gone holds nothing."""
    try:
        return os.path.realpath(os.getcwd())  # noqa: PTH109 - pathlib costs 10 ms of every start
    except FileNotFoundError:
        return "/nowhere"
