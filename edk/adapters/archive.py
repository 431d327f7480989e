"""Package charts without helm."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from edk.adapters.whole_files import write_whole
from edk.domain.charts.archives import ARCHIVE_LIMIT, FILE_LIMIT, write_archive
from edk.domain.charts.model import ChartReading
from edk.domain.charts.reading import read_chart
from edk.domain.charts.selection import is_remote
from edk.domain.charts.versions import is_semantic
from edk.domain.errors import ChartError

WITHOUT_HELM = "Install helm, or put the dependency into the chart's charts/ folder"


class ArchivePackager:
    """Writes the archive that ``helm package`` would, as far as a chart that is whole needs it.

    What helm checks is checked here, too: the name, the version, and that every dependency is in ``charts/``.
    Templates are not rendered, so mistakes in them are found by the platform alone.
    """

    by = "edk"
    renders = False

    def package(self, chart_dir: str, out_dir: str) -> str:
        """See `edk.ports.ChartPackager`."""
        files = read_folder(chart_dir)
        chart = read_chart(chart_dir, files)
        _check(chart, files)
        target = str(Path(out_dir, f"{chart.name}-{chart.version}.tgz"))
        try:
            write_whole(target, write_archive(chart.name, files))
        except OSError as error:
            raise ChartError(f"{target} can't be written: {error}", "Free space, or allow it") from error
        return target

    def render(self, archive: str, values: Mapping[str, str]) -> str:
        """See `edk.ports.ChartPackager`: templates are helm's own language."""
        raise ChartError(f"{archive} can't be rendered without helm: {', '.join(values)} stay open", WITHOUT_HELM)


def read_folder(chart_dir: str) -> dict[str, bytes]:
    """Return the files of a staged chart; raise ChartError on what is no regular file."""
    files: dict[str, bytes] = {}
    total = 0
    for folder, _, names in os.walk(chart_dir):
        for name in names:
            path = Path(folder, name)
            info = path.lstat()
            total += info.st_size
            if not stat.S_ISREG(info.st_mode) or info.st_size > FILE_LIMIT or total > ARCHIVE_LIMIT:
                raise ChartError(f"{path}: no regular file, or larger than helm takes", "Leave it out")
            files[path.relative_to(chart_dir).as_posix()] = path.read_bytes()
    return files


def _check(chart: ChartReading, files: dict[str, bytes]) -> None:
    """Raise ChartError on what helm refuses."""
    for finding in chart.diagnostics:
        if finding.severity == "error":
            raise ChartError(f"{finding.file}:{finding.line}: {finding.message}", finding.hint)
    if not is_semantic(chart.version):
        raise ChartError(f"{chart.path}/Chart.yaml: {chart.version!r} is no semantic version", "Write 0.0.0")
    tops = {path.split("/")[1] for path in files if path.startswith("charts/")}
    for dependency in chart.dependencies:
        if dependency.name in tops or any(_is_archive_of(dependency.name, top) for top in tops):
            continue
        what = "comes from a repository" if is_remote(dependency) else "is not in charts/"
        message = f"{dependency.file}:{dependency.line}: the dependency “{dependency.name}” {what}"
        raise ChartError(message, WITHOUT_HELM)


def _is_archive_of(name: str, file: str) -> bool:
    """Tell whether a file name is that of a packed chart of a name."""
    return file.endswith(".tgz") and file.startswith(f"{name}-") and is_semantic(file[len(name) + 1 : -4])
