"""What kube-helm keeps: charts, releases of them, and how these change from look to look."""

from __future__ import annotations

import io
import re
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

MULTI = "kaapanamultiinstallable"
_IN_ADMIN = re.compile(
    rb"""^\s+namespace:\s*["']?(admin|\{\{\s*\.Values\.global\.admin_namespace\s*\}\})["']?\s*$""", re.MULTILINE
)
LISTED = {"kaapanaworkflow", "kaapanaapplication"}


class RefusedError(Exception):
    """kube-helm says no, with a status and a text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass
class Behaviour:
    """How the platform behaves; may be changed at any time.

    Args:
        list_delay: seconds for which a list of extensions is handed out again.
        deletion_looks: looks at a release's status until it is gone, after it was deleted.
        pending_looks: looks at its status until it is ``deployed``.
        ready_looks: looks at the list until its pods are as `pods` says; before, they are ``pending``.
        pods: states of a release's pods in the end.
        install_fails: what helm's installation ends with, if it fails.
        release_fails: whether releases end as ``failed``.
        unreadable: whether what helm says of releases can't be read.
        never_gone: whether a deletion gets stuck.
    """

    list_delay: float = 0.0
    deletion_looks: int = 0
    pending_looks: int = 0
    ready_looks: int = 0
    pods: tuple[str, ...] = ("completed",)
    install_fails: bool = False
    release_fails: bool = False
    unreadable: bool = False
    never_gone: bool = False


@dataclass
class Chart:
    """An uploaded chart."""

    name: str
    version: str
    keywords: tuple[str, ...]
    content: bytes
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass
class Release:
    """An installed chart; `deployed` in seconds since the epoch."""

    name: str
    chart: Chart
    status: str
    deployed: float
    looks: int = 0
    list_looks: int = 0


class HelmWorld:
    """Charts and releases.

    Args:
        behaviour: how it behaves.
        now: seconds since the epoch.
    """

    def __init__(self, behaviour: Behaviour | None = None, now: Callable[[], float] = time.time) -> None:
        self.behaviour = behaviour or Behaviour()
        self.charts: dict[tuple[str, str], Chart] = {}
        self.releases: dict[str, Release] = {}
        self.calls: list[str] = []
        self._now = now
        self._listed: list[tuple[Chart, list[Release]]] | None = None
        self._listed_at = 0.0
        self._last = 0.0

    def upload(self, filename: str, content: bytes) -> str:
        """Keep a chart under the name and version of its file, split at the last hyphen; return what is said."""
        self.calls.append(f"upload {filename}")
        files = _files(content)
        if files is None or "Chart.yaml" not in files:
            raise RefusedError(500, f"File upload failed Failed to write chart file {filename}")
        if not filename.endswith(".tgz"):
            raise RefusedError(500, f"File upload failed File extension must be '.tgz', can not parse {filename}")
        if any(_IN_ADMIN.search(text) for text in _templates(files)):
            raise RefusedError(500, "File upload failed Chart files can not contain resources under admin_namespace")
        stated = yaml.safe_load(files["Chart.yaml"]) or {}
        values = yaml.safe_load(files.get("values.yaml", b"")) or {}
        name, version = filename.removesuffix(".tgz").rsplit("-", 1)
        keywords = tuple(stated.get("keywords") or ())
        self.charts[name, version] = Chart(name, version, keywords, content, values.get("extension_params") or {})
        return f"Successfully added chart file fname='{name}'"

    def install(self, name: str, version: str, release: str = "", project: str = "") -> str:
        """Install a chart; return what is said."""
        chart = self.charts.get((name, version))
        self.calls.append(f"install {release or name} {version}")
        if chart is None or self.behaviour.install_fails:
            raise RefusedError(500, f"Chart install command failed for {release or name}")
        if MULTI in chart.keywords:
            if not project:
                raise RefusedError(500, "Chart install failed the JSON object must be str, bytes or bytearray")
            release = release or f"{name}-{len(self.releases):020x}"
        release = release or name
        if release in self.releases and MULTI not in chart.keywords:
            return f"Chart is already installed {release}"
        # Two deployments never stand in the same second here, as on a platform.
        self._last = max(self._now(), self._last + 1)
        status = "pending-install" if self.behaviour.pending_looks else self._settled()
        self.releases[release] = Release(release, chart, status, self._last)
        return f"Successfully installed: {release}"

    def delete(self, release: str) -> str:
        """Begin to delete a release, whether there is one or not; return what is said."""
        self.calls.append(f"delete {release}")
        found = self.releases.get(release)
        if found is not None:
            found.status, found.looks = "uninstalling", 0
            if not self.behaviour.deletion_looks and not self.behaviour.never_gone:
                del self.releases[release]
        return f"Started uninstalling {release}"

    def status(self, release: str) -> Release:
        """Return a release as it stands at this look; RefusedError if there is none, or it can't be read."""
        found = self.releases.get(release)
        if found is None:
            raise RefusedError(404, "Release not found")
        found.looks += 1
        if found.status == "uninstalling":
            if found.looks > self.behaviour.deletion_looks and not self.behaviour.never_gone:
                del self.releases[release]
                raise RefusedError(404, "Release not found")
        elif found.looks > self.behaviour.pending_looks:
            found.status = self._settled()
        if self.behaviour.unreadable:
            raise RefusedError(500, "Internal Server Error")
        return replace(found)

    def listed(self) -> list[tuple[Chart, list[Release]]]:
        """Return the charts with their releases, as old as a list may be."""
        if self._listed is None or self._now() - self._listed_at >= self.behaviour.list_delay:
            self._listed_at = self._now()
            self._listed = []
            for chart in self.charts.values():
                if LISTED & set(chart.keywords):
                    which = (chart.name, chart.version)
                    of = [r for r in self.releases.values() if (r.chart.name, r.chart.version) == which]
                    for release in of:
                        release.list_looks += 1
                    self._listed.append((chart, [replace(release) for release in of]))
        return self._listed

    def pods_of(self, release: Release) -> tuple[str, ...]:
        """Return the states of a release's pods."""
        if release.status != "deployed":
            return ()
        return self.behaviour.pods if release.list_looks > self.behaviour.ready_looks else ("pending",)

    def is_ready(self, release: Release) -> bool:
        """Return whether a release's pods all run or have ended well."""
        good = set(self.pods_of(release)) <= {"running", "completed"}
        return release.status == "deployed" and good

    def _settled(self) -> str:
        return "failed" if self.behaviour.release_fails else "deployed"


def _files(content: bytes) -> dict[str, bytes] | None:
    """Return the files of a chart archive by their path in the chart; None if it is none."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:
            members = [(member, tar.extractfile(member)) for member in tar.getmembers()]
            return {m.name.partition("/")[2]: stream.read() for m, stream in members if stream is not None}
    except (tarfile.TarError, OSError, EOFError):
        return None


def _templates(files: dict[str, bytes]) -> list[bytes]:
    return [text for path, text in files.items() if "templates/" in path]
