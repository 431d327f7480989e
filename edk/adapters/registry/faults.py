"""What went wrong on the way to a registry, and what to do about it."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

from edk.domain.errors import RegistryRefusesError, RegistryUnreachableError
from edk.domain.network import is_local

_TITLE = re.compile(rb"<title[^>]*>\s*([^<]{1,80})", re.IGNORECASE)
_EXCERPT = 200
_FULL = (
    "Remove superseded images with 'edk prune' ('--gc' frees their bytes at once where the registry is ours). In the"
    " cluster restart the registry's pod, which collects garbage as it starts (the chart's value"
    " registry.collectGarbage), or give it a larger volume (storage.registry.size)."
)
_READ_ONLY = (
    "Unset REGISTRY_STORAGE_MAINTENANCE_READONLY in its environment, or name another registry: a mirror of"
    " another one takes nothing either."
)
# By the numbers that Linux has for them, for it is a registry in a container that tells them.
_STORAGE = {
    28: ("its disk is full", _FULL),
    122: ("its disk quota is used up", _FULL),
    30: ("its storage is read-only", "Look at the log of its node: a disk with errors is often mounted read-only."),
    13: ("its storage belongs to another user", "Its volume's group has to be the fsGroup of its pod."),
}


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
    """Return what a 429 or 5xx means; of a full disk the registry's own answer tells."""
    known = _STORAGE.get(_errno(body))
    if known is not None:
        return RegistryRefusesError(f"Registry {host} can't keep anything: {known[0]}", known[1])
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
    if status == 405 and method in ("POST", "PUT", "PATCH"):
        return RegistryRefusesError(f"Registry {host} takes no uploads: it is read-only", _READ_ONLY)
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


def _errno(body: bytes) -> int:
    """Return the system's number for why the registry's storage failed, as its file system driver tells it; else 0."""
    try:
        number = json.loads(body)["errors"][0]["detail"]["Enclosed"]["Err"]
    except (ValueError, LookupError, TypeError):
        return 0
    return number if isinstance(number, int) else 0


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
