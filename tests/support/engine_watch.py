"""Restarting the Docker Engine where it hangs, so that one deadlock of the daemon does not fail whatever comes after.

Docker Engine 20.10 deadlocks now and then after builds were cancelled: it answers pings, and builds no more. That is
a fault of the engine, and edk tells of it (`edk.adapters.engine.pulse`); but it is no fault of the test before which
it happens. So after a failure the engine is put to a trial. One that hangs is restarted, if it is our own, the test
is run once more, and the summary tells of it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from _pytest.reports import TestReport
from _pytest.runner import runtestprotocol
from _pytest.terminal import TerminalReporter

from edk.adapters.engine import resolve_endpoint
from edk.adapters.engine.endpoint import find_endpoint
from edk.adapters.engine.line import Line
from edk.adapters.engine.wire import EngineWire
from edk.domain.errors import EngineUnreachableError
from tests.support.command import ROOT

_PATIENCE = 30.0
_DUMP_SECONDS = 10.0
_OUTSIDE = ("integration", "e2e")
_told: list[str] = []


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test that uses the engine; once more, if it failed where the engine hangs."""
    if not any(item.get_closest_marker(mark) for mark in _OUTSIDE):
        return None
    hook = item.ihook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    if any(report.failed for report in reports) and _restarted(item.nodeid, reports):
        item._initrequest()  # type: ignore[attr-defined]
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    for report in reports:
        hook.pytest_runtest_logreport(report=report)
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Tell of every restart, and what the first failure said."""
    if _told:
        terminalreporter.section("the Docker Engine hung")
        for text in _told:
            terminalreporter.write_line(text)


def hangs(endpoint: str) -> str:
    """Return why an engine counts as hung: it failed a trial twice; empty if it works."""
    wire, why = EngineWire(find_endpoint(endpoint, {})), ""
    for _ in range(2):
        try:
            for ask in wire.trial():
                ask(_PATIENCE, Line())
        except EngineUnreachableError as error:
            why = str(error)
        else:
            return ""
    return why


def _restarted(test: str, reports: Sequence[TestReport]) -> bool:
    """Whether the engine was found hanging, and is up again."""
    state = Path(os.environ.get("EDK_STATE_DIR") or Path.home() / ".local/state/edk")
    endpoint = resolve_endpoint(os.environ)
    if not endpoint.startswith("unix://") or not (state / "started/engine").exists():
        return False
    why = hangs(endpoint)
    if not why:
        return False
    dump = _goroutines(state / "engine/dockerd.pid", Path(endpoint.removeprefix("unix://")).parent / "exec")
    environ = {name: value for name, value in os.environ.items() if name != "DOCKER_HOST"}
    subprocess.run([str(ROOT / "scripts/stop.sh"), "engine"], env=environ, check=False, timeout=120)
    subprocess.run([str(ROOT / "scripts/setup.sh")], env=environ, check=False, timeout=240)
    failure = "\n".join(report.longreprtext for report in reports if report.failed)
    _told.append(f"{test} failed, and {why}\nIt was restarted, and the test run again.\n{failure[-1500:]}\n{dump}")
    return not hangs(endpoint)


def _goroutines(pid: Path, folder: Path) -> str:
    """Return what of dockerd's own account of its goroutines tells of a deadlock: those that wait for a lock."""
    before = set(folder.glob("goroutine-stacks-*"))
    with suppress(OSError, ValueError):
        os.kill(int(pid.read_text()), signal.SIGUSR1)
    deadline = time.monotonic() + _DUMP_SECONDS
    found: list[Path] = []
    while not found and time.monotonic() < deadline:
        time.sleep(1)
        found = sorted(set(folder.glob("goroutine-stacks-*")) - before)
    if not found:
        return "dockerd wrote no account of its goroutines"
    stacks = found[-1].read_text(errors="replace").split("\n\n")
    waiting = [stack for stack in stacks if "semacquire" in stack.split("\n", 1)[0]]
    return f"{len(waiting)} of {len(stacks)} goroutines wait for a lock\n" + "\n\n".join(waiting[:8])
