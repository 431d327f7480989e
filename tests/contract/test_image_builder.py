"""What every ImageBuilder does: the Docker Engine by BuildKit and by its classic builder, a daemon, and in memory."""

from __future__ import annotations

import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import docker
import pytest
from msgspec.structs import replace

from edk.adapters.buildkit import BuildKitBuilder, Daemon
from edk.adapters.cancellation import Cancel
from edk.adapters.engine import DockerEngineBuilder
from edk.adapters.files import FileTree
from edk.adapters.pool import BuilderPool
from edk.domain.errors import (
    BuildRefusedError,
    CancelledError,
    ContextChangedError,
    EngineUnreachableError,
    RegistryUnreachableError,
    StepFailedError,
)
from edk.domain.files import ContextFile
from edk.domain.pool.model import WorkerAddress
from edk.domain.requests import BuildRequest, BuiltImage, Placement, PushProgress, StepProgress
from edk.orchestrator.context_tar import SourceContext
from edk.ports import ImageBuilder
from tests.fakes.engine import FakeImageBuilder
from tests.fakes.registry import FakeRegistry
from tests.support.buildkitd import missing_programs

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass(frozen=True)
class World:
    """A builder, a registry to push to, and a base to build from."""

    builder: ImageBuilder
    base: str
    ref: str
    digest_of: Callable[[str], str]
    dead_registry: str


@pytest.fixture(
    params=[
        pytest.param("buildkit", marks=pytest.mark.integration),
        pytest.param("classic", marks=pytest.mark.integration),
        pytest.param("daemon", marks=pytest.mark.integration),
        "memory",
        "pool",
    ]
)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A builder of either kind, and a repository of its own for the test."""
    repository = f"engine-contract/{uuid.uuid4().hex}"
    ref = f"localhost:32000/{repository}:1"
    dead = "localhost:1/engine-contract/x:1"
    if request.param in {"memory", "pool"}:
        registry = FakeRegistry()
        fakes = [FakeImageBuilder(registry) for _ in range(3)]
        for fake in fakes:
            fake.fail_push(dead, RegistryUnreachableError("nobody is there"))
        in_memory = fakes[0] if request.param == "memory" else _pool_of(fakes)
        yield World(in_memory, "base", ref, lambda repo: registry.head(repo, "1").digest, dead)  # type: ignore[union-attr]
        return
    base = request.getfixturevalue("busybox")
    if request.param == "daemon":
        address = request.getfixturevalue("buildkit_address")
        staging = request.getfixturevalue("tmp_path") / "staged"
        yield World(BuildKitBuilder(Daemon(address), str(staging)), base, ref, _real_digest, dead)
        return
    endpoint = request.getfixturevalue("engine_endpoint")
    builder = DockerEngineBuilder(endpoint, {}, classic=request.param == "classic")
    yield World(builder, base, ref, _real_digest, dead)
    with docker.APIClient(endpoint, "auto") as client:
        for made in (ref, dead):
            with suppress(docker.errors.ImageNotFound):
                client.remove_image(made)


def _pool_of(builders: list[FakeImageBuilder]) -> BuilderPool:
    places = {WorkerAddress(f"tcp://10.0.0.{number}:1234"): one for number, one in enumerate(builders)}
    return BuilderPool(places.__getitem__, lambda: tuple(places))


def _real_digest(repository: str) -> str:
    url = f"http://localhost:32000/v2/{repository}/manifests/1"
    asked = urllib.request.Request(url, method="HEAD", headers={"Accept": MANIFEST})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return str(answer.headers["Docker-Content-Digest"])


def _request(world: World, *lines: str, **fields: object) -> BuildRequest:
    dockerfile = "\n".join((f"FROM {world.base}", *lines, "")).encode()
    return BuildRequest("x", world.ref, dockerfile, "x/Dockerfile", **fields)  # type: ignore[arg-type]


def _context(request: BuildRequest) -> SourceContext:
    return SourceContext(request.dockerfile, (), "/", FileTree(), request.dockerfile_member)


def _build(world: World, request: BuildRequest) -> tuple[BuiltImage, list[StepProgress]]:
    seen: list[StepProgress] = []

    def hear(moved: StepProgress | Placement) -> None:
        if isinstance(moved, StepProgress):
            seen.append(moved)

    return world.builder.build(request, _context(request), hear, Cancel()), seen


def test_says_who_it_is(world: World) -> None:
    """An engine that answers has a name, a version and a platform."""
    info = world.builder.describe()

    assert info.name
    assert info.version
    assert info.platform.startswith("linux/") or info.name == "Fake Engine"


def test_builds(world: World) -> None:
    """An image comes with an id, and its steps with their lines, from started to finished."""
    image, seen = _build(world, _request(world, "# a comment", f"RUN echo {uuid.uuid4().hex}"))

    run = [(step.phase, step.line, step.number, step.total) for step in seen if " RUN " in step.title]
    assert image.image_id.startswith("sha256:")
    assert [("started", 3, 2, 2), ("finished", 3, 2, 2)] == run
    assert (1, 0) == (image.steps, image.cached_steps)


def test_caches(world: World) -> None:
    """The same again gives the same image, with all its steps cached."""
    request = _request(world, f"RUN echo {uuid.uuid4().hex}")

    first, _ = _build(world, request)
    again, seen = _build(world, request)

    assert first.image_id == again.image_id
    assert "cached" in [step.phase for step in seen if " RUN " in step.title]
    assert (1, 1) == (again.steps, again.cached_steps)


def test_counts_no_step_as_cached_that_no_cache_built_anew(world: World) -> None:
    """With no_cache the same RUN is executed again."""
    line = f"RUN echo {uuid.uuid4().hex}"
    _build(world, _request(world, line))

    _, seen = _build(world, _request(world, line, no_cache=True))

    assert "cached" not in [step.phase for step in seen if " RUN " in step.title]


def test_fails_with_the_step(world: World) -> None:
    """A failing instruction is named with its file, line and exit code."""
    with pytest.raises(StepFailedError) as caught:
        _build(world, _request(world, "RUN echo one", "", "RUN exit 7"))

    assert "x/Dockerfile:4: RUN exit 7 exited with code 7" == caught.value.message
    assert (4, "RUN exit 7") == (caught.value.line, caught.value.instruction)


def test_refuses_what_is_no_dockerfile(world: World) -> None:
    """An unknown instruction is refused with its line."""
    with pytest.raises(BuildRefusedError, match=r"^x/Dockerfile:2: .*EDKNONSENSE"):
        _build(world, _request(world, "EDKNONSENSE"))


def test_cancels_within_a_second(world: World) -> None:
    """A step that would run for a minute is gone at once when cancelled."""
    cancel = Cancel()
    request = _request(world, f"RUN echo {uuid.uuid4().hex}", "RUN sleep 61")
    asked: list[float] = []

    def stop(step: StepProgress | Placement) -> None:
        if isinstance(step, StepProgress) and step.phase == "started" and "sleep 61" in step.title:
            threading.Timer(0.3, lambda: (asked.append(time.monotonic()), cancel.cancel("test"))).start()

    with pytest.raises(CancelledError):
        world.builder.build(request, _context(request), stop, cancel)

    assert time.monotonic() - asked[0] < 1


def test_does_not_begin_when_cancelled_before(world: World) -> None:
    """What was cancelled before it began does not begin."""
    cancel = Cancel()
    cancel.cancel()
    request = _request(world, "RUN true")

    with pytest.raises(CancelledError):
        world.builder.build(request, _context(request), lambda _: None, cancel)


class _Broken:
    """A context that can't be read to its end."""

    def __init__(self, request: BuildRequest, error: Exception) -> None:
        self._whole = _context(request)
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        yield next(iter(self._whole))[:512]
        raise self._error

    def files(self) -> tuple[ContextFile, ...]:
        return (ContextFile("x.py", "file", False, 3, "0" * 64, "", 0o644),)

    def content(self, file: ContextFile) -> Iterator[bytes]:
        yield b"x"
        raise self._error


