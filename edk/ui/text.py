"""Text that is safe to print: names and logs come from anywhere."""

from __future__ import annotations

import re
import unicodedata

_KEPT = frozenset("\t")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
# Characters that turn the direction of text, by which a name can be made to look like another one.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def safe(text: str) -> str:
    """Return text with control, bidirectional and undecodable characters written out, e.g. ``\\x1b``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(char) for char in text)


def _escaped(char: str) -> str:
    if char in _KEPT:
        return char
    if char in _BIDI or unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}:
        return char.encode("unicode_escape").decode("ascii")
    return char


def size(count: float) -> str:
    """Return a number of bytes for people, in decimal units, e.g. ``12.3 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return ""


def seconds(count: float) -> str:
    """Return a duration for people, e.g. ``0.35 s`` or ``2 min 5 s``."""
    if count < 10:
        return f"{count:.2f} s"
    if count < 100:
        return f"{count:.1f} s"
    return f"{int(count // 60)} min {int(count % 60)} s"


def short(digest: str) -> str:
    """Return a digest short enough for a line, e.g. ``sha256:0123456789ab``."""
    algorithm, colon, value = digest.partition(":")
    return f"{algorithm}{colon}{value[:12]}"


def short_digests(text: str) -> str:
    """Return text with every digest in it cut to what fits a line."""
    return _DIGEST.sub(lambda match: match[0][:19], text)


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun, e.g. ``1 image`` or ``2 images``."""
    return f"{count} {one if count == 1 else many or one + 's'}"
