"""The builder before engines that lie, hang, refuse and go away."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edk.adapters.cancellation import Cancel
from edk.adapters.engine import DockerEngineBuilder
from edk.domain.errors import (
    BuildRefusedError,
    CancelledError,
    EdkError,
    EngineUnreachableError,
    RegistryUnreachableError,
)
from edk.domain.requests import BuiltImage, EngineInfo
from tests.unit.engine.lying import Answer, LyingEngine, chunked, plain
from tests.unit.engine.recorded import IMAGE, STREAMS, request

pytestmark = pytest.mark.timeout(60)
OLD_PONG = plain("200 OK", b"OK", "Server: Docker/20.10.24 (linux)")
PODMAN_PONG = plain("200 OK", b"OK", "Server: Libpod/5.4.2 (linux)", "Libpod-Api-Version: 5.4.2")
BUILT = (STREAMS / "buildkit-20.10-built.jsonl").read_bytes()


@pytest.fixture
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[object]]:
    """What has to be closed at the end."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield [stack, tmp_path_factory]


def _engine(made: list[object], answers: dict[str, bytes | Answer | None]) -> LyingEngine:
    stack, factory = made
    return stack.enter_context(LyingEngine(factory.mktemp("e"), answers).running())  # type: ignore[attr-defined]


def _build(engine: LyingEngine, stall: float = 15.0, cancel: Cancel | None = None, pieces: int = 1) -> BuiltImage:
    builder = DockerEngineBuilder(engine.endpoint, {}, stall=stall)
    return builder.build(request(), iter([b"x" * 1000] * pieces), lambda _: None, cancel or Cancel())


def test_describes(made: list[object]) -> None:
    """Name, version, BuildKit, store and folder are those that the engine tells; asked again, one ping does."""
    engine = _engine(made, {})
    builder = DockerEngineBuilder(engine.endpoint, {})

    first, again = builder.describe(), builder.describe()

    assert EngineInfo("Docker Engine", "28.0.0", engine.endpoint, True, True, "linux/amd64", "/d") == first == again
    assert ["GET /_ping", "GET /version", "GET /info", "GET /_ping"] == [
        line.removesuffix(" HTTP/1.1") for line in engine.asked
    ]


@pytest.mark.parametrize(
    ("pong", "probe", "name", "buildkit"),
    [
        (OLD_PONG, chunked(b'{"id":"moby.buildkit.trace","aux":""}\n', b'{"error":"x"}\n'), "Docker Engine", True),
        (OLD_PONG, plain("400 Bad Request", b'{"message":"unknown instruction"}'), "Docker Engine", False),
        (PODMAN_PONG, chunked(b'{"id":"moby.buildkit.trace","aux":""}\n'), "Podman", False),
    ],
)
def test_finds_out_about_buildkit(made: list[object], pong: bytes, probe: bytes, name: str, buildkit: bool) -> None:
    """Where the headers do not tell, a Dockerfile that nobody accepts does."""
    engine = _engine(made, {"/_ping": pong, "/build": probe})

    info = DockerEngineBuilder(engine.endpoint, {}).describe()

    assert (name, buildkit) == (info.name, info.buildkit)


