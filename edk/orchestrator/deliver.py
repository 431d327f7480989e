"""Bring a packaged chart to the platform: uploaded if it is another one than before, installed if that is asked for.

What was uploaded and installed last is remembered by its content. The memory only saves work: whether the platform
still lists the chart, and what it says of the release, is asked each time.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import msgspec

from edk.domain import events as ev
from edk.domain.errors import ChartError, PlatformUnreachableError
from edk.domain.platform import InstallMode, extension_named
from edk.orchestrator.services import Services
from edk.ports import Cache, Clock, EventSink, Platform

_MEMORY = "platform-chart"
INSTALL_SECONDS = 180.0
DELIVERED = "delivered"
"""Folder beside the packaged charts: of each chart what was uploaded last, and what was installed last.

A chart is packaged under one name again and again: what the platform has may be one of before, and names images that
nothing else does any more.
"""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A packaged chart.

    Args:
        chart: its name.
        version: that it was packaged with.
        keywords: of its Chart.yaml.
        archive: path of the archive.
    """

    chart: str
    version: str
    keywords: tuple[str, ...]
    archive: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where charts go, and with what.

    Args:
        platform: kube-helm.
        url: of it, for the events.
        sink: takes the events.
        clock: time.
        cache: remembers what was delivered; None: nothing is remembered.
        install: whether charts are installed too: ``installed`` those that are, ``always`` all.
        timeout: seconds in which a release has to be gone, and in which it has to stand again.
        down: the error of a platform that did not answer; it is not asked again then.
    """

    platform: Platform
    url: str
    sink: EventSink
    clock: Clock
    cache: Cache | None = None
    install: InstallMode = "no"
    timeout: float = INSTALL_SECONDS
    down: list[PlatformUnreachableError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What is remembered of a chart on a platform.

    Args:
        uploaded: sha256 of the archive that was uploaded last.
        version: of it.
        installed: sha256 of the archive that was installed last.
        deployed: when that was, in the platform's words: another time tells that somebody else installed it.
        replacing: whether the release was about to be deleted, to be installed again.
    """

    uploaded: str = ""
    version: str = ""
    installed: str = ""
    deployed: str = ""
    replacing: bool = False


Deliver = Callable[[Parcel], bool]
"""Takes a chart to the platform, and tells whether it was uploaded."""


class Memory:
    """What was delivered, chart by chart.

    Args:
        url: of the platform.
        cache: where it is kept; None: nowhere.
    """

    def __init__(self, url: str, cache: Cache | None) -> None:
        self._url = url
        self._cache = cache

    def recall(self, chart: str) -> Delivered:
        """Return what is remembered of a chart."""
        key = self._key(chart)
        stored = self._cache.readings(_MEMORY, [key]).get(key, b"") if self._cache is not None else b""
        try:
            return msgspec.json.decode(stored, type=Delivered) if stored else Delivered()
        except msgspec.DecodeError:
            return Delivered()

    def keep(self, chart: str, delivered: Delivered) -> None:
        """Remember this of a chart, whatever happens to this process next."""
        if self._cache is not None:
            self._cache.store_readings(_MEMORY, {self._key(chart): msgspec.json.encode(delivered)})
            self._cache.flush()

    def _key(self, chart: str) -> str:
        return hashlib.sha256(f"{self._url}\0{chart}".encode("utf-8", "surrogateescape")).hexdigest()


def delivery_of(services: Services, install: InstallMode = "no") -> Delivery | None:
    """Return where the charts of these services go; None if no platform is configured."""
    if services.platform is None:
        return None
    settings = services.settings
    return Delivery(
        services.platform,
        settings.kube_helm_url,
        services.sink,
        services.clock,
        services.cache,
        install,
        settings.install_timeout,
    )


def deliver(parcel: Parcel, to: Delivery) -> bool:
    """Upload and install a chart as far as it is asked for; return whether it was uploaded.

    Raises:
        PlatformUnreachableError: the platform does not answer, now or at a chart before.
        ChartError: the platform refuses it, or it does not come to run.
    """
    if to.down:
        raise to.down[0]
    try:
        content = _sha256(parcel.archive)
        uploaded = _upload(parcel, content, to)
        if to.install != "no":
            # Where nothing is installed, nothing of it is imported.
            from edk.orchestrator.install import install

            install(parcel, content, to)
    except PlatformUnreachableError as error:
        to.down.append(error)
        raise
    return uploaded


def _sha256(archive: str) -> str:
    try:
        return hashlib.sha256(Path(archive).read_bytes()).hexdigest()
    except OSError as error:
        raise ChartError(f"{archive} can't be read: {error.strerror}", "Package the chart anew") from error


def _upload(parcel: Parcel, content: str, to: Delivery) -> bool:
    memory = Memory(to.url, to.cache)
    known = memory.recall(parcel.chart)
    if (known.uploaded, known.version) == (content, parcel.version) and _listed(parcel, to):
        to.sink.emit(ev.ChartUnchangedOnPlatform(parcel.chart, parcel.version, to.url))
        return False
    # Until it answers, nobody knows which one it has.
    memory.keep(parcel.chart, replace(known, uploaded="", version=""))
    answer = to.platform.upload_chart(parcel.archive)
    to.sink.emit(ev.ChartUploaded(parcel.chart, to.url, answer))
    # Another run may have packaged the chart anew while this one was sent.
    if _sha256(parcel.archive) == content:
        keep_copy(parcel, "uploaded")
        memory.keep(parcel.chart, replace(known, uploaded=content, version=parcel.version))
    return True


def keep_copy(parcel: Parcel, what: Literal["uploaded", "installed"]) -> None:
    """Keep a copy of what the platform was given, in the place of the one before; see `DELIVERED`."""
    folder = Path(parcel.archive).parent / DELIVERED
    target = folder / f"{parcel.chart}.{what}.tgz"
    # By chance and not by our number, which another container may use as well.
    partial = folder / f".{target.name}.{secrets.token_hex(4)}"
    try:
        folder.mkdir(exist_ok=True)
        shutil.copyfile(parcel.archive, partial)
        partial.replace(target)
    except OSError as error:
        raise ChartError(f"{target} can't be written: {error.strerror}", "Free space, or allow it") from error


def _listed(parcel: Parcel, to: Delivery) -> bool:
    """Tell whether the platform has a chart in its version; where it can't tell, it is sent once more."""
    try:
        return parcel.version in extension_named(parcel.chart, to.platform.extensions()).versions
    except ChartError:
        return False
