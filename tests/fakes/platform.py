"""A platform in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from edk.domain.errors import ChartError, PlatformUnreachableError
from edk.domain.platform import Deployment, Extension, ReleaseStatus
from tests.fakes.helm_world import MULTI, Behaviour, Chart, HelmWorld, RefusedError, Release


class FakePlatform:
    """The Platform port over charts and releases in memory.

    Args:
        behaviour: how the platform behaves.
        images: names of the archives that an import finds.
        now: seconds since the epoch.
    """

    def __init__(
        self, behaviour: Behaviour | None = None, images: Sequence[str] = (), now: Callable[[], float] = time.time
    ) -> None:
        self.world = HelmWorld(behaviour, now)
        self.images = list(images)
        self.imported: list[str] = []
        self.away = ""

    def health(self) -> None:
        """Answer, unless it is away."""
        self._reach()

    def upload_chart(self, archive: str) -> str:
        """Keep a chart."""
        return self._said(lambda: self.world.upload(Path(archive).name, Path(archive).read_bytes()))

    def import_image(self, filename: str) -> str:
        """Take an archive that is there."""
        self._reach()
        if filename not in self.images:
            raise ChartError(f"kube-helm did not import {filename} (500): file {filename} can not be found", "write it")
        self.imported.append(filename)
        return f"Successfully imported container {filename}"

    def extensions(self) -> tuple[Extension, ...]:
        """Return charts and releases, as old as the list may be."""
        self._reach()
        found: dict[str, Extension] = {}
        for chart, releases in self.world.listed():
            before = found.get(chart.name, Extension(chart.name))
            found[chart.name] = self._extension(chart, releases, before)
        return tuple(found.values())

    def _extension(self, chart: Chart, releases: Sequence[Release], before: Extension) -> Extension:
        multi = MULTI in chart.keywords
        deployments = (
            Deployment(
                release.name,
                chart.version,
                release.status,
                self.world.pods_of(release),
                self.world.is_ready(release),
                time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC", time.gmtime(release.deployed)),
            )
            for release in releases
        )
        return Extension(
            chart.name,
            tuple(sorted({chart.version, *before.versions}, reverse=True)),
            before.installed or (bool(releases) and not multi),
            multi,
            tuple(chart.parameters),
            (*before.deployments, *deployments),
        )

    def release(self, name: str) -> ReleaseStatus | None:
        """Return a release as it stands at this look."""
        self._reach()
        try:
            found = self.world.status(name)
        except RefusedError as refused:
            return None if refused.status == 404 else ReleaseStatus(name, "")
        return ReleaseStatus(name, found.status, time.asctime(time.gmtime(found.deployed)))

    def install_chart(self, name: str, version: str, keywords: Sequence[str]) -> str:
        """Install a chart, or tell that it is installed."""
        said = self._said(lambda: self.world.install(name, version))
        if said.startswith("Chart is already"):
            raise ChartError(f"kube-helm did not install {name} in version {version} (200): {said}", "again")
        return said

    def delete_release(self, name: str, version: str) -> str:
        """Begin to delete a release."""
        return self._said(lambda: self.world.delete(name))

    def _said(self, do: Callable[[], str]) -> str:
        self._reach()
        try:
            return do()
        except RefusedError as refused:
            raise ChartError(f"kube-helm says ({refused.status}): {refused.text}", "mend it") from refused

    def _reach(self) -> None:
        if self.away:
            raise PlatformUnreachableError(self.away, "reach it")
