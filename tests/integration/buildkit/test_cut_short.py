"""Builds by BuildKit that are cancelled, and daemons and registries that go away."""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edk.adapters.buildkit import BuildKitBuilder, Daemon
from edk.adapters.cancellation import Cancel
from edk.adapters.files import FileTree
from edk.domain.errors import CancelledError, EngineUnreachableError, RegistryUnreachableError
from edk.domain.requests import BuildRequest, StepProgress
from edk.orchestrator.context_tar import SourceContext
from tests.support.buildkitd import OwnDaemon, missing_programs
from tests.support.command import Command, finished, processes_with
from tests.support.extension import Extension
from tests.support.faulty_registry import FaultyRegistry, FirstRequests
from tests.support.reading_back import RegistryReader
from tests.support.watching import PROBE, save, settle, stand, until, watching

pytestmark = pytest.mark.integration

VERSION = "1.2.3"


def endless() -> str:
    """Return a number of seconds that no other step sleeps, and that never end."""
    return str(random.randrange(1_000_000, 9_000_000))


@pytest.fixture
def bk(edk: Command, buildkit_address: str) -> Command:
    """The command line that builds by BuildKit."""
    return edk.with_environ(BUILDKIT_HOST=buildkit_address, EDK_BUILDER="buildkit", EDK_RETRIES="0")


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[OwnDaemon]:
    """A daemon that may be killed."""
    if missing_programs():
        pytest.skip("no BuildKit")
    own = OwnDaemon(tmp_path / "own")
    own.start()
    yield own
    own.stop(kill=True)


def request(*lines: str, tag: str = "localhost:32000/e2e-cut/x:1", base: str = "") -> BuildRequest:
    """Return a request for a Dockerfile."""
    dockerfile = "\n".join((f"FROM {base or 'localhost:32000/test/busybox:latest'}", *lines, "")).encode()
    return BuildRequest("x", tag, dockerfile, "x/Dockerfile")


def build(builder: BuildKitBuilder, asked: BuildRequest, cancel: Cancel | None = None) -> list[StepProgress]:
    """Build without a context."""
    seen: list[StepProgress] = []
    context = SourceContext(asked.dockerfile, (), "/", FileTree())
    builder.build(asked, context, seen.append, cancel or Cancel())  # type: ignore[arg-type]
    return seen


def in_the_step(mark: str, act: object) -> threading.Thread:
    """Act once a step runs."""

    def wait() -> None:
        until(lambda: processes_with(mark))
        act()  # type: ignore[operator]

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_step_within_a_second(bk: Command, extension: Extension, number: signal.Signals) -> None:
    """With 130, no process is left, and the next run builds."""
    seconds = endless()
    extension.image("slow", f"RUN sleep {seconds}\n")
    process = bk.start("build", "--dir", str(extension.path), "--json")
    until(lambda: processes_with(f"sleep {seconds}"))

    process.send_signal(number)
    assert 2 > until(lambda: not processes_with(f"sleep {seconds}"))
    finished(process).expect(130)

    assert [] == processes_with(str(bk.cwd))
    extension.image("slow")
    bk("build", "--dir", str(extension.path)).expect(0)


def test_killed_itself(bk: Command, extension: Extension) -> None:
    """A run that is killed takes its step with it, and the next one builds all."""
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    seconds = endless()
    extension.image("slow", f"RUN sleep {seconds}\n")
    process = bk.start("build", "--dir", str(extension.path))
    until(lambda: processes_with(f"sleep {seconds}"))

    process.kill()
    process.communicate()

    until(lambda: not processes_with(f"sleep {seconds}"), 10)
    extension.image("slow")
    bk("build", "--dir", str(extension.path)).expect(0)


def test_a_dozen_cancelled_builds_leave_nothing(busybox: str, buildkit_address: str, tmp_path: Path) -> None:
    """Neither steps, nor processes, threads or descriptors."""
    seconds = endless()
    builder = BuildKitBuilder(Daemon(buildkit_address), str(tmp_path))
    before = len(os.listdir("/proc/self/fd")), threading.active_count()  # noqa: PTH208
    slowest = 0.0
    for round_ in range(12):
        cancel, asked = Cancel(), [0.0]

        def stop(cancel: Cancel = cancel, asked: list[float] = asked) -> None:
            asked[0] = time.monotonic()
            cancel.cancel()

        timer = threading.Timer(0.02 + round_ * 0.04, stop)
        timer.start()
        with pytest.raises(CancelledError):
            build(builder, request(f"RUN sleep {seconds}", base=busybox), cancel)
        slowest = max(slowest, time.monotonic() - asked[0])
        timer.join()

    assert slowest < 1
    until(lambda: not processes_with(f"sleep {seconds}"), 5)
    assert [] == processes_with(f"{tmp_path}/")
    assert before == (len(os.listdir("/proc/self/fd")), threading.active_count())  # noqa: PTH208


