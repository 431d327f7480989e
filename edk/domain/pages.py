"""Requests for pages, their answers, and who is let in: values that the server and the pages share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from edk.domain.listening import in_url

HTML = "text/html; charset=utf-8"
JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
ANY = "*"
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What is asked for.

    Args:
        path: decoded, without the prefix; begins with ``/``.
        query: as it stands behind the question mark.
        prefix: below which the pages lie for whoever asks; empty: the root.
    """

    path: str
    query: str = ""
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class PageResponse:
    """What is answered.

    Args:
        status: of HTTP.
        content: the body.
        content_type: of it.
        headers: further ones, names and values.
    """

    status: int
    content: bytes
    content_type: str = HTML
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Admission:
    """Who is let in, and where the pages lie.

    A page on this machine can be asked for by any web page that a browser here shows, under a name that its owner lets
    lead to this machine. So a name counts only if it is known.

    Args:
        names: hosts by which the pages may be asked for, in lower case and without a port; ``*``: by any.
        prefix: below which they lie; empty: the root.
        trusts_prefix: whether a proxy in front may say the prefix, as ``X-Forwarded-Prefix``.
        open_paths: may be asked for by any name: a probe knows a pod by its address alone. They tell no secrets.
    """

    names: frozenset[str] = LOCAL_NAMES
    prefix: str = ""
    trusts_prefix: bool = False
    open_paths: frozenset[str] = frozenset()

    def admits(self, hosts: Sequence[str]) -> bool:
        """Say whether a request is let in.

        Args:
            hosts: all its ``Host`` lines.
        """
        match = _HOST.fullmatch(hosts[0].strip()) if len(hosts) == 1 else None
        return match is not None and (ANY in self.names or match[1].lower().rstrip(".") in self.names)

    def request(self, target: str, forwarded: str) -> PageRequest | None:
        """Return what a request line asks for; None if that is no path.

        Args:
            target: as in the request line.
            forwarded: the value of ``X-Forwarded-Prefix``; empty if there is none.
        """
        raw, _, query = target.partition("?")
        path = unquote(raw, errors="replace")
        if not path.startswith("/") or "\0" in path:
            return None
        prefix = self.prefix
        said = forwarded.strip().rstrip("/")
        if self.trusts_prefix and said and valid_prefix(said):
            prefix = said
        # A proxy may have taken the prefix off, or left it on.
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            path = path[len(prefix) :] or "/"
        return PageRequest(path, query, prefix)


def valid_prefix(text: str) -> bool:
    """Say whether a text may stand before all paths: empty, or like ``/local-registry-ui``."""
    return _PREFIX.fullmatch(text) is not None and "/.." not in text and "/./" not in f"{text}/"


def host_names(text: str, listen: str) -> frozenset[str]:
    """Return the hosts by which pages may be asked for.

    Args:
        text: those that are configured, with commas between.
        listen: the host that is listened at; one that means every address adds nothing.

    Raises:
        ValueError: one is no host.
    """
    found = set(LOCAL_NAMES)
    for name in (*(part.strip() for part in text.split(",")), in_url(listen)):
        if name in {"", "0.0.0.0", "[::]"}:  # noqa: S104 - it is left out
            continue
        match = _HOST.fullmatch(name)
        if name != ANY and match is None:
            raise ValueError(f"{name!r} is no name of a host")
        found.add(match[1].lower().rstrip(".") if match else name)
    return frozenset(found)
