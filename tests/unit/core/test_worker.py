"""What a worker does, over a fake engine and a fake registry."""

from __future__ import annotations

import io
import tarfile

import pytest

from edk.adapters.cancellation import Cancel
from edk.domain import events as ev
from edk.domain.errors import (
    BuildRefusedError,
    CancelledError,
    ContextChangedError,
    DigestMismatchError,
    EdkError,
    EngineUnreachableError,
    RegistryUnreachableError,
    StepFailedError,
)
from edk.domain.fingerprint import LABEL
from edk.domain.run import SourcesChanged, WorkerCancelled, WorkerSucceeded
from edk.orchestrator.crew import QueueInbox, closing_message
from edk.orchestrator.loop import Post, TaskFailed
from edk.orchestrator.worker import BuiltBase, Outcome, Task, build_image
from tests.unit.core.bench import ROOT, Bench, image
from tests.unit.core.building import base, dockerfile

TREE = {
    "base/Dockerfile": base("base", "FROM scratch"),
    "x/Dockerfile": dockerfile("x", "FROM local-only/base:latest", "COPY data /"),
    "x/data": "data",
}
LOCK = "localhost:32000/x"


def task(bench: Bench, name: str = "x", *, force: bool = False, attempt: int = 1) -> Task:
    """The task for an image whose base stands in the registry."""
    digest = bench.registry.put("base", "latest", {})
    bases = (BuiltBase(f"{ROOT}/base/Dockerfile", "base", digest),) if name == "x" else ()
    return Task(image(bench.plan(), name), bases, attempt, force)


def work(bench: Bench, job: Task) -> tuple[Outcome, list[ev.Event]]:
    """Do a task and return what came of it and the events."""
    events: list[ev.Event] = []
    return build_image(job, bench.services, bench.disk.fresh(), events.append, Cancel()), events


def closed(bench: Bench, job: Task, cancel: Cancel | None = None) -> Post:
    """Do a task and return its closing message."""
    return closing_message(job, bench.services, QueueInbox(), cancel or Cancel())


def test_from_is_the_digest_just_pushed() -> None:
    """The Dockerfile that is sent names the exact base; the user's file is as it was."""
    bench = Bench(TREE)
    job = task(bench)
    work(bench, job)

    (call,) = bench.builder.builds
    assert f"FROM localhost:32000/base@{job.bases[0].digest}".encode() == call.request.dockerfile.splitlines()[0]
    assert TREE["x/Dockerfile"].encode() == bench.disk.fresh().read(f"{ROOT}/x/Dockerfile", 1 << 20)


def test_what_is_sent_is_the_dockerfile_and_what_counts() -> None:
    """The context holds our Dockerfile first, and only files that are copied."""
    bench = Bench({**TREE, "x/notes.txt": "not copied"})
    work(bench, task(bench))

    (call,) = bench.builder.builds
    with tarfile.open(fileobj=io.BytesIO(call.context)) as archive:
        assert [".edk.Dockerfile", "data"] == archive.getnames()


def test_the_image_carries_its_fingerprint_and_is_pushed_under_all_tags() -> None:
    """The label makes the registry the truth; every wanted ref is told."""
    operator = 'class AOperator:\n    def __init__(self):\n        super().__init__(image="localhost:32000/x:9")\n'
    bench = Bench({**TREE, "AOperator.py": operator})
    job = task(bench)
    outcome, events = work(bench, job)

    assert job.image.fingerprint == (bench.registry.labels("x", outcome.digest) or {})[LABEL]
    assert ("0.6.0", "9") == bench.registry.tags("x")
    assert [("localhost:32000/x:0.6.0", outcome.digest), ("localhost:32000/x:9", outcome.digest)] == [
        (e.ref, e.digest) for e in events if isinstance(e, ev.ImagePushed)
    ]


def test_events_come_in_the_order_of_the_work() -> None:
    """Started, built, pushed; with path, size and log of the build."""
    bench = Bench(TREE)
    _, events = work(bench, task(bench, attempt=2))

    kinds = [type(e).__name__ for e in events if not isinstance(e, ev.StepMoved | ev.PushMoved)]
    started = next(e for e in events if isinstance(e, ev.ImageStarted))

    assert ["ImageStarted", "ImageBuilt", "ImagePushed"] == kinds
    assert ev.ImageStarted(
        "x", "not in the registry", f"{ROOT}/x/Dockerfile", 1, 4, "/state/logs/x.log", 2
    ) == started  # fmt: skip


