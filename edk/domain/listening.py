"""Addresses that this machine listens at: read from ``HOST:PORT``, and written as they stand in a URL."""

from __future__ import annotations

import re

from edk.domain.errors import UsageError

_ADDRESS = re.compile(r"(?:\[(?P<v6>[^\[\]/\s]*:[^\[\]/\s]*)\]|(?P<host>[A-Za-z0-9._-]*)):(?P<port>[0-9]{1,5})")


def listen_address(text: str, setting: str, default_port: int) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT``; an IPv6 address stands in brackets, no host is every address.

    Args:
        text: as it is configured.
        setting: its name, for whoever wrote it wrongly.
        default_port: for the example that the hint gives.

    Raises:
        UsageError: it is no such address.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"]) > 65_535:
        raise UsageError(f"{setting}: {text!r} is no HOST:PORT", f"for example 127.0.0.1:{default_port}")
    return match["v6"] or match["host"] or "", int(match["port"])


def in_url(host: str) -> str:
    """Return a host as it stands before ``:PORT``: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host
