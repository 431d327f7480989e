"""The watcher on real inotify: what is reported suffices to know what changed."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from edk.adapters.watching.reader import InotifyReader, KernelEvent, Told
from edk.adapters.watching.translation import FOLDER_MASK
from edk.adapters.watching.watcher import WatchdogWatcher
from edk.domain.saves import RawEvent
from tests.unit.watching.mirror import Mirror

pytestmark = pytest.mark.integration


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root with a few folders and files."""
    for name in ("a/one.py", "a/b/two.py", "c/three.py", ".git/index", "node_modules/x/y.js"):
        (tmp_path / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / name).write_text(name)
    return tmp_path / "root"


def shell(folder: Path, command: str) -> None:
    """Run a command line in a folder."""
    subprocess.run(["sh", "-euc", command], cwd=folder, check=True)


@pytest.mark.parametrize(
    "command",
    [
        "echo 1 > a/one.py",
        "echo 1 >> a/b/two.py; rm a/one.py",
        "sed -i s/one/two/ a/one.py",
        "chmod +x a/one.py",
        "mkdir -p n1/n2/n3/n4; echo a > n1/n2/n3/n4/f.py; echo b > n1/f2.py",
        "mv a d; echo 1 > d/b/two.py",
        "mv a d; ln -s d a; echo 1 > d/one.py",
        "mv a x; mv c a; mv x c; echo 1 > c/b/two.py; echo 2 > a/three.py",
        "mv a/b c/b; mv c e; echo 1 > e/b/two.py; mkdir c; echo 2 > c/new.py",
        "mkdir ../out; mv a ../out/a; echo 1 > ../out/a/one.py",
        "mkdir -p ../in/deep; echo 1 > ../in/deep/f; mv ../in .; echo 2 > in/deep/f",
        "cp -r a a2; cp -r a a3; rm -rf a2",
        "ln -s a/one.py link.py; ln a/one.py hard.py; ln -sfn c link.py",
        "mv a .hidden; echo 1 > .hidden/one.py; mv .hidden back",
        "rm -rf a; mkdir a; echo 1 > a/one.py",
        "printf 'x' > 'a/new\nline'; mkdir \"$(printf 'c/\\377')\"; echo 1 > \"$(printf 'c/\\377/f')\"",
    ],
)
def test_what_a_command_changed_is_reported(root: Path, command: str) -> None:
    """Who reads again just what was reported knows what is really there, and hears of it only once it is."""
    with Mirror([str(root)], WatchdogWatcher()) as mirror:
        shell(root, command)
        difference = mirror.difference()
        shell(root, "for f in $(find . -type f -name '*.py' -not -path './.*'); do echo more >> $f; done")

        assert {} == difference
        assert {} == mirror.difference()
        assert [] == mirror.rescans()


def test_a_file_in_a_folder_that_was_just_made_is_never_missed(root: Path) -> None:
    """Files that are older than the watch of their folder are reported with the folder."""
    with Mirror([str(root)], WatchdogWatcher()) as mirror:
        for number in range(200):
            folder = root / f"n{number}" / "a" / "b"
            folder.mkdir(parents=True)
            (folder / "f").write_text(str(number))
        difference = mirror.difference()

        assert {} == difference
        assert 203 <= len(mirror.view)
        assert 604 == mirror.watcher.report().watches


def test_own_reads_are_no_events(root: Path) -> None:
    """Reading, listing and hashing of the whole tree reports nothing."""
    with Mirror([str(root)], WatchdogWatcher()) as mirror:
        for _ in range(50):
            mirror.truth()
        shell(root, "grep -r nothing . || true; ls -lR . > /dev/null")
        time.sleep(0.2)

        assert [] == mirror.events


def test_folders_that_do_not_count_are_not_watched(root: Path) -> None:
    """Hidden folders, node_modules and excluded ones hold no watches and report nothing."""
    (root / "excluded" / "deep").mkdir(parents=True)
    with Mirror([str(root)], WatchdogWatcher(exclude=("excluded/",)), ("excluded/",)) as mirror:
        shell(root, "touch .git/index node_modules/x/y.js excluded/deep/f; echo 1 > a/one.py")
        mirror.difference()
        report = mirror.watcher.report()

        assert {str(root / "a/one.py")} == mirror.paths()
        assert ("inotify", 4, 4) == (report.roots[0].mode, report.roots[0].watched, report.roots[0].present)


def test_kept_folders_are_watched(root: Path) -> None:
    """A hidden folder that a target uses is watched with what is below it, and no longer when it isn't kept."""
    (root / "a/.conf/deep").mkdir(parents=True)
    with Mirror([str(root)], WatchdogWatcher()) as mirror:
        mirror.watcher.keep([str(root / "a/.conf")])
        assert mirror.waits_for(lambda: mirror.watcher.report().watches == 6)
        (root / "a/.conf/deep/f").write_text("1")
        assert mirror.waits_for(lambda: str(root / "a/.conf/deep/f") in mirror.paths())
        mirror.watcher.keep([])
        assert mirror.waits_for(lambda: mirror.watcher.report().watches == 4)


def test_a_kept_folder_may_come_later(root: Path) -> None:
    """A kept folder that isn't there yet is watched as soon as it is, through hidden folders as well."""
    watcher = WatchdogWatcher()
    watcher.keep([str(root / ".x/y")])
    with Mirror([str(root)], watcher) as mirror:
        shell(root, "mkdir -p .x/y/z .x/other")
        assert mirror.waits_for(lambda: watcher.report().watches == 7)
        shell(root, "echo 1 > .x/y/z/f; echo 1 > .x/other/f")
        assert mirror.waits_for(lambda: str(root / ".x/y/z/f") in mirror.paths())

        assert str(root / ".x/other/f") not in mirror.paths()


