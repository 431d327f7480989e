"""Which builder a command uses, the Docker Engine or BuildKit; decided when it is first asked for something."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from edk.domain.errors import EngineUnreachableError, UsageError

if TYPE_CHECKING:
    from edk.adapters.buildkit import Daemon
    from edk.domain.pool.model import WorkerAddress
    from edk.domain.requests import BuildRequest, BuiltImage, EngineInfo, Placement, PushProgress, StepProgress
    from edk.orchestrator.doctor_model import EngineProbes
    from edk.ports import BuildContext, Cache, Cancellation, EngineDisk, ImageBuilder
    from edk.settings import Settings

_START = "edk builder up, or set BUILDKIT_HOST"


@dataclass(frozen=True, slots=True)
class Choice:
    """A builder and why it is this one.

    Args:
        builder: that was chosen.
        buildkit: whether it is BuildKit itself.
        reason: a sentence's end, e.g. ``BUILDKIT_HOST is set``.
        missed: why BuildKit was wanted and is not used; empty if it was not, or is.
        info: what it said of itself where it was asked for the choice; None if it was not.
    """

    builder: ImageBuilder
    buildkit: bool
    reason: str
    missed: str = ""
    info: EngineInfo | None = None


def choose(settings: Settings, memory: Cache | None = None) -> Choice:
    """Return the builder that the settings ask for.

    Raises:
        UsageError: BuildKit is asked for, and it is not known where; or what only BuildKit does, and it is not used.
    """
    if settings.builder == "docker":
        return _docker(settings, memory, "it is asked for")
    address, where = known_address(settings)
    if settings.builder == "buildkit":
        if not address:
            raise UsageError("BuildKit is asked for, but it is not known where one listens", _START)
        return Choice(_buildkit(settings, address), True, where)
    if not address:
        return _docker(settings, memory, "no BuildKit is known: BUILDKIT_HOST is not set")
    found = _buildkit(settings, address)
    try:
        info = found.describe()
    except (EngineUnreachableError, UsageError) as error:
        return _docker(settings, memory, error.message, missed=error.message)
    return Choice(found, True, where, info=info)


def known_address(settings: Settings) -> tuple[str, str]:
    """Return where BuildKit is said to listen, and who says so; both are empty if nobody does."""
    if settings.buildkit_host:
        return settings.buildkit_host, "BUILDKIT_HOST is set"
    own = _recorded(settings.state_path("buildkit", "address"))
    if own:
        return own, "'edk builder up' started it"
    from edk.adapters.buildkit.endpoint import DEFAULT_ADDRESS

    if os.path.exists(DEFAULT_ADDRESS.removeprefix("unix://")):  # noqa: PTH110
        return DEFAULT_ADDRESS, "it listens where BuildKit's own tools look"
    return "", ""


def disk_of(settings: Settings) -> EngineDisk:
    """Return the disk of the builder that the settings ask for; raises UsageError as `choose` does."""
    if choose(settings).buildkit:
        from edk.adapters.buildkit.disk import BuildKitDisk

        address, _ = known_address(settings)
        return BuildKitDisk([daemon_of(settings, worker) for worker in discovery(address)()])
    from edk.adapters.engine import DockerEngineDisk

    return DockerEngineDisk(settings.docker_host)


def probes_of(settings: Settings) -> EngineProbes:
    """Return what asks the engine, or the daemons, for `edk doctor`; raises UsageError as `choose` does."""
    if choose(settings).buildkit:
        from edk.adapters.buildkit.probing import BuildKitProbes

        address, _ = known_address(settings)
        return BuildKitProbes([daemon_of(settings, worker) for worker in discovery(address)()])
    from edk.adapters.engine.probing import DockerEngineProbes

    return DockerEngineProbes(settings.docker_host)


def _recorded(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def discovery(address: str) -> Callable[[], Sequence[WorkerAddress]]:
    """Return what looks up the daemons that an address, or several with commas between, leads to."""
    from edk.adapters.pool import Discovery, read_addresses

    return Discovery(read_addresses(address))


def daemon_of(settings: Settings, worker: WorkerAddress) -> Daemon:
    """Return a worker as BuildKit's adapter takes it."""
    from edk.adapters.buildkit import Daemon

    return Daemon(worker.address, settings.buildkit_tls, worker.server_name)


def _buildkit(settings: Settings, address: str) -> ImageBuilder:
    from edk.adapters.buildkit import BuildKitBuilder
    from edk.adapters.pool import BuilderPool
    from edk.domain.pool.model import WorkerAddress

    def make(worker: WorkerAddress) -> ImageBuilder:
        return BuildKitBuilder(daemon_of(settings, worker), settings.state_path("staged"))

    found = discovery(address)
    # A name may lead to more machines later; all other addresses are one for good.
    if "," in address or " " in address or address.startswith("tcp://"):
        return BuilderPool(make, found, settings.worker_jobs)
    return make(WorkerAddress(address))


def _docker(settings: Settings, memory: Cache | None, reason: str, missed: str = "") -> Choice:
    wanted = {
        "a build secret": settings.build_secrets,
        "an ssh agent": settings.ssh,
        "attestations": settings.attestations,
        "several platforms": "," in settings.platform,
    }
    asked = [what for what, given in wanted.items() if given]
    if asked:
        what = " and ".join(asked)
        raise UsageError(f"only BuildKit itself knows {what}, and the Docker Engine builds: {reason}", _START)
    from edk.adapters.engine import DockerEngineBuilder

    builder = DockerEngineBuilder(settings.docker_host, classic=settings.classic_builder, memory=memory)
    return Choice(builder, False, reason, missed)


class LazyBuilder:
    """An `ImageBuilder` that is chosen and imported when it is first used: where all is unchanged, it never is.

    Args:
        settings: the settings.
        memory: where what is found out about engines outlives the process.
        notice: told in a sentence where BuildKit was to be had and is not.
    """

    def __init__(
        self, settings: Settings, memory: Cache | None = None, notice: Callable[[str], None] | None = None
    ) -> None:
        self._settings = settings
        self._memory = memory
        self._notice = notice
        self._asked = False

    @cached_property
    def choice(self) -> Choice:
        """Return what was chosen; raise UsageError as `choose` does."""
        choice = choose(self._settings, self._memory)
        if choice.missed and self._notice is not None:
            self._notice(f"the Docker Engine builds, for {choice.missed}")
        return choice

    def describe(self) -> EngineInfo:
        """See `edk.ports.ImageBuilder.describe`; who was just asked for the choice is not asked again at once."""
        first, self._asked = not self._asked, True
        return (self.choice.info if first else None) or self.choice.builder.describe()

    def places(self) -> int:
        """See `edk.ports.ImageBuilder.places`."""
        return self.choice.builder.places()

    def build(
        self,
        request: BuildRequest,
        context: BuildContext,
        progress: Callable[[StepProgress | Placement], None],
        cancellation: Cancellation,
    ) -> BuiltImage:
        """See `edk.ports.ImageBuilder.build`."""
        return self.choice.builder.build(request, context, progress, cancellation)

    def push(
        self,
        image: BuiltImage,
        ref: str,
        progress: Callable[[PushProgress], None],
        cancellation: Cancellation,
    ) -> str:
        """See `edk.ports.ImageBuilder.push`."""
        return self.choice.builder.push(image, ref, progress, cancellation)
