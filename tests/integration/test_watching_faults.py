"""The watcher where events are lost, can't be had, or where the root is not what it was."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edk.adapters.watching import upkeep
from edk.adapters.watching.reader import QueueOverflowed
from edk.adapters.watching.watcher import WatchdogWatcher
from edk.domain.saves import RawEvent, RescanNeeded
from tests.unit.watching.mirror import Mirror

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).parents[2]


@contextmanager
def follower(roots: list[Path], via: tuple[str, ...] = ()) -> Iterator[subprocess.Popen[str]]:
    """Run a follower as a process, by way of another command if one is given, until it is asked no more."""
    run = [*via, sys.executable, "-m", "tests.unit.watching.follower", *map(str, roots)]
    with subprocess.Popen(run, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            (pytest.skip if via else pytest.fail)(f"{run[0]} does not work here")
        yield process
        process.communicate()


def limited(limit: str, value: int, *inside: str) -> tuple[str, ...]:
    """Return the command that runs another one in a user namespace with a limit of its own."""
    script = f'echo {value} > /proc/sys/user/{limit}; exec "$@"'
    return ("unshare", "-Ur", "sh", "-euc", script, "sh", *inside)


def ask(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what the follower says about itself."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("?\n")
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


def folders(root: Path, number: int) -> list[Path]:
    """Make folders with a file each."""
    made = [root / f"d{index:03}" for index in range(number)]
    for folder in made:
        folder.mkdir(parents=True)
        (folder / "f").write_text("0")
    return made


def test_an_overflow_leads_to_one_rescan(tmp_path: Path) -> None:
    """20,000 files made while the watcher stands still overflow the queue; it says so once, and misses nothing."""
    made = folders(tmp_path / "root", 20)
    with follower([tmp_path / "root"]) as process:
        process.send_signal(signal.SIGSTOP)
        for index in range(20_000):
            os.close(os.open(made[index % 20] / f"n{index}", os.O_CREAT | os.O_WRONLY))
        (tmp_path / "root" / "late" / "deep").mkdir(parents=True)
        (tmp_path / "root" / "late" / "deep" / "f").write_text("1")
        process.send_signal(signal.SIGCONT)
        answer = ask(process)
        (tmp_path / "root" / "late" / "deep" / "f").write_text("2")
        later = ask(process)

    assert [] == answer["difference"]
    assert ["the queue of events overflowed"] == answer["rescans"]
    assert [] == later["difference"]
    assert [23] == later["watched"]
    assert answer["rescans"] == later["rescans"]


def test_folders_beyond_the_watch_limit_are_polled(tmp_path: Path) -> None:
    """With 20 watches allowed only ten are taken, changes elsewhere are found all the same, and the reason is told."""
    made = folders(tmp_path / "root", 40)
    (made[39] / "x" / "y").mkdir(parents=True)
    with follower([tmp_path / "root"], limited("max_inotify_watches", 20)) as process:
        for folder in made:
            (folder / "f").write_text("1")
        (made[39] / "x" / "y" / "new").write_text("1")
        answer = ask(process)
        for folder in made[:20]:
            shutil.rmtree(folder)
        later = ask(process)

    assert ([], [10], [43], 20) == tuple(answer[key] for key in ("difference", "watched", "present", "limit"))
    assert ["polled: 33 folders (beyond the 10 watches allowed)"] == answer["rescans"]
    assert ([], [23]) == (later["difference"], later["present"])


def test_watches_that_the_system_refuses_are_polled(tmp_path: Path) -> None:
    """Where a watch is refused long before the limit that can be read, the rest is polled."""
    made = folders(tmp_path / "root", 40)
    with follower([tmp_path / "root"], limited("max_inotify_watches", 6, "unshare", "-Ur")) as process:
        for folder in made:
            (folder / "f").write_text("1")
        answer = ask(process)

    assert ([], [6], [41]) == tuple(answer[key] for key in ("difference", "watched", "present"))
    assert ["polled: 35 folders (granted no watch by the system)"] == answer["rescans"]
    assert 20 < answer["limit"]


def test_without_an_instance_everything_is_polled(tmp_path: Path) -> None:
    """Where no inotify instance is left all changes are found by polling."""
    made = folders(tmp_path / "root", 3)
    with follower([tmp_path / "root"], limited("max_inotify_instances", 0)) as process:
        (made[0] / "f").write_text("1")
        (made[1] / "new" / "deep").mkdir(parents=True)
        (made[1] / "new" / "deep" / "f").write_text("1")
        answer = ask(process)

    assert ([], ["poll"], [0]) == tuple(answer[key] for key in ("difference", "modes", "watched"))
    assert 1 == len(answer["rescans"])
    assert "fs.inotify.max_user_instances" in answer["rescans"][0]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root with a few folders."""
    folders(tmp_path / "root", 3)
    return tmp_path / "root"


