"""Running ``buildctl``, with scripts in its place that misbehave."""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edk.adapters.buildkit.client import Buildctl, Ended
from edk.adapters.buildkit.endpoint import Daemon
from edk.adapters.cancellation import Cancel
from edk.domain.errors import CancelledError, EngineUnreachableError, UsageError
from tests.support.command import processes_with

Fake = Callable[..., Buildctl]


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """Put a script on the search path; `asked` is what it does as ``buildctl debug``."""

    def make(script: str, asked: str = "exit 0", stall: float = 15.0) -> Buildctl:
        program = tmp_path / "buildctl"
        program.write_text(f'#!/bin/sh\ncase "$*" in *debug*) {asked};; esac\n{script}\n')
        program.chmod(0o755)
        environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        return Buildctl(Daemon("unix:///b.sock"), environ, stall)

    return make


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path: Path) -> object:
    """Fail a test that leaves a thread, a descriptor or a process behind."""

    def there() -> tuple[int, int]:
        return len(os.listdir("/proc/self/fd")), threading.active_count()  # noqa: PTH208

    before = there()
    yield
    until = time.monotonic() + 5
    while (there() != before or processes_with(str(tmp_path))) and time.monotonic() < until:
        time.sleep(0.02)
    assert before == there()
    assert [] == processes_with(str(tmp_path))


def none_sleeps() -> bool:
    """Whether no process of a script is there any more; who was killed may take a moment to be gone."""
    until = time.monotonic() + 2
    while processes_with("sleep 4243"):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def run(buildctl: Buildctl, cancel: Cancel | None = None) -> tuple[Ended, list[bytes]]:
    """Run it; what begins with a brace is a message."""
    seen: list[bytes] = []

    def take(line: bytes) -> bool:
        seen.append(line)
        return line.startswith(b"{")

    return buildctl.run(("build",), take, cancel or Cancel()), seen


def cancelled_after(buildctl: Buildctl, seconds: float) -> float:
    """Cancel a run, and return how long it took to end from then."""
    cancel, asked = Cancel(), [0.0]

    def stop() -> None:
        asked[0] = time.monotonic()
        cancel.cancel()

    timer = threading.Timer(seconds, stop)
    timer.start()
    with pytest.raises(CancelledError):
        run(buildctl, cancel)
    ended = time.monotonic()
    timer.join()
    return ended - asked[0]


@pytest.mark.parametrize("code", [0, 1, 137])
def test_ends_with_its_code_and_its_text(fake: Fake, code: int) -> None:
    """Messages are handed on one by one; all else is text."""
    script = "echo '{1}' >&2; echo no message on stdout; echo one >&2; echo '{2}' >&2; echo 'error: x' >&2"

    ended, seen = run(fake(f"{script}; exit {code}"))

    assert Ended(code, "one\nerror: x\n") == ended
    assert [b"{1}\n", b"one\n", b"{2}\n", b"error: x\n"] == seen


def test_exits_at_once(fake: Fake) -> None:
    """Without a word."""
    assert (Ended(3, ""), []) == run(fake("exit 3"))


def test_killed_by_somebody(fake: Fake) -> None:
    """It is told as a signal."""
    ended, _ = run(fake("kill -9 $$"))

    assert Ended(-9, "") == ended


def test_half_a_line(fake: Fake) -> None:
    """What comes before the end counts, also without an end of line."""
    ended, seen = run(fake("printf 'one\\nhalf \\377' >&2"))

    assert "one\nhalf \\xff" == ended.text
    assert b"half \xff" == seen[-1]


def test_garbage(fake: Fake) -> None:
    """Bytes of any kind are text, as much of it as is of use, and the end of it."""
    ended, _ = run(fake("head -c 3000000 /dev/urandom >&2; echo >&2; echo 'error: the end' >&2"))

    assert ended.text.endswith("\nerror: the end\n")
    assert 4 * (1 << 16) >= len(ended.text)


def test_a_message_that_can_not_be_read(fake: Fake) -> None:
    """It is not BuildKit's, and is told as such; the process goes."""
    buildctl = fake("echo '{' >&2; exec sleep 4243")

    def take(line: bytes) -> bool:
        raise ValueError(f"no JSON: {line!r}")

    with pytest.raises(EngineUnreachableError, match="no JSON"):
        buildctl.run((), take, Cancel())

    assert none_sleeps()


def test_an_error_of_who_takes_the_lines(fake: Fake) -> None:
    """It comes out as it is, and the process goes."""

    def take(_line: bytes) -> bool:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        fake("echo x >&2; exec sleep 4243").run((), take, Cancel())

    assert none_sleeps()


def test_a_line_that_does_not_end(fake: Fake) -> None:
    """It is given up before it fills the memory."""
    with pytest.raises(EngineUnreachableError, match="does not end"):
        run(fake("exec head -c 100000000 /dev/zero >&2"))


