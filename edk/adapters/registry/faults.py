"""What went wrong on the way to a registry, and what to do about it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from edk.domain.errors import RegistryUnreachableError
from edk.domain.network import is_local

_TITLE = re.compile(rb"<title[^>]*>\s*([^<]{1,80})", re.IGNORECASE)
_EXCERPT = 200


def explained(host: str, proxy: str, error: BaseException) -> RegistryUnreachableError:
    """Return what a failed connection means."""
    from urllib3 import exceptions as http

    cause = error.reason if isinstance(error, http.MaxRetryError) and error.reason else error
    if isinstance(cause, http.ProxyError):
        message = f"The proxy {masked(proxy)} on the way to registry {host} does not answer"
        return RegistryUnreachableError(message, f"Add {_name(host)} to no_proxy, or correct the proxy.")
    if isinstance(cause, http.NameResolutionError):
        message = f"Registry {host} can't be found: its name does not resolve"
        return RegistryUnreachableError(message, "Check the name and LOCAL_REGISTRY_URL; `edk doctor` tells more.")
    if isinstance(cause, http.SSLError):
        message = f"Registry {host} can't be spoken to by TLS: {cause}"
        hint = "If it has no TLS, list it in edk.yaml under insecure_registries; else add its CA to the system."
        return RegistryUnreachableError(message, hint)
    if isinstance(cause, http.NewConnectionError):
        return RegistryUnreachableError(f"Nothing answers at registry {host}: {_brief(cause)}", _start(host))
    if isinstance(cause, http.ConnectTimeoutError | http.ReadTimeoutError):
        message = f"Registry {host} does not answer in time"
        return RegistryUnreachableError(message, _start(host))
    return RegistryUnreachableError(f"Registry {host} broke off: {_brief(cause)}", _start(host))


def unwell(host: str, method: str, path: str, status: int, body: bytes) -> RegistryUnreachableError:
    """Return what a 429 or 5xx means."""
    said = _excerpt(body)
    message = f"Registry {host} answered {status} to {method} {path}" + (f": {said}" if said else "")
    hint = "It asks for patience: try again later." if status == 429 else "Look at its log and at its disk space."
    return RegistryUnreachableError(message, hint)


def refused(host: str, method: str, path: str, status: int, body: bytes) -> RegistryUnreachableError:
    """Return what a 401 or 403 means that no credentials healed."""
    said = _excerpt(body)
    message = f"Registry {host} refused {method} {path} ({status})" + (f": {said}" if said else "")
    return RegistryUnreachableError(message, f"docker login {host}")


def unexpected(host: str, method: str, path: str, status: int, body: bytes) -> RegistryUnreachableError:
    """Return what any other status means."""
    said = _excerpt(body)
    message = f"Registry {host} answered {status} to {method} {path}" + (f": {said}" if said else "")
    return RegistryUnreachableError(message, "Check that the address is a registry's: `edk doctor`.")


def not_a_registry(host: str, proxy: str, body: bytes) -> RegistryUnreachableError:
    """Return what a page for people in place of a registry's answer means."""
    found = _TITLE.search(body)
    title = f" (“{found[1].decode('utf-8', 'replace').strip()}”)" if found else ""
    message = f"A web page{title} answers at {host}, not a registry"
    if proxy:
        message += f"; the proxy {masked(proxy)} may have sent it"
    return RegistryUnreachableError(message, f"Add {_name(host)} to no_proxy, or correct the registry's address.")


def masked(url: str) -> str:
    """Return a URL without user and password."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return parts._replace(netloc="***@" + parts.netloc.rpartition("@")[2]).geturl()


def _start(host: str) -> str:
    if is_local(_name(host)):
        return "Start it by scripts/setup.sh, or name another as LOCAL_REGISTRY_URL; `edk doctor` tells more."
    return "Check the address and the network; `edk doctor` tells more."


def _name(host: str) -> str:
    return urlsplit(f"//{host}").hostname or host if "://" not in host else urlsplit(host).hostname or host


def _brief(cause: BaseException) -> str:
    # urllib3 begins with the connection's repr, which tells nobody anything.
    return str(cause).rpartition(">: ")[2].rpartition("): ")[2] or type(cause).__name__


def _excerpt(body: bytes) -> str:
    text = re.sub(r"\s+", " ", body[:_EXCERPT].decode("utf-8", "replace")).strip()
    return "".join(character if character.isprintable() else "?" for character in text)