def reasons(mirror: Mirror) -> list[str]:
    """Return the reasons of re-scans worth a line."""
    return [event.reason for event in mirror.rescans()]


def test_a_root_that_is_deleted_and_made_again_is_followed(root: Path) -> None:
    """While the root is gone it is waited for; one made anew is followed, although it may have the same inode."""
    with Mirror([str(root)], WatchdogWatcher(look_every=0.1)) as mirror:
        for turn in range(5):
            shutil.rmtree(root)
            if turn % 2:
                assert mirror.waits_for(lambda: mirror.watcher.report().roots[0].mode == "waiting")
            folders(root, turn + 2)
            assert mirror.waits_for(lambda: mirror.watcher.report().watches == turn + 3)  # noqa: B023
            (root / "d001" / "f").write_text(f"turn {turn}")
            assert {} == mirror.difference()

        assert {"the folder is gone", "the folder is there again", "another one than before"} >= {
            reason.removeprefix("the folder is ") if "another" in reason else reason for reason in reasons(mirror)
        }
        assert 5 <= len(reasons(mirror)) <= 10


@pytest.mark.parametrize("command", ["rm -rf root", "mv root old"])
def test_a_root_that_goes_is_noticed_at_once(root: Path, command: str) -> None:
    """That a root was deleted or renamed is not left to the next look."""
    with Mirror([str(root)], WatchdogWatcher(look_every=60)) as mirror:
        subprocess.run(["sh", "-c", command], cwd=root.parent, check=True)

        assert mirror.waits_for(lambda: ["the folder is gone"] == reasons(mirror), 2)
        assert "waiting" == mirror.watcher.report().roots[0].mode


def test_a_missing_root_is_waited_for(tmp_path: Path) -> None:
    """A root that is missing at the start is followed once it is there, beside others."""
    folders(tmp_path / "there", 1)
    roots = [tmp_path / "missing", tmp_path / "there"]
    with Mirror(list(map(str, roots)), WatchdogWatcher(look_every=0.1)) as mirror:
        assert ["waiting", "inotify"] == [root.mode for root in mirror.watcher.report().roots]
        (tmp_path / "there/d000/f").write_text("1")
        folders(tmp_path / "elsewhere/deep", 2)
        (tmp_path / "elsewhere").rename(tmp_path / "missing")
        assert mirror.waits_for(lambda: mirror.watcher.report().roots[0].mode == "inotify")
        (tmp_path / "missing/deep/d001/f").write_text("1")

        assert {} == mirror.difference()
        assert ["the folder is there again"] == reasons(mirror)


def test_a_renamed_root_is_let_go(root: Path) -> None:
    """After a root was renamed edits of it are not reported under its old path, and its successor is followed."""
    with Mirror([str(root)], WatchdogWatcher(look_every=0.1)) as mirror:
        root.rename(root.with_name("old"))
        assert mirror.waits_for(lambda: mirror.watcher.report().roots[0].mode == "waiting")
        (root.with_name("old") / "d000" / "f").write_text("1")
        time.sleep(0.1)
        assert set() == mirror.paths()
        folders(root, 2)
        assert mirror.waits_for(lambda: mirror.watcher.report().watches == 3)
        (root / "d001" / "f").write_text("2")

        assert {} == mirror.difference()


def test_a_root_behind_a_link_is_followed_to_where_the_link_points_now(tmp_path: Path) -> None:
    """A link that is swapped for another one is noticed, and what it points to now is followed."""
    for name in ("one", "two"):
        folders(tmp_path / name, 2)
    link = tmp_path / "link"
    link.symlink_to("one")
    with Mirror([str(link)], WatchdogWatcher(look_every=0.1)) as mirror:
        (tmp_path / "one/d000/f").write_text("1")
        assert {} == mirror.difference()
        (tmp_path / "swap").symlink_to("two")
        (tmp_path / "swap").rename(link)
        assert mirror.waits_for(lambda: ["the folder is another one than before"] == reasons(mirror))
        before = len(mirror.events)
        (tmp_path / "one/d000/f").write_text("unseen")
        (tmp_path / "two/d000/f").write_text("2")

        assert {} == mirror.difference()
        assert {str(link / "d000/f")} == {e.path for e in mirror.events[before:] if isinstance(e, RawEvent)}


