"""Install a chart that was uploaded: the release is deleted, installed again, and followed until it stands."""

from __future__ import annotations

from dataclasses import replace

from edk.domain import events as ev
from edk.domain.errors import ChartError
from edk.domain.platform import (
    LIST_SECONDS,
    MULTI,
    WORKFLOW_SECONDS,
    Deployment,
    Extension,
    ReleaseStatus,
    extension_named,
    same_moment,
)
from edk.orchestrator.deliver import Delivered, Delivery, Memory, Parcel, keep_copy

LOOK_SECONDS = (0.2, 2.0)
"""Between two looks at a release: at first, and once it takes long."""
_WHERE = (
    f"See the Extensions page (refreshed in about {LIST_SECONDS} s), the log of kube-helm "
    "(kubectl -n admin logs deployment/kube-helm-deployment), and the pods (kubectl get pods -A)"
)
_NOT_LISTED = (
    "whether its pods run is not told: the platform lists workflows and applications only, by the keywords "
    "kaapanaworkflow and kaapanaapplication of Chart.yaml"
)
_LATER = f"the Extensions page shows it in about {LIST_SECONDS} s, the list of workflows in about {WORKFLOW_SECONDS} s"


def install(parcel: Parcel, content: str, to: Delivery) -> None:
    """Have the platform run a chart as it was uploaded, as far as that is asked for; tell where it is not done.

    Args:
        parcel: the chart; its release has the chart's name.
        content: sha256 of its archive.
        to: where, and with what.

    Raises:
        PlatformUnreachableError: the platform does not answer.
        ChartError: the release is not gone in time, is not installed, fails, or is not ready in time.
    """
    extension = _listed(parcel, to)
    if extension.multi or MULTI in parcel.keywords:
        to.sink.emit(_left_alone(parcel, extension))
        return
    memory = Memory(to.url, to.cache)
    known = memory.recall(parcel.chart)
    release = to.platform.release(parcel.chart)
    if release is None and to.install == "installed" and not known.replacing:
        to.sink.emit(_not_installed(parcel))
        return
    if release is not None and _is_as_uploaded(release, extension, known, content):
        note = "it runs this very chart already, and was not installed again"
        to.sink.emit(ev.ChartInstalled(parcel.chart, parcel.version, parcel.chart, release.status, note, 0.0))
        return
    began = to.clock.monotonic()
    _put_in_place(parcel, release, extension, to)
    before = extension.deployment(parcel.chart)
    standing, note = _follow(parcel, before.updated if before else "", to)
    known = replace(known, installed=content, deployed=standing.deployed, replacing=False)
    memory.keep(parcel.chart, known)
    seconds = to.clock.monotonic() - began
    to.sink.emit(ev.ChartInstalled(parcel.chart, parcel.version, parcel.chart, standing.status, note, seconds))


def _put_in_place(parcel: Parcel, release: ReleaseStatus | None, extension: Extension, to: Delivery) -> None:
    """Install a chart in the place of a release, if there is one."""
    memory = Memory(to.url, to.cache)
    known = replace(memory.recall(parcel.chart), installed="")
    if release is not None:
        memory.keep(parcel.chart, replace(known, replacing=True))
        _delete(parcel, release, extension, to)
    try:
        to.platform.install_chart(parcel.chart, parcel.version, parcel.keywords)
    except ChartError as error:
        if release is None:
            raise
        gone = "The release before was deleted, so nothing of it runs now; --install tries it again"
        raise ChartError(error.message, f"{error.hint}\n{gone}") from error
    keep_copy(parcel, "installed")
    memory.keep(parcel.chart, replace(known, replacing=False))


def _listed(parcel: Parcel, to: Delivery) -> Extension:
    """Return what the platform lists of a chart; nothing where it can't tell."""
    try:
        return extension_named(parcel.chart, to.platform.extensions())
    except ChartError:
        return Extension(parcel.chart)


def _left_alone(parcel: Parcel, extension: Extension) -> ev.Noticed:
    running = ", ".join(sorted(d.release for d in extension.deployments)) or "none is listed"
    return ev.Noticed(
        f"{parcel.chart} may be installed several times, each with values of its own: its releases were left alone "
        f"({running})",
        "delete and launch those that should run the new chart on the Extensions page",
    )


def _not_installed(parcel: Parcel) -> ev.Noticed:
    return ev.Noticed(
        f"{parcel.chart} is not installed on the platform, which only has its chart",
        f"install it on the Extensions page, which shows it in about {LIST_SECONDS} s, or with --install=always",
    )


