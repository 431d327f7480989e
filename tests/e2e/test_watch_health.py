"""What a running watcher answers to Kubernetes' probes: whether its loop turns, and whether it can build."""

from __future__ import annotations

import json
import re
import shutil
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import Command
from tests.support.extension import Extension
from tests.support.outages import CuttableEngine, OwnRegistry
from tests.support.watching import PROBE, Watcher, stand, until, watching

pytestmark = pytest.mark.e2e

LOOK = 25.0
"""Seconds within which it is seen that engine or registry went away, or came back: they are asked every ten."""
AT = ("--health", "127.0.0.1:0")


def asked(port: int, page: str) -> tuple[int, str]:
    """Return status and body of a page."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def port_of(watcher: Watcher) -> int:
    """Return where a watcher answers."""
    told = watcher.first(lambda e: e["event"] == "Noticed" and "health is told" in e["message"])
    found = re.search(r":(\d+)/", told["message"])
    assert found is not None
    return int(found[1])


def lacks(port: int) -> dict[str, str]:
    """Return what `/readyz` says is not as it should be; it is 200 exactly if that is nothing."""
    status, body = asked(port, "readyz")
    told = json.loads(body)
    found = {name: told[name] for name in ("plan", "engine", "registry") if told[name] not in {"ok", "made"}}

    assert (200 if not found else 503) == status
    assert (not found) == told["ready"]
    return found


@pytest.fixture
def own(tmp_path: Path) -> Iterator[OwnRegistry]:
    """A registry that may be killed."""
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry is not installed")
    with OwnRegistry(tmp_path / "registry") as registry:
        yield registry


def test_a_loop_that_hangs(edk: Command, extension: Extension) -> None:
    """Nobody reads what the watcher prints, so its loop stands still in a write: /healthz says so, until it turns."""
    # Not from the cache of an earlier run, which prints nothing.
    extension.image("talks", f"RUN seq 200000; : {extension.suffix}\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    edk = edk.with_environ(EDK_WATCH_FROZEN="3")
    process = edk.start("watch", "--json", "--dir", str(extension.path), "--health", f"127.0.0.1:{port}")
    reader = threading.Thread(target=process.communicate, daemon=True)
    try:
        until(lambda: _reaches(port) and asked(port, "healthz")[0] == 503)
        status, body = asked(port, "healthz")
        assert 503 == status
        assert re.fullmatch(r"the (loop has not turned|first plan has not been made) for \d+ s\n", body)
        assert "loop" in body
        # What asks is answered all the same: it is the loop that is looked at, not a thread.
        assert 200 == asked(port, "metrics")[0]

        reader.start()
        until(lambda: (200, "ok\n") == asked(port, "healthz"))
    finally:
        process.terminate()
        if reader.ident is not None:
            reader.join(10)


def _reaches(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_an_engine_that_is_away(edk: Command, light: Extension, engine_endpoint: str, tmp_path: Path) -> None:
    """It is alive and not ready while the engine is away, also where nothing is to be built; then it is ready again."""
    with (
        CuttableEngine(engine_endpoint, tmp_path / "engine.sock") as engine,
        watching(edk.with_environ(DOCKER_HOST=engine.endpoint), light.path, arguments=AT) as watcher,
    ):
        stand(watcher, light, PROBE)
        port = port_of(watcher)
        until(lambda: {} == lacks(port), LOOK)
        engine.cut()
        until(lambda: {"engine": "away"} == lacks(port), LOOK)

        assert (200, "ok\n") == asked(port, "healthz")
        assert "\nedk_engine_up 0\n" in asked(port, "metrics")[1]

        engine.restore()
        until(lambda: {} == lacks(port), LOOK)
        assert '\nedk_builds_total{result="done"} 1\n' in asked(port, "metrics")[1]


def test_a_registry_that_is_away_and_comes_back(edk: Command, light: Extension, own: OwnRegistry) -> None:
    """The same with the registry; and nothing but states is told."""
    own.kill()
    with watching(edk.with_environ(EDK_REGISTRY=own.host), light.path, arguments=AT) as watcher:
        port = port_of(watcher)
        until(lambda: {"registry": "away"} == lacks(port), LOOK)
        told = "".join(asked(port, page)[1] for page in ("healthz", "readyz", "metrics"))

        assert (200, "ok\n") == asked(port, "healthz")
        assert [] == [word for word in (own.host, str(light.path), light.name(PROBE)) if word in told]

        own.start()
        until(lambda: {} == lacks(port), LOOK)


def test_an_address_that_is_taken(edk: Command, light: Extension) -> None:
    """A port that another process has is wrong usage, and says which one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        run = edk("watch", "--dir", str(light.path), "--health", address).expect(2)

    assert f"{address} can't be listened at: Address already in use" in run.err
