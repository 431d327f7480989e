"""The build as a whole: what is announced, how it runs in threads, and its exit code."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from msgspec import structs

from edk.adapters.cancellation import Cancel
from edk.adapters.clock import SystemClock
from edk.domain import events as ev
from edk.domain.errors import EngineUnreachableError, RegistryUnreachableError, StepFailedError
from edk.domain.requests import EngineInfo
from edk.domain.run import RunState, StopAsked, TargetRun
from edk.orchestrator.build import BuildOptions, announce, exit_code_of, run_images
from edk.orchestrator.crew import QueueInbox
from edk.ports import Cancellation
from tests.unit.core.bench import ROOT, Bench
from tests.unit.core.building import base, dockerfile

TREE = {
    "base/Dockerfile": base("base", "FROM scratch"),
    **{f"x{n}/Dockerfile": dockerfile(f"x{n}", "FROM local-only/base", f"RUN {n}") for n in range(6)},
}


def new_cancellation() -> tuple[Cancellation, Callable[[str], None]]:
    cancel = Cancel()
    return cancel, cancel.cancel


def run(bench: Bench, inbox: QueueInbox | None = None) -> RunState:
    """Announce and run, with real threads."""
    plan = announce(bench.services, bench.request())
    return run_images(bench.services, plan, bench.request(), BuildOptions(), inbox or QueueInbox(), new_cancellation)


def told(bench: Bench, kind: type[ev.Event]) -> list[ev.Event]:
    return [event for event in bench.sink.events if isinstance(event, kind)]


def test_in_threads_as_many_run_as_are_allowed() -> None:
    """The engine is never given more than that many builds at once, and is given them."""
    bench = Bench(TREE, jobs=3)
    for name in (f"x{n}" for n in range(6)):
        bench.builder.delay_build(name, 0.05)

    state = run(bench)

    assert {"done"} == {t.phase for t in state.targets.values()}
    assert 3 == bench.builder.peak


def test_where_nothing_is_built_the_engine_is_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even how many builds it is made for: its client takes longer to import than all else takes together."""
    bench = Bench(TREE)
    run(bench)
    asked: list[str] = []
    monkeypatch.setattr(type(bench.builder), "places", lambda _builder: asked.append("places") or 0)
    monkeypatch.setattr(type(bench.builder), "describe", lambda _builder: asked.append("describe"))

    state = run(bench)

    assert {"skipped"} == {t.phase for t in state.targets.values()}
    assert [] == asked


def test_infrastructure_that_comes_back_is_no_failure() -> None:
    """A build that lost the engine is tried again."""
    bench = Bench({"x/Dockerfile": dockerfile("x", "FROM scratch")}, retries=1)
    bench.services = replace(bench.services, clock=SystemClock())
    bench.builder.fail_build("x", EngineUnreachableError("the engine went away"))

    state = run(bench)

    assert ["done"] == [t.phase for t in state.targets.values()]
    assert 1 == len(told(bench, ev.RetryScheduled))


def test_a_request_to_stop_cancels_running_builds() -> None:
    """What runs is stopped in the engine, and nothing is left behind."""
    bench = Bench(TREE)
    bench.builder.delay_build("base", 60.0)
    inbox = QueueInbox()
    timer = threading.Timer(0.1, inbox.put, (StopAsked(),))
    timer.start()

    state = run(bench, inbox)
    timer.join()

    assert {"cancelled"} == {t.phase for t in state.targets.values()}
    assert state.stopping
    assert ((), []) == (bench.registry.tags("base"), bench.builder.running)


def test_an_engine_that_is_away_is_told_before_anything_starts() -> None:
    """Not after the first context has been read."""
    bench = Bench(TREE)
    bench.builder.fail_describe(EngineUnreachableError("no engine"), EngineUnreachableError("no engine"))

    with pytest.raises(EngineUnreachableError):
        run(bench)

    assert [] == told(bench, ev.ImageStarted)


def test_a_registry_that_is_away_is_told_before_anything_starts() -> None:
    """A build whose push must fail is not begun."""
    bench = Bench(TREE)
    bench.registry.fail("ping", RegistryUnreachableError("no registry"))

    with pytest.raises(RegistryUnreachableError):
        run(bench)

    assert [] == bench.builder.builds


def test_where_nothing_is_to_be_built_no_engine_is_asked() -> None:
    """A run without work needs no engine."""
    bench = Bench(TREE)
    run(bench)
    bench.builder.fail_describe(EngineUnreachableError("no engine"))

    assert {"skipped"} == {t.phase for t in run(bench).targets.values()}