def test_a_flood_in_flat_memory(fake: Fake) -> None:
    """Two hundred thousand lines, half of them text, are all taken, in the memory of a few."""
    run(fake("exec seq 1000 >&2"))
    before, count = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, [0]

    def take(line: bytes) -> bool:
        count[0] += 1
        return int(line.split()[0]) % 2 == 0

    line = "x" * 400
    ended = fake(f"exec seq -f '%.0f {line}' 200000 >&2").run((), take, Cancel())

    assert 200_000 == count[0]
    assert ended.text.endswith(f"\n199999 {line}\n")
    assert 20_000 > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before


@pytest.mark.parametrize(
    "script",
    [
        "exec sleep 4243",
        "trap '' INT; sleep 4243; sleep 4243",
        "trap '' INT; sleep 4243 & wait",
        "trap '' INT; while :; do echo '{}' >&2; done",
        "trap 'sleep 4243' INT; sleep 4243 & wait",
    ],
    ids=["heeds", "ignores", "with a helper", "floods", "takes its time"],
)
def test_cancelled_within_a_second(fake: Fake, script: str) -> None:
    """Whatever it does about it, and whatever it has started."""
    assert cancelled_after(fake(script), 0.3) < 1
    assert none_sleeps()


def test_cancelled_before(fake: Fake) -> None:
    """Nothing is started."""
    cancel = Cancel()
    cancel.cancel()

    with pytest.raises(CancelledError):
        run(fake("exec sleep 4243"), cancel)


def test_cancelled_at_any_instant(fake: Fake) -> None:
    """Also while it starts, and while it ends by itself."""
    buildctl = fake("sleep 0.05; echo x >&2; exit 1")
    for number in range(30):
        cancel = Cancel()
        timer = threading.Timer(number * 0.003, cancel.cancel)
        timer.start()
        try:
            ended, _ = run(buildctl, cancel)
        except CancelledError:
            assert cancel.cancelled
        else:
            assert Ended(1, "x\n") == ended
        timer.join()


def test_silent_while_the_daemon_answers(fake: Fake) -> None:
    """A step may say nothing for long: as long as the daemon answers it is waited for."""
    ended, _ = run(fake("sleep 2; exit 0", stall=0.5))

    assert 0 == ended.code


@pytest.mark.parametrize("asked", ["exec sleep 4243", "exit 1"], ids=["hangs", "refuses"])
def test_silent_with_a_daemon_that_does_not_answer(fake: Fake, asked: str) -> None:
    """It is given up after the stall, and said to be gone."""
    began = time.monotonic()

    with pytest.raises(EngineUnreachableError, match=r"^BuildKit at unix:///b.sock went away .*no sign of life"):
        run(fake("exec sleep 4243", asked, stall=0.6))

    assert time.monotonic() - began < 5


def test_cancelled_while_the_daemon_hangs(fake: Fake) -> None:
    """A question that is under way holds nothing up."""
    assert cancelled_after(fake("exec sleep 4243", "exec sleep 4243", stall=30), 0.3) < 1
    assert cancelled_after(fake("exec sleep 4243", "exec sleep 4243", stall=3), 1.6) < 1


def test_asks(fake: Fake) -> None:
    """What it prints on stdout is the answer."""
    assert "told\n" == fake("", "echo told; echo aside >&2; exit 0").ask("debug")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("echo one >&2; echo 'error: no such daemon' >&2; exit 1", "does not answer: no such daemon$"),
        ("exit 1", "does not answer: it says nothing$"),
        ("exec sleep 4243", "no answer within 0 seconds$"),
        ("sleep 4243 & exit 0", "no answer within 0 seconds$"),
        ("sleep 4243", "no answer within 0 seconds$"),
    ],
)
def test_asks_in_vain(fake: Fake, asked: str, says: str) -> None:
    """The last line is the reason; who hangs is left alone, with what it has started."""
    with pytest.raises(EngineUnreachableError, match=says):
        fake("", asked).ask("debug", timeout=0.4)

    assert none_sleeps()


def test_without_buildctl(tmp_path: Path) -> None:
    """It is told with how to get it, as wrong usage."""
    buildctl = Buildctl(Daemon("unix:///b.sock"), {"PATH": str(tmp_path)})

    for call in (lambda: buildctl.ask("debug"), lambda: run(buildctl)):
        with pytest.raises(UsageError, match="buildctl is not installed") as caught:
            call()
        assert "--builder docker" in caught.value.hint


def test_with_something_that_can_not_be_run(tmp_path: Path) -> None:
    """It is told, and no traceback."""
    program = tmp_path / "buildctl"
    program.write_bytes(b"\x7fELF garbage")
    program.chmod(0o755)
    buildctl = Buildctl(Daemon("unix:///b.sock"), {"PATH": str(tmp_path)})

    for call in (lambda: buildctl.ask("debug"), lambda: run(buildctl)):
        with pytest.raises(EngineUnreachableError, match="buildctl can't be run"):
            call()
