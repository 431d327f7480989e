"""Carries out a probe, as a kubelet does: from outside of the pod, or by a command in the container."""

from __future__ import annotations

import http.client
import socket
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLong

from tests.support.pod.engine import PodEngine
from tests.support.pod.errors import PodError
from tests.support.pod.spec import Probe


def ask(engine: PodEngine, probe: Probe, container: str, address: str) -> str:
    """Return what is wrong; empty if the probe succeeded."""
    try:
        if probe.kind == "exec":
            return _execute(engine, probe, container)
        where = (probe.host or address, probe.port)
        if probe.kind == "tcp":
            with socket.create_connection(where, timeout=probe.timeout):
                return ""
        return _get(probe, where)
    except (OSError, http.client.HTTPException, PodError) as error:
        return f"{type(error).__name__}: {error}"


def _get(probe: Probe, where: tuple[str, int]) -> str:
    connection = http.client.HTTPConnection(*where, timeout=probe.timeout)
    try:
        connection.request("GET", probe.path, headers={"User-Agent": "kube-probe", **dict(probe.headers)})
        answer = connection.getresponse()
        body = answer.read(300).decode("utf-8", "replace")
    finally:
        connection.close()
    return "" if 200 <= answer.status < 400 else f"HTTP {answer.status}: {body}"


def _execute(engine: PodEngine, probe: Probe, container: str) -> str:
    # The command goes on in the container when it takes too long, as it does with a kubelet.
    pool = ThreadPoolExecutor(1)
    try:
        code, out = pool.submit(engine.execute, container, probe.command).result(probe.timeout)
    except TooLong:
        return f"the command did not end within {probe.timeout:g} s"
    finally:
        pool.shutdown(wait=False)
    return "" if code == 0 else f"exit code {code}: {out[-300:]}"
