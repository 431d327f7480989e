"""docker-py's low-level client for one request, and the socket that it opens for it."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from docker import APIClient
from docker.constants import DEFAULT_DOCKER_API_VERSION
from docker.errors import DockerException, InvalidVersion
from docker.utils import version_lt

from edk.adapters.engine.endpoint import Endpoint
from edk.adapters.engine.line import Line
from edk.domain.errors import EngineUnreachableError, UsageError

if TYPE_CHECKING:
    from requests import Response
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection
    from urllib3.connectionpool import HTTPConnectionPool

_CONNECT_SECONDS = 4.0
MALFORMED = (DockerException, OSError, ValueError, AttributeError, TypeError)
"""What docker-py raises for its configuration: it takes the shape of ``config.json`` for granted."""


class Client(APIClient):
    """docker-py's client, whose `line` learns of the socket, and which ignores what is meant for browsing.

    Args:
        endpoint: of the engine.
        version: of the API; empty: the engine's own choice.
        line: takes the socket.
        endless: once connected, wait for ever.
    """

    def __init__(self, endpoint: Endpoint, version: str, line: Line, *, endless: bool = False) -> None:
        super().__init__(endpoint.url, version or DEFAULT_DOCKER_API_VERSION, tls=endpoint.tls or False)
        # Proxies and .netrc are no way to an engine.
        self.trust_env = False
        self._versioned = bool(version)
        self._line = line
        self._endless = endless

    def ask(self, path: str, timeout: float, posted: tuple[Mapping[str, str], bytes] | None) -> Response:
        """Return the whole reply to a GET, or to a POST of a query and a body."""
        if posted is None:
            reply = self._get(self._address(path), timeout=timeout, allow_redirects=False)  # type: ignore[attr-defined]
        else:
            query, body = posted
            reply = self._post(  # type: ignore[attr-defined]
                self._address(path), params=query, data=body, timeout=timeout, allow_redirects=False
            )
        return cast("Response", reply)

    def post_stream(
        self,
        path: Sequence[str],
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Iterable[bytes] | None,
    ) -> Response:
        """Return the reply to a POST as soon as its head is there; an iterable is sent in its own pieces."""
        reply = self._post(  # type: ignore[attr-defined]
            self._address(*path),
            params=query,
            headers=dict(headers),
            data=body,
            stream=True,
            timeout=(_CONNECT_SECONDS, None),
            allow_redirects=False,
        )
        return cast("Response", reply)

    def _address(self, path: str, *names: str) -> str:
        return str(self._url(path, *names, versioned_api=self._versioned))  # type: ignore[attr-defined]

    def get_adapter(self, url: str) -> HTTPAdapter:
        """Return the adapter that docker-py has chosen; sockets, TCP and TLS have one each."""
        adapter = cast("HTTPAdapter", super().get_adapter(url))
        pool_of = adapter.get_connection_with_tls_context

        def watched(*args: object, **kwargs: object) -> HTTPConnectionPool:
            pool = cast("HTTPConnectionPool", pool_of(*args, **kwargs))  # type: ignore[arg-type]
            make = cast("Callable[[], HTTPConnection]", pool._new_conn)
            pool._new_conn = lambda: self._told(make())  # type: ignore[method-assign]
            return pool

        adapter.get_connection_with_tls_context = watched  # type: ignore[method-assign]
        return adapter

    def _told(self, connection: HTTPConnection) -> HTTPConnection:
        connect = connection.connect

        def telling() -> None:
            try:
                connect()
            except OSError as error:
                _close_abandoned(error)
                raise
            made = connection.sock
            if self._endless:
                # Else the time allowed for connecting would hold for each piece that is sent.
                connection.timeout = None
                made.settimeout(None)
            self._line.take(made)

        connection.connect = telling  # type: ignore[method-assign]
        return connection


def _close_abandoned(error: OSError) -> None:
    """Close the socket that docker-py leaves open where it can't connect it; its frame alone knows it."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        made = frame.f_locals.get("sock")
        if isinstance(made, socket.socket):
            made.close()


@contextmanager
def connected(endpoint: Endpoint, version: str, line: Line, *, endless: bool = False) -> Iterator[Client]:
    """Hand out a client for one request, and close whatever it opened.

    Raises:
        EngineUnreachableError: `version` is older than docker-py speaks.
        UsageError: docker's configuration is broken.
    """
    try:
        client = Client(endpoint, version, line, endless=endless)
    except InvalidVersion as error:
        raise EngineUnreachableError(
            f"the engine at {endpoint.url} is too old: {error}", "Use Docker Engine 20.10 or newer."
        ) from error
    except MALFORMED as error:
        raise broken_configuration(error) from error
    with client:
        yield client


def broken_configuration(error: Exception) -> UsageError:
    """Return the error for a configuration of docker that can't be read."""
    return UsageError(
        f"docker's credentials can't be read: {error}",
        "Mend or remove ~/.docker/config.json, or log in again.",
    )


def spoken(offered: str) -> str:
    """Return the API version to speak with an engine that offers one; empty if it offers none.

    Engines refuse versions newer than theirs, and new ones very old ones too: so the newest that both know.
    """
    numbers = offered.split(".")
    if len(numbers) != 2 or not all(number.isdecimal() for number in numbers):
        return ""
    return offered if version_lt(offered, DEFAULT_DOCKER_API_VERSION) else DEFAULT_DOCKER_API_VERSION
