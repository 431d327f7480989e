"""HTTP with the engine: short questions, and long replies that come line by line while a body is sent."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from edk.adapters.engine.endpoint import Address, open_socket
from edk.adapters.engine.lines import read_lines
from edk.adapters.engine.transport import WatchedSocket
from edk.domain.errors import CancelledError, EngineUnreachableError
from edk.ports import Cancellation

ASK_SECONDS = 4.0
STALL_SECONDS = 15.0
_QUIET_SECONDS = 2.0
"""Silence after which an engine's pulse is felt."""
_PULSE_SECONDS = 0.9
"""For feeling it: less than the second within which a cancelled build has to end."""
_FAILURES = (OSError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class Answer:
    """A short reply."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the body as an object; an empty one if it is none."""
        return object_of(self.body)

    @property
    def message(self) -> str:
        """What an engine says of an error."""
        return str(self.json().get("message") or self.body[:300].decode("utf-8", "backslashreplace")).strip()


@dataclass(frozen=True, slots=True)
class Reply:
    """A long reply: its status, and its lines while they come."""

    status: int
    lines: Iterator[bytes]


def object_of(text: bytes) -> dict[str, Any]:
    """Return a JSON object, an empty one if `text` is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


class EngineWire:
    """Speaks HTTP with one engine; a connection per request, so that threads share nothing.

    Args:
        address: of the engine.
        stall: seconds without a byte and without an answer to a ping after which an engine counts as gone.
    """

    def __init__(self, address: Address, stall: float = STALL_SECONDS) -> None:
        self._address = address
        self._stall = stall
        self.name = "The engine"

    def ask(self, method: str, path: str, timeout: float = ASK_SECONDS, body: bytes = b"") -> Answer:
        """Ask one short question; raise EngineUnreachableError unless answered within `timeout` seconds."""
        try:
            return self._ask(method, path, timeout, body)
        except _FAILURES as error:
            raise self.unreachable(error) from error

    def unreachable(self, error: BaseException | str) -> EngineUnreachableError:
        """Return the error that names the engine, its address and the cause."""
        cause = error if isinstance(error, str) else _cause(error)
        return EngineUnreachableError(
            f"{self.name} at {self._address.endpoint} does not answer: {cause}",
            "Start it (see 'edk doctor'), or set DOCKER_HOST to where it listens.",
        )

    def gone(self, error: BaseException | str) -> EngineUnreachableError:
        """Return the error for an engine that began to answer, and then did not go on as engines do."""
        cause = error if isinstance(error, str) else _cause(error)
        return EngineUnreachableError(
            f"{self.name} at {self._address.endpoint} went away in the middle of its work: {cause}",
            "See its own log; try again once 'edk doctor' finds it well.",
        )

    @contextmanager
    def stream(
        self,
        path: str,
        headers: Mapping[str, str],
        body: Iterable[bytes],
        cancellation: Cancellation,
    ) -> Iterator[Reply]:
        """Post a body piece by piece and hand out the reply while it comes.

        Whatever way the block is left, the connection is closed, and the engine stops working on it.

        Raises:
            EngineUnreachableError: it went away, hangs, or answers what is no HTTP.
            CancelledError: it was cancelled.
            Exception: what `body` raises, unchanged.
        """
        if cancellation.cancelled:
            raise CancelledError("cancelled")
        pulse = _Pulse(self, self._stall)
        connection = http.client.HTTPConnection("localhost")
        try:
            watched = WatchedSocket(open_socket(self._address, ASK_SECONDS), pulse.quiet, pulse.check, pulse.beat)
        except OSError as error:
            raise self.unreachable(error) from error
        connection.sock = watched  # all that http.client asks of a socket
        take_back = cancellation.on_cancel(watched.shut)
        try:
            with self._translating(cancellation):
                connection.putrequest("POST", path)
                for name, value in {**headers, "Transfer-Encoding": "chunked"}.items():
                    connection.putheader(name, value)
                connection.endheaders()
            self._send(watched, body, cancellation)
            with self._translating(cancellation):
                response = connection.getresponse()
            yield Reply(response.status, self._lines(response, cancellation))
        finally:
            take_back()
            watched.release()

    def _send(self, watched: WatchedSocket, body: Iterable[bytes], cancellation: Cancellation) -> None:
        for piece in body:
            with self._translating(cancellation):
                if piece and not _sent(watched, b"%x\r\n%b\r\n" % (len(piece), piece)):
                    return
        with self._translating(cancellation):
            _sent(watched, b"0\r\n\r\n")

    def _lines(self, response: http.client.HTTPResponse, cancellation: Cancellation) -> Iterator[bytes]:
        lines = read_lines(response.read1)
        while True:
            with self._translating(cancellation):
                line = next(lines, None)
            if line is None:
                return
            yield line

    @contextmanager
    def _translating(self, cancellation: Cancellation) -> Iterator[None]:
        try:
            yield
        except (*_FAILURES, ValueError) as error:
            if cancellation.cancelled:
                raise CancelledError("cancelled") from error
            raise self.gone(error) from error
        if cancellation.cancelled:
            raise CancelledError("cancelled")

    def _ask(self, method: str, path: str, timeout: float, body: bytes) -> Answer:
        connection = http.client.HTTPConnection("localhost", timeout=timeout)
        connection.sock = open_socket(self._address, timeout)
        try:
            connection.request(method, path, body or None, {"Content-Length": str(len(body))})
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()


def _sent(watched: WatchedSocket, data: bytes) -> bool:
    try:
        watched.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        # It refused before it had read all; why, its reply says.
        return False
    return True


class _Pulse:
    """Knows when the engine was last seen alive, and feels its pulse when it is silent."""

    def __init__(self, wire: EngineWire, stall: float) -> None:
        self._wire = wire
        self._stall = stall
        self._patience = min(_PULSE_SECONDS, stall / 5)
        self._alive = time.monotonic()
        self.quiet = min(_QUIET_SECONDS, stall / 5)

    def beat(self) -> None:
        """Note that bytes moved."""
        self._alive = time.monotonic()

    def check(self) -> None:
        """Ping; raise TimeoutError if nothing was seen of the engine for too long."""
        try:
            self._wire.ask("GET", "/_ping", self._patience)
        except EngineUnreachableError as error:
            # The next look would come too late, if this was the last one within the time allowed.
            if time.monotonic() + self.quiet + self._patience > self._alive + self._stall:
                raise TimeoutError(f"no sign of life for {time.monotonic() - self._alive:.0f} seconds") from error
        else:
            self._alive = time.monotonic()


def _cause(error: BaseException) -> str:
    if isinstance(error, http.client.IncompleteRead):
        return "its reply broke off"
    return cast("str", getattr(error, "strerror", None)) or str(error) or type(error).__name__
