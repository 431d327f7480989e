"""Requests to the engine by docker-py: short questions, and long replies that come line by line."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from edk.adapters.engine.call import FAILURES, Call, cause_of
from edk.adapters.engine.client import connected, spoken
from edk.adapters.engine.endpoint import Endpoint
from edk.adapters.engine.line import Line
from edk.adapters.engine.pulse import Pulse
from edk.domain.certificates import hint_about, with_meaning
from edk.domain.errors import EngineUnreachableError
from edk.ports import Cancellation

ASK_SECONDS = 4.0
STALL_SECONDS = 15.0


_IMPOSSIBLE = b"EDK"
"""A Dockerfile that no builder accepts: the shape of the refusal tells BuildKit, and nothing is built."""


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


def impossible_build() -> bytes:
    """Return the context of a build that any builder refuses, after it has begun to work on it."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(_IMPOSSIBLE)
        tar.addfile(member, io.BytesIO(_IMPOSSIBLE))
    return archive.getvalue()


class EngineWire:
    """Makes requests to one engine; a client of docker-py per request, so that threads share nothing.

    Args:
        endpoint: of the engine.
        stall: seconds without a byte and without an answer to a ping after which an engine counts as gone.
    """

    def __init__(self, endpoint: Endpoint, stall: float = STALL_SECONDS) -> None:
        self._endpoint = endpoint
        self._stall = stall
        self._version = ""
        self.name = "The engine"

    def speak(self, offered: str) -> None:
        """Speak a version of the API that the engine and docker-py know, from now on."""
        self._version = spoken(offered)

    @property
    def spoken(self) -> str:
        """Return the version of the API that is spoken; empty: the engine's own choice."""
        return self._version

    def ping(self, timeout: float = ASK_SECONDS, line: Line | None = None) -> Answer:
        """Ask for a sign of life; raise EngineUnreachableError unless answered within `timeout` seconds."""
        return self._ask("", "/_ping", timeout, line)

    def get(self, path: str, timeout: float = ASK_SECONDS) -> Answer:
        """Ask one short question; raise EngineUnreachableError unless answered within `timeout` seconds."""
        return self._ask(self._version, path, timeout)

    def post(self, path: str, query: Mapping[str, str], timeout: float = ASK_SECONDS, body: bytes = b"") -> Answer:
        """Ask for something short to be done; raise EngineUnreachableError as `get` does."""
        return self._ask(self._version, path, timeout, posted=(query, body))

    def trial(self) -> tuple[Callable[[float, Line], Answer], ...]:
        """Return questions that a deadlocked engine can't answer; each takes seconds and a line, as `ping` does.

        Telling versions goes through containerd and runc, building through BuildKit's solver. Where the engine has
        no BuildKit, it refuses the build at once, which is an answer too.
        """

        def version(timeout: float, line: Line) -> Answer:
            return self._ask(self._version, "/version", timeout, line)

        def build(timeout: float, line: Line) -> Answer:
            return self._ask(self._version, "/build", timeout, line, ({"version": "2"}, impossible_build()))

        return version, build

    def unreachable(self, error: BaseException | str) -> EngineUnreachableError:
        """Return the error that names the engine, its address and the cause."""
        cause = error if isinstance(error, str) else cause_of(error)
        return EngineUnreachableError(
            f"{self.name} at {self._endpoint.url} does not answer: {with_meaning(cause, self._endpoint.certificates)}",
            hint_about(cause, "Start it (see 'edk doctor'), or set DOCKER_HOST to where it listens."),
        )

    def gone(self, error: BaseException | str) -> EngineUnreachableError:
        """Return the error for an engine that began to answer, and then did not go on as engines do."""
        cause = error if isinstance(error, str) else cause_of(error)
        return EngineUnreachableError(
            f"{self.name} at {self._endpoint.url} went away in the middle of its work: {cause}",
            "See its own log; try again once 'edk doctor' finds it well.",
        )

    @contextmanager
    def stream(
        self,
        path: tuple[str, ...],
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Iterable[bytes] | None,
        cancellation: Cancellation,
    ) -> Iterator[Reply]:
        """Post a body piece by piece and hand out the reply while it comes.

        Whatever way the block is left, the connection is closed, and the engine stops working on it.

        Args:
            path: with ``{}`` for each of the names behind it.
            query: of the URL.
            headers: in addition to docker-py's.
            body: None for none.
            cancellation: ends it within a second, whatever it waits for.

        Raises:
            EngineUnreachableError: it went away, hangs, or answers what is no HTTP.
            CancelledError: it was cancelled.
            Exception: what `body` raises, unchanged.
        """
        line = Line()
        call = Call(self, line, Pulse(self.ping, self.trial(), line, self._stall), cancellation)
        call.check()
        with ExitStack() as stack:
            stack.callback(line.release)
            client = stack.enter_context(connected(self._endpoint, self._version, line, endless=True))
            stack.callback(cancellation.on_cancel(line.cut))
            stack.enter_context(call.pulse.watching())
            stack.callback(line.cut)
            response = call.send(partial(client.post_stream, path, query, headers), body)
            stack.callback(response.close)
            yield Reply(response.status_code, call.lines(response.raw))

    def _ask(
        self,
        version: str,
        path: str,
        timeout: float,
        line: Line | None = None,
        posted: tuple[Mapping[str, str], bytes] | None = None,
    ) -> Answer:
        line = line or Line()
        try:
            with connected(self._endpoint, version, line) as client:
                response = client.ask(path, timeout, posted)
                return Answer(response.status_code, response.headers, response.content)
        except FAILURES as error:
            raise self.unreachable(error) from error
        finally:
            line.release()