def test_the_classic_builder_builds_every_stage() -> None:
    """An engine without BuildKit needs the bases of stages that the last one does not need."""
    lines = ("FROM local-only/base AS unused", "FROM scratch")
    bench = Bench({"base/Dockerfile": TREE["base/Dockerfile"], "x/Dockerfile": dockerfile("x", *lines)})
    bench.builder.info = EngineInfo("Old Engine", "1", "memory:", False, False, "linux/amd64")

    run(bench)

    names = [call.request.name for call in bench.builder.builds]
    assert ["base", "x"] == names


def test_what_was_read_what_is_wrong_and_what_will_happen_is_announced() -> None:
    """In this order, with whole paths; of infos only images that the platform must have, each once."""
    bench = Bench(
        {
            "good/Dockerfile": dockerfile("good", "FROM scratch"),
            "bad/Dockerfile": dockerfile("bad", "FROM local-only/nothing"),
            "off/Dockerfile": dockerfile("off", "FROM scratch", labels='BUILD_IGNORE="True"'),
            "AOperator.py": 'class A:\n    def __init__(self):\n        super().__init__(image="local-only/z")\n',
            "BOperator.py": 'B(image="local-only/z")\n',
        }
    )
    announce(bench.services, bench.request())

    kinds = ["SourcesRead", "DiagnosticFound", "PlanMade", "Noticed", "Noticed"]
    assert kinds == [type(e).__name__ for e in bench.sink.events]
    (read, wrong, made, note, expected) = bench.sink.events
    assert isinstance(read, ev.SourcesRead)
    assert ((ROOT,), 3, 2, 0) == (read.roots, read.dockerfiles, read.operators, read.charts)
    assert isinstance(wrong, ev.DiagnosticFound)
    assert ("EDK403", f"{ROOT}/bad/Dockerfile") == (wrong.diagnostic.code, wrong.diagnostic.file)
    assert isinstance(made, ev.PlanMade)
    assert (("good",), (), ("off",), ("bad",)) == (made.build, made.skip, made.ignore, made.blocked)
    assert ev.Noticed("off is not built: its label BUILD_IGNORE says so") == note
    missing = f"{ROOT}/AOperator.py:3: no Dockerfile here yields 'z'; it is expected in the platform's registry"
    assert ev.Noticed(missing) == expected


def target(phase: str, kind: str = "") -> TargetRun:
    return TargetRun(phase + kind, "x", phase, "", kind=kind)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("targets", "charts_failed", "stopping", "code"),
    [
        ([], False, False, 0),
        ([target("done"), target("skipped"), target("ignored")], False, False, 0),
        ([target("done")], True, False, 1),
        ([target("failed", "step"), target("done"), target("blocked", "step")], False, False, 1),
        ([target("failed", "digest")], False, False, 1),
        ([target("failed", "bug")], False, False, 1),
        ([target("failed", "sources")], False, False, 3),
        ([target("blocked", "sources"), target("done")], False, False, 3),
        ([target("blocked", "sources"), target("failed", "step")], False, False, 1),
        ([target("failed", "engine"), target("failed", "step")], True, False, 4),
        ([target("failed", "registry")], False, False, 4),
        ([target("cancelled"), target("failed", "engine")], False, True, 130),
    ],
)
def test_the_exit_code_of_a_run(targets: list[TargetRun], charts_failed: bool, stopping: bool, code: int) -> None:
    """Stopped, out of reach, failed, wrong sources, done: in this order."""
    plan = Bench({}).plan()
    state = RunState({t.key: t for t in targets}, stopping)

    assert code == exit_code_of(plan, state, charts_failed=charts_failed)


def test_wrong_sources_count_although_all_that_could_be_built_is() -> None:
    """An error in the sources is not hidden by a good build."""
    bench = Bench({"bad/Dockerfile": dockerfile("bad", "FROM local-only/nothing")})

    assert 3 == exit_code_of(bench.plan(), RunState(), charts_failed=False)


def test_the_last_lines_of_a_failed_step_reach_the_screen() -> None:
    """Instruction, line and log come with the failure."""
    bench = Bench({"x/Dockerfile": dockerfile("x", "FROM scratch")})
    bench.builder.fail_build("x", StepFailedError("exit 1", instruction="RUN make", line=2, log_tail=("boom",)))
    run(bench)

    (failed,) = told(bench, ev.ImageFailed)
    expected = ev.ImageFailed(
        "x", "step", "exit 1", "", f"{ROOT}/x/Dockerfile", 2, "RUN make", ("boom",), "/state/logs/x.log"
    )
    assert expected == structs.replace(failed)
