"""The user's folders while BuildKit builds from them: read, never written, and never mixed of two states."""

from __future__ import annotations

import hashlib
import os
import random
import re
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest

from edk.adapters.buildkit import BuildKitBuilder, Daemon
from edk.adapters.cancellation import Cancel
from edk.adapters.files import FileTree
from edk.domain.errors import ContextChangedError
from edk.domain.files import ContextFile
from edk.domain.requests import BuildRequest, StepProgress
from edk.orchestrator.context_tar import SourceContext
from tests.support.command import ROOT, Command
from tests.support.extension import Extension, snapshot
from tests.support.reading_back import RegistryReader

pytestmark = pytest.mark.integration

VERSION = "1.2.3"


@pytest.fixture
def bk(edk: Command, buildkit_address: str) -> Command:
    """The command line that builds by BuildKit."""
    return edk.with_environ(BUILDKIT_HOST=buildkit_address, EDK_BUILDER="buildkit")


def files_of(folder: Path) -> tuple[ContextFile, ...]:
    """Return a folder's files as a plan has them."""
    tree, found = FileTree(), []
    for path in sorted(folder.rglob("*")):
        entry = tree.stat(str(path))
        digest = tree.digest(str(path), entry) if entry.kind == "file" else ""
        executable = entry.kind == "file" and bool(entry.mode & 0o111)
        relative = str(path.relative_to(folder))
        found.append(ContextFile(relative, entry.kind, executable, entry.size, digest, entry.target, entry.mode))
    return tuple(found)


def built(builder: BuildKitBuilder, folder: Path, dockerfile: str, files: tuple[ContextFile, ...]) -> list[str]:
    """Build a folder, and return what its steps printed."""
    request = BuildRequest("x", "localhost:32000/e2e-sources/x:1", dockerfile.encode(), "x/Dockerfile")
    seen: list[StepProgress] = []
    context = SourceContext(request.dockerfile, files, str(folder), FileTree())
    builder.build(request, context, seen.append, Cancel())  # type: ignore[arg-type]
    return [step.title for step in seen if step.phase == "log"]


def test_the_folders_are_as_they_were(bk: Command, whole: Extension) -> None:
    """Contents, modes and times, also where files are rewritten for the image, and where one fails."""
    whole.image("bad", "RUN exit 3\n")
    before = snapshot(whole.path)

    for arguments in ((), ("--force",)):
        run = bk("build", "--dir", str(whole.path), "--json", *arguments).expect(1)
        assert [whole.name("bad")] == run.images("ImageFailed")

    assert before == snapshot(whole.path)


