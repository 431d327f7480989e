"""Causes: what the screen says of why something is built after a save."""

from __future__ import annotations

from collections.abc import Sequence

from edk.domain.saves import Batch

NAMED = 3
# Names that say nothing without their folder.
_COMMON = frozenset(
    {"Dockerfile", ".dockerignore", "__init__.py", "Chart.yaml", "values.yaml", "requirements.txt", "README.md"}
)


def cause_of(batch: Batch, changed: Sequence[str], *, switched: bool = False) -> str:
    """Return in a few words what happened, e.g. ``otsus_method.py saved``.

    Args:
        batch: what was reported.
        changed: files of which that turned out to be a change, absolute.
        switched: whether git's HEAD stands somewhere else than before the batch.
    """
    if switched:
        return f"branch switched: {_count(changed)}"
    if batch.rescan and not batch.quiet:
        return f"re-scan ({batch.rescan}): {_count(changed, 'changed')}"
    files = sorted(changed)
    tops = _outermost(batch.folders)
    if tops and files and all(_below(path, tops) for path in files):
        return _folders(batch, tops, len(files))
    if not files:
        return _without_change(batch, tops)
    reason = f" ({batch.rescan})" if not batch.paths.issuperset(files) and batch.rescan else ""
    return _listed(files, _verb(batch, files)) + reason


def _without_change(batch: Batch, tops: Sequence[str]) -> str:
    if batch.paths:
        return f"{_listed(sorted(batch.paths), 'saved')}, nothing changed"
    what = f"folder {_tail(tops[0])}" if len(tops) == 1 else f"{len(tops)} folders" if tops else batch.rescan
    return f"{what}: nothing changed"


def _verb(batch: Batch, files: Sequence[str]) -> str:
    gone = batch.gone.intersection(files)
    if gone:
        return "removed" if len(gone) == len(files) else "changed"
    return "saved" if batch.paths.issuperset(files) else "changed"


def _listed(files: Sequence[str], verb: str) -> str:
    names = _names(files)
    if len(names) == 1:
        return f"{names[0]} {verb}"
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{_count(files, verb)}: {', '.join(names[:NAMED])}{more}" if names else ""


def _folders(batch: Batch, tops: Sequence[str], count: int) -> str:
    going = [top for top in tops if top in batch.gone]
    coming = [top for top in tops if top not in batch.gone]
    files = "1 file" if count == 1 else f"{count} files"
    if len(going) == 1 and len(coming) == 1:
        return f"folder {_tail(going[0])} moved to {_tail(coming[0])}"
    if len(tops) > 1:
        return f"{len(tops)} folders changed: {files}"
    return f"folder {_tail(tops[0])} {'removed' if going else 'added'}: {files}"


def _outermost(folders: frozenset[str]) -> list[str]:
    tops: list[str] = []
    for folder in sorted(folders, key=lambda path: path.split("/")):
        if not tops or not _below(folder, tops[-1:]):
            tops.append(folder)
    return tops


def _below(path: str, folders: Sequence[str]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def _names(files: Sequence[str]) -> list[str]:
    """Return the names of files, with their folders where the name alone tells too little."""
    alone = [path.rpartition("/")[2] for path in files]
    return [
        _tail(path) if name in _COMMON or alone.count(name) > 1 else name
        for path, name in zip(files, alone, strict=True)
    ]


def _tail(path: str) -> str:
    return "/".join(path.strip("/").split("/")[-2:])


def _count(files: Sequence[str], verb: str = "") -> str:
    if not files:
        return "nothing changed"
    words = "1 file" if len(files) == 1 else f"{len(files)} files"
    return f"{words} {verb}".rstrip()
