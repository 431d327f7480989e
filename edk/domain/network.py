"""How to reach a host: plain or secure, directly or through a proxy."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping


def is_local(host: str) -> bool:
    """Return whether a host (without a port) is this machine."""
    name = host.strip("[]").lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_in_cluster(host: str) -> bool:
    """Return whether a host is a name that only a cluster's own name server knows."""
    return host.lower().rstrip(".").endswith((".svc", ".cluster.local"))


def scheme_of(host: str, port: str, insecure: Iterable[str]) -> str:
    """Return ``http`` for this machine and for hosts configured as insecure (``host`` or ``host:port``)."""
    plain = {entry.lower() for entry in insecure}
    return "http" if is_local(host) or {host.lower(), f"{host}:{port}".lower()} & plain else "https"


def proxy_for(scheme: str, host: str, port: str, environ: Mapping[str, str]) -> str:
    """Return the proxy that the environment names for a host, empty for none.

    Lower-case variables win, as in curl and in Python's own library. This machine and names of the cluster are
    never asked for through a proxy, whatever the environment says: no proxy can know what they are here.
    """
    if is_local(host) or is_in_cluster(host) or _bypassed(host.lower(), port, _variable("no_proxy", environ)):
        return ""
    proxy = _variable(f"{scheme}_proxy", environ) or _variable("all_proxy", environ)
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def is_excepted(host: str, port: str, environ: Mapping[str, str]) -> bool:
    """Return whether ``no_proxy`` names a host, so that every tool reaches it without a proxy."""
    return _bypassed(host.lower(), port, _variable("no_proxy", environ))


def _variable(name: str, environ: Mapping[str, str]) -> str:
    return environ.get(name) or environ.get(name.upper(), "")


def _bypassed(host: str, port: str, no_proxy: str) -> bool:
    return any(_matches(host, port, entry.strip().lower()) for entry in no_proxy.split(","))


def _matches(host: str, port: str, entry: str) -> bool:
    if entry == "*":
        return True
    if not entry:
        return False
    if "/" in entry:
        return _in_network(host, entry)
    name = entry.removesuffix(f":{port}").removeprefix("*").lstrip(".")
    return host == name or host.endswith(f".{name}")


def _in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
