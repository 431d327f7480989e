"""The server that answers probes: two methods, a few pages, and clients that are bounded in number and time."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator

import pytest

from edk.adapters.health import server as health
from edk.adapters.health.server import HealthServer, Page
from edk.domain.errors import UsageError


@pytest.fixture
def server() -> Iterator[HealthServer]:
    """A server of one page."""
    made = HealthServer("127.0.0.1:0", {"/healthz": lambda: Page(503, "why\n")})
    made.start()
    yield made
    made.stop()


def ask(server: HealthServer, method: str, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/healthz", (503, "why\n")),
        ("GET", "/healthz?verbose=1", (503, "why\n")),
        ("HEAD", "/healthz", (503, "")),
        ("GET", "/", (404, "there is no such page\n")),
        ("GET", "/../healthz", (404, "there is no such page\n")),
        ("POST", "/healthz", (405, "GET and HEAD are answered\n")),
        ("DELETE", "/healthz", (405, "GET and HEAD are answered\n")),
    ],
)
def test_answers_two_methods(server: HealthServer, method: str, path: str, expected: tuple[int, str]) -> None:
    """Pages are read and nothing else; what is asked is never quoted."""
    assert expected == ask(server, method, path)


@pytest.mark.parametrize("sent", [b"<script>\r\n\r\n", b"GET /x HTTP/9.9\r\n\r\n", b"GET /" + b"x" * 70_000 + b"\r\n"])
def test_tells_nothing_to_who_speaks_no_http(server: HealthServer, sent: bytes) -> None:
    """Nothing that was sent comes back, nor a word about the program."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(sent)
        told = b""
        try:
            while piece := client.recv(65_536):
                told += piece
        except ConnectionResetError:  # it hung up on what it did not read
            pass

    assert b"script" not in told
    assert b"9.9" not in told
    assert b"Python" not in told


def test_a_probe_gets_in_where_others_hold_on(server: HealthServer) -> None:
    """Who connects and says nothing is cut off for who comes later."""
    held = [socket.create_connection(("127.0.0.1", server.port), timeout=5) for _ in range(3 * health.MAX_CLIENTS)]
    try:
        assert (503, "why\n") == ask(server, "GET", "/healthz")
        held[0].settimeout(5)
        assert b"" == held[0].recv(1)
    finally:
        for client in held:
            client.close()


def test_who_drips_is_cut_off(server: HealthServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends a byte now and then does not stay for ever."""
    monkeypatch.setattr(health, "CLIENT_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.settimeout(0.05)
        until = time.monotonic() + 10
        while not _hung_up(client):
            assert time.monotonic() < until


def _hung_up(client: socket.socket) -> bool:
    """Send one more byte, and tell whether the other end is gone."""
    try:
        client.sendall(b"x")
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_a_port_that_is_taken(server: HealthServer) -> None:
    """It is wrong usage, and names the address."""
    with pytest.raises(UsageError, match=rf"answered at 127\.0\.0\.1:{server.port}: Address already in use"):
        HealthServer(f"127.0.0.1:{server.port}", {})