def test_pushes_go_to_the_registrys_other_name() -> None:
    """In a cluster the address of pushes differs from the name that is written."""
    bench = Bench(TREE, registry_push="registry.lan:5000")
    _, events = work(bench, task(bench))

    assert ["registry.lan:5000/x:0.6.0"] == [call.ref for call in bench.builder.pushes]
    assert ["localhost:32000/x:0.6.0"] == [e.ref for e in events if isinstance(e, ev.ImagePushed)]
    assert b"FROM registry.lan:5000/base@" in bench.builder.builds[0].request.dockerfile


def test_the_same_content_under_another_tag_is_only_tagged() -> None:
    """Neither a build nor a push: the tag is made in the registry."""
    bench = Bench(TREE)
    first = task(bench)
    digest = bench.registry.put("x", "old", {LABEL: first.image.fingerprint})
    bench.registry.put("x", "0.6.0", {})
    job = Task(first.image.__class__(first.image.node, "build", "", first.image.fingerprint, refs=first.image.refs,
                                     digest=digest), first.bases, 1)  # fmt: skip

    outcome, _ = work(bench, job)

    assert ([], [], digest) == (bench.builder.builds, bench.builder.pushes, outcome.digest)
    head = bench.registry.head("x", "0.6.0")
    assert head is not None
    assert digest == head.digest


def test_what_another_process_built_meanwhile_is_not_built_again() -> None:
    """The lock is waited for, then the registry is asked once more."""
    bench = Bench(TREE)
    job = task(bench)
    bench.locks.busy[LOCK] = 3
    bench.locks.on_wait = lambda: bench.registry.put("x", "0.6.0", {LABEL: job.image.fingerprint}) and None

    outcome, events = work(bench, job)

    assert ([], True) == (bench.builder.builds, outcome.skipped)
    assert [ev.ImageHeld("x", "edk build (pid 12) builds it")] == events
    assert 0.3 == pytest.approx(bench.clock.monotonic())


def test_after_waiting_for_a_build_of_other_inputs_it_builds() -> None:
    """What another process left under the tag counts only with the fingerprint that is wanted."""
    bench = Bench(TREE)
    job = task(bench)
    bench.locks.busy[LOCK] = 1
    bench.registry.put("x", "0.6.0", {LABEL: "sha256:other"})

    outcome, _ = work(bench, job)

    assert ["x"] == bench.built()
    assert not outcome.skipped


def test_by_force_it_builds_although_another_process_did() -> None:
    """Force means a build by this process."""
    bench = Bench(TREE)
    job = task(bench, force=True)
    bench.registry.put("x", "0.6.0", {LABEL: job.image.fingerprint})
    bench.locks.busy[LOCK] = 1

    work(bench, job)

    assert ["x"] == bench.built()


def test_waiting_for_a_lock_can_be_cancelled() -> None:
    """A cancelled worker does not wait for another process."""
    bench = Bench(TREE)
    job = task(bench)
    bench.locks.busy[LOCK] = 1000
    cancel = Cancel()
    cancel.cancel("stopped")

    assert WorkerCancelled(job.image.key) == closed(bench, job, cancel)


@pytest.mark.parametrize("error", [StepFailedError("exit 1"), RegistryUnreachableError("gone")])
def test_the_lock_is_given_back_whatever_happens(error: EdkError) -> None:
    """A failed build leaves no lock behind."""
    bench = Bench(TREE)
    bench.builder.fail_build("x", error)

    with pytest.raises(type(error)):
        work(bench, task(bench))

    assert [] == bench.locks.held


def test_what_the_registry_gives_back_is_compared() -> None:
    """A registry that holds something else after the push is not believed."""
    bench = Bench(TREE)
    job = task(bench)
    push = bench.builder.push

    def somebody_else_too(*args: object) -> str:
        digest = push(*args)  # type: ignore[arg-type]
        bench.registry.put("x", "0.6.0", {LABEL: "sha256:theirs"})
        return digest

    bench.builder.push = somebody_else_too  # type: ignore[method-assign]
    with pytest.raises(DigestMismatchError, match=r"localhost:32000/x:0\.6\.0 was pushed as sha256:"):
        work(bench, job)


def test_an_engine_that_tells_no_digest_is_held_to_the_label() -> None:
    """Where the push names no digest, the image in the registry must carry the fingerprint."""
    bench = Bench(TREE)
    job = task(bench)
    bench.builder.push = lambda *_: bench.registry.put("x", "0.6.0", {LABEL: "sha256:theirs"}) and ""  # type: ignore[method-assign]

    with pytest.raises(DigestMismatchError, match="does not carry the fingerprint"):
        work(bench, job)


def test_a_push_that_left_nothing_is_told() -> None:
    """A registry that took an image and has nothing there is at fault."""
    bench = Bench(TREE)
    job = task(bench)
    bench.builder.push = lambda *_: "sha256:0"  # type: ignore[method-assign]

    with pytest.raises(DigestMismatchError, match="has nothing there"):
        work(bench, job)


