"""Waiting for the watcher, and what a status tells of an outcome."""

from __future__ import annotations

import pytest

from edk.commands.status import outcome
from edk.domain.diagnostics import Diagnostic
from edk.domain.run import StopAsked
from edk.domain.status import ImageState, ImageStatus, WatchStatus
from edk.orchestrator.crew import QueueInbox
from edk.orchestrator.loop import LoopOptions
from edk.orchestrator.planner import Planner
from edk.orchestrator.watch import WatchLoop, WatchOptions
from tests.unit.core.bench import Bench, _Crew

TOOL = 'FROM scratch\nLABEL IMAGE="tool"\nCOPY files /files\n'


@pytest.mark.parametrize(
    ("states", "severity", "code"),
    [
        (("done", "skipped", "ignored"), "", 0),
        (("done", "failed"), "", 1),
        (("done", "blocked"), "", 3),
        (("done",), "error", 3),
        (("done",), "warning", 0),
        (("failed", "blocked"), "error", 1),
    ],
)
def test_who_waited_is_told_the_outcome(states: tuple[ImageState, ...], severity: str, code: int) -> None:
    """The exit code says whether everything stands, something failed, or the sources are wrong."""
    images = tuple(ImageStatus(str(number), state, "") for number, state in enumerate(states))
    found = (Diagnostic("EDK201", severity, "/x", 1, "m", ""),) if severity else ()  # type: ignore[arg-type]
    assert code == outcome(WatchStatus(1, ("/x",), 0.0, images=images, diagnostics=found))


def test_who_waits_is_told_after_what_was_saved_before_is_built() -> None:
    """A wait looks at the tree as it is now: a save that nobody reported yet is built before the answer."""
    bench = Bench({"tool/Dockerfile": TOOL, "tool/files/a": "1"})
    inbox = QueueInbox()
    planner = Planner(bench.services, bench.request())
    told: list[str] = []
    loop = WatchLoop(
        inbox,
        _Crew(bench.services),
        bench.clock.monotonic,
        bench.sink.emit,
        planner,
        LoopOptions(2, 0),
        WatchOptions(settled=lambda _plan, _state: told.append("settled")),
    )

    def waited() -> None:
        told.append(loop.state.targets[next(iter(loop.state.targets))].phase)
        inbox.put(StopAsked())

    plan = planner.anew()
    bench.write("tool/files/a", "2")
    loop.when_settled(waited)
    loop.watch(plan)

    assert "done" == told[-1]
    digest = bench.registry.head("tool", "0.6.0")
    assert digest is not None
    assert {"skip"} == {image.action for image in Planner(bench.services, bench.request()).anew().images}