def test_a_daemon_killed_in_a_step(daemon: OwnDaemon, bk: Command, extension: Extension) -> None:
    """Exit code 4, and it is said that BuildKit went away, not that the image is wrong."""
    seconds = endless()
    extension.image("slow", f"RUN sleep {seconds}\n")
    own = bk.with_environ(BUILDKIT_HOST=daemon.address)
    process = own.start("build", "--dir", str(extension.path), "--json")
    until(lambda: processes_with(f"sleep {seconds}"))

    daemon.stop(kill=True)
    run = finished(process).expect(4)

    (failed,) = run.named("ImageFailed")
    assert "went away in the middle of its work" in failed["message"]
    assert "its own log" in failed["hint"]
    assert [] == processes_with(str(bk.cwd))


def test_a_daemon_that_is_not_there(bk: Command, extension: Extension, tmp_path: Path) -> None:
    """By wish it is exit code 4 at once; by itself the Docker Engine builds, and it is said why."""
    extension.image("seg")
    nobody = bk.with_environ(BUILDKIT_HOST=f"unix://{tmp_path}/no.sock")

    run = nobody("build", "--dir", str(extension.path)).expect(4)
    assert f"BuildKit at unix://{tmp_path}/no.sock does not answer" in run.out + run.err
    assert 5 > run.seconds

    run = nobody.with_environ(EDK_BUILDER="auto")("build", "--dir", str(extension.path)).expect(0)
    assert "the Docker Engine builds, for BuildKit at" in run.out + run.err


def test_a_frozen_daemon_is_given_up(daemon: OwnDaemon, busybox: str, tmp_path: Path) -> None:
    """After the stall; with what it does then, once it goes on, nobody has to do."""
    seconds = endless()
    builder = BuildKitBuilder(Daemon(daemon.address), str(tmp_path / "staged"), stall=1.5)
    thread = in_the_step(f"sleep {seconds}", lambda: daemon.signal(signal.SIGSTOP))

    with pytest.raises(EngineUnreachableError, match=r"went away .*no sign of life for \d+ seconds"):
        build(builder, request(f"RUN sleep {seconds}", base=busybox))
    thread.join()

    with pytest.raises(EngineUnreachableError):
        builder.describe()
    daemon.signal(signal.SIGCONT)
    until(lambda: not processes_with(f"sleep {seconds}"), 10)
    build(builder, request("RUN true", base=busybox))


def test_a_frozen_daemon_is_cancelled_at_once(daemon: OwnDaemon, busybox: str, tmp_path: Path) -> None:
    """Who cancels does not wait for one that does not answer."""
    seconds = endless()
    builder = BuildKitBuilder(Daemon(daemon.address), str(tmp_path / "staged"))
    cancel, asked = Cancel(), [0.0]

    def freeze() -> None:
        daemon.signal(signal.SIGSTOP)
        asked[0] = time.monotonic()
        cancel.cancel()

    thread = in_the_step(f"sleep {seconds}", freeze)
    with pytest.raises(CancelledError):
        build(builder, request(f"RUN sleep {seconds}", base=busybox), cancel)
    assert time.monotonic() - asked[0] < 1
    thread.join()


def test_a_quiet_step_is_no_stall(busybox: str, buildkit_address: str, tmp_path: Path) -> None:
    """A step may print nothing for longer than a stall takes to be told."""
    builder = BuildKitBuilder(Daemon(buildkit_address), str(tmp_path), stall=1.0)

    build(builder, request(f"RUN sleep 3; : {endless()}", base=busybox))


@pytest.mark.parametrize("status", [500, 403])
def test_a_registry_that_does_not_take_the_image(
    busybox: str, registry_host: str, buildkit_address: str, tmp_path: Path, status: int
) -> None:
    """It is the registry's, with its answer."""
    builder = BuildKitBuilder(Daemon(buildkit_address), str(tmp_path))
    with FaultyRegistry(registry_host, FirstRequests(10_000, status, "", "/v2/e2e-cut")) as faulty:
        tag = f"{faulty.address}/e2e-cut/x:1"
        with pytest.raises(RegistryUnreachableError, match=rf"^{tag} can't be pushed: .*{status}") as caught:
            build(builder, request(f"RUN echo {endless()} > /x", tag=tag, base=busybox))

    assert ("docker login" in caught.value.hint) == (status in (401, 403))


