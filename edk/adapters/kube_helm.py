"""kube-helm, the platform's chart service, over HTTP.

Its answers are text, and so are its errors (with status 500); some errors of its framework come as JSON with a
``detail``. Both are shown as they are.
"""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from edk.domain.errors import ChartError, PlatformUnreachableError, UsageError
from edk.domain.network import proxy_for
from edk.domain.platform import Extension, ReleaseStatus, extensions_in, release_in

if TYPE_CHECKING:
    import urllib3

CONNECT_TIMEOUT = 5.0
HEALTH_TIMEOUT = 5.0
UPLOAD_TIMEOUT = 120.0
STATUS_TIMEOUT = 30.0
DELETE_TIMEOUT = 60.0
IMPORT_TIMEOUT = 200.0  # kube-helm itself gives an import 180 s
LIST_TIMEOUT = 60.0  # it looks at every chart and every pod, one after the other
INSTALL_TIMEOUT = 120.0  # kube-helm itself gives helm 15 s, and waits for the hooks of charts then
ANSWER_LIMIT = 64 * 1024
LIST_LIMIT = 32 << 20
NO_RELEASE = "Release not found"
ALREADY = "Chart is already installed"
GATEWAY = frozenset({502, 503, 504})
_LOG = "The log of kube-helm tells more: kubectl -n admin logs deployment/kube-helm-deployment"
Fields = Mapping[str, str | tuple[str, bytes, str]]