def test_a_folder_above_the_root_may_be_renamed(tmp_path: Path) -> None:
    """The root is gone with a folder above it, without any event."""
    folders(tmp_path / "above/root", 2)
    root = tmp_path / "above/root"
    with Mirror([str(root)], WatchdogWatcher(look_every=0.1)) as mirror:
        (tmp_path / "above").rename(tmp_path / "other")
        assert mirror.waits_for(lambda: ["the folder is gone"] == reasons(mirror))
        assert 0 == mirror.watcher.report().watches


def test_a_listener_that_raises_loses_nothing(root: Path) -> None:
    """An exception of the listener neither ends the watching nor loses what was to be told."""
    told: list[RawEvent | RescanNeeded] = []

    def listener(event: RawEvent | RescanNeeded) -> None:
        if isinstance(event, RawEvent) and event.path.endswith("bad"):
            raise ZeroDivisionError("division by zero")
        told.append(event)

    watcher = WatchdogWatcher(look_every=0.1)
    watcher.start([str(root)], listener)
    (root / "bad").write_text("1")
    (root / "good").write_text("1")
    expected = RescanNeeded("a change could not be handed on (ZeroDivisionError: division by zero)")
    end = time.monotonic() + 5
    while expected not in told and time.monotonic() < end:
        time.sleep(0.01)
    (root / "good").write_text("2")
    time.sleep(0.1)
    watcher.stop()

    assert expected in told
    assert RawEvent("closed", str(root / "good")) == told[-1]


def test_a_dead_reading_thread_is_replaced(root: Path) -> None:
    """When watchdog's thread has died all watches are set anew, and everything is compared."""
    with Mirror([str(root)], WatchdogWatcher(look_every=0.1)) as mirror:
        reader = next(thread for thread in threading.enumerate() if type(thread).__name__ == "InotifyFD")
        reader.handle_event = lambda event: 1 / 0  # type: ignore[attr-defined]
        hook, threading.excepthook = threading.excepthook, lambda _: None
        (root / "d000" / "f").write_text("lost")
        assert mirror.waits_for(lambda: "the thread that reads events died" in reasons(mirror))
        threading.excepthook = hook
        (root / "d001" / "f").write_text("found")

        assert {} == mirror.difference()
        assert 4 == mirror.watcher.report().watches


def test_a_bug_in_the_watching_thread_does_not_end_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong while events are taken is told as a re-scan, and the next events are taken."""
    with Mirror([str(root)], WatchdogWatcher(look_every=0.1)) as mirror:
        with monkeypatch.context() as patch:
            patch.setattr("edk.adapters.watching.following.translate", lambda mask, path: 1 / 0)
            (root / "d000" / "f").write_text("lost")
            assert mirror.waits_for(lambda: any("ZeroDivisionError" in reason for reason in reasons(mirror)))
        (root / "d001" / "f").write_text("found")

        assert {} == mirror.difference()


def test_polling_finds_everything(root: Path) -> None:
    """Asked to poll, it watches nothing, and has everything compared every interval without a line on the screen."""
    with Mirror([str(root)], WatchdogWatcher(poll=True, poll_interval=0.1)) as mirror:
        shutil.rmtree(root / "d000")
        folders(root / "deep", 2)
        assert {} == mirror.difference()
        report = mirror.watcher.report()

        assert ("poll", 0) == (report.roots[0].mode, report.watches)
        assert ["polling was asked for"] == [polled.reason for polled in report.roots[0].polled]
        assert RescanNeeded("polling", str(root), quiet=True) in mirror.events


def test_mounts_that_tell_not_everything_are_polled(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on a remote file system below a root is polled, and the rest watched."""
    mounts = upkeep.read_mounts()
    remote = type(mounts[0])(str(root / "d001"), "nfs4")
    monkeypatch.setattr(upkeep, "read_mounts", lambda: (*mounts, remote))
    with Mirror([str(root)], WatchdogWatcher(poll_interval=0.1)) as mirror:
        (root / "d001" / "f").write_text("1")
        (root / "d002" / "f").write_text("1")
        assert {} == mirror.difference()

        assert {str(root / "d002/f")} == mirror.paths()
        assert ["polled: everything (an nfs4 mount)"] == reasons(mirror)
        assert ["inotify"] == [each.mode for each in mirror.watcher.report().roots]


def test_a_safety_scan_comes_from_time_to_time(root: Path) -> None:
    """Everything is compared at long intervals, quietly, with the watches unchanged."""
    with Mirror([str(root)], WatchdogWatcher(scan_every=0.1)) as mirror:
        assert mirror.waits_for(lambda: sum(isinstance(event, RescanNeeded) for event in mirror.events) >= 3)

        assert [] == mirror.rescans()
        assert 4 == mirror.watcher.report().watches


