"""What can be done with a registry, found out without leaving anything there."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from edk.adapters.registry.faults import unexpected
from edk.adapters.registry.transport import Answer, Transport

_REPOSITORY = "edk-doctor"
_UPLOADS = f"/v2/{_REPOSITORY}/blobs/uploads/"
_NOTHING = f"/v2/{_REPOSITORY}/manifests/sha256:{'0' * 64}"


class HttpRegistryProbes:
    """Tries registries out; see `edk.orchestrator.doctor_model.RegistryProbes`.

    Args:
        insecure: hosts that are spoken to without TLS, beside this machine.
        environ: proxies, and where the Docker client's configuration lies.
    """

    def __init__(self, insecure: Iterable[str], environ: Mapping[str, str]) -> None:
        self._insecure = tuple(insecure)
        self._environ = environ

    def try_writing(self, address: str) -> None:
        """Begin an upload, send a few bytes and take it back; raise RegistryUnreachableError if refused."""
        transport = self._transport(address)
        location = _begun(transport)
        headers = {"Content-Type": "application/octet-stream"}
        answer = _insisted(transport, "PATCH", location, headers, b"edk")
        _insisted(transport, "DELETE", _path(answer, location))

    def is_same(self, first: str, second: str) -> bool:
        """Return whether two addresses lead to one registry: an upload begun at one is known at the other.

        Raises:
            RegistryUnreachableError: either does not answer or refuses uploads.
        """
        here, there = self._transport(first), self._transport(second)
        location = _begun(here)
        known = there.send("GET", location).status == 204
        _insisted(here, "DELETE", location)
        return known

    def deletes(self, address: str) -> bool:
        """Return whether manifests may be deleted; raise RegistryUnreachableError if it does not answer."""
        transport = self._transport(address)
        answer = transport.send("DELETE", _NOTHING)
        if answer.status not in (404, 405, 501):
            raise unexpected(transport.host, "DELETE", _NOTHING, answer.status, answer.body)
        return answer.status == 404

    def seconds_ahead(self, address: str) -> float:
        """Return by how many seconds its clock is ahead of ours, 0 if it does not tell; raise as `deletes`."""
        before = time.time()
        told = self._transport(address).send("GET", "/v2/").header("date")
        try:
            at = parsedate_to_datetime(told).timestamp()
        except (TypeError, ValueError):
            return 0.0
        # It tells whole seconds, of some moment while the question was on its way.
        return 0.0 if before - 1 <= at <= time.time() + 1 else at - before

    def _transport(self, address: str) -> Transport:
        return Transport(address, self._insecure, self._environ)


def _begun(transport: Transport) -> str:
    return _path(_insisted(transport, "POST", _UPLOADS), _UPLOADS)


def _insisted(
    transport: Transport,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    answer = transport.send(method, path, headers, body)
    transport.insist_json(answer)
    if answer.status not in (202, 204):
        raise unexpected(transport.host, method, path.partition("?")[0], answer.status, answer.body)
    return answer


def _path(answer: Answer, otherwise: str) -> str:
    """Return where an upload goes on; the host it names may be one that only its proxy knows."""
    parts = urlsplit(answer.header("location"))
    return f"{parts.path}?{parts.query}" if parts.path else otherwise
