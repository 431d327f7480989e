"""The server on a real socket: who is let in, what is answered, and that nobody can hold it up."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from edk.adapters.serving import handler, server
from edk.adapters.serving.server import PageServer
from edk.domain.errors import UsageError
from edk.domain.pages import Admission, PageRequest, PageResponse, host_names

ADMISSION = Admission(host_names("kaapana.example.org", "127.0.0.1"), "/ui", open_paths=frozenset({"/healthz"}))


def echo(request: PageRequest) -> PageResponse:
    """What was asked for."""
    if request.path == "/fault":
        raise ZeroDivisionError("secret <b>")
    return PageResponse(200, f"{request.path} {request.query} {request.prefix}".encode(), headers=(("X-Own", "1"),))


@contextmanager
def served(**more: object) -> Iterator[PageServer]:
    """A server that serves."""
    troubles: list[str] = []
    with PageServer("127.0.0.1", 0, more.get("answer", echo), ADMISSION, troubles.append, "--at") as made:  # type: ignore[arg-type]
        made.troubles = troubles  # type: ignore[attr-defined]
        thread = threading.Thread(target=lambda: made.serve_forever(poll_interval=0.02))
        thread.start()
        try:
            yield made
        finally:
            made.shutdown()
            thread.join(20)


@pytest.fixture
def page() -> Iterator[PageServer]:
    """One for a test."""
    with served() as made:
        yield made


def ask(
    made: PageServer, target: str, method: str = "GET", host: str | None = None, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """Ask, and return the answer with its body."""
    connection = http.client.HTTPConnection("127.0.0.1", made.port, timeout=10)
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", host if host is not None else f"localhost:{made.port}")
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def raw(made: PageServer, request: bytes) -> bytes:
    """Send bytes, and return all that comes back."""
    with socket.create_connection(("127.0.0.1", made.port), timeout=10) as connection:
        connection.sendall(request)
        received = b""
        with suppress(ConnectionError):
            while piece := connection.recv(65536):
                received += piece
    return received


def test_a_page(page: PageServer) -> None:
    """With all headers that keep browsers from doing more than showing it, and none that tells a version."""
    response, body = ask(page, "/image/a%20b?x=1")

    assert (200, b"/image/a b x=1 /ui") == (response.status, body)
    found = dict(response.getheaders())
    assert ("nosniff", "DENY", "no-referrer", "no-store", "close", "1", "edk") == tuple(
        found[name] for name in ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Cache-Control",
                                 "Connection", "X-Own", "Server")
    )  # fmt: skip
    assert "default-src 'none'" in found["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in found


@pytest.mark.parametrize(
    "host", ["evil.example.org", "10.0.0.7:80", "localhost.evil.org", "", "evil.org:8082", "127.0.0.1@evil"]
)
def test_a_name_that_is_not_known_is_turned_away(page: PageServer, host: str) -> None:
    """As a page elsewhere would use it that lets its name lead here; nothing of the registry is told."""
    response, body = ask(page, "/", host=host)

    assert 421 == response.status
    assert b"EDK_PAGE_HOSTS" in body
    assert b"/ui" not in body


def test_who_asks_whether_it_lives_needs_no_name(page: PageServer) -> None:
    """A kubelet asks by the pod's address."""
    assert [200, 200] == [ask(page, target, host="10.0.0.7:8082")[0].status for target in ("/healthz", "/ui/healthz")]
    assert b"/healthz  /ui" == ask(page, "/healthz", host="10.0.0.7")[1]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "<SCRIPT>"])
def test_nothing_but_reading(page: PageServer, method: str) -> None:
    """Whatever else is asked for is refused, and says what is possible."""
    response, body = ask(page, "/", method)

    assert (405, "GET, HEAD") == (response.status, response.getheader("Allow"))
    assert b"SCRIPT" not in body


def test_head_has_no_body(page: PageServer) -> None:
    """But the same headers."""
    head, _, body = raw(page, b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n").partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"Content-Length: %d" % len(b"/  /ui") in head
    assert b"" == body


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"421"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.org\r\n\r\n", b"400"),
        (b"GET http://evil.org/ HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", b"505"),
        (b"GET\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"400"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 200 + b"\r\n", b"431"),
    ],
)
def test_requests_that_are_none(page: PageServer, request_: bytes, status: bytes) -> None:
    """Are answered in plain words, and never with what they held."""
    answer = raw(page, request_)

    assert status == answer.split(b" ")[1]
    assert b"text/plain" in answer
    assert b"evil" not in answer
    assert b"Traceback" not in answer
    assert [] == page.troubles  # type: ignore[attr-defined]


def test_a_second_request_on_a_connection_is_not_taken(page: PageServer) -> None:
    """So nobody can hide one in another."""
    one = b"GET /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n"

    assert 1 == raw(page, one + one).count(b"HTTP/1.1 ")


