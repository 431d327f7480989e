"""Where the workers are: addresses as given, and one for each that a DNS name leads to."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from edk.domain.errors import UsageError
from edk.domain.pool.model import WorkerAddress

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://\S")
_Resolve = Callable[[str, int], Sequence[str]]


def read_addresses(text: str) -> tuple[str, ...]:
    """Return the addresses of a list with commas or blanks between them, each once.

    Raises:
        UsageError: one has no scheme, or its port is none.
    """
    found = tuple(dict.fromkeys(part for part in re.split(r"[\s,]+", text) if part))
    for address in found:
        if not _SCHEME.match(address):
            raise UsageError(f"{address!r} is no address of a builder", "for example tcp://10.0.0.5:1234")
        try:
            _host_and_port(address)
        except ValueError as error:
            raise UsageError(f"{address!r} is no address of a builder: {error}", "for example tcp://h:1234") from error
    return found


def resolve(host: str, port: int) -> tuple[str, ...]:
    """Return the IP addresses of a host, sorted; raise OSError if it can't be looked up.

    A machine may have an address of each kind, and is one worker all the same: only those of one kind count.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    kind = found[0][0] if found else socket.AF_INET
    return tuple(sorted({str(sockaddr[0]) for family, *_, sockaddr in found if family == kind}))


class Discovery:
    """Looks up who is there now; call it again for who is there then.

    A name that leads to one machine stays a name, and to several becomes an address for each; a look-up that fails
    gives what it gave before. Sockets and containers (``unix://``, ``kube-pod://``) pass as they are.

    Args:
        addresses: see `read_addresses`.
        resolve: looks a host up.
    """

    def __init__(self, addresses: Sequence[str], resolve: _Resolve = resolve) -> None:
        self._addresses = tuple(addresses)
        self._resolve = resolve
        self._last: dict[str, tuple[WorkerAddress, ...]] = {}
        self._several: set[str] = set()

    def __call__(self) -> tuple[WorkerAddress, ...]:
        """Return all workers, each once, in the order of their addresses."""
        found: dict[str, WorkerAddress] = {}
        for address in self._addresses:
            for worker in self._workers(address):
                found.setdefault(worker.name, worker)
        return tuple(found.values())

    def _workers(self, address: str) -> tuple[WorkerAddress, ...]:
        asked = _host_and_port(address)
        if asked is None:
            return (WorkerAddress(address),)
        host, port = asked
        try:
            numbers = self._resolve(host, port)
        except (OSError, UnicodeError):
            # Nobody was ever found: the builder itself says what is wrong with the name.
            return self._last.get(address, (WorkerAddress(address),))
        if not numbers:
            return self._last.get(address, (WorkerAddress(address),))
        if len(numbers) > 1 or address in self._several:
            # Those that are left of several are called as they were before, for what runs on them goes on.
            self._several.add(address)
            workers = tuple(WorkerAddress(f"tcp://{_written(number)}:{port}", host) for number in numbers)
        else:
            # Its name outlives its number, where a pod is started anew, and so do the targets that are its own.
            workers = (WorkerAddress(address),)
        self._last[address] = workers
        return workers


def _host_and_port(address: str) -> tuple[str, int] | None:
    """Return what to look up; None if there is nothing to. Raises ValueError for a port that is none."""
    if not address.startswith("tcp://"):
        return None
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port
    if not host:
        raise ValueError("it names no host")
    if port is None:
        return None
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host, port
    return None


def _written(number: str) -> str:
    return f"[{number}]" if ":" in number else number
