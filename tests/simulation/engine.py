"""An engine and a registry in virtual time, which can be away, and know what images really hold."""

from __future__ import annotations

import io
import random
import tarfile
from collections.abc import Callable, Iterable, Mapping

from edk.domain.errors import (
    CancelledError,
    EngineUnreachableError,
    RegistryUnreachableError,
    StepFailedError,
)
from edk.domain.requests import BuildRequest, BuiltImage, EngineInfo, PushProgress, StepProgress
from edk.ports import Cancellation
from tests.fakes.engine import FAKE_ENGINE
from tests.fakes.registry import FakeRegistry
from tests.simulation.kernel import Kernel
from tests.simulation.model import image_on, state_of

CONTENT = "content"
SERIAL = "serial"


class Reach:
    """Whether something can be reached; who uses it over some time notices each outage in between."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._reasons = 0
        self.outages = 0
        self.back_at = 0.0

    @property
    def away(self) -> bool:
        """Whether it is out of reach now."""
        return self._reasons > 0

    def leave(self) -> None:
        """Go away."""
        self._reasons += 1
        self.outages += 1

    def come_back(self) -> None:
        """Be there again, once as often as it went."""
        self._reasons -= 1
        self.back_at = self._now()


class SimRegistry(FakeRegistry):
    """A registry that may be away; `pushed` holds all that ever came, as (repository, tag, digest)."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__()
        self.reach = Reach(now)
        self.pushed: list[tuple[str, str, str]] = []

    def content(self, repository: str, reference: str) -> str:
        """Return the identity of what stands under a tag or digest; empty if nothing does."""
        away, self.reach = self.reach, Reach(lambda: 0.0)
        try:
            return (self.labels(repository, reference) or {}).get(CONTENT, "")
        finally:
            self.reach = away

    def wipe(self) -> None:
        """Lose everything."""
        self._repositories.clear()

    def put(self, repository: str, tag: str, labels: Mapping[str, str]) -> str:
        """Store an image, each in one of its own: two builds never have the same digest."""
        if self.reach.away:
            raise RegistryUnreachableError("the registry is away")
        digest = super().put(repository, tag, {**labels, SERIAL: str(len(self.pushed))})
        self.pushed.append((repository, tag, digest))
        return digest

    def put_foreign(self, repository: str, tag: str) -> None:
        """Push what no EDK made, whether the registry is away for us or not."""
        super().put(repository, tag, {SERIAL: "foreign"})

    def tags_held(self) -> list[tuple[str, str]]:
        """Return all repositories with their tags."""
        return [(name, tag) for name, held in self._repositories.items() for tag in held.tags]

    def _called(self, method: str, repository: str, reference: str) -> None:
        if self.reach.away:
            raise RegistryUnreachableError("the registry is away")
        super()._called(method, repository, reference)


class SimEngine:
    """The ImageBuilder port; what it builds is what a Dockerfile means to `tests.simulation.model`.

    Args:
        kernel: lets time go by.
        registry: takes what is pushed.
        pauses: returns what draws how long the present worker's steps take.
        started: told of each build that starts, by the path of its Dockerfile.
        built: told of each image, by the path of its Dockerfile, its state and its base's identity.
        slowest: seconds that a build takes at most.
    """

    def __init__(
        self,
        kernel: Kernel,
        registry: SimRegistry,
        pauses: Callable[[], random.Random],
        started: Callable[[str], None],
        built: Callable[[str, str, str], None],
        slowest: float,
    ) -> None:
        self._kernel = kernel
        self._registry = registry
        self._pauses = pauses
        self._started = started
        self._built = built
        self._slowest = slowest
        self._images: dict[str, dict[str, str]] = {}
        self.reach = Reach(lambda: kernel.now)

    def describe(self) -> EngineInfo:
        """Return who answers."""
        return FAKE_ENGINE

    def build(
        self,
        request: BuildRequest,
        context: Iterable[bytes],
        progress: Callable[[StepProgress], None],
        cancellation: Cancellation,
    ) -> BuiltImage:
        """Take the context, let time go by, and fail as the Dockerfile says."""
        if self.reach.away:
            self._kernel.pause(0.01)
            raise EngineUnreachableError("the engine is away")
        outages = self.reach.outages
        self._started(request.dockerfile_path)
        content = b"".join(context)
        drawn = self._pauses()
        for _ in range(2):
            self._work(drawn.random() ** 3 * self._slowest / 2, outages, cancellation)
        files, dockerfile = _members(content, request)
        state = state_of(request.dockerfile.decode(), dockerfile, files)
        if state.fails:
            raise StepFailedError(f"{request.dockerfile_path}: {state.fails}", instruction=state.fails, line=1)
        base = self._base(request.dockerfile.decode())
        image = f"sha256:{len(self._images)}"
        self._built(request.dockerfile_path, state.identity, base)
        self._images[image] = {**dict(request.labels), CONTENT: image_on(state.identity, base)}
        return BuiltImage(image, 1, 0)

    def push(
        self,
        image: BuiltImage,
        ref: str,
        progress: Callable[[PushProgress], None],
        cancellation: Cancellation,
    ) -> str:
        """Let time go by, and hand the image to the registry."""
        outages = self._registry.reach.outages
        drawn = self._pauses()
        self._work(drawn.random() ** 2 * 0.2, self.reach.outages, cancellation)
        # From here on it is too late to cancel.
        self._kernel.pause(drawn.random() ** 2 * 0.2)
        if self._registry.reach.outages != outages:
            raise RegistryUnreachableError("the registry went away")
        repository, _, tag = ref.partition("/")[2].rpartition(":")
        digest = self._registry.put(repository, tag, self._images[image.image_id])
        # What happens between an upload and its reading back.
        self._kernel.pause(0.002)
        return digest

    def _work(self, seconds: float, outages: int, cancellation: Cancellation) -> None:
        self._kernel.pause(seconds)
        if cancellation.cancelled:
            raise CancelledError("cancelled")
        if self.reach.outages != outages:
            raise EngineUnreachableError("the engine went away")

    def _base(self, dockerfile: str) -> str:
        """Return the identity of what a Dockerfile is FROM; empty if that is nothing of ours."""
        ref = dockerfile.splitlines()[0].split(" ")[1]
        if "/" not in ref:
            return ""
        repository, _, digest = ref.rpartition("/")[2].partition("@")
        found = self._registry.content(repository, digest)
        if not found:
            raise StepFailedError(f"{ref} is not in the registry", instruction="FROM", line=1)
        return found


def _members(content: bytes, request: BuildRequest) -> tuple[dict[str, tuple[bool, bytes]], str]:
    """Return the files of a context, and which of them is the Dockerfile."""
    files = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        for member in tar:
            if member.isreg():
                taken = tar.extractfile(member)
                files[member.name] = (bool(member.mode & 0o111), taken.read() if taken else b"")
    return files, request.dockerfile_member
