"""The engine's adapter and the context's stream on a real engine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from edk.adapters.cancellation import Cancel
from edk.adapters.engine import DockerEngineBuilder
from edk.adapters.files import FileTree
from edk.domain.errors import (
    BuildRefusedError,
    CancelledError,
    ContextChangedError,
    RegistryUnreachableError,
    StepFailedError,
)
from edk.domain.files import ContextFile
from edk.domain.requests import BuildRequest, BuiltImage, StepProgress
from edk.orchestrator.context_tar import dockerfile_member, stream_context

pytestmark = pytest.mark.integration


@pytest.fixture(params=["buildkit", "classic"])
def builder(request: pytest.FixtureRequest, engine_endpoint: str) -> DockerEngineBuilder:
    """The engine's own two builders."""
    return DockerEngineBuilder(engine_endpoint, {}, classic=request.param == "classic")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose name is short, so that names in it can be long."""
    import tempfile

    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def _files(folder: Path) -> tuple[ContextFile, ...]:
    tree, found = FileTree(), []
    for path in sorted(folder.rglob("*")):
        entry = tree.stat(str(path))
        digest = tree.digest(str(path), entry) if entry.kind == "file" else ""
        executable = entry.kind == "file" and bool(entry.mode & 0o111)
        relative = str(path.relative_to(folder))
        found.append(ContextFile(relative, entry.kind, executable, entry.size, digest, entry.target, entry.mode))
    return tuple(found)


def _build(
    builder: DockerEngineBuilder, folder: Path, dockerfile: str, **fields: object
) -> tuple[BuiltImage, list[str], list[StepProgress]]:
    """Build a folder and return what its RUN steps printed."""
    files, content = _files(folder), dockerfile.encode()
    member = dockerfile_member("Dockerfile", files)
    request = BuildRequest(
        "t",
        "localhost:32000/engine-test/t:1",
        content,
        "Dockerfile",
        dockerfile_member=member,
        **fields,  # type: ignore[arg-type]
    )
    seen: list[StepProgress] = []
    stream = stream_context(content, files, str(folder), FileTree(), member)
    image = builder.build(request, stream, seen.append, Cancel())
    return image, [step.title for step in seen if step.phase == "log"], seen


def test_ships_names_modes_and_links(builder: DockerEngineBuilder, folder: Path, busybox: str) -> None:
    """Long, non-ASCII and undecodable names, executable bits and links arrive as they are."""
    (folder / ("a" * 150)).mkdir()
    (folder / ("a" * 150) / ("b" * 150)).write_text("long")
    (folder / "ünï").write_text("accents")
    Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff")).write_text("bytes")
    (folder / "run.sh").write_text("x")
    (folder / "run.sh").chmod(0o700)
    (folder / "plain").write_text("x")
    (folder / "plain").chmod(0o600)
    (folder / "link").symlink_to("ünï")
    (folder / "empty").mkdir()

    _, printed, _ = _build(
        builder,
        folder,
        f"FROM {busybox}\nCOPY . /c\nRUN echo {uuid.uuid4().hex}; cd /c; cat */bbb*; echo; cat link; echo; cat bad*; "
        "echo; stat -c '%a %u %g %n' run.sh plain empty; readlink link; printf %s bad* | od -An -tx1",
    )

    assert [
        "long",
        "accents",
        "bytes",
        "755 0 0 run.sh",
        "644 0 0 plain",
        "755 0 0 empty",
        "ünï",
        " 62 61 64 ff",
    ] == printed[1:]


def test_adds_no_file_to_a_whole_context_with_its_dockerfile(
    builder: DockerEngineBuilder, folder: Path, busybox: str
) -> None:
    """`COPY . .` gives the user's files and no other; the Dockerfile is the one that was built."""
    (folder / "Dockerfile").write_text("FROM something:else\n")
    (folder / "a").write_text("a")

    dockerfile = f"FROM {busybox}\nCOPY . /c\nRUN echo {uuid.uuid4().hex}; ls -A /c; head -n 1 /c/Dockerfile\n"
    _, printed, _ = _build(builder, folder, dockerfile)

    assert ["Dockerfile", "a", f"FROM {busybox}"] == printed[1:]


