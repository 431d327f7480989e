"""The cluster's API, read only: by HTTPS with the pod's service account, or through kubectl.

In the cluster, the service account's files and the address are where every pod has them. Outside, kubectl is asked
where KUBECONFIG names a cluster: a configuration of the user's that nobody pointed us at may be another cluster.
The token goes into one header, and nowhere else.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from edk.domain.cluster import NODES, PODS, NodeImage, RunningImage, images_in, next_page, running_in
from edk.domain.errors import ClusterUnreachableError

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
SECONDS = 3.0
LISTING_SECONDS = 10.0
LIMIT = 32 << 20
PAGE = 250
PAGES = 200
_HINT = "Nothing needs the cluster but this look into it; kubectl get nodes tells more"
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")
Get = Callable[[str], bytes]


class KubernetesCluster:
    """Lists what nodes have and what pods run; see `edk.ports.Cluster`.

    Args:
        environ: where the cluster is (``KUBERNETES_SERVICE_HOST``, ``KUBECONFIG``), and ``PATH``.
        account: the folder of the service account's files.
    """

    def __init__(self, environ: Mapping[str, str] | None = None, account: str = ACCOUNT) -> None:
        self._environ = os.environ if environ is None else environ
        self._account = account

    def images(self) -> tuple[NodeImage, ...]:
        """See `edk.ports.Cluster`."""
        return tuple(image for page in self._pages(NODES) for image in images_in(page))

    def running(self) -> tuple[RunningImage, ...]:
        """See `edk.ports.Cluster`."""
        return tuple(image for page in self._pages(PODS) for image in running_in(page))

    def _pages(self, path: str) -> Iterator[object]:
        get = self._way()
        began, token = time.monotonic(), ""
        for _ in range(PAGES):
            query = f"?limit={PAGE}" + (f"&continue={quote(token, safe='')}" if token else "")
            page = _document(get(path + query))
            yield page
            token = next_page(page)
            if not token:
                return
            if time.monotonic() - began > LISTING_SECONDS:
                break
        raise ClusterUnreachableError(f"the cluster lists too much or too slowly at {path}", _HINT)

    def _way(self) -> Get:
        """Return what fetches a path of the API; raise ClusterUnreachableError if there is no way to a cluster."""
        host = self._environ.get("KUBERNETES_SERVICE_HOST", "")
        if host and os.path.isfile(f"{self._account}/token"):  # noqa: PTH113
            port = self._environ.get("KUBERNETES_SERVICE_PORT") or "443"
            return _ServiceAccount(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", self._account)
        kubectl = shutil.which("kubectl", path=self._environ.get("PATH"))
        if kubectl and self._environ.get("KUBECONFIG"):
            return _Kubectl(kubectl, self._environ)
        missing = "KUBECONFIG is not set" if kubectl else "kubectl is not installed"
        raise ClusterUnreachableError(f"no cluster is known here: no service account, and {missing}", _HINT)


class _ServiceAccount:
    """Fetches over HTTPS as a pod does."""

    def __init__(self, address: str, account: str) -> None:
        self._address = address
        self._account = account

    def __call__(self, path: str) -> bytes:
        import urllib3

        url = f"https://{self._address}{path}"
        limits = urllib3.Timeout(total=SECONDS)
        try:
            headers = {"Authorization": f"Bearer {self._token()}", "Accept": "application/json"}
            with urllib3.PoolManager(ca_certs=f"{self._account}/ca.crt", timeout=limits) as pool:
                answer = pool.request(
                    "GET", url, headers=headers, retries=False, redirect=False, preload_content=False
                )  # fmt: skip
                try:
                    body = _bounded(answer.stream(1 << 16), path)
                finally:
                    answer.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ClusterUnreachableError(f"the cluster at {self._address} does not answer: {error}", _HINT) from error
        if answer.status != 200:
            raise ClusterUnreachableError(f"the cluster answers {answer.status} at {path}: {_said(body)}", _HINT)
        return body

    def _token(self) -> str:
        """Return the token, read each time, for the kubelet replaces it every hour."""
        token = Path(self._account, "token").read_bytes().strip().decode("latin-1")
        # Else the HTTP library would quote it in its error.
        if not _TOKEN.fullmatch(token):
            raise ClusterUnreachableError(f"{self._account}/token holds no token", _HINT)
        return token


class _Kubectl:
    """Fetches through ``kubectl get --raw``, which takes the same paths."""

    def __init__(self, kubectl: str, environ: Mapping[str, str]) -> None:
        self._kubectl = kubectl
        self._environ = environ

    def __call__(self, path: str) -> bytes:
        arguments = [self._kubectl, "get", f"--raw={path}", f"--request-timeout={SECONDS:g}s"]
        try:
            process = subprocess.Popen(
                arguments, env=dict(self._environ), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise ClusterUnreachableError(f"{self._kubectl} can't be run: {error.strerror}", _HINT) from error
        with process:
            try:
                # It looks for the API's groups first, so it gets a moment more than its request.
                out, err = process.communicate(timeout=SECONDS + 1)
            except subprocess.TimeoutExpired as error:
                raise ClusterUnreachableError(f"kubectl does not answer within {SECONDS:g} s", _HINT) from error
            finally:
                _end(process)
        if process.returncode:
            said = err.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise ClusterUnreachableError(f"kubectl can't reach the cluster: {said}", _HINT)
        return _bounded(iter((out,)), path)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill kubectl, and what it started to log in, unless it has ended."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _bounded(pieces: Iterator[bytes], path: str) -> bytes:
    """Return what comes; raise ClusterUnreachableError if it is too much or takes too long."""
    began, taken, size = time.monotonic(), [], 0
    for piece in pieces:
        taken.append(piece)
        size += len(piece)
        if size > LIMIT or time.monotonic() - began > SECONDS:
            raise ClusterUnreachableError(f"the cluster sends too much or too slowly at {path}", _HINT)
    return b"".join(taken)


def _document(body: bytes) -> object:
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ClusterUnreachableError("what answers for the cluster sends no JSON", _HINT) from error
    return document


def _said(body: bytes) -> str:
    """Return the message of a Status object, else the beginning of the text."""
    text = body[:2000].decode("utf-8", "replace").strip()
    try:
        message = json.loads(text).get("message", "")
    except (ValueError, AttributeError):
        message = ""
    return str(message) or text