def test_a_registry_that_is_away_is_found_out_before_the_push() -> None:
    """The engine would try for most of a minute."""
    bench = Bench(TREE)
    job = task(bench)
    bench.registry.fail("ping", RegistryUnreachableError("away"))

    with pytest.raises(RegistryUnreachableError):
        work(bench, job)

    assert [] == bench.builder.pushes


@pytest.mark.parametrize(
    ("path", "content"),
    [("x/Dockerfile", TREE["x/Dockerfile"] + "RUN true\n"), ("x/data", "changed"), ("x/data", None)],
)
def test_a_file_that_is_not_what_the_plan_saw_makes_a_new_plan(path: str, content: str | None) -> None:
    """A Dockerfile or file that changed since ends the build, and is no failure."""
    bench = Bench(TREE)
    job = task(bench)
    if content is None:
        bench.disk.delete(f"{ROOT}/{path}")
    else:
        bench.write(path, content)

    message = closed(bench, job)

    assert isinstance(message, SourcesChanged)
    assert bench.registry.tags("x") == ()


def test_a_dockerfile_that_is_gone_makes_a_new_plan() -> None:
    """Nothing of it is sent."""
    bench = Bench(TREE)
    job = task(bench)
    bench.disk.delete(f"{ROOT}/x/Dockerfile")

    with pytest.raises(ContextChangedError, match="can't be read any more"):
        work(bench, job)


def test_the_new_plan_builds_what_is_there_now() -> None:
    """A file saved between plan and build ends up in the image."""
    bench = Bench(TREE)
    plan = bench.plan()
    bench.write("x/data", "saved later")

    state = bench.build(plan)

    assert {"done"} == {t.phase for t in state.targets.values()}
    assert b"saved later" in bench.builder.builds[-1].context
    assert {"skip"} == {i.action for i in bench.plan().images}


def test_a_file_whose_name_is_no_utf8_is_built() -> None:
    """Such a name is sent as it is, counts, and makes no difference to the rest."""
    bench = Bench({**TREE, "x/Dockerfile": dockerfile("x", "FROM local-only/base", "COPY . /"), "x/a\udcff": "odd"})
    job = task(bench)

    assert isinstance(closed(bench, job), WorkerSucceeded)
    assert b"a\xff" in bench.builder.builds[0].context


@pytest.mark.parametrize(
    ("error", "kind", "retryable"),
    [
        (StepFailedError("exit 1", instruction="RUN false", line=2, log_tail=("last",)), "step", False),
        (BuildRefusedError("no"), "refused", False),
        (EngineUnreachableError("gone"), "engine", True),
        (RegistryUnreachableError("gone"), "registry", True),
        (DigestMismatchError("other"), "digest", False),
    ],
)
def test_errors_become_failures_of_their_kind(error: EdkError, kind: str, retryable: bool) -> None:
    """The loop learns whether to try again; the user learns what, where, and the last lines."""
    bench = Bench(TREE)
    job = task(bench)
    bench.builder.fail_build("x", error)

    message = closed(bench, job)

    assert isinstance(message, TaskFailed)
    assert (kind, retryable, error.message) == (message.failure.kind, message.retryable, message.failure.message)
    assert f"{ROOT}/x/Dockerfile" == message.failure.dockerfile
    if isinstance(error, StepFailedError):
        assert ("RUN false", 2, ("last",)) == (
            message.failure.instruction,
            message.failure.line,
            message.failure.log_tail,
        )


def test_a_fault_of_our_own_ends_the_task_and_is_told_with_its_traceback() -> None:
    """An error that nobody foresaw does not leave the loop waiting."""
    bench = Bench(TREE)
    job = task(bench)
    bench.builder.push = lambda *_: 1 // 0  # type: ignore[method-assign,assignment,return-value]
    inbox = QueueInbox()

    message = closing_message(job, bench.services, inbox, Cancel())
    notices = []
    while (post := inbox.get(0)) is not None:
        notices.append(post)

    assert isinstance(message, TaskFailed)
    assert ("bug", False) == (message.failure.kind, message.retryable)
    assert any("ZeroDivisionError" in repr(notice) for notice in notices)


@pytest.mark.parametrize("error", [CancelledError("x"), StepFailedError("killed"), EngineUnreachableError("cut")])
def test_whatever_a_cancelled_build_ends_with_it_was_cancelled(error: EdkError) -> None:
    """An engine that is told to stop may answer by any error."""
    bench = Bench(TREE)
    job = task(bench)
    cancel = Cancel()

    def fail(*_: object) -> None:
        cancel.cancel("files changed")
        raise error

    bench.builder.build = fail  # type: ignore[method-assign,assignment]

    assert WorkerCancelled(job.image.key) == closed(bench, job, cancel)