def test_takes_arguments_labels_target_and_lines(
    builder: DockerEngineBuilder, folder: Path, busybox: str, engine_endpoint: str
) -> None:
    """Build arguments reach RUN, only the wanted target is built, steps of stages find their lines."""
    dockerfile = (
        "ARG BASE=nothing\nFROM $BASE AS one\nARG WHO\nARG AT=/w\nWORKDIR $AT\n# comment\n"
        f"RUN echo {uuid.uuid4().hex} \\\n"
        " # inside\n  && echo hello $WHO\nFROM one\nRUN exit 1\n"
    )

    image, printed, seen = _build(
        builder,
        folder,
        dockerfile,
        build_args=(("BASE", busybox), ("WHO", "you & me")),
        labels=(("org.x", 'ü "q"'),),
        target="one",
    )

    started = {step.title.split("] ", 1)[-1].split()[0]: step.line for step in seen if step.number}
    assert "hello you & me" in printed
    assert (5, 7) == (started["WORKDIR"], started["RUN"])
    with docker.APIClient(engine_endpoint, "auto") as client:
        assert {"org.x": 'ü "q"'} == client.inspect_image(image.image_id)["Config"]["Labels"]


def test_keeps_the_last_lines_of_a_failing_step(builder: DockerEngineBuilder, folder: Path, busybox: str) -> None:
    """At most 20 lines of the failing step come with its error, from both streams, bad bytes escaped."""
    with pytest.raises(StepFailedError) as caught:
        _build(
            builder,
            folder,
            f"FROM {busybox}\nRUN for i in $(seq 50); do echo line $i; done; printf 'no end'; sleep 0.3;"
            " echo last >&2; exit 137\n",
        )

    assert 20 == len(caught.value.log_tail)
    assert {"line 49", "line 50", "no end", "last"} <= set(caught.value.log_tail)
    assert "memory" in caught.value.hint


def test_names_a_missing_source(builder: DockerEngineBuilder, folder: Path, busybox: str) -> None:
    """A COPY of what is not there fails with its line."""
    with pytest.raises(StepFailedError, match=r"^Dockerfile:2: COPY nothing /x failed: .*not") as caught:
        _build(builder, folder, f"FROM {busybox}\nCOPY nothing /x\n")

    assert 2 == caught.value.line


def test_names_a_missing_base(builder: DockerEngineBuilder, folder: Path, busybox: str) -> None:
    """A FROM of what its registry does not have fails with its line."""
    with pytest.raises(StepFailedError, match=r"^Dockerfile:2: FROM localhost:32000/engine-test/none:1"):
        _build(builder, folder, "#\nFROM localhost:32000/engine-test/none:1\n")


def test_tells_a_dead_registry_from_a_missing_base(builder: DockerEngineBuilder, folder: Path) -> None:
    """A base whose registry does not answer is infrastructure, and worth another attempt."""
    with pytest.raises(RegistryUnreachableError, match="refused"):
        _build(builder, folder, "FROM localhost:1/x:1\n")


@pytest.mark.parametrize("feature", ["heredoc", "secret", "ssh"])
def test_refuses_what_the_engine_builds_wrongly(
    builder: DockerEngineBuilder, folder: Path, busybox: str, feature: str
) -> None:
    """What a builder would do nothing for, or without the secret, is refused before anything is sent."""
    info = builder.describe()
    if feature == "heredoc" and int(info.version.split(".")[0]) >= 23:
        pytest.skip("this engine knows heredocs")

    with pytest.raises(BuildRefusedError, match=r"^Dockerfile: .*can't build"):
        _build(builder, folder, f"FROM {busybox}\n", features=(feature,))


def test_gives_up_on_a_context_that_changes(builder: DockerEngineBuilder, folder: Path, busybox: str) -> None:
    """A file that was written to after the plan was made ends the build with its name."""
    (folder / "big").write_bytes(b"x" * (3 << 20))
    files = _files(folder)
    (folder / "big").write_bytes(b"x" * (3 << 20) + b"y")
    dockerfile = f"FROM {busybox}\nCOPY big /\n".encode()
    request = BuildRequest("t", "localhost:32000/engine-test/t:1", dockerfile, "Dockerfile")

    with pytest.raises(ContextChangedError, match=r"^big "):
        builder.build(request, stream_context(dockerfile, files, str(folder), FileTree()), lambda _: None, Cancel())


def test_a_quiet_step_is_no_stall(engine_endpoint: str, folder: Path, busybox: str) -> None:
    """A step may print nothing for longer than a stall takes to be told."""
    builder = DockerEngineBuilder(engine_endpoint, {}, stall=2.0)

    image, _, _ = _build(builder, folder, f"FROM {busybox}\nRUN echo {uuid.uuid4().hex} > /x; sleep 5\n")

    assert image.image_id