@pytest.mark.parametrize("error", [ContextChangedError("x.py changed"), OSError("gone"), ValueError("odd")])
def test_passes_on_what_the_context_raises(world: World, error: Exception) -> None:
    """An error of the context comes out as it is, also one that sockets could raise."""
    request = _request(world, "RUN true")

    with pytest.raises(type(error)) as caught:
        world.builder.build(request, _Broken(request, error), lambda _: None, Cancel())

    assert error is caught.value


def test_pushes(world: World) -> None:
    """What a push says is what stands in the registry afterwards, and it tells its progress."""
    image, _ = _build(world, _request(world, f"RUN echo {uuid.uuid4().hex}"))
    seen: list[PushProgress] = []

    digest = world.builder.push(image, world.ref, seen.append, Cancel())

    repository = world.ref.removeprefix("localhost:32000/").removesuffix(":1")
    assert world.digest_of(repository) == digest
    assert [] != seen


def test_tells_that_a_registry_is_down(world: World) -> None:
    """A push to nobody is a registry out of reach."""
    request = replace(_request(world), tag=world.dead_registry)

    def build_and_push() -> None:
        # Who pushes while it builds tells it then.
        image, _ = _build(world, request)
        world.builder.push(image, world.dead_registry, lambda _: None, Cancel())

    with pytest.raises(RegistryUnreachableError):
        build_and_push()


def test_pushes_nothing_when_cancelled_before(world: World) -> None:
    """A push that was cancelled before it began does not begin."""
    image, _ = _build(world, _request(world))
    cancel = Cancel()
    cancel.cancel()

    with pytest.raises(CancelledError):
        world.builder.push(image, world.ref, lambda _: None, cancel)


@pytest.mark.parametrize("kind", ["real", pytest.param("daemon", marks=pytest.mark.integration), "memory"])
def test_tells_that_an_engine_is_gone(kind: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where no engine is, the error says so at once."""
    builder: ImageBuilder
    if kind == "memory":
        builder = FakeImageBuilder()
        builder.fail_describe(EngineUnreachableError("nobody is there"))
    elif kind == "daemon":
        if "buildctl" in missing_programs():
            pytest.skip("buildctl is not installed")
        folder = tmp_path_factory.mktemp("daemon")
        builder = BuildKitBuilder(Daemon(f"unix://{folder}/no.sock"), str(folder))
    else:
        builder = DockerEngineBuilder(f"unix://{tmp_path_factory.mktemp('engine')}/no.sock", {})
    began = time.monotonic()

    with pytest.raises(EngineUnreachableError):
        builder.describe()

    assert time.monotonic() - began < 5
