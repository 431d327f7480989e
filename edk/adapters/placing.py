"""Folders put in place whole, beside and among what is there, never over it."""

from __future__ import annotations

import errno
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

from edk.domain.errors import UsageError

_MARK = ".edk-partial"
_WITHIN = ".edk-partial-clone"
_ATTEMPTS = 20
_PAUSE_SECONDS = 0.1


class PlacedFolders:
    """Moves and copies folders; see `edk.orchestrator.init_model.Folders`."""

    def partial(self, path: str) -> str:
        """Return a name beside a path, or in it, for what is not finished, with nothing there.

        Raises:
            UsageError: the folder can't be written.
        """
        place = _within(path) if _must_lie_within(path) else _beside(path)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            self.clear(path)
            if not os.access(place.parent, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(place.parent))
        except OSError as error:
            raise UsageError(
                f"{place.parent} can't be written: {error.strerror}",
                "Set KAAPANA_REPO_PATH to a folder of yours; of a volume in a pod, see its fsGroup.",
            ) from error
        return os.fspath(place)

    def clear(self, path: str) -> None:
        """Delete what is unfinished beside a path or in it, if anything."""
        for _ in range(_ATTEMPTS):  # a git whose parent was killed may write for a moment longer
            left = [place for place in (_beside(path), _within(path)) if os.path.lexists(place)]
            if not left:
                return
            for place in left:
                shutil.rmtree(place, ignore_errors=True)
            if not any(os.path.lexists(place) for place in left):
                return
            time.sleep(_PAUSE_SECONDS)

    def place(self, partial: str, path: str) -> tuple[str, ...]:
        """Move a finished folder to a path, among whatever is there.

        ``.git`` moves last, so an interrupted move is no clone and is done again.

        Returns:
            Relative paths that were there before and stay, sorted.

        Raises:
            UsageError: the path can't be written.
        """
        try:
            if not os.path.lexists(path) or (Path(path).is_dir() and not any(Path(path).iterdir())):
                Path(partial).replace(path)
                return ()
            kept = tuple(sorted(_graft(Path(partial), Path(path))))
            Path(partial, ".git").rename(Path(path, ".git"))
        except OSError as error:
            raise UsageError(f"{path} can't be written: {error}", "Set KAAPANA_REPO_PATH to a folder.") from error
        return kept

    def copy_once(self, source: str, target: str) -> bool:
        """Copy a folder to where nothing is yet; return whether it was copied.

        Raises:
            UsageError: the target can't be written or the source not be read.
        """
        if os.path.lexists(target) or not Path(source).is_dir():
            return False
        partial = self.partial(target)
        try:
            shutil.copytree(source, partial, symlinks=True)
            Path(partial).rename(target)
        except (OSError, shutil.Error) as error:
            raise UsageError(f"{source} can't be copied to {target}: {error}") from error
        return True

    def is_folder(self, path: str) -> bool:
        """Return whether a folder is there, or a link to one."""
        return Path(path).is_dir()


def _beside(path: str) -> Path:
    return Path(path).with_name(f".{Path(path).name}{_MARK}")


def _within(path: str) -> Path:
    return Path(path) / _WITHIN


def _must_lie_within(path: str) -> bool:
    """Return whether nothing can be moved to a path from beside it: it is a volume, or the folder above is not ours."""
    if not Path(path).is_dir():
        return False
    above = Path(path).parent
    try:
        elsewhere = above.stat().st_dev != Path(path).stat().st_dev
    except OSError:
        return True
    # A folder of the same file system that is mounted here refuses to be renamed over as well.
    return elsewhere or os.path.ismount(path) or not os.access(above, os.W_OK | os.X_OK)


def _graft(source: Path, target: Path) -> list[str]:
    """Put every file of a clone where nothing is yet; return what was there, relative to the target."""
    kept = []
    for folder, folders, files in os.walk(source):
        here = Path(folder)
        if here == source:
            folders.remove(".git")
        inside = target / here.relative_to(source)
        with suppress(FileExistsError):
            inside.mkdir()
        if inside.is_symlink() or not inside.is_dir():
            kept.append(os.fspath(inside.relative_to(target)))
            folders.clear()
            continue
        links = [name for name in folders if (here / name).is_symlink()]
        kept += [
            os.fspath((inside / name).relative_to(target))
            for name in (*files, *links)
            if not _put(here / name, inside / name)
        ]
    return kept


def _put(source: Path, target: Path) -> bool:
    """Make a file appear whole where nothing is; return whether nothing was."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as error:  # a file system without hard links
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV):
            raise
        if os.path.lexists(target):
            return False
        source.rename(target)
    return True