def test_edits_of_what_was_moved_out_are_not_reported(root: Path) -> None:
    """A folder that was moved out is reported as gone within a fifth of a second, and its edits outside not at all."""
    with Mirror([str(root)], WatchdogWatcher()) as mirror:
        shell(root, "mv a ../outside")
        assert mirror.waits_for(lambda: RawEvent("moved", str(root / "a"), True) in mirror.events, 0.2)
        shell(root, "echo 1 > ../outside/one.py; echo 1 > ../outside/b/two.py")
        time.sleep(0.1)

        assert {str(root / "a")} == mirror.paths()
        assert 2 == mirror.watcher.report().watches


def test_a_departed_file_holds_no_other_event_up(root: Path) -> None:
    """A save right behind a deletion into the trash is reported at once."""
    with Mirror([str(root)], WatchdogWatcher()) as mirror:
        shell(root, "mv a/one.py ..; echo 1 > c/three.py")
        assert mirror.waits_for(lambda: RawEvent("moved", str(root / "a/one.py")) in mirror.events)
        kinds = [(event.kind, event.path) for event in mirror.events if isinstance(event, RawEvent)]

        assert ("moved", str(root / "a/one.py")) == kinds[-1]
        assert ("closed", str(root / "c/three.py")) == kinds[-2]


def test_random_operations_are_never_missed(tmp_path: Path) -> None:
    """After each of 60 sequences of 50 random operations the reports suffice to know what is there."""
    seed = random.randrange(10**9)
    dice = random.Random(seed)
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    with Mirror([str(root)], WatchdogWatcher()) as mirror:
        for turn in range(60):
            for _ in range(50):
                _do_something(dice, root, outside)
            difference = mirror.difference()
            assert {} == difference, f"seed {seed}, turn {turn}"
        assert [] == mirror.rescans()
        assert mirror.watcher.report().watches == mirror.watcher.report().roots[0].present


def _do_something(dice: random.Random, root: Path, outside: Path) -> None:
    """Perform one operation on random paths; those that make no sense fail and change nothing."""
    folders = [Path(folder) for folder, _, _ in os.walk(root)]
    files = [file for folder in folders for file in folder.iterdir() if not file.is_dir()]
    folder, other = dice.choice(folders), dice.choice(folders)
    file = dice.choice(files) if files else folder / "first"
    name = dice.choice("abcdefgh")
    may_copy = len(folders) < 60 and not other.is_relative_to(folder)
    operations = [
        lambda: (folder / f"{name}.py").write_text(str(dice.random())),
        lambda: file.write_text(str(dice.random())),
        lambda: file.unlink(missing_ok=True),
        lambda: file.rename(other / f"{name}.py"),
        lambda: file.chmod(dice.choice((0o644, 0o755))),
        lambda: (folder / name / name).mkdir(parents=True),
        lambda: (folder / name / name / "deep.py").write_text(name),
        lambda: folder.rename(other / name) if folder != root else None,
        lambda: folder.rename(outside / str(dice.random())) if folder != root else None,
        lambda: dice.choice(list(outside.iterdir())).rename(other / name),
        lambda: shutil.rmtree(folder) if folder != root and dice.random() < 0.3 else None,
        lambda: shutil.copytree(folder, other / f"{name}copy", symlinks=True) if may_copy else None,
        lambda: (folder / f"{name}link").symlink_to(other),
        lambda: [(each / "edited.py").write_text(str(dice.random())) for each in outside.iterdir()],
    ]
    try:
        dice.choice(operations)()
    except (OSError, IndexError, shutil.Error):
        return


def test_all_names_of_a_file_are_compared(root: Path) -> None:
    """A file with two names that is written under one of them has the other one looked at as well."""
    (root / "c" / "other.py").hardlink_to(root / "a" / "one.py")
    with Mirror([str(root)], WatchdogWatcher()) as mirror:
        (root / "a" / "one.py").write_text("1")

        assert {} == mirror.difference()
        assert {str(root / "a/one.py")} == mirror.paths()
        assert [] == mirror.rescans()


def test_a_folder_has_one_watch(root: Path) -> None:
    """A folder that is added twice has one watch that tells everything once, and none when it is removed."""
    told: list[Told] = []
    reader = InotifyReader(told.append)
    first = reader.add(str(root), FOLDER_MASK)
    second = reader.add(str(root), FOLDER_MASK)
    (root / "new").mkdir()
    end = time.monotonic() + 5
    while not told and time.monotonic() < end:
        time.sleep(0.01)
    held = reader.held()
    reader.remove(first)
    left = reader.held()
    reader.stop()

    assert first == second
    assert (1, 0) == (held, left)
    assert [(first, b"new")] == [(event.wd, event.name) for event in told if isinstance(event, KernelEvent)]


def test_stop_leaves_nothing_behind(root: Path) -> None:
    """Descriptors and threads are those of before, also after stopping twice."""

    def left() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    with Mirror([str(root)], WatchdogWatcher()):
        pass
    before = left()
    for _ in range(5):
        mirror = Mirror([str(root)], WatchdogWatcher())
        with mirror:
            (root / "a/one.py").write_text("1")
        mirror.watcher.stop()

    assert before == left()
