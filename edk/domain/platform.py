"""What kube-helm, the platform's chart service, tells of charts and releases, read leniently from its JSON.

Its list of extensions has one entry for each chart, and for a chart that may be installed several times one more for
each of its releases. It is made anew every 30 seconds at most, so that it may be older than what helm knows; which of
a release's deployments it shows is told by the time at which that was deployed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

LIST_SECONDS = 30
"""So old the list of extensions may be."""
WORKFLOW_SECONDS = 60
"""So long it takes until a new or changed workflow shows in the platform's list of workflows."""
MULTI = "kaapanamultiinstallable"
InstallMode = Literal["no", "installed", "always"]
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_YES = frozenset({"yes", "true"})
# As kubectl words them, in lower case; of an init container with "init:" in front. None of them passes by itself.
_TROUBLE = (
    *("errimagepull", "imagepullbackoff", "errimageneverpull", "invalidimagename", "crashloopbackoff", "oomkilled"),
    *("error", "createcontainerconfigerror", "createcontainererror", "runcontainererror", "evicted"),
)


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the list of extensions tells of a release.

    Args:
        release: its name.
        version: of its chart.
        status: of helm, in lower case, e.g. ``deployed``.
        pods: the states of its pods as kube-helm tells them, e.g. ``running``, ``imagepullbackoff``.
        ready: whether kube-helm takes it for ready.
        updated: when it was deployed, as helm lists it; empty if not told.
    """

    release: str
    version: str
    status: str = ""
    pods: tuple[str, ...] = ()
    ready: bool = False
    updated: str = ""

    @property
    def trouble(self) -> tuple[str, ...]:
        """Return the states of pods that do not become good by waiting."""
        return tuple(pod for pod in self.pods if pod.lower().rpartition(":")[2] in _TROUBLE)


@dataclass(frozen=True, slots=True)
class Extension:
    """A chart that the platform has.

    Args:
        name: of the chart.
        versions: that were uploaded, the latest first.
        installed: whether it is installed, and may be so once only.
        multi: whether it may be installed several times.
        parameters: names of what a user fills in when installing it.
        deployments: its releases.
    """

    name: str
    versions: tuple[str, ...] = ()
    installed: bool = False
    multi: bool = False
    parameters: tuple[str, ...] = ()
    deployments: tuple[Deployment, ...] = ()

    def deployment(self, release: str) -> Deployment | None:
        """Return what is told of one release, None if nothing."""
        return next((d for d in self.deployments if d.release == release), None)


@dataclass(frozen=True, slots=True)
class ReleaseStatus:
    """What helm says of a release.

    Args:
        release: its name.
        status: as helm words it, e.g. ``deployed``, ``failed``, ``uninstalling``, ``pending-install``; empty if
            kube-helm can't tell, as with charts whose notes it can't read.
        deployed: when it was last deployed, as helm says it.
        description: what helm adds, mostly nothing.
    """

    release: str
    status: str
    deployed: str = ""
    description: str = ""


def extension_named(name: str, extensions: Iterable[Extension]) -> Extension:
    """Return the extension of a name; one that is not listed has no versions."""
    return next((e for e in extensions if e.name == name), Extension(name))


def extensions_in(document: object) -> tuple[Extension, ...]:
    """Return the charts of kube-helm's list; entries that are none are passed over."""
    found: dict[str, Extension] = {}
    for entry in document if isinstance(document, list) else ():
        name = _word(entry, "chart_name") or _word(entry, "name") if isinstance(entry, dict) else ""
        if name:
            extension = _extension(name, entry)
            found[name] = _joined(found[name], extension) if name in found else extension
    return tuple(found.values())


def _extension(name: str, entry: Mapping[str, Any]) -> Extension:
    multi = _is(entry, "multiinstallable") or MULTI in _words(entry, "keywords")
    installed = _is(entry, "installed")
    available = entry.get("available_versions")
    versions = tuple(available) if isinstance(available, dict) else ()
    latest = _word(entry, "latest_version") or _word(entry, "version")
    deployments = _deployments(available)
    if installed and not deployments:
        # A list without details; the entry itself speaks of the release.
        pods = tuple(pod.lower() for pod in _words(entry, "kubeStatus"))
        release, status = _word(entry, "releaseName") or name, _word(entry, "helmStatus").lower()
        deployments = (Deployment(release, latest, status, pods, _is(entry, "successful")),)
    parameters = entry.get("extension_params")
    return Extension(
        name,
        tuple(dict.fromkeys(v for v in (latest, *_words(entry, "versions"), *map(str, versions)) if v)),
        (installed or bool(deployments)) and not multi,
        multi,
        tuple(map(str, parameters)) if isinstance(parameters, dict) else (),
        deployments,
    )


def _deployments(available: object) -> tuple[Deployment, ...]:
    found = []
    for version, content in available.items() if isinstance(available, dict) else ():
        entries = content.get("deployments") if isinstance(content, dict) else None
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and _word(entry, "deployment_id"):
                info = entry.get("helm_info")
                found.append(
                    Deployment(
                        _word(entry, "deployment_id"),
                        str(version),
                        _word(entry, "helm_status").lower(),
                        tuple(pod.lower() for pod in _words(entry, "kube_status") if pod not in {"", "unknown"}),
                        entry.get("ready") is True or _is(entry, "ready"),
                        _word(info, "updated") if isinstance(info, dict) else "",
                    )
                )
    return tuple(found)


def _joined(one: Extension, other: Extension) -> Extension:
    known = {deployment.release for deployment in one.deployments}
    return Extension(
        one.name,
        tuple(dict.fromkeys((*one.versions, *other.versions))),
        one.installed or other.installed,
        one.multi or other.multi,
        tuple(dict.fromkeys((*one.parameters, *other.parameters))),
        (*one.deployments, *(d for d in other.deployments if d.release not in known)),
    )


def release_in(release: str, document: object) -> ReleaseStatus:
    """Return what kube-helm's answer says of a release: what ``helm status`` prints, as an object."""
    said = {str(k).upper(): v for k, v in document.items()} if isinstance(document, dict) else {}
    return ReleaseStatus(
        release, _word(said, "STATUS").lower(), _word(said, "LAST DEPLOYED"), _word(said, "DESCRIPTION")
    )


def same_moment(deployed: str, updated: str) -> bool:
    """Tell whether two times of helm are the same to the second; what can't be compared is taken for the same.

    Args:
        deployed: of ``helm status``, e.g. ``Mon Jan  1 10:00:00 2024``.
        updated: of ``helm list``, e.g. ``2024-01-01 10:00:00.123456789 +0000 UTC``.
    """
    words = deployed.split()
    if len(words) != 5 or words[1] not in _MONTHS or not updated:
        return True
    _, month, day, clock, year = words
    return updated.startswith(f"{year}-{_MONTHS.index(month) + 1:02}-{day:0>2} {clock}")


def _word(value: Mapping[Any, Any], key: str) -> str:
    found = value.get(key)
    return str(found) if isinstance(found, str | int | float) and not isinstance(found, bool) else ""


def _words(value: Mapping[Any, Any], key: str) -> tuple[str, ...]:
    """Return a list of texts; kube-helm gives one alone where there is one, too."""
    found = value.get(key)
    if isinstance(found, str):
        return (found,) if found else ()
    return tuple(item for item in found if isinstance(item, str)) if isinstance(found, list) else ()


def _is(value: Mapping[Any, Any], key: str) -> bool:
    return str(value.get(key, "")).lower() in _YES
