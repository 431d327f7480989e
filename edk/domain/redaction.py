"""Secrets kept out of everything that is shown or stored.

What counts as a secret: values of build arguments whose name says so, and passwords in proxy addresses. They are
masked as they are, URL-encoded, and in base64 (that itself may be URL-encoded), whatever they stand next to.
"""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Iterable
from typing import Any, TypeVar, cast
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct, structs

T = TypeVar("T")
# Words of ours that surfaces decide by, and paths of ours that they open: a secret that happens to be one of these
# words, or the name of a folder above, must not lead them astray.
_OURS = frozenset({"log", "archive", "kind", "phase", "stream", "severity", "state"})
MASK = "•••"
MIN_LENGTH = 4
"""Shorter values stand in too many words to be masked; and are no secrets."""
_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?|secret|token|credential|(api|private|access|ssh)_?key|auth", re.IGNORECASE
)

_USER_OF_ADDRESS = re.compile(r"(?<=://)(?:[^/@\s:]*:[^/\s]*|(?<=http://)[^/@\s]+|(?<=https://)[^/@\s]+)(?=@)")


class Redactor:
    """Masks secrets in texts.

    Args:
        secrets: values to mask; short ones are left alone.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        pieces = {piece for secret in secrets for piece in _pieces(secret) if len(piece) >= MIN_LENGTH}
        forms = {form for piece in pieces for form in _forms(piece)}
        # The longest first, so that no rest of one is left behind a shorter one.
        ordered = "|".join(map(re.escape, sorted(forms, key=lambda form: (-len(form), form))))
        self._any = re.compile(ordered) if ordered else None
        # Looking ahead finds what begins inside another one, too.
        self._each = re.compile(f"(?=({ordered}))")

    @property
    def idle(self) -> bool:
        """Whether there is nothing to mask."""
        return self._any is None

    def text(self, text: str) -> str:
        """Return a text with every secret masked."""
        if self._any is None or self._any.search(text) is None:
            return text
        parts, done = [], 0
        for start, end in _joined(match.span(1) for match in self._each.finditer(text)):
            parts += [text[done:start], MASK]
            done = end
        return "".join((*parts, text[done:]))

    def masked(self, value: T) -> T:
        """Return a frozen value, such as an event or a status, with every secret in its texts masked."""
        return value if self.idle else cast("T", self._masked(value))

    def json(self, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        """Return a JSON value with every secret in its texts masked, keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.json(item) for key, item in value.items()}
        return [self.json(item) for item in value] if isinstance(value, (list, tuple)) else value

    def _masked(self, value: Any) -> Any:  # noqa: ANN401 - a field of any kind
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, tuple):
            return tuple(self._masked(item) for item in value)
        if isinstance(value, Struct):
            return structs.replace(
                value, **{n: self._masked(getattr(value, n)) for n in value.__struct_fields__ if n not in _OURS}
            )
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            texts = (f.name for f in dataclasses.fields(value) if f.name not in _OURS)
            fields = {name: self._masked(getattr(value, name)) for name in texts}
            return dataclasses.replace(value, **fields)
        return value


def without_credentials(text: str) -> str:
    """Return text with user and password of every web address in it masked; a token may stand for either."""
    return _USER_OF_ADDRESS.sub(MASK, text)


def is_secret_name(name: str) -> bool:
    """Tell whether the name of a variable says that its value is a secret."""
    return _SECRET_NAME.search(name) is not None


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans, given by their start, with those in one that overlap."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def secrets_of(build_args: Iterable[tuple[str, str]], proxies: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return the values among build arguments and proxies that nobody else may see."""
    found = [value for name, value in build_args if is_secret_name(name)]
    for _, address in proxies:
        found.extend(_passwords(address))
    return tuple(found)


def _passwords(address: str) -> tuple[str, ...]:
    """Return the password of an address, as it stands there and as it is meant."""
    try:
        password = urlsplit(address).password or ""
    except ValueError:
        return ()
    return tuple(dict.fromkeys((password, unquote(password)))) if password else ()


def _pieces(secret: str) -> tuple[str, ...]:
    """Return a secret and, as output comes line by line, each of its lines."""
    return (secret, *(line.strip() for line in secret.splitlines()))


def _forms(secret: str) -> tuple[str, ...]:
    """Return a secret as it may appear: as it is, URL-encoded, in base64 at each of the three offsets."""
    data = secret.encode("utf-8", "surrogateescape")
    encoded = []
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + data).decode()
        # Characters that also hold bits of what stands before and behind it differ from place to place.
        start = (offset * 8 + 5) // 6
        end = (offset + len(data)) * 8 // 6
        encoded.append(text[start:end])
    return (secret, quote(data, safe=""), *encoded, *(quote(text, safe="") for text in encoded))