@pytest.mark.parametrize(
    "pong", [None, plain("500 Internal Server Error", b"<html>"), b"SSH-2.0-OpenSSH\r\n", plain("200 OK", b"<html>")]
)
def test_tells_within_five_seconds_that_nobody_answers(made: list[object], pong: bytes | None) -> None:
    """A hanging engine, and one that is none, is told with its endpoint and a hint."""
    nothing = plain("404 Not Found", b"no")
    engine = _engine(made, {"/_ping": pong, "/version": nothing, "/info": nothing})
    began = time.monotonic()

    with pytest.raises(EngineUnreachableError) as caught:
        DockerEngineBuilder(engine.endpoint, {}).describe()

    assert time.monotonic() - began < 5.5
    assert engine.endpoint in caught.value.message
    assert "DOCKER_HOST" in caught.value.hint


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"", "went away"),
        (b"HTTP/1.1 200 OK\r\n", "went away"),
        (chunked(BUILT[:2000], end=False), "broke off"),
        (chunked(end=False), "broke off"),
        (chunked(), "ended without an image"),
        (chunked(BUILT[:2000]), "no JSON"),
        (chunked(IMAGE, end=False), "broke off"),
        (chunked(b"<html>proxy</html>\n"), "no JSON"),
        (chunked(b"[]\n"), "no object"),
        (chunked(b'{"stream": "\xff\xfe"}\n'), "no JSON"),
        (chunked(b'{"stream": "', *[b"x" * (1 << 20)] * 10, b'"}\n'), "more than"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "broke off"),
        (plain("502 Bad Gateway", b"<html>proxy</html>"), "502"),
        (plain("500 Oops", b'{"message": "no space left on device"}'), "disk is full"),
    ],
)
def test_believes_no_lie(made: list[object], reply: bytes, said: str) -> None:
    """A reply that no engine in its right mind sends is a fault of the engine."""
    engine = _engine(made, {"/build": reply})

    with pytest.raises(EngineUnreachableError) as caught:
        _build(engine)

    assert said in caught.value.message


def test_reads_a_reply_in_any_pieces(made: list[object]) -> None:
    """A reply is the same in chunks of a few bytes, and without a last newline."""
    content = BUILT.rstrip()
    engine = _engine(made, {"/build": chunked(*[content[at : at + 7] for at in range(0, len(content), 7)])})

    assert 4 == _build(engine).steps


def test_reports_a_refusal_while_it_sends(made: list[object]) -> None:
    """An engine that refuses before it has read all is heard, although sending fails."""

    def refuse(connection: socket.socket, _line: str, _received: bytes) -> None:
        connection.sendall(plain("400 Bad Request", b'{"message": "dockerfile parse error line 3: unknown"}'))
        connection.close()

    engine = _engine(made, {"/build": refuse})

    with pytest.raises(BuildRefusedError, match=r"^x/Dockerfile:3: "):
        _build(engine, pieces=100_000)


@pytest.mark.parametrize("pieces", [1, 100_000])
def test_gives_up_on_an_engine_that_hangs(made: list[object], pieces: int) -> None:
    """An engine that neither goes on nor answers a ping is given up, while sending and while reading."""
    hung = threading.Event()

    def hang(connection: socket.socket, _line: str, _received: bytes) -> None:
        engine.answers["/_ping"] = None
        hung.wait()

    engine = _engine(made, {})
    engine.answers["/build"] = hang
    began = time.monotonic()
    try:
        with pytest.raises(EngineUnreachableError, match=r"no sign of life for [12] seconds"):
            _build(engine, stall=2.0, pieces=pieces)
    finally:
        hung.set()

    assert time.monotonic() - began < 4


def test_gives_up_on_an_engine_that_answers_pings_only(made: list[object]) -> None:
    """A deadlocked builder is told from a step that prints nothing: a small build beside it does not come back."""
    engine = _engine(made, {"/build": None})

    with pytest.raises(EngineUnreachableError, match=r"answers pings, but has done nothing for [67] seconds"):
        _build(engine, stall=0.5)

    trials = [line for line in engine.asked if line.startswith("POST") and "/build?version=2 " in line]
    assert 2 == len(trials)


def test_waits_for_a_step_that_prints_nothing(made: list[object]) -> None:
    """An engine that still builds is waited for, and asked more and more rarely."""
    silent = threading.Event()

    def build(connection: socket.socket, line: str, _received: bytes) -> None:
        if "buildid" in line:
            silent.wait(9)
            connection.sendall(chunked(BUILT))
        else:
            connection.sendall(plain("200 OK", b'{"error": "no such instruction"}'))
        connection.close()

    engine = _engine(made, {"/build": build})

    assert _build(engine, stall=0.5).steps
    # After 2 seconds, and after 4 more; the next one would come 8 seconds later.
    assert 2 == sum("/build?version=2 " in line for line in engine.asked)


