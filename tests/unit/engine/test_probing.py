"""What an engine tells doctor: its rights, whether it gets to the registry, and its build cache."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from edk.adapters.engine.probing import DockerEngineProbes
from tests.unit.engine.lying import LyingEngine, plain

ROOTLESS = plain("200 OK", b'{"SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless", "name=cgroupns"]}')
ROOT = plain("200 OK", b'{"SecurityOptions": ["name=seccomp,profile=rootless"]}')
IMAGE = "/distribution/localhost%3A1/edk-doctor:none/json"
REFUSED = plain(
    "500 Internal Server Error", b'{"message": "Get http://localhost:1/v2/: dial tcp 127.0.0.1:1: connection refused"}'
)
USAGE = plain(
    "200 OK",
    b'{"BuildCache": [{"Size": 5, "InUse": true}, {"Size": 7, "InUse": false}, {"Size": 9, "Shared": true}]}',
)
BUSY = plain("500 Internal Server Error", b'{"message": "a disk usage operation is already running"}')


@pytest.mark.parametrize(
    ("info", "image", "kind", "words"),
    [
        (ROOT, None, "root", ""),
        (plain("200 OK", b"{}"), None, "root", ""),
        (ROOTLESS, REFUSED, "rootless", "connection refused"),
        (ROOTLESS, plain("404 Not Found", b'{"message": "manifest unknown"}'), "rootless", ""),
        (ROOTLESS, plain("501 Not Implemented", b""), "rootless", ""),
    ],
)
def test_rights(info: bytes, image: bytes | None, kind: str, words: str, tmp_path: Path) -> None:
    """A rootless one is asked for an image that is not there: whether it gets to the registry shows."""
    with LyingEngine(tmp_path, {"/info": info, IMAGE: image}).running() as engine:
        (seen,) = DockerEngineProbes(engine.endpoint, {}).rights("localhost:1")

    assert kind == seen.rights.kind
    assert (bool(words), True) == (bool(seen.rights.unreached), words in seen.rights.unreached)


def test_the_build_cache(tmp_path: Path) -> None:
    """Without what images use too; what a build uses at this moment can't be had back."""
    with LyingEngine(tmp_path, {"/system/df": USAGE}).running() as engine:
        (seen,) = DockerEngineProbes(engine.endpoint, {}).caches(5)

    assert (12, 7, 0, True) == (seen.cache.size, seen.cache.reclaimable, seen.cache.limit, seen.cache.kept)


def test_an_engine_without_one(tmp_path: Path) -> None:
    """As Podman."""
    with LyingEngine(tmp_path, {"/system/df": plain("404 Not Found", b"{}")}).running() as engine:
        (seen,) = DockerEngineProbes(engine.endpoint, {}).caches(5)

    assert not seen.cache.kept


def test_an_engine_that_counts_for_somebody_else_is_asked_again(tmp_path: Path) -> None:
    """Old ones count for one at a time."""
    answers = [USAGE, BUSY, BUSY]

    def answer(connection: socket.socket, line: str, body: bytes) -> None:
        connection.sendall(answers.pop())

    with LyingEngine(tmp_path, {"/system/df": answer}).running() as engine:
        (seen,) = DockerEngineProbes(engine.endpoint, {}).caches(10)

    assert (12, []) == (seen.cache.size, answers)
