"""URLs without their secrets, and git's complaints in our words."""

from __future__ import annotations

import re
import shlex
from base64 import b64encode
from pathlib import Path
from urllib.parse import unquote, urlsplit

BUNDLE_HINT = (
    "Without a network: where there is one, `git clone --mirror URL k.git && git -C k.git bundle create"
    " kaapana.bundle --all`, bring that file here, and run `edk init --from kaapana.bundle`."
)


def without_password(source: str) -> str:
    """Return a URL without user and password; of ``ssh`` URLs the user stays."""
    if "://" not in source:
        return source
    parts = urlsplit(source)
    if parts.username is None:
        return source
    host = parts.netloc.rpartition("@")[2]
    user = f"{parts.username}@" if parts.scheme == "ssh" else ""
    return parts._replace(netloc=user + host).geturl()


def credentials(source: str) -> dict[str, str]:
    """Return the environment that hands a URL's user and password to git's HTTP transport."""
    parts = urlsplit(source) if "://" in source else None
    if parts is None or parts.scheme not in ("http", "https") or parts.username is None:
        return {}
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    host = parts.netloc.rpartition("@")[2]
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{parts.scheme}://{host}/.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {b64encode(login.encode()).decode()}",
    }


def censored(text: str, source: str) -> str:
    """Return a text without the user and password of a URL."""
    parts = urlsplit(source) if "://" in source else None
    for secret in (parts.password, parts.username if not parts.password else None) if parts else ():
        if secret:
            text = text.replace(secret, "***").replace(unquote(secret), "***")
    return text


def is_local(source: str) -> bool:
    """Return whether a source is a folder or bundle rather than a URL."""
    return source.startswith(("/", ".", "file://")) or ":" not in source or Path(source).exists()


def named_files(said: str) -> tuple[str, ...]:
    """Return the files that git's refusal of a checkout lists, sorted."""
    # git lists them indented by a tab between two sentences; the form is the same since 1.7.
    return tuple(sorted(line[1:] for line in said.splitlines() if line.startswith("\t")))


def hint_for(said: str) -> str:
    """Return what to do about git's complaint, empty if we know nothing better than git."""
    if "dubious ownership" in said:
        found = re.search(r"repository at '([^'\n]+)'", said)
        named = shlex.quote(found[1]) if found else "PATH"
        return f"It belongs to another user: `git config --global --add safe.directory {named}`, if you trust it."
    if ".lock" in said:
        return "Another git may be at work there. If none is, delete the lock file that it names."
    if "No space left" in said:
        return "Free some disk space and run it again."
    if "uthentication" in said or "could not read Username" in said or "Permission denied (publickey" in said:
        return "Put user and token into KAAPANA_REPO_URL, or let git's credential helper know them."
    return ""


def brief(said: str) -> str:
    """Return git's complaint on one line: its first ``fatal`` or ``error``, else all it said."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    chosen = [line for line in lines if line.startswith(("fatal: ", "error: "))][:1] or lines
    return "; ".join(re.sub(r"^(fatal|error): ", "", line) for line in chosen) or "it did not say why"