@pytest.mark.parametrize("pieces", [1, 100_000])
@pytest.mark.parametrize("dead", [False, True])
def test_cancels_whatever_it_waits_for(made: list[object], pieces: int, dead: bool) -> None:
    """Cancelled within a second: an engine that is silent, or hangs, while sending or while reading."""
    hung = threading.Event()

    def hang(connection: socket.socket, _line: str, _received: bytes) -> None:
        if dead:
            engine.answers["/_ping"] = engine.answers["/build/cancel"] = None
        hung.wait()

    engine, cancel = _engine(made, {}), Cancel()
    engine.answers["/build"] = hang
    asked: list[float] = []

    def stop() -> None:
        asked.append(time.monotonic())
        cancel.cancel("test")

    timer = threading.Timer(0.7, stop)
    timer.start()
    try:
        with pytest.raises(CancelledError):
            _build(engine, stall=4.0, cancel=cancel, pieces=pieces)
        took = time.monotonic() - asked[0]
    finally:
        hung.set()
        timer.join()

    assert took < 1.5 if dead else took < 0.5


def test_hands_out_the_contexts_errors(made: list[object]) -> None:
    """An OSError of the context is no OSError of the socket; the engine sees a broken request."""
    ended = threading.Event()

    def swallow(connection: socket.socket, _line: str, _received: bytes) -> None:
        while piece := connection.recv(65536):
            assert b"0\r\n\r\n" not in piece
        ended.set()

    engine = _engine(made, {"/build": swallow})
    error = BrokenPipeError("the context's own")

    def context() -> Iterator[bytes]:
        yield b"x"
        raise error

    with pytest.raises(BrokenPipeError) as caught:
        DockerEngineBuilder(engine.endpoint, {}).build(request(), context(), lambda _: None, Cancel())

    assert error is caught.value
    assert (None, None) == (error.__cause__, error.__context__)
    assert ended.wait(5)


PUSH = "/images/localhost:32000/x/push"
TAGGED = {"/images/sha256:1/tag": plain("201 Created", b"")}


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        (chunked(b'{"errorDetail":{"message":"denied"},"error":"denied"}\n'), RegistryUnreachableError, "denied"),
        (chunked(b'{"status":"Pushed","id":"x"}\n', end=False), EngineUnreachableError, "broke off"),
        (plain("500 Oops", b'{"message": "boom"}'), RegistryUnreachableError, "boom"),
        (chunked(b"what\n"), EngineUnreachableError, "no JSON"),
    ],
)
def test_tells_why_a_push_failed(made: list[object], reply: bytes, kind: type[EdkError], said: str) -> None:
    """Errors inside a 200 count, and the registry's are told apart from the engine's."""
    engine = _engine(made, {**TAGGED, PUSH: reply})

    with pytest.raises(kind) as caught:
        _push(engine)

    assert said in caught.value.message


@pytest.mark.parametrize(
    ("line", "digest"),
    [
        (b'{"aux":{"Tag":"1","Digest":"sha256:%b","Size":9}}\n' % (b"a" * 64), "sha256:" + "a" * 64),
        (b'{"status":"1: digest: sha256:%b size: 527"}\n' % (b"b" * 64), "sha256:" + "b" * 64),
        (b'{"status":"done"}\n', ""),
    ],
)
def test_reads_the_digest_of_a_push(made: list[object], line: bytes, digest: str) -> None:
    """The digest is in a field or in the last status, or is not told."""
    engine = _engine(made, {**TAGGED, PUSH: chunked(line)})

    assert digest == _push(engine)


def test_tells_that_an_image_is_gone(made: list[object]) -> None:
    """An image that was pruned between build and push has to be built again."""
    engine = _engine(made, {"/images/sha256:1/tag": plain("404 Not Found", b'{"message": "No such image"}')})

    with pytest.raises(EngineUnreachableError, match="No such image"):
        _push(engine)


def _push(engine: LyingEngine) -> str:
    builder = DockerEngineBuilder(engine.endpoint, {})
    return builder.push(BuiltImage("sha256:1", 1, 0), "localhost:32000/x:1", lambda _: None, Cancel())


def test_names_what_is_no_socket(tmp_path: Path) -> None:
    """A path where nothing listens is named with the cause."""
    (tmp_path / "file").write_text("")

    with pytest.raises(EngineUnreachableError, match=f"unix://{tmp_path}/file does not answer: Connection refused"):
        DockerEngineBuilder(f"unix://{tmp_path}/file", {}).describe()
