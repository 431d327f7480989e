"""One registry over HTTP: kept-alive connections, bounded times and sizes, errors in our words.

urllib3 rather than http.client, though it costs 30 ms more to import: pools that threads share, proxies,
redirects of blobs to a storage host without the credentials, are all there. It is imported at the first
request.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from edk.adapters.registry.faults import explained, not_a_registry, refused, unexpected, unwell
from edk.domain.errors import RegistryUnreachableError
from edk.domain.network import proxy_for, scheme_of

if TYPE_CHECKING:
    import urllib3

    from edk.adapters.registry.auth import Challenge

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
_TOTAL_SECONDS = 30.0
_LIMIT = 8 << 20
_PIECE = 1 << 16
_POOL = 16
_WHILE_A_TAG_IS_WRITTEN = (0.1, 0.4)
"""Seconds to wait before a manifest is asked for again."""


def import_http() -> None:
    """Import the HTTP client; for who starts threads of which several would import it at once.

    CPython 3.11 then may take it for a deadlock of its import locks, and raise an error.
    """
    import urllib3.exceptions  # noqa: F401


@dataclass(frozen=True, slots=True)
class Answer:
    """What a registry answered; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """Return a header's value, empty if it is not there."""
        return self.headers.get(name, "")


class Transport:
    """Sends requests to one registry; any number of threads may use it.

    Args:
        address: ``host:port``, or with ``http://`` or ``https://`` before it to force a scheme.
        insecure: hosts that are spoken to without TLS, beside this machine.
        environ: proxies, and where the Docker client's configuration lies.
    """

    def __init__(self, address: str, insecure: Iterable[str], environ: Mapping[str, str]) -> None:
        forced, _, rest = address.rpartition("://")
        self.host = rest.split("/", 1)[0]
        parts = urlsplit(f"//{self.host}")
        name, port = parts.hostname or "", self.host.rpartition(":")[2]
        self.scheme = forced or scheme_of(name, port, insecure)
        self.proxy = proxy_for(self.scheme, name, port, environ)
        self._environ = environ
        self._pool: urllib3.PoolManager | None = None
        self._authorization: dict[str, str] = {}

    def send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Return the answer to a request, of whatever status below 500 that is no refusal.

        Raises:
            RegistryUnreachableError: it can't be reached, does not answer in time, answers 429 or 5xx, or
                wants credentials that there are not.
        """
        scope = path.split("/manifests/", 1)[0].split("/blobs/", 1)[0]
        sent = dict(headers or {})
        if known := self._authorization.get(scope):
            sent["Authorization"] = known
        answer = self._asked(method, path, sent, body)
        if answer.status == 401 and (granted := self._authorize(answer)):
            self._authorization[scope] = granted
            answer = self._asked(method, path, sent | {"Authorization": granted}, body)
        if answer.status in (401, 403) and path != "/v2/":
            raise refused(self.host, method, path, answer.status, answer.body)
        if answer.status == 429 or answer.status >= 500:
            raise unwell(self.host, method, path, answer.status, answer.body)
        return answer

    def _asked(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Return the answer to a request; a manifest is asked for again where its tag may just be written.

        Docker's registry writes a tag in place: who reads it in that instant is told 500, and another time the tag.
        """
        answer = self._request(method, path, headers, body)
        if method in ("GET", "HEAD") and "/manifests/" in path:
            for pause in _WHILE_A_TAG_IS_WRITTEN:
                if answer.status != 500:
                    break
                time.sleep(pause)
                answer = self._request(method, path, headers, body)
        return answer

    def stream(self, path: str) -> Iterator[bytes]:
        """Yield what stands at a path, piece by piece, however large it is.

        Raises:
            RegistryUnreachableError: it can't be reached, breaks off, or has nothing there.
        """
        from urllib3.exceptions import HTTPError

        scope = path.split("/blobs/", 1)[0]
        headers = {"Authorization": known} if (known := self._authorization.get(scope)) else {}
        try:
            response = self._manager().request(
                "GET",
                f"{self.scheme}://{self.host}{path}",
                headers=headers,
                preload_content=False,
                decode_content=False,
            )
            try:
                if response.status != 200:
                    raise unexpected(self.host, "GET", path, response.status, response.read(_PIECE))
                yield from response.stream(1 << 20)
            finally:
                response.release_conn()
        except (HTTPError, OSError) as error:
            raise explained(self.host, self.proxy, error) from error

    def upload(self, path: str, size: int, pieces: Iterable[bytes]) -> Answer:
        """Send a blob's content piece by piece, and return the answer.

        Args:
            path: of an upload that was begun.
            size: of the blob.
            pieces: its content; whatever their iterator raises comes out unchanged.

        Raises:
            RegistryUnreachableError: see `send`; nothing is sent twice.
        """
        from urllib3.exceptions import HTTPError

        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        if known := self._authorization.get(path.split("/blobs/", 1)[0]):
            headers["Authorization"] = known
        try:
            answer = self._once("PUT", f"{self.scheme}://{self.host}{path}", headers, pieces)
        except (HTTPError, OSError) as error:
            raise explained(self.host, self.proxy, error) from error
        if answer.status in (401, 403):
            raise refused(self.host, "PUT", path, answer.status, answer.body)
        if answer.status == 429 or answer.status >= 500:
            raise unwell(self.host, "PUT", path, answer.status, answer.body)
        return answer

    def insist_json(self, answer: Answer) -> None:
        """Raise RegistryUnreachableError if a page for people answered, as captive portals and proxies do."""
        kind = answer.header("content-type").partition(";")[0].strip().lower()
        if kind == "text/html" or re.match(rb"\s*<(!doctype|html)", answer.body[:64], re.IGNORECASE):
            raise not_a_registry(self.host, self.proxy, answer.body)

    def _request(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        from urllib3.exceptions import HTTPError, ProtocolError

        url = f"{self.scheme}://{self.host}{path}"
        for attempt in (0, 1):
            try:
                return self._once(method, url, headers, body)
            except ProtocolError as error:
                # A kept-alive connection may be closed by the other side just as it is used again.
                if attempt or method == "POST":
                    raise explained(self.host, self.proxy, error) from error
            except (HTTPError, OSError) as error:
                raise explained(self.host, self.proxy, error) from error
        raise AssertionError("the second attempt returns or raises")

    def _once(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | Iterable[bytes] | None
    ) -> Answer:
        response = self._manager().request(
            method, url, headers=dict(headers), body=body, preload_content=False, decode_content=True
        )
        # From here on: a large blob may take long to send.
        deadline = time.monotonic() + _TOTAL_SECONDS
        try:
            pieces, size = [], 0
            for piece in response.stream(_PIECE):
                pieces.append(piece)
                size += len(piece)
                if size > _LIMIT or time.monotonic() > deadline:
                    response.close()
                    raise RegistryUnreachableError(
                        f"Registry {self.host} sends too much or too slowly at {quote(url, '/:')}"
                    )
        finally:
            response.release_conn()
        found = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, found, b"".join(pieces))

    def _manager(self) -> urllib3.PoolManager:
        if self._pool is None:
            import urllib3

            retries = urllib3.Retry(total=None, connect=0, read=0, status=0, other=0, redirect=3, raise_on_status=False)
            timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
            if self.proxy:
                self._pool = urllib3.ProxyManager(self.proxy, maxsize=_POOL, retries=retries, timeout=timeout)
            else:
                self._pool = urllib3.PoolManager(maxsize=_POOL, retries=retries, timeout=timeout)
        return self._pool

    def _authorize(self, answer: Answer) -> str:
        """Return the header value that a 401 asks for, empty if it can't be had."""
        from edk.adapters.registry import auth

        challenge = auth.challenge_of(answer.header("www-authenticate"))
        login = auth.stored_login(self.host, self._environ)
        if challenge.scheme == "basic":
            return f"Basic {login}" if login else ""
        if challenge.scheme != "bearer" or not challenge.realm.startswith(("http://", "https://")):
            return ""
        return self._token(challenge, login)

    def _token(self, challenge: Challenge, login: str) -> str:
        from urllib3.exceptions import HTTPError

        from edk.adapters.registry.auth import token_in

        query = f"service={quote(challenge.service, '')}&scope={quote(challenge.scope, '')}"
        headers = {"Authorization": f"Basic {login}"} if login else {}
        try:
            answer = self._once("GET", f"{challenge.realm}?{query}", headers, None)
        except (HTTPError, OSError) as error:
            raise explained(challenge.realm, self.proxy, error) from error
        token = token_in(answer.body) if answer.status == 200 else ""
        return f"Bearer {token}" if token else ""
