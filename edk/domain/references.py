"""References in copies of Python files: an expression that names images built here comes to exactly these images.

The copy of an operator's file that goes into a DAG image, or into a packaged chart, is rewritten at the bytes of such
an expression and nowhere else. Where the expression comes to one reference whatever happens, a literal takes its
place. Where it may come to several, or to something that only a run knows (a default that a caller may override, a
name that a class inherits), the expression stays and what it comes to is looked at: one of the names that are built
here gives its image, anything else passes unchanged. Lines keep their numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from msgspec import Struct

REFERENCES_LABEL = "io.kaapana.edk.references"
_WALRUS = b":="


class ReferenceEdit(Struct, frozen=True):
    """An expression to rewrite.

    Args:
        start: byte offset in the file.
        end: byte offset behind it.
        names: name of each image that it may come to and that is built here → key of its target.
        sole: whether it comes to the one image in any case.
    """

    start: int
    end: int
    names: tuple[tuple[str, str], ...]
    sole: bool


class RewrittenFile(Struct, frozen=True):
    """A file of which a copy is rewritten.

    Args:
        path: in the build context, or relative to the chart's folder.
        edits: by place.
        content: sha256 of the file that the places are of.
    """

    path: str
    edits: tuple[ReferenceEdit, ...]
    content: str

    @property
    def targets(self) -> tuple[str, ...]:
        """Return the keys of the targets that it names, without repetition."""
        return tuple(dict.fromkeys(key for edit in self.edits for _, key in edit.names))

    @property
    def identity(self) -> str:
        """Return a hash of what is rewritten to what, but for the references themselves."""
        shape = [(edit.start, edit.end, edit.sole, [name for name, _ in edit.names]) for edit in self.edits]
        return hashlib.sha256(repr(shape).encode("utf-8", "surrogateescape")).hexdigest()


def rewrite_references(content: bytes, edits: Sequence[ReferenceEdit], refs: Mapping[str, str]) -> bytes:
    """Return a file with its expressions rewritten.

    Args:
        content: of the file.
        edits: of exactly this content.
        refs: key of a target → the reference to write; an image that is not there stays as it is written.
    """
    return _rewritten(content, 0, len(content), tuple(sorted(set(edits), key=lambda e: (e.start, -e.end))), refs)


def _rewritten(
    content: bytes, start: int, end: int, edits: Sequence[ReferenceEdit], refs: Mapping[str, str]
) -> bytes:
    """Return a range of a file with the edits in it made, those inside of another one's expression too."""
    out: list[bytes] = []
    at = start
    for number, edit in enumerate(edits):
        known = tuple((name, refs[key]) for name, key in edit.names if key in refs)
        # Python itself reads no encoding that has a zero byte in it.
        if edit.start < at or not known or b"\0" in content[edit.start : edit.end]:
            continue
        inside = tuple(other for other in edits[number + 1 :] if other.end <= edit.end)
        expression = _rewritten(content, edit.start, edit.end, inside, refs)
        out += [content[at : edit.start], _written(expression, known, edit.sole, content[edit.end :])]
        at = edit.end
    return b"".join((*out, content[at:end]))


def _written(expression: bytes, known: tuple[tuple[str, str], ...], sole: bool, behind: bytes) -> bytes:
    # An assignment inside of the expression has to take place all the same.
    if sole and _WALRUS not in expression:
        return _literal(known[0][1]) + _lines(expression, behind)
    pairs = b"".join(b"(" + _literal(name) + b", " + _literal(ref) + b"), " for name, ref in sorted(known))
    chosen = b'next((new for name, new in (' + pairs.rstrip() + b') if f"/{name}:" in f"/{ref}:"), ref)'
    return b"(lambda ref: " + chosen + b")(" + expression + b")"


def _literal(text: str) -> bytes:
    """Return a reference or a name, which hold nothing that would need escaping, as a Python string."""
    return b'"' + text.encode("ascii") + b'"'


def _lines(expression: bytes, behind: bytes) -> bytes:
    """Return as many continued line ends as an expression has, so that what follows keeps its line numbers."""
    count = expression.count(b"\n")
    if not count or not behind.strip():
        return b""
    end = b"\r\n" if b"\r\n" in expression else b"\n"
    return (b" \\" + end) * count
