"""Bytes of a Python file as UTF-8, with the way back to the offsets of the file itself."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BLANK = re.compile(rb"^[ \t\f]*(?:#[^\r\n]*)?$")
_LONE_RETURN = re.compile(rb"\r(?!\n)")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Encodings in which every character stands for itself, whatever is before it: offsets can be taken back.
_STATELESS = ("utf-8", "ascii", "iso8859", "cp", "koi8", "mac", "euc", "gb", "big5", "shift_jis")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file as UTF-8.

    Args:
        source: UTF-8 with ``\\n`` or ``\\r\\n`` as line ends and no null bytes.
        encoding: of the file.
        skipped: bytes of a byte order mark, which `source` lacks.
        problem: why Python would not read it; empty if it would.
        line: of the problem, from 1; 0 if it is the file as a whole.
    """

    source: bytes
    encoding: str
    skipped: int
    problem: str = ""
    line: int = 0

    def offsets(self, positions: Iterable[int]) -> dict[int, int]:
        """Return the file's byte offset for each offset in `source`."""
        if self.encoding == "utf-8":
            return {position: position + self.skipped for position in positions}
        found: dict[int, int] = {}
        last, total = 0, self.skipped
        for position in sorted(set(positions)):
            piece = self.source[last:position].decode("utf-8")
            total += len(piece.encode(self.encoding))
            found[position] = total
            last = position
        return found


def decode(content: bytes) -> Decoded:
    """Return any bytes as UTF-8, in the way Python reads source, or as near to it as can be."""
    bom, encoding = next(((bom, name) for bom, name in _BOMS if content.startswith(bom)), (b"", ""))
    body = content[len(bom) :]
    if not encoding:
        encoding = _unmarked_utf16(body)
    if encoding not in ("", "utf-8"):
        return _wide(body, encoding, len(bom))
    cookie, cookie_line = _cookie(body)
    name = _codec(cookie) if cookie else "utf-8"
    if not name or (bom and name != "utf-8"):
        decoded = _by_codec(body, "utf-8", len(bom))
        problem = f"the encoding {cookie!r} is not known" if not name else f"it has a UTF-8 mark, but says {cookie!r}"
        return Decoded(decoded.source, decoded.encoding, len(bom), problem, cookie_line)
    return _by_codec(body, name, len(bom))


def _unmarked_utf16(body: bytes) -> str:
    sample = body[:400]
    if len(sample) < 8 or 0 not in sample:
        return ""
    even, odd = sample[0::2], sample[1::2]
    if odd.count(0) > 0.8 * len(odd) and even.count(0) < 0.2 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.8 * len(even) and odd.count(0) < 0.2 * len(odd):
        return "utf-16-be"
    return ""


def _wide(body: bytes, encoding: str, skipped: int) -> Decoded:
    problem = f"it is {encoding[:6].upper()}, which Python does not read"
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError:
        return Decoded(_clean(body.decode("latin-1")), "iso8859-1", skipped, problem)
    return Decoded(_clean(text), encoding, skipped, problem)


def _cookie(body: bytes) -> tuple[str, int]:
    for number, line in enumerate(re.split(rb"\r\n|\r|\n", body[:2000], maxsplit=2)[:2], start=1):
        match = _COOKIE.match(line)
        if match:
            return match[1].decode("latin-1"), number
        if not _BLANK.match(line):
            break
    return "", 0


def _codec(cookie: str) -> str:
    if cookie.lower().replace("_", "-").startswith(("latin-1", "iso-8859-1", "iso-latin-1")):
        return "iso8859-1" if not re.search(r"8859-1\d", cookie) else _looked_up(cookie)
    return _looked_up(cookie)


def _looked_up(cookie: str) -> str:
    try:
        name = codecs.lookup(cookie).name
    except (LookupError, ValueError, UnicodeError):
        return ""
    if name == "utf-8-sig":
        return "utf-8"
    return name if name.startswith(_STATELESS) else ""


def _by_codec(body: bytes, encoding: str, skipped: int) -> Decoded:
    problem, line = "", 0
    if 0 in body:
        problem, line = "it holds null bytes", body[: body.index(0)].count(b"\n") + 1
    try:
        text = body.decode(encoding)
        if encoding == "utf-8" or text.encode(encoding) == body:
            return Decoded(_clean(text), encoding, skipped, problem, line)
        problem = problem or f"it can't be written back as {encoding}"
    except UnicodeDecodeError as error:
        where = body[: error.start].count(b"\n") + 1
        problem, line = f"byte 0x{body[error.start]:02x} is not {encoding.upper()}", where
    return Decoded(_clean(body.decode("latin-1")), "iso8859-1", skipped, problem, line)


def _clean(text: str) -> bytes:
    source = text.encode("utf-8", "replace")
    if b"\0" in source:
        source = source.replace(b"\0", b" ")
    return _LONE_RETURN.sub(b"\n", source) if b"\r" in source else source
