"""An engine in memory: the `ImageBuilder` port with scripted failures and delays."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from msgspec.structs import replace

from edk.domain.errors import BuildRefusedError, CancelledError, EdkError, StepFailedError
from edk.domain.requests import BuildRequest, BuiltImage, EngineInfo, PushProgress, StepProgress
from edk.ports import Cancellation

FAKE_ENGINE = EngineInfo("Fake Engine", "1.0", "memory:", True, False, "linux/amd64")


class Shelf(Protocol):
    """Where a fake engine pushes to."""

    def put(self, repository: str, tag: str, labels: Mapping[str, str]) -> str:
        """Store an image with these labels and return its digest."""


class Wait(Protocol):
    """Lets time pass, real or virtual; returns early when cancelled."""

    def __call__(self, seconds: float, cancellation: Cancellation) -> None:
        """Return after `seconds`, or as soon as it is cancelled."""


@dataclass(frozen=True)
class BuildCall:
    """A build that was asked for, with the context as it arrived."""

    request: BuildRequest
    context: bytes


@dataclass(frozen=True)
class PushCall:
    """A push that was asked for."""

    image: BuiltImage
    ref: str


@dataclass
class _Scripted:
    failures: list[EdkError] = field(default_factory=list)
    delay: float = 0.0


def real_wait(seconds: float, cancellation: Cancellation) -> None:
    """Wait in real time."""
    woken = threading.Event()
    take_back = cancellation.on_cancel(woken.set)
    woken.wait(seconds)
    take_back()


class FakeImageBuilder:
    """Builds nothing, and answers as an engine would; threads may share it.

    An image's id is the digest of what it was built from. A Dockerfile's ``RUN exit N`` fails as a step does,
    an instruction that starts with ``EDK`` is refused, all others succeed; what was built before is cached.

    Args:
        registry: takes what is pushed; None: a push only makes a digest.
        wait: passes the time of scripted delays.
    """

    def __init__(self, registry: Shelf | None = None, wait: Wait = real_wait) -> None:
        self.builds: list[BuildCall] = []
        self.pushes: list[PushCall] = []
        self.running: list[str] = []
        self.peak = 0
        self.info = FAKE_ENGINE
        self._registry = registry
        self._wait = wait
        self._labels: dict[str, dict[str, str]] = {}
        self._built: set[str] = set()
        self._build_script: dict[str, _Scripted] = {}
        self._push_script: dict[str, _Scripted] = {}
        self._describe_failures: list[EdkError] = []
        # The engine is what workers share; a real one sorts them out as well.
        self._lock = threading.Lock()

    def fail_describe(self, *errors: EdkError) -> None:
        """Raise these errors, one a call, when asked who answers."""
        self._describe_failures.extend(errors)

    def fail_build(self, name: str, *errors: EdkError) -> None:
        """Raise these errors, one a build of the target `name`, after its context was read."""
        self._build_script.setdefault(name, _Scripted()).failures.extend(errors)

    def delay_build(self, name: str, seconds: float) -> None:
        """Have builds of the target `name` take so long."""
        self._build_script.setdefault(name, _Scripted()).delay = seconds

    def fail_push(self, ref: str, *errors: EdkError) -> None:
        """Raise these errors, one a push of `ref`."""
        self._push_script.setdefault(ref, _Scripted()).failures.extend(errors)

    def delay_push(self, ref: str, seconds: float) -> None:
        """Have pushes of `ref` take so long."""
        self._push_script.setdefault(ref, _Scripted()).delay = seconds

    def describe(self) -> EngineInfo:
        """Return who answers, or fail as told."""
        with self._lock:
            if self._describe_failures:
                raise self._describe_failures.pop(0)
        return self.info

    def places(self) -> int:
        """Say nothing of how many builds it takes at once."""
        return 0

    def build(
        self,
        request: BuildRequest,
        context: Iterable[bytes],
        progress: Callable[[StepProgress], None],
        cancellation: Cancellation,
    ) -> BuiltImage:
        """Take the whole context, wait and fail as told, and return an image."""
        _stop_if(cancellation)
        with self._lock:
            self.running.append(request.name)
            self.peak = max(self.peak, len(self.running))
        try:
            return self._build(request, context, progress, cancellation)
        finally:
            with self._lock:
                self.running.remove(request.name)

    def push(
        self,
        image: BuiltImage,
        ref: str,
        progress: Callable[[PushProgress], None],
        cancellation: Cancellation,
    ) -> str:
        """Wait and fail as told, and hand the image's labels to the registry."""
        _stop_if(cancellation)
        with self._lock:
            self.pushes.append(PushCall(image, ref))
        self._play(self._push_script.get(ref), cancellation)
        progress(PushProgress("layer", "Pushed", 1, 1))
        repository, _, tag = ref.partition("/")[2].rpartition(":")
        if self._registry is None:
            return "sha256:" + sha256(image.image_id.encode()).hexdigest()
        with self._lock:
            return self._registry.put(repository, tag, self._labels.get(image.image_id, {}))

    def _build(
        self,
        request: BuildRequest,
        context: Iterable[bytes],
        progress: Callable[[StepProgress], None],
        cancellation: Cancellation,
    ) -> BuiltImage:
        received = bytearray()
        for piece in context:
            _stop_if(cancellation)
            received += piece
        call = BuildCall(request, bytes(received))
        image_id, steps = _image_id(call), _statements(request.dockerfile)
        with self._lock:
            self.builds.append(call)
            cached = image_id in self._built and not request.no_cache
        for number, (line, text) in enumerate(steps, 1):
            _stop_if(cancellation)
            step = StepProgress(str(number), "started", f"[{number}/{len(steps)}] {text}", line, number, len(steps))
            if cached:
                progress(replace(step, phase="cached"))
            else:
                self._run(request, text, step, progress, cancellation)
        self._play(self._build_script.get(request.name), cancellation)
        with self._lock:
            self._built.add(image_id)
            self._labels[image_id] = dict(request.labels)
        counted = sum(not text.upper().startswith("FROM ") for _, text in steps)
        return BuiltImage(image_id, counted, counted if cached else 0)

    def _run(
        self,
        request: BuildRequest,
        text: str,
        step: StepProgress,
        progress: Callable[[StepProgress], None],
        cancellation: Cancellation,
    ) -> None:
        place = f"{request.dockerfile_path}:{step.line}"
        if text.startswith("EDK"):
            raise BuildRefusedError(f"{place}: unknown instruction: {text}")
        progress(step)
        if text.startswith("RUN exit "):
            progress(replace(step, phase="failed"))
            how = f"{text} exited with code {text.rsplit(maxsplit=1)[-1]}"
            raise StepFailedError(f"{place}: {how}", instruction=text, line=step.line)
        if text.startswith("RUN sleep "):
            self._wait(float(text.rsplit(maxsplit=1)[-1]), cancellation)
            _stop_if(cancellation)
        progress(replace(step, phase="finished"))

    def _play(self, script: _Scripted | None, cancellation: Cancellation) -> None:
        if script is None:
            return
        if script.delay:
            self._wait(script.delay, cancellation)
        _stop_if(cancellation)
        with self._lock:
            failure = script.failures.pop(0) if script.failures else None
        if failure is not None:
            raise failure


def _stop_if(cancellation: Cancellation) -> None:
    if cancellation.cancelled:
        raise CancelledError("cancelled")


def _statements(dockerfile: bytes) -> list[tuple[int, str]]:
    lines = dockerfile.decode("utf-8", "backslashreplace").splitlines()
    return [(at, line.strip()) for at, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]


def _image_id(call: BuildCall) -> str:
    request = call.request
    told = repr((request.dockerfile, request.build_args, request.labels, request.platform, request.target))
    return "sha256:" + sha256(told.encode() + sha256(call.context).digest()).hexdigest()
