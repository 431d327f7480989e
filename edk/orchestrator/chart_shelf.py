"""The packaged charts in the state folder: what they name, and the removal of those that are superseded."""

from __future__ import annotations

from pathlib import Path

from edk.domain.chart_pruning import ChartArchive
from edk.domain.charts.archives import ARCHIVE_LIMIT, read_archive
from edk.domain.charts.nodes import text_at
from edk.domain.charts.yamltext import read_yaml
from edk.domain.errors import ChartError
from edk.domain.held import uses_in

MAX_DEPTH = 4


def read_archives(folder: str) -> tuple[ChartArchive, ...]:
    """Return the chart archives in a folder, sorted by path; one that can't be read has no name.

    Nothing is unpacked to disk, and no template is run: what they name is found as text.
    """
    try:
        paths = sorted(path for path in Path(folder).glob("*.tgz") if path.is_file() and not path.is_symlink())
    except OSError:
        return ()
    return tuple(_read(path) for path in paths)


def remove_archive(archive: ChartArchive) -> str:
    """Delete an archive that is still as it was read; return why it stays, empty if it is gone."""
    path = Path(archive.path)
    try:
        if path.stat().st_mtime != archive.modified:
            return "it was packaged anew"
        path.unlink()
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"it can't be deleted: {error.strerror}"
    return ""


def _read(path: Path) -> ChartArchive:
    try:
        status = path.stat()
        if status.st_size > ARCHIVE_LIMIT:
            return ChartArchive(str(path), "")
        files = _files(path.read_bytes(), str(path), MAX_DEPTH)
    except (OSError, ChartError):
        return ChartArchive(str(path), "")
    root = read_yaml(files["Chart.yaml"], "Chart.yaml").root
    name, version = (found.text if (found := text_at(root, key)) else "" for key in ("name", "version"))
    uses = frozenset().union(*(uses_in(content.decode("utf-8", "replace")) for content in files.values()))
    return ChartArchive(str(path), name, version, status.st_size, status.st_mtime, uses)


def _files(archive: bytes, where: str, depth: int) -> dict[str, bytes]:
    """Return the files of a chart, also of those that are packed inside; raise ChartError."""
    _, files = read_archive(archive, where)
    for path in [path for path in files if path.endswith(".tgz") and depth]:
        files |= {f"{path}/{name}": content for name, content in _files(files[path], path, depth - 1).items()}
    return files