def test_folders_that_can_not_be_written(bk: Command, whole: Extension) -> None:
    """Modes that forbid writing are no hindrance to somebody who is bound by them."""
    for path in sorted(whole.path.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        bk("build", "--dir", str(whole.path), bound_by_modes=True).expect(0)
    finally:
        for path in whole.path.rglob("*"):
            path.chmod(0o755)


def test_a_read_only_mount(bk: Command, whole: Extension, registry: RegistryReader) -> None:
    """Nor is a mount that nobody can write to."""
    folder = str(whole.path)
    if subprocess.run(["mount", "--bind", folder, folder], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        bk("build", "--dir", folder).expect(0)
    finally:
        subprocess.run(["umount", folder], check=True)

    assert "echo one\n" == registry.text(whole.name("seg"), VERSION, "run.sh")


def test_a_file_that_changes_while_it_is_staged(buildkit_address: str, busybox: str, tmp_path: Path) -> None:
    """The build ends with the file's name, and the next one holds what is there then, of the same size or not."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "a").write_text("old")
    (folder / "b").write_text("old")
    builder = BuildKitBuilder(Daemon(buildkit_address), str(tmp_path / "staged"))
    dockerfile = f"FROM {busybox}\nCOPY . /c\nRUN : {uuid.uuid4().hex}; cat /c/*\n"
    assert "oldold" in "".join(built(builder, folder, dockerfile, files_of(folder)))

    planned = files_of(folder)
    (folder / "b").write_text("new")
    time_of_old = (folder / "a").stat()
    with pytest.raises(ContextChangedError, match=r"^b changed its content"):
        built(BuildKitBuilder(Daemon(buildkit_address), str(tmp_path / "fresh")), folder, dockerfile, planned)

    # Set back to the time it had, as archives and version control do.
    os.utime(folder / "b", ns=(time_of_old.st_atime_ns, time_of_old.st_mtime_ns))
    assert "oldnew" in "".join(built(builder, folder, dockerfile, files_of(folder)))


def test_files_that_change_all_the_time(buildkit_address: str, busybox: str, tmp_path: Path) -> None:
    """Whatever is built while somebody writes is what was planned; else the build ends with the file's name."""
    folder = tmp_path / "source"
    folder.mkdir()
    names = [f"f{number:02}" for number in range(40)]
    for name in names:
        (folder / name).write_text("0" * 8)
    stop, chance = threading.Event(), random.Random(1)

    def write() -> None:
        while not stop.wait(0.01):
            (folder / chance.choice(names)).write_text(f"{chance.randrange(10**8):08}")

    builder = BuildKitBuilder(Daemon(buildkit_address), str(tmp_path / "staged"))
    thread = threading.Thread(target=write)
    thread.start()
    ended: list[str] = []
    good = 0
    try:
        while (good < 3 or not ended) and good + len(ended) < 60:
            planned = files_of(folder)
            try:
                printed = built(builder, folder, told_by(busybox), planned)
            except ContextChangedError as error:
                ended.append(error.message)
                continue
            good += 1
            contents = [printed[-1][8 * number : 8 * number + 8] for number in range(len(names))]
            assert [file.digest for file in planned] == [hashlib.sha256(one.encode()).hexdigest() for one in contents]
    finally:
        stop.set()
        thread.join()

    assert good >= 3
    assert ended
    assert all(re.match(r"^f\d\d (changed its (content|size)|shrank|grew) while", one) for one in ended)
    expected = "".join((folder / name).read_text() for name in names)
    assert expected == built(builder, folder, told_by(busybox), files_of(folder))[-1]


def told_by(base: str) -> str:
    """Return a Dockerfile that prints its whole context, and was never built before."""
    return f"FROM {base}\nCOPY . /c\nRUN : {uuid.uuid4().hex}; cat /c/*\n"


def test_what_one_target_sends_is_not_what_another_gets(buildkit_address: str, busybox: str, tmp_path: Path) -> None:
    """One daemon keeps what it was sent last; files of one size, name and second stay apart, in turn and at once."""
    builder = BuildKitBuilder(Daemon(buildkit_address), str(tmp_path / "staged"))
    wrong: list[str] = []

    def turn(number: int) -> None:
        folder = tmp_path / f"source{number}"
        folder.mkdir(exist_ok=True)
        for again in range(4):
            text = f"{number}-{again}"
            (folder / "same").write_text(text)
            dockerfile = f"FROM {busybox}\nCOPY . /c\nRUN : {uuid.uuid4().hex}; cat /c/same\n".encode()
            request = BuildRequest(f"x{number}", f"localhost:32000/e2e-sources/x{number}:1", dockerfile, f"{number}")
            seen: list[StepProgress] = []
            context = SourceContext(dockerfile, files_of(folder), str(folder), FileTree())
            builder.build(request, context, seen.append, Cancel())  # type: ignore[arg-type]
            if text not in [step.title for step in seen if step.phase == "log"]:
                wrong.append(text)

    threads = [threading.Thread(target=turn, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == wrong


def test_a_big_file_in_flat_memory(buildkit_address: str, busybox: str, tmp_path: Path) -> None:
    """A file of 512 MB goes to the daemon in a few MB of our memory."""
    with (tmp_path / "big").open("wb") as file:
        file.truncate(512 << 20)
    done = subprocess.run(
        [sys.executable, "-c", _FLAT, buildkit_address, busybox, str(tmp_path), str(tmp_path / "staged")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    assert int(done.stdout.split()[-1]) < 64 * 1024


_FLAT = """
import hashlib, sys
from edk.adapters.buildkit import BuildKitBuilder, Daemon
from edk.adapters.cancellation import Cancel
from edk.adapters.files import FileTree
from edk.domain.errors import CancelledError
from edk.domain.files import ContextFile
from edk.domain.requests import BuildRequest
from edk.orchestrator.context_tar import SourceContext

address, base, root, staged = sys.argv[1:]
digest, piece = hashlib.sha256(), bytes(1 << 20)
for _ in range(512):
    digest.update(piece)
file = ContextFile("big", "file", False, 512 << 20, digest.hexdigest(), "", 0o644)
dockerfile = f"FROM {base}\\nCOPY big /\\nRUN false\\n".encode()
request = BuildRequest("t", "localhost:32000/e2e-sources/t:1", dockerfile, "Dockerfile")
try:
    BuildKitBuilder(Daemon(address), staged).build(
        request, SourceContext(dockerfile, [file], root, FileTree()), lambda _: None, Cancel()
    )
except Exception as error:
    assert "RUN false exited" in str(error), error
else:
    raise AssertionError("it did not get to the step")
print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])
"""