def test_leaves_nothing_running(builder: DockerEngineBuilder, folder: Path, busybox: str) -> None:
    """After 20 cancelled builds no step, thread or descriptor is left."""
    builder.describe()
    before = len(os.listdir("/proc/self/fd")), threading.active_count()  # noqa: PTH208
    slowest = 0.0
    for round_ in range(20):
        slowest = max(slowest, _cancelled_after(builder, busybox, 0.05 + round_ * 0.03))

    assert slowest < 1
    assert before == (len(os.listdir("/proc/self/fd")), threading.active_count())  # noqa: PTH208
    deadline = time.monotonic() + 5
    while _processes("sleep 4242") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert 0 == _processes("sleep 4242")


def test_cancels_a_push_that_hangs(builder: DockerEngineBuilder, folder: Path, busybox: str) -> None:
    """A push to a registry that takes the connection and says nothing is gone within a second."""
    image, _, _ = _build(builder, folder, f"FROM {busybox}\n")
    cancel, asked = Cancel(), [0.0]

    def stop() -> None:
        asked[0] = time.monotonic()
        cancel.cancel()

    with socket.create_server(("127.0.0.1", 0)) as silent:
        ref = f"localhost:{silent.getsockname()[1]}/engine-test/t:1"
        timer = threading.Timer(1, stop)
        timer.start()
        with pytest.raises(CancelledError):
            builder.push(image, ref, lambda _: None, cancel)
        ended = time.monotonic()
        timer.join()

    assert 0 < ended - asked[0] < 1


def _cancelled_after(builder: DockerEngineBuilder, base: str, seconds: float) -> float:
    """Cancel a build after so long, and return how long it took to end from then."""
    cancel, asked = Cancel(), [0.0]
    dockerfile = f"FROM {base}\nRUN echo {uuid.uuid4().hex}; sleep 4242\n".encode()
    request = BuildRequest("t", "localhost:32000/engine-test/t:1", dockerfile, "Dockerfile")

    def stop() -> None:
        asked[0] = time.monotonic()
        cancel.cancel()

    timer = threading.Timer(seconds, stop)
    timer.start()
    with pytest.raises(CancelledError):
        builder.build(request, stream_context(dockerfile, (), "/", FileTree()), lambda _: None, cancel)
    ended = time.monotonic()
    timer.join()
    return ended - asked[0]


def _processes(command: str) -> int:
    count = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            count += command in path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
    return count


def test_streams_in_flat_memory(engine_endpoint: str, busybox: str, tmp_path: Path) -> None:
    """A file of 512 MB goes to the engine in a few MB of memory, so one of 2 GB does."""
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(512 << 20)
    script = tmp_path / "script.py"
    script.write_text(_FLAT)
    done = subprocess.run(
        [sys.executable, str(script), engine_endpoint, busybox, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},  # noqa: PTH109
    )

    assert int(done.stdout.split()[-1]) < 64 * 1024


_FLAT = """
import hashlib, sys
from edk.adapters.cancellation import Cancel
from edk.adapters.engine import DockerEngineBuilder
from edk.adapters.files import FileTree
from edk.domain.errors import CancelledError
from edk.domain.files import ContextFile
from edk.domain.requests import BuildRequest
from edk.orchestrator.context_tar import stream_context

endpoint, base, root = sys.argv[1:]
digest, piece = hashlib.sha256(), bytes(1 << 20)
for _ in range(512):
    digest.update(piece)
file = ContextFile("big", "file", False, 512 << 20, digest.hexdigest(), "", 0o644)
dockerfile = f"FROM {base}\\nRUN true\\n".encode()
cancel = Cancel()

def stream():
    yield from stream_context(dockerfile, [file], root, FileTree())
    cancel.cancel("what the engine does with it does not matter")
    yield b"x"

try:
    request = BuildRequest("t", "localhost:32000/engine-test/t:1", dockerfile, "Dockerfile")
    DockerEngineBuilder(endpoint, {}).build(request, stream(), print, cancel)
except CancelledError:
    # The kernel's own high-water mark; that of getrusage is inherited from the process that started this one.
    status = open('/proc/self/status').read()
    print(status.split('VmHWM:')[1].split()[0])
"""