def test_a_registry_that_fails_for_a_moment(
    edk: Command, extension: Extension, registry_host: str, buildkit_address: str
) -> None:
    """It is tried again, and the image stands."""
    folder = extension.image("seg")
    with FaultyRegistry(registry_host, FirstRequests(40, 500, "PUT", "/manifests/")) as faulty:
        command = edk.with_environ(BUILDKIT_HOST=buildkit_address, EDK_BUILDER="buildkit", EDK_REGISTRY=faulty.address)
        path = folder / "Dockerfile"
        path.write_text(path.read_text().replace("localhost:32000", "127.0.0.1:32000"))
        faulty.rule.count = 2  # type: ignore[attr-defined]
        run = command("build", "--dir", str(extension.path), "--json").expect(0)

    assert 1 == len(run.named("ImageFinished"))
    assert RegistryReader(registry_host).has(extension.name("seg"), VERSION)


def test_a_save_supersedes(bk: Command, extension: Extension, registry: RegistryReader) -> None:
    """A save during a step ends it, and the new state is built."""
    seconds = endless()
    step = extension.image("slow", "COPY step.sh /\nRUN sh /step.sh\n", files={"step.sh": "true\n"}) / "step.sh"
    with watching(bk, extension.path) as watcher:
        stand(watcher, extension, "slow")
        mark = watcher.mark()
        save(step, f"sleep {seconds}\n")
        until(lambda: processes_with(f"sleep {seconds}"))

        save(step, "echo short\n")
        assert 2 > until(lambda: not processes_with(f"sleep {seconds}"))
        watcher.wait("SaveServed", mark, image=extension.name("slow"))

        assert "echo short\n" == registry.text(extension.name("slow"), VERSION, "step.sh")
        assert [] == watcher.all("ImageFailed", mark)


def test_a_daemon_that_comes_back(
    daemon: OwnDaemon, bk: Command, extension: Extension, registry: RegistryReader
) -> None:
    """A watcher says that it is away, waits, and builds the last state once it is back."""
    step = extension.image("slow", "COPY step.sh /\nRUN sh /step.sh\n", files={"step.sh": "true\n"}) / "step.sh"
    own = bk.with_environ("EDK_RETRIES", BUILDKIT_HOST=daemon.address)
    with watching(own, extension.path) as watcher:
        stand(watcher, extension, "slow")
        mark = watcher.mark()
        seconds = endless()
        save(step, f"sleep {seconds}\n")
        until(lambda: processes_with(f"sleep {seconds}"))
        daemon.stop(kill=True)
        away = watcher.wait("OutOfReach", mark)
        save(step, "echo two\n")
        daemon.start()
        # The image stands in the registry before its build is done: the plan that comes with "back again" may see it.
        watcher.wait("SaveServed", mark, image=extension.name("slow"))
        watcher.wait("BackAgain", mark, what="engine")

    assert "engine" == away["what"]
    assert [] == watcher.all("ImageFailed", mark)
    assert "echo two\n" == registry.text(extension.name("slow"), VERSION, "step.sh")


def test_a_saved_script_reaches_the_dag_image(bk: Command, whole: Extension, registry: RegistryReader) -> None:
    """While it is watched: a save gives the image a new digest, and the DAG image that names it follows."""
    from tests.support.watching import with_probe

    with_probe(whole)
    with watching(bk, whole.path) as watcher:
        stand(watcher, whole, "base", "seg", "dag", PROBE)
        for text in ("echo two\n", "echo three\n"):
            mark = watcher.mark()
            save(whole.path / "containers/seg/run.sh", text)
            served = watcher.wait("SaveServed", mark, image=whole.name("seg"))
            settle(watcher, whole)
            watcher.wait("ImageFinished", mark, image=whole.name("dag"))

            digest = registry.digest(whole.name("seg"), VERSION)
            operator = registry.text(whole.name("dag"), VERSION, "kaapana/tmp/dags/x/SegOperator.py")
            assert served["image"] == whole.name("seg")
            assert f"localhost:32000/{whole.name('seg')}@{digest}" in operator
            assert text == registry.text(whole.name("seg"), VERSION, "run.sh")
        assert [] == watcher.all("ImageFailed")
