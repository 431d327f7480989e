"""docker-py's client: its socket, the version of the API, and what it must not take from the surroundings."""

from __future__ import annotations

import gc
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from edk.adapters.cancellation import Cancel
from edk.adapters.engine import DockerEngineBuilder, client
from edk.adapters.engine.client import spoken
from edk.adapters.engine.endpoint import find_endpoint
from edk.adapters.engine.line import Line
from edk.adapters.engine.wire import EngineWire
from edk.domain.errors import EngineUnreachableError, UsageError
from tests.unit.engine.lying import LyingEngine, chunked, plain
from tests.unit.engine.recorded import STREAMS, request


@pytest.mark.parametrize(
    ("offered", "version"),
    [("1.41", "1.41"), ("1.9", "1.9"), ("1.999", "1.4"), ("", ""), ("x", ""), ("1", ""), ("1.4.1", "")],
)
def test_speaks_the_newest_version_that_both_know(offered: str, version: str) -> None:
    """Docker 20.10 offers 1.41, Docker 29 refuses what is older than 1.44; docker-py knows its own newest."""
    assert spoken(offered).startswith(version)
    assert bool(version) == bool(spoken(offered))


@pytest.mark.parametrize(("header", "prefix"), [("Api-Version: 1.41", "/v1.41"), ("X: y", "")])
def test_asks_by_the_version_that_the_engine_offers(tmp_path: Path, header: str, prefix: str) -> None:
    """After the ping all is asked by that version; by none, if the engine does not say."""
    pong = plain("200 OK", b"OK", "Server: Docker/20.10.24 (linux)", "Builder-Version: 2", header)
    with LyingEngine(tmp_path, {"/_ping": pong}).running() as engine:
        DockerEngineBuilder(engine.endpoint, {}).describe()

    assert ["/_ping", f"{prefix}/version", f"{prefix}/info"] == [line.split()[1] for line in engine.asked]


def test_tells_that_an_engine_is_too_old(tmp_path: Path) -> None:
    """An engine older than docker-py speaks is named with its version."""
    pong = plain("200 OK", b"OK", "Server: Docker/1.6", "Api-Version: 1.18")
    with (
        LyingEngine(tmp_path, {"/_ping": pong}).running() as engine,
        pytest.raises(EngineUnreachableError, match="too old"),
    ):
        DockerEngineBuilder(engine.endpoint, {}).describe()


def test_tells_that_dockers_configuration_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """docker-py reads its configuration whenever it is used; one that is no object gives no traceback."""
    (tmp_path / "config.json").write_text("[1]")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))

    with pytest.raises(UsageError, match=r"config\.json|credentials"):
        DockerEngineBuilder("unix:///nowhere", {}).describe()


def test_takes_no_proxy_to_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy for browsing is none for the engine."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer_once, args=(listener,))
        thread.start()
        url = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        answer = EngineWire(find_endpoint(url, {})).ping()
        thread.join()

    assert 200 == answer.status


def _answer_once(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(plain("200 OK", b"OK"))


def test_leaves_no_socket_open_that_could_not_connect(tmp_path: Path) -> None:
    """An engine that is looked for again and again costs no descriptors."""
    wire = EngineWire(find_endpoint(f"unix://{tmp_path}/none", {}))
    gc.collect()  # what other tests left to it
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    kept = []
    for _ in range(5):
        with pytest.raises(EngineUnreachableError) as caught:
            wire.ping()
        kept.append(caught)

    assert before == len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def test_cuts_a_line_that_is_opened_too_late() -> None:
    """Who was cancelled while connecting does not get to wait."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        line = Line()
        line.cut()
        line.take(ours)

        assert b"" == theirs.recv(1)
        line.release()


def test_cuts_no_other_socket() -> None:
    """A line that was released, or whose socket the library closed, touches nobody's descriptor."""
    ours, theirs = socket.socketpair()
    line = Line()
    line.take(ours)
    ours.close()
    line.cut()
    assert b"" == theirs.recv(1)
    theirs.close()
    line.release()

    again, other = socket.socketpair()
    with again, other:
        line.cut()
        again.sendall(b"x")

        assert b"x" == other.recv(1)


def test_waits_for_an_engine_that_reads_slowly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time allowed for connecting is none for sending: an engine may stop reading to do its work."""
    monkeypatch.setattr(client, "_CONNECT_SECONDS", 0.2)
    reply = chunked((STREAMS / "buildkit-20.10-built.jsonl").read_bytes())

    def think(connection: socket.socket, _line: str, received: bytes) -> None:
        time.sleep(0.8)
        while not received.endswith(b"0\r\n\r\n"):
            received = received[-5:] + connection.recv(1 << 20)
        connection.sendall(reply)

    with LyingEngine(tmp_path, {"/build": think}).running() as engine:
        builder = DockerEngineBuilder(engine.endpoint, {})
        image = builder.build(request(), iter([bytes(1 << 20)] * 8), lambda _: None, Cancel())

    assert 4 == image.steps