class KubeHelmPlatform:
    """Sends charts and image archives to kube-helm; see `edk.ports.Platform`.

    Args:
        url: ``KUBE_HELM_URL``, with a path in front of the routes where there is one
            (``http://kube-helm-service.admin.svc:5000/kube-helm-api``).
        environ: where proxies are looked up.

    Raises:
        UsageError: the URL is none of http or https.
    """

    def __init__(self, url: str, environ: Mapping[str, str] | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(f"KUBE_HELM_URL {url!r} is no http address", "Set it to http://host:port/path")
        self.url = url.rstrip("/")
        self._host = parts.hostname
        self._proxy = proxy_of(parts.scheme, parts.hostname, os.environ if environ is None else environ)

    def health(self) -> None:
        """See `edk.ports.Platform`."""
        status, said = self._ask("GET", "/health-check", HEALTH_TIMEOUT)
        if status != 200:
            raise PlatformUnreachableError(f"kube-helm at {self.url} answers {status}: {said}", self._hint())

    def upload_chart(self, archive: str) -> str:
        """See `edk.ports.Platform`."""
        name = Path(archive).name
        try:
            content = Path(archive).read_bytes()
        except OSError as error:
            raise ChartError(f"{archive} can't be read: {error.strerror}", "Package the chart anew") from error
        fields: Fields = {"file": (name, content, "application/gzip")}
        status, said = self._ask("POST", "/file", UPLOAD_TIMEOUT, fields=fields)
        return self._accepted(status, said, f"kube-helm refused the chart {name}")

    def import_image(self, filename: str) -> str:
        """See `edk.ports.Platform`."""
        fields: Fields = {"filename": filename}
        status, said = self._ask("GET", "/import-container", IMPORT_TIMEOUT, fields=fields)
        return self._accepted(status, said, f"kube-helm did not import {filename}")

    def extensions(self) -> tuple[Extension, ...]:
        """See `edk.ports.Platform`."""
        status, said = self._ask("GET", "/extensions", LIST_TIMEOUT, limit=LIST_LIMIT, raw=True)
        said = said if status == 200 else _words(said)
        document = _json(self._accepted(status, said, "kube-helm does not list its extensions"))
        if not isinstance(document, list):
            raise ChartError(f"kube-helm lists no extensions, but says: {said[:200]}", _LOG)
        return extensions_in(document)

    def release(self, name: str) -> ReleaseStatus | None:
        """See `edk.ports.Platform`."""
        fields: Fields = {"release_name": name}
        status, said = self._ask("GET", "/view-chart-status", STATUS_TIMEOUT, fields=fields, raw=True)
        if status == 404 and NO_RELEASE.lower() in said.lower():
            return None
        if status == 500:
            # It could not read what helm said, so there is something.
            return ReleaseStatus(name, "")
        document = _json(self._accepted(status, _words(said), f"kube-helm does not tell of the release {name}"))
        return release_in(name, document)

    def install_chart(self, name: str, version: str, keywords: Sequence[str]) -> str:
        """See `edk.ports.Platform`."""
        wanted = {"name": name, "version": version, "keywords": list(keywords)}
        status, said = self._ask("POST", "/helm-install-chart", INSTALL_TIMEOUT, body=wanted)
        refusal = f"kube-helm did not install {name} in version {version}"
        said = self._accepted(status, said, refusal)
        if said.startswith(ALREADY):
            raise ChartError(f"{refusal} ({status}): {said}", "Somebody installed it in between; do it once more")
        return said

    def delete_release(self, name: str, version: str) -> str:
        """See `edk.ports.Platform`."""
        wanted = {"release_name": name, "release_version": version, "helm_command_addons": ""}
        status, said = self._ask("POST", "/helm-delete-chart", DELETE_TIMEOUT, body=wanted)
        return self._accepted(status, said, f"kube-helm did not delete the release {name}")

    def _accepted(self, status: int, said: str, refusal: str) -> str:
        if status in GATEWAY:
            raise PlatformUnreachableError(f"kube-helm at {self.url} answers {status}: {said}", self._hint())
        if status != 200:
            raise ChartError(f"{refusal} ({status}): {said}", f"Correct what it says. {_LOG}")
        return said

    def _ask(
        self,
        method: str,
        route: str,
        timeout: float,
        *,
        fields: Fields | None = None,
        body: object = None,
        limit: int = ANSWER_LIMIT,
        raw: bool = False,
    ) -> tuple[int, str]:
        """Send one request and return status and text, the words in it unless it is wanted raw; once only."""
        import urllib3

        limits = urllib3.Timeout(connect=CONNECT_TIMEOUT, read=timeout)
        sent: dict[str, Any] = {"fields": fields} if body is None else {"json": body}
        try:
            with self._pool() as pool:
                answer = pool.request(
                    method, self.url + route, timeout=limits, retries=False, redirect=False,
                    preload_content=False, **sent,
                )  # fmt: skip
                said = answer.read(limit, decode_content=True).decode("utf-8", "replace").strip()
                return answer.status, said if raw else _words(said)
        except urllib3.exceptions.HTTPError as error:
            raise PlatformUnreachableError(
                f"kube-helm at {self.url} does not answer: {_cause(error)}", self._hint()
            ) from error

    def _pool(self) -> urllib3.PoolManager:
        import urllib3

        return urllib3.ProxyManager(self._proxy) if self._proxy else urllib3.PoolManager()

    def _hint(self) -> str:
        through = f" (asked through the proxy {self._proxy.rsplit('@', 1)[-1]})" if self._proxy else ""
        return f"Check KUBE_HELM_URL{through}, or stop before the upload with --no-import"


def proxy_of(scheme: str, host: str, environ: Mapping[str, str]) -> str:
    """Return the proxy for a host, empty for none; this machine and the cluster's names never have one."""
    return "" if "." not in host or _is_private(host) else proxy_for(scheme, host, "", environ)


def _is_private(host: str) -> bool:
    """Tell whether a host is an address of this machine or of a private network, as the cluster's are."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return address.is_private or address.is_loopback


def _words(text: str) -> str:
    """Return an answer's text; of a JSON object with a ``detail`` that alone, of a JSON string the string."""
    data = _json(text)
    if isinstance(data, dict) and "detail" in data:
        return str(data["detail"])
    return data if isinstance(data, str) else text


def _json(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return what a text holds as JSON; None if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _cause(error: Exception) -> str:
    """Return the innermost reason of a failed request."""
    reason: Any = error
    while getattr(reason, "reason", None) is not None and isinstance(reason.reason, Exception):
        reason = reason.reason
    text = str(reason)
    return text.split(": ", 1)[-1] if text.startswith(("<", "HTTP")) else text
