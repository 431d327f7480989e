"""Secrets kept out of everything that is shown or stored.

What counts as a secret: values of build arguments whose name says so, and passwords in proxy addresses. They are
masked as they are, URL-encoded, and in base64, whatever they stand next to.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from urllib.parse import quote, unquote, urlsplit

MASK = "•••"
MIN_LENGTH = 4
"""Shorter values stand in too many words to be masked; and are no secrets."""
_SECRET_NAME = re.compile(r"pass(word|wd|phrase)?|secret|token|credential|api_?key|private_?key|auth", re.IGNORECASE)


class Redactor:
    """Masks secrets in texts.

    Args:
        secrets: values to mask; short ones are left alone.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= MIN_LENGTH for form in _forms(secret)}
        # The longest first, so that no rest of one is left behind a shorter one.
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    @property
    def idle(self) -> bool:
        """Whether there is nothing to mask."""
        return self._pattern is None

    def text(self, text: str) -> str:
        """Return a text with every secret masked."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)


def secrets_of(build_args: Iterable[tuple[str, str]], proxies: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return the values among build arguments and proxies that nobody else may see."""
    found = [value for name, value in build_args if _SECRET_NAME.search(name)]
    for _, address in proxies:
        password = _password(address)
        if password:
            found.append(password)
    return tuple(found)


def _password(address: str) -> str:
    try:
        return unquote(urlsplit(address).password or "")
    except ValueError:
        return ""


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
    long_enough = [text for text in encoded if len(text) >= MIN_LENGTH * 2]
    return (secret, quote(secret, safe=""), *long_enough)
