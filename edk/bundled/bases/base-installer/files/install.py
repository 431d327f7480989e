"""Bring the files of a DAG image into the platform's mounted folders, or take exactly these away again.

Environment:
    ACTION: ``copy`` (the default), ``remove``, or ``prefetch``, which only keeps the image on the node.
    TARGET_PREFIX: where the folders are mounted; ``/kaapana/mounted/workflows`` if not set.

Exit code 1 if the image holds something that has no place there; nothing was changed then.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

SOURCE = Path("/kaapana/tmp")
TARGET = Path("/kaapana/mounted/workflows")
FOLDERS = frozenset({"dags", "extensions", "mounted_scripts", "plugins"})


class MisplacedFileError(Exception):
    """The image holds a file outside the folders that the platform mounts."""


def brought_files(source: Path) -> list[Path]:
    """Return the files below `source`, relative to it, in order; bytecode is left out.

    Raises:
        MisplacedFileError: one lies outside the known folders.
    """
    found = sorted(path.relative_to(source) for path in source.rglob("*") if path.is_file())
    files = [path for path in found if "__pycache__" not in path.parts]
    for path in files:
        if len(path.parts) < 2 or path.parts[0] not in FOLDERS:
            raise MisplacedFileError(f"{source / path}: expected it in one of {', '.join(sorted(FOLDERS))}")
    return files


def copy(source: Path, target: Path) -> None:
    """Copy every file, each by a rename, so that Airflow never reads half of one."""
    for path in brought_files(source):
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = place.with_name(f".{place.name}.part")
        shutil.copyfile(source / path, unfinished)
        unfinished.replace(place)
        print(f"copied {place}")


def remove(source: Path, target: Path) -> None:
    """Remove every file that `copy` brought, its bytecode, and the folders that are empty then."""
    files = brought_files(source)
    for path in files:
        place = target / path
        place.unlink(missing_ok=True)
        for compiled in (place.parent / "__pycache__").glob(f"{_literal(place.stem)}.*.pyc"):
            compiled.unlink(missing_ok=True)
        print(f"removed {place}")
    for folder in _folders_below_mounts(files):
        _remove_if_empty(target / folder / "__pycache__")
        _remove_if_empty(target / folder)


def _literal(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _folders_below_mounts(files: list[Path]) -> list[Path]:
    """Return the files' folders, deepest first; the mounted folders themselves stay."""
    folders = {parent for path in files for parent in path.parents if len(parent.parts) > 1}
    return sorted(folders, key=lambda folder: (-len(folder.parts), folder))


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def main() -> int:
    """Do what ACTION says, and return the exit code."""
    action = os.environ.get("ACTION") or "copy"
    target = Path(os.environ.get("TARGET_PREFIX") or TARGET)
    try:
        if action == "copy":
            copy(SOURCE, target)
        elif action == "remove":
            remove(SOURCE, target)
        elif action == "prefetch":
            print("the image is on the node; waiting to be stopped")
            signal.pause()
        else:
            print(f"ACTION={action!r}: expected copy, remove or prefetch", file=sys.stderr)
            return 2
    except MisplacedFileError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    # The first process of a container ignores TERM unless it handles it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.exit(main())