def _is_as_uploaded(release: ReleaseStatus, extension: Extension, known: Delivered, content: str) -> bool:
    """Tell whether a release stands, runs this content, and was not installed by somebody else since."""
    deployment = extension.deployment(release.release)
    standing = _completed(release, deployment)
    if standing.status != "deployed" or (known.installed, known.deployed) != (content, standing.deployed):
        return False
    return deployment is None or not deployment.trouble


def _completed(release: ReleaseStatus, deployment: Deployment | None) -> ReleaseStatus:
    """Return a status with what the list tells where kube-helm can't read what helm says."""
    if release.status or deployment is None:
        return release
    return replace(release, status=deployment.status, deployed=deployment.updated)


def _delete(parcel: Parcel, release: ReleaseStatus, extension: Extension, to: Delivery) -> None:
    """Delete a release and wait until it is gone."""
    began = to.clock.monotonic()
    deployment = extension.deployment(release.release)
    if extension.parameters:
        names = ", ".join(extension.parameters)
        to.sink.emit(ev.Noticed(f"{parcel.chart} gets the values of its chart; any typed in by hand are lost: {names}"))
    if release.status != "uninstalling":
        to.platform.delete_release(release.release, deployment.version if deployment else parcel.version)
    look = _Look(parcel, to, began)
    while (seen := to.platform.release(release.release)) is not None:
        look.tell(seen.status, ())
        look.wait(
            f"release {release.release} is not gone after {to.timeout:g} s: {seen.status or 'its state is not told'}"
        )
    to.sink.emit(ev.ReleaseDeleted(parcel.chart, release.release, to.clock.monotonic() - began))


def _follow(parcel: Parcel, before: str, to: Delivery) -> tuple[ReleaseStatus, str]:
    """Return how a release stands once it does, and what to know of it; raise ChartError if it fails.

    Args:
        parcel: the chart.
        before: when the release that was deleted had been deployed, as the list says it; empty if there was none.
        to: where.
    """
    look = _Look(parcel, to, to.clock.monotonic())
    while True:
        seen = to.platform.release(parcel.chart) or ReleaseStatus(parcel.chart, "not found")
        listed = _listed(parcel, to)
        deployment = listed.deployment(parcel.chart)
        if deployment is not None and not _is_this(seen, deployment, before):
            deployment = None
        pods = deployment.pods if deployment else ()
        seen = _completed(seen, deployment)
        look.tell(seen.status, pods)
        if seen.status == "failed":
            raise ChartError(f"release {parcel.chart} is failed{_because(seen.description)}", _WHERE)
        if deployment is not None and deployment.trouble:
            raise ChartError(f"release {parcel.chart} is {seen.status}, but its pods are {', '.join(pods)}", _WHERE)
        if seen.status == "deployed" and deployment is not None and deployment.ready:
            return seen, f"its pods are ready; {_LATER}"
        if seen.status == "deployed" and not listed.versions and look.elapsed > LIST_SECONDS:
            return seen, _NOT_LISTED
        look.wait(_not_ready(parcel, to, seen, deployment))


def _is_this(seen: ReleaseStatus, deployment: Deployment, before: str) -> bool:
    """Tell whether the list speaks of this release, rather than of the one before it."""
    if before and deployment.updated == before:
        return False
    return same_moment(seen.deployed, deployment.updated)


def _not_ready(parcel: Parcel, to: Delivery, seen: ReleaseStatus, deployment: Deployment | None) -> str:
    pods = f"its pods are {', '.join(deployment.pods) or 'not told'}" if deployment else "its pods are not told"
    return f"release {parcel.chart} is not ready after {to.timeout:g} s: it is {seen.status or 'not told'}, {pods}"


def _because(description: str) -> str:
    return f": {description}" if description else ""


class _Look:
    """Looks again and again at a release, and tells what changed.

    Args:
        parcel: the chart.
        to: where.
        began: monotonic seconds from which the time counts.
    """

    def __init__(self, parcel: Parcel, to: Delivery, began: float) -> None:
        self._parcel = parcel
        self._to = to
        self._began = began
        self._told: tuple[str, tuple[str, ...]] | None = None

    @property
    def elapsed(self) -> float:
        """Return for how long it has looked, in seconds."""
        return self._to.clock.monotonic() - self._began

    def tell(self, status: str, pods: tuple[str, ...]) -> None:
        """Show a state that is another one than before."""
        if self._told != (status, pods):
            self._told = (status, pods)
            chart = self._parcel.chart
            self._to.sink.emit(ev.ReleaseStatusSeen(chart, chart, status, pods, self.elapsed))

    def wait(self, late: str) -> None:
        """Wait a moment; raise ChartError with `late` once it takes too long."""
        if self.elapsed >= self._to.timeout:
            raise ChartError(late, _WHERE)
        soon, late_on = LOOK_SECONDS
        self._to.clock.sleep(min(late_on, max(soon, self.elapsed / 5)))