def test_a_proxy_may_not_say_the_prefix_unless_it_is_trusted(page: PageServer) -> None:
    """The configured one stands."""
    assert b"/  /ui" == ask(page, "/", X_Forwarded_Prefix="/evil")[1]


def test_a_fault_of_ours_is_told_and_not_shown(page: PageServer) -> None:
    """And the server lives on."""
    response, body = ask(page, "/fault")

    assert 500 == response.status
    assert b"secret" not in body
    assert ["the page /fault failed (ZeroDivisionError: secret <b>)"] == page.troubles  # type: ignore[attr-defined]
    assert 200 == ask(page, "/")[0].status


def test_many_at_once() -> None:
    """Each gets its own answer."""
    gate = threading.Barrier(20)

    def answer(request: PageRequest) -> PageResponse:
        gate.wait(20)
        return PageResponse(200, request.query.encode())

    bodies: list[bytes] = []
    with served(answer=answer) as page:
        threads = [threading.Thread(target=lambda n=n: bodies.append(ask(page, f"/?{n}")[1])) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

    assert sorted(str(n).encode() for n in range(20)) == sorted(bodies)


def test_one_too_many_is_sent_away_where_all_wait_for_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can have all the threads of this machine; and who was answered makes room."""
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 3)
    asked, go_on = threading.Semaphore(0), threading.Event()

    def answer(_request: PageRequest) -> PageResponse:
        asked.release()
        go_on.wait(20)
        return PageResponse(200, b"late")

    bodies: list[bytes] = []
    with served(answer=answer) as page:
        threads = [threading.Thread(target=lambda: bodies.append(ask(page, "/")[1])) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in threads:
            asked.acquire(timeout=20)
        turned_away = raw(page, b"")
        go_on.set()
        for thread in threads:
            thread.join(20)
        while page._answered:
            pass

        assert turned_away.startswith(b"HTTP/1.1 503 ")
        assert [b"late"] * 3 == bodies
        assert 200 == ask(page, "/")[0].status


def test_a_probe_gets_in_where_others_hold_on(page: PageServer) -> None:
    """Who connects and does not ask is cut off for who comes later, the first one first."""
    held = [socket.create_connection(("127.0.0.1", page.port), timeout=20) for _ in range(server.MAX_CONNECTIONS + 10)]
    try:
        assert 200 == ask(page, "/")[0].status
        assert b"" == held[0].recv(1)
        held[-1].sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert held[-1].recv(12) == b"HTTP/1.1 200"
    finally:
        for client in held:
            client.close()


def test_a_request_that_never_ends_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """However steadily it comes: what counts is when it began."""
    monkeypatch.setattr(server, "SECONDS", 0.2)
    monkeypatch.setattr(handler.PageHandler, "timeout", 20.0)
    with served() as page, socket.create_connection(("127.0.0.1", page.port), timeout=20) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: loc")
        with suppress(ConnectionError):
            assert b"" == connection.recv(1)


def test_an_answer_may_take_longer_than_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow registry is waited for."""
    monkeypatch.setattr(server, "SECONDS", 0.05)
    looked = threading.Event()

    def answer(_request: PageRequest) -> PageResponse:
        looked.wait(0.4)
        return PageResponse(200, b"slow")

    with served(answer=answer) as page:
        assert b"slow" == ask(page, "/")[1]


def test_an_address_that_is_taken_is_told(page: PageServer) -> None:
    """With what to do."""
    taken = rf"127\.0\.0\.1:{page.port} can't be listened at: Address already in use"
    with pytest.raises(UsageError, match=taken) as raised:
        PageServer("127.0.0.1", page.port, echo, ADMISSION, print, "--at")
    assert "choose another address by --at, or stop what listens there" == raised.value.hint
    for host in ("192.0.2.1", "a" * 70 + ".org"):
        with pytest.raises(UsageError, match="can't be listened at"):
            PageServer(host, 0, echo, ADMISSION, print, "--at")


def test_it_can_be_started_again_at_once() -> None:
    """Connections that are closing keep no address."""
    with served() as first:
        port = first.port
        ask(first, "/")
    PageServer("127.0.0.1", port, echo, ADMISSION, print, "--at").server_close()


@pytest.mark.parametrize(("host", "shown"), [("", "0.0.0.0"), ("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1")])
def test_where_it_listens(host: str, shown: str) -> None:
    """No host is every address; what is told can be asked for."""
    made = PageServer(host, 0, echo, ADMISSION, print, "--at")
    try:
        assert f"{shown}:{made.port}" == made.address
    finally:
        made.stop()


def test_in_a_thread_of_its_own() -> None:
    """Until it is stopped, which may be said twice."""
    made = PageServer("127.0.0.1", 0, echo, ADMISSION, print, "--at")
    made.start()
    assert 200 == ask(made, "/")[0].status
    made.stop()
    made.stop()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", made.port), timeout=5)
