"""Asking BuildKit daemons, for `edk doctor`, whose rights they have and what their caches hold."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from edk.adapters.buildkit.client import ASK_SECONDS, Buildctl
from edk.adapters.buildkit.disk import cache_limit, cache_use
from edk.adapters.buildkit.endpoint import Daemon
from edk.domain.engines import EngineSeen, Rights
from edk.domain.errors import EngineUnreachableError

_LABEL = "org.mobyproject.buildkit.worker."
_WHOLE = "0 0 4294967295"
"""A map of user ids that maps all of them to themselves: no namespace of an ordinary user."""
_AT_ONCE = 16


class BuildKitProbes:
    """See `edk.orchestrator.doctor_model.EngineProbes`; each method also raises UsageError without ``buildctl``.

    Daemons that do not answer are left out; raises EngineUnreachableError if none does.

    Args:
        daemons: that are asked, all at once.
        environ: for the search path; None: the process's own.
    """

    def __init__(self, daemons: Sequence[Daemon], environ: Mapping[str, str] | None = None) -> None:
        self._all = [Buildctl(daemon, environ) for daemon in daemons]

    def rights(self, registry: str) -> tuple[EngineSeen, ...]:  # noqa: ARG002 - a build tells which it can't reach
        """See `edk.orchestrator.doctor_model.EngineProbes.rights`."""
        return self._asked(lambda one: EngineSeen(one.daemon.name, _rights(one.daemon.address, one.workers())))

    def caches(self, seconds: float) -> tuple[EngineSeen, ...]:
        """See `edk.orchestrator.doctor_model.EngineProbes.caches`."""

        def cache(one: Buildctl) -> EngineSeen:
            limit = cache_limit(one.workers(min(ASK_SECONDS, seconds)))
            return EngineSeen(one.daemon.name, cache=replace(cache_use(one, seconds), limit=limit))

        return self._asked(cache)

    def _asked(self, ask: Callable[[Buildctl], EngineSeen]) -> tuple[EngineSeen, ...]:
        def tried(one: Buildctl) -> EngineSeen | EngineUnreachableError:
            try:
                return ask(one)
            except EngineUnreachableError as error:
                return error

        with ThreadPoolExecutor(_AT_ONCE) as threads:
            answers = list(threads.map(tried, self._all))
        seen = tuple(answer for answer in answers if isinstance(answer, EngineSeen))
        away = next((answer for answer in answers if isinstance(answer, EngineUnreachableError)), None)
        if away is not None and not seen:
            raise away
        return seen


def _rights(address: str, workers: Sequence[Mapping[str, Any]]) -> Rights:
    told = workers[0].get("labels")
    labels: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    sandbox = labels.get(f"{_LABEL}oci.process-mode", "sandbox") == "sandbox"
    of_socket = _of_socket(address.removeprefix("unix://")) if address.startswith("unix://") else Rights("unknown")
    if of_socket.kind == "unknown" and not sandbox:
        # It has this mode only where it may not make namespaces of processes.
        of_socket = Rights("rootless", "by its process mode")
    return replace(of_socket, snapshotter=str(labels.get(f"{_LABEL}snapshotter", "")), sandbox=sandbox)


def _of_socket(path: str) -> Rights:
    """Return the rights of the process that listens at a socket, as the kernel tells them here."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(ASK_SECONDS)
        try:
            client.connect(path)
            pid, uid, _ = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        except OSError as error:
            return Rights("unknown", error.strerror or str(error))
    if uid:
        return Rights("rootless", f"user {uid}")
    try:
        # Root may be so in a namespace of an ordinary user alone: its own, or the one that we are in as well.
        users = Path(f"/proc/{pid}/uid_map" if pid else "/proc/self/uid_map").read_text("ascii").split("\n", 1)[0]
    except OSError:
        return Rights("unknown", f"process {pid} can't be looked at")
    return Rights("root") if users.split() == _WHOLE.split() else Rights("rootless", "root of a user namespace")
