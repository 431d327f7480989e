"""`edk code-server setup`: what code-server needs to show a watcher's problems."""

from __future__ import annotations

import argparse
import difflib
import os
import shutil
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import edk
from edk.commands.wiring import settings_of
from edk.domain.code_server import (
    Merged,
    differing_tasks,
    with_recommendations,
    with_schema,
    with_tasks,
    with_user_settings,
)
from edk.domain.errors import EXIT_DONE, UsageError
from edk.domain.jsonc.reading import JsoncError
from edk.orchestrator.roots import checked_dir
from edk.ui.text import safe

USUAL_SETTINGS = "~/.local/share/code-server/User/settings.json"


@dataclass(frozen=True, slots=True)
class Change:
    """A file, what it holds, and what it should hold."""

    path: Path
    before: str
    merged: Merged


def run(options: argparse.Namespace) -> int:
    """Write what is missing, or print it, and say so."""
    folder = options.dir or settings_of(options).extensions_dir
    for line in set_up(folder, options.user_settings or "", dry_run=options.dry_run):
        print(safe(line))  # noqa: T201
    return EXIT_DONE


def set_up(folder: str, user_settings: str = "", *, dry_run: bool = False) -> tuple[str, ...]:
    """Add to the files of a folder, and of the user, what code-server needs; return in words what was done.

    All files are read before the first one is written, so that one that can't be read leaves all as they are.

    Args:
        folder: that is opened in code-server.
        user_settings: path of the user's settings; empty: they are not touched.
        dry_run: write nothing, and return what would be written.

    Raises:
        UsageError: there is no such folder, or a file can't be read, understood or written.
    """
    opened = Path(checked_dir(folder))
    program = command_line()
    wanted: list[tuple[Path, Callable[[str], Merged]]] = [
        (opened / ".vscode/tasks.json", lambda text: with_tasks(text, program)),
        (opened / ".vscode/extensions.json", with_recommendations),
        (opened / ".vscode/settings.json", lambda text: with_schema(text, schema_address())),
    ]
    if user_settings:
        wanted.append((Path(user_settings).expanduser(), with_user_settings))
    changes = [_change(path, merge) for path, merge in wanted]
    told = [line for change in changes for line in _applied(change, dry_run=dry_run)]
    own = [
        f"{changes[0].path}: task “{label}” is not as written here and stays; delete it and run this again for ours"
        for label in differing_tasks(changes[0].before, program)
    ]
    return (*told, *own, *([] if user_settings else _advice()))


def command_line() -> tuple[str, ...]:
    """Return by what words a task starts this very edk."""
    # Beside its Python, and by its whole path: a task's PATH need not be that of the terminal.
    script = shutil.which("edk", path=os.path.dirname(sys.executable))  # noqa: PTH120
    return (script,) if script else (sys.executable, "-P", "-m", "edk")


def schema_address() -> str:
    """Return where code-server's YAML extension finds the schema of ``edk.yaml`` that came with this edk."""
    return (Path(edk.__file__).parent / "edk.schema.json").as_uri()


def _change(path: Path, merge: Callable[[str], Merged]) -> Change:
    """Return what is to be done with a file; raise UsageError where that can't be told."""
    try:
        before = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        before = ""
    except IsADirectoryError as error:
        raise UsageError(f"{path} is a folder", f"name the file, for example {USUAL_SETTINGS}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no UTF-8; nothing was changed", "save it as UTF-8, and run this again") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}; nothing was changed", "make it readable") from error
    try:
        return Change(path, before, merge(before))
    except JsoncError as error:
        raise UsageError(
            f"{path}:{error.line}:{error.column}: {error.message}; nothing was changed",
            "mend the file, or move it away, and run this again",
        ) from error


def _applied(change: Change, *, dry_run: bool) -> list[str]:
    """Write a file unless it stays as it is, and return in words what was done."""
    path, merged = change.path, change.merged
    if not merged.done:
        return [f"{path}: nothing to do"]
    if dry_run:
        lines = difflib.unified_diff(
            change.before.splitlines(), merged.text.splitlines(), str(path), str(path), lineterm=""
        )
        return [f"{path}: would be written", *lines]
    from edk.adapters.whole_files import write_whole

    # Through a link the file behind it is written; an existing one keeps its mode.
    real = path.resolve()
    try:
        mode = stat.S_IMODE(real.stat().st_mode) if real.exists() else 0o644
        write_whole(str(real), merged.text.encode(), mode)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", "make its folder writable for this user") from error
    return [f"{path}: {'changed' if change.before else 'written'}: {'; '.join(merged.done)}"]


def _advice() -> list[str]:
    """Return what to set by hand."""
    shown = with_user_settings("").text.splitlines()
    return [
        f"code-server asks before it starts a task by itself, unless the User settings ({USUAL_SETTINGS}) hold",
        *(f"    {line}" for line in shown[1:-1]),
        "edk code-server setup --user-settings FILE sets these two; the first one trusts every folder",
    ]
