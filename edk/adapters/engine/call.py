"""One long request under way: what is sent, what comes back, and why it broke off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.client import IncompleteRead
from typing import TYPE_CHECKING, Protocol

from urllib3.exceptions import HTTPError

from edk.adapters.engine.line import Line
from edk.adapters.engine.lines import read_lines
from edk.adapters.engine.pulse import Pulse
from edk.domain.errors import CancelledError, EngineUnreachableError
from edk.ports import Cancellation

if TYPE_CHECKING:
    from requests import Response
    from urllib3 import BaseHTTPResponse

FAILURES = (OSError, HTTPError)
"""All errors of `requests` are OSErrors; those of urllib3 come where its response is read."""


class Blaming(Protocol):
    """Knows how to name the engine in an error."""

    def unreachable(self, error: BaseException | str) -> EngineUnreachableError:
        """Return the error for an engine that does not answer."""
        ...

    def gone(self, error: BaseException | str) -> EngineUnreachableError:
        """Return the error for an engine that broke off."""
        ...


class BodyError(Exception):
    """What is sent could not be had; carries why through libraries that take an OSError for the socket's."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Call:
    """Sends and reads, and translates whatever breaks on the way.

    Args:
        engine: names itself in errors.
        line: of the request.
        pulse: of the engine; told of all bytes that move.
        cancellation: of the request.
    """

    def __init__(self, engine: Blaming, line: Line, pulse: Pulse, cancellation: Cancellation) -> None:
        self._engine = engine
        self._line = line
        self.pulse = pulse
        self._cancellation = cancellation

    def check(self, error: Exception | None = None) -> None:
        """Raise what the line was cut for, if it was; `error` is what came of that."""
        if self._cancellation.cancelled:
            raise CancelledError("cancelled") from error
        if self.pulse.lost:
            raise self._engine.gone(self.pulse.lost) from error

    def send(self, post: Callable[[Iterable[bytes] | None], Response], body: Iterable[bytes] | None) -> Response:
        """Return what `post` answers; it is given the pieces of `body`, whose exceptions come out unchanged."""
        try:
            with self._translating():
                return post(None if body is None else self._pieces(body))
        except BodyError as error:
            cause = error.cause
        # Not inside the handler, where it would get a context that it did not have.
        raise cause

    def lines(self, raw: BaseHTTPResponse) -> Iterator[bytes]:
        """Yield the lines of a reply while they come.

        Args:
            raw: of urllib3; read for what is there, never for more than a piece.
        """

        def read(size: int) -> bytes:
            piece = raw.read1(size, decode_content=True)
            self.pulse.beat()
            return piece

        lines = read_lines(read)
        while True:
            with self._translating():
                line = next(lines, None)
            if line is None:
                return
            yield line

    def _pieces(self, body: Iterable[bytes]) -> Iterator[bytes]:
        try:
            for piece in body:
                self.pulse.beat()
                yield piece
        except Exception as error:  # whatever it is: it is the caller's own
            raise BodyError(error) from error

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except (*FAILURES, ValueError) as error:
            self.check(error)
            told = self._engine.gone if self._line.opened else self._engine.unreachable
            raise told(error) from error
        self.check()


def cause_of(error: BaseException) -> str:
    """Return what is at the bottom of a library's error, or what our own says."""
    inner: BaseException | None = error if isinstance(error, FAILURES) else None
    while inner is not None:
        if isinstance(inner, IncompleteRead):
            return "its reply broke off"
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        error, inner = inner, inner.__cause__ or inner.__context__
    return str(error) or type(error).__name__