def test_a_folder_that_becomes_readable_is_watched(root: Path) -> None:
    """A folder that an ordinary user can't read is left out, and watched and compared once its mode allows it."""
    (root / "d000").chmod(0)
    # In a user namespace that maps nobody, root's files are those of an ordinary user to root.
    with follower([root], ("unshare", "-U") if os.geteuid() == 0 else ()) as process:
        before = ask(process)
        (root / "d000").chmod(0o755)
        (root / "d000" / "f").write_text("1")
        time.sleep(0.1)
        after = ask(process)

    assert ([3], []) == (before["watched"], before["rescans"])
    assert ([4], [], []) == (after["watched"], after["rescans"], after["difference"])


def test_a_root_that_is_not_readable_is_polled(root: Path) -> None:
    """A root without permission is polled until it has it, and found again."""
    root.chmod(0)
    with follower([root], ("unshare", "-U") if os.geteuid() == 0 else ()) as process:
        before = ask(process)
        root.chmod(0o755)
        (root / "d000" / "f").write_text("1")
        after = ask(process)

    assert (["poll"], ["polled: 1 folder (not readable)"]) == (before["modes"], before["rescans"])
    assert [] == after["difference"]


def test_a_storm_of_overflows_is_one_rescan_a_second(root: Path) -> None:
    """Twenty overflows within a second lead to two re-scans at most."""
    with Mirror([str(root)], WatchdogWatcher()) as mirror:
        following = mirror.watcher._following
        assert following is not None
        for _ in range(20):
            following.inbox.put(QueueOverflowed())
            time.sleep(0.02)
        (root / "d000" / "f").write_text("1")
        assert {} == mirror.difference()
        time.sleep(0.8)

        assert 2 == len(reasons(mirror))


def test_an_overlay_is_watched_and_polled(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is saved through an overlay is reported at once, and what only polling finds is found."""
    overlay = type(upkeep.read_mounts()[0])(str(root), "overlay")
    monkeypatch.setattr(upkeep, "read_mounts", lambda: (overlay,))
    with Mirror([str(root)], WatchdogWatcher(poll_interval=0.1)) as mirror:
        (root / "d000" / "f").write_text("1")
        assert mirror.waits_for(lambda: RawEvent("closed", str(root / "d000/f")) in mirror.events)
        report = mirror.watcher.report()

        assert mirror.waits_for(lambda: RescanNeeded("polling", str(root), quiet=True) in mirror.events)
        assert ("poll", 4) == (report.roots[0].mode, report.roots[0].watched)
        assert ["polled: everything (an overlay mount)"] == reasons(mirror)


def test_an_older_watchdog_leads_to_polling(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A watchdog that keeps overflows to itself is not trusted."""
    monkeypatch.delattr("watchdog.observers.inotify_c.WatchCallback.on_queue_overflow")
    with Mirror([str(root)], WatchdogWatcher(poll_interval=0.1)) as mirror:
        (root / "d000" / "f").write_text("1")

        assert {} == mirror.difference()
        assert ["polled: everything (no inotify: watchdog 7.1 or later is needed, on Linux)"] == reasons(mirror)


def test_a_root_inside_another_one(root: Path) -> None:
    """Each folder has one watch; a root inside another one comes and goes on its own."""
    inner = root / "d001"
    with Mirror([str(root), str(inner)], WatchdogWatcher()) as mirror:
        assert [3, 1] == [each.watched for each in mirror.watcher.report().roots]
        shutil.rmtree(inner)
        assert mirror.waits_for(lambda: ["inotify", "waiting"] == [e.mode for e in mirror.watcher.report().roots])
        (inner / "new").mkdir(parents=True)
        (inner / "new" / "f").write_text("1")
        assert mirror.waits_for(lambda: [3, 2] == [each.watched for each in mirror.watcher.report().roots])
        (root / "d000" / "f").write_text("1")
        (inner / "new" / "f").write_text("2")

        assert {} == mirror.difference()


def test_a_raised_limit_is_made_use_of(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the next safety scan watches are set that were refused before."""
    limits = {"most": 4}
    monkeypatch.setattr(upkeep.limits, "max_watches", lambda: limits["most"])
    with Mirror([str(root)], WatchdogWatcher(scan_every=0.2)) as mirror:
        before = mirror.watcher.report()
        limits["most"] = 100
        assert mirror.waits_for(lambda: mirror.watcher.report().watches == 4)
        after = mirror.watcher.report()

        assert (2, 4, 2) == (before.watches, before.roots[0].present, before.budget)
        assert (4, 4, ()) == (after.watches, after.roots[0].present, after.roots[0].polled)
