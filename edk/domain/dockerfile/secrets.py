"""Secrets written into a Dockerfile: they can be read from the image by everybody who can pull it.

Only literal values are pointed out, and none of them is ever repeated: not in a message either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from edk.domain.codes import dockerfiles as codes
from edk.domain.diagnostics import Diagnostic

if TYPE_CHECKING:
    from edk.domain.dockerfile.commands import Command

_NAMED = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN(?!I[ZS])|CREDENTIALS?$|(?:API|ACCESS|PRIVATE|ENCRYPTION|SIGNING)_?KEY"
)
_NOT_ITSELF = re.compile(
    r"(?:FILE|PATH|DIR|NAME|URL|URI|HOST|ENDPOINT|HEADER|USER|ID|TYPE|TTL|LENGTH|LIMIT|EXPIRY|ENABLED|REQUIRED|COUNT|TOKENS)$"
)
_HARMLESS = re.compile(
    r"[\d.,:]*|/.*|true|false|yes|no|on|off|none|null|undefined|empty|<.*>|\*+|x{3,}|\.{3}", re.IGNORECASE
)
# The shapes that the makers of these tokens publish, so that scanners find them.
_SHAPES = (
    ("a GitHub token", r"gh[pousr]_[A-Za-z0-9]{36,}"),
    ("a GitHub token", r"github_pat_[A-Za-z0-9_]{60,}"),
    ("a GitLab token", r"gl(?:pat|dt|rt|ptt|ft)-[A-Za-z0-9_-]{20,}"),
    ("an AWS access key", r"(?:AKIA|ASIA)[A-Z2-7]{16}"),
    ("a Google API key", r"AIza[A-Za-z0-9_-]{35}"),
    ("a Slack token", r"xox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("a Hugging Face token", r"hf_[A-Za-z0-9]{30,}"),
    ("a PyPI token", r"pypi-[A-Za-z0-9_-]{50,}"),
    ("a Docker Hub token", r"dckr_pat_[A-Za-z0-9_-]{20,}"),
    ("a JSON web token", r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    ("a private key", r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"),
    ("an address with a password", r"[a-z][a-z0-9+.-]*://[^\s/:@$]+:[^\s/@$]+@"),
)
_KNOWN = re.compile("|".join(f"(?P<s{i}>(?<![A-Za-z0-9]){shape})" for i, (_, shape) in enumerate(_SHAPES)))


def secrets_in(commands: Iterable[Command]) -> tuple[Diagnostic, ...]:
    """Return where a Dockerfile's ARG and ENV hold secrets; `file` is empty."""
    found = []
    for command in commands:
        for name, value in _values(command.trigger or command):
            why = what_secret(name, value)
            if why:
                keyword = (command.trigger or command).keyword
                message = f"{keyword} {name} holds {why}, which stays readable in the image"
                found.append(codes.SECRET_VALUE.at("", command.line, message))
    return tuple(found)


def what_secret(name: str, value: str) -> str:
    """Return what kind of secret a variable holds, as a phrase; empty if none that can be told.

    Args:
        name: of the variable.
        value: as written; one that is made of other variables is no literal, and these are looked at themselves.
    """
    plain = _unquoted(value.strip())
    shape = _KNOWN.search(plain)
    if shape is not None:
        return next(_SHAPES[i][0] for i in range(len(_SHAPES)) if shape[f"s{i}"] is not None)
    upper = name.upper()
    if "$" in plain or _HARMLESS.fullmatch(plain) or _NOT_ITSELF.search(upper):
        return ""
    return "a secret by its name" if _NAMED.search(upper) else ""


def _values(command: Command) -> Iterator[tuple[str, str]]:
    if command.keyword == "ENV":
        yield from command.pairs
    elif command.keyword == "ARG":
        for written in command.args:
            name, equals, default = written.partition("=")
            if equals:
                yield name, default


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value
