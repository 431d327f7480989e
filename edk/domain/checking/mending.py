"""Files as they are once findings are mended: bytes in, bytes out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from edk.domain.charts.yamltext import read_yaml
from edk.domain.checking.model import Edit, FileEdit, Finding
from edk.domain.dockerfile.reading import read_dockerfile
from edk.domain.workspace import Root


@dataclass(frozen=True, slots=True)
class MendedFile:
    """A file with its content before and after.

    Args:
        root: that it is in.
        file: path relative to it.
        before: its content.
        after: what is to be written.
    """

    root: Root
    file: str
    before: bytes
    after: bytes


def edits_by_file(findings: Iterable[Finding]) -> dict[tuple[Root, str], tuple[FileEdit, ...]]:
    """Return the edits that mend findings, file by file.

    Edits of one finding are made together or not at all. A finding whose edits touch a place that an earlier one
    edits is left for the next time.
    """
    taken: dict[tuple[Root, str], dict[FileEdit, None]] = {}
    for finding in findings:
        places = [(finding.root, one.file) for one in finding.mends]
        if all(_fits(one, taken.get(place, {})) for one, place in zip(finding.mends, places, strict=True)):
            for one, place in zip(finding.mends, places, strict=True):
                taken.setdefault(place, {})[one] = None
    return {place: tuple(edits) for place, edits in taken.items()}


def _fits(one: FileEdit, taken: Iterable[FileEdit]) -> bool:
    return all(one == other or not _touch(one.edit, other.edit) for other in taken)


def _touch(one: Edit, other: Edit) -> bool:
    if one.start == one.end or other.start == other.end:
        return one.start <= other.end and other.start <= one.end and one.start == other.start
    return one.start < other.end and other.start < one.end


def mended(content: bytes, edits: Sequence[FileEdit]) -> bytes | None:
    """Return a file with its edits made; None if it is not the one that they were made for."""
    if any(one.digest != sha256(content).hexdigest() for one in edits):
        return None
    for edit in sorted((one.edit for one in edits), key=lambda edit: (edit.start, edit.end), reverse=True):
        content = content[: edit.start] + edit.new + content[edit.end :]
    return content


def is_sound(file: str, before: bytes, after: bytes) -> bool:
    """Tell whether a file can be read after its edits as well as before."""
    name = file.rpartition("/")[2]
    if name.endswith((".yaml", ".yml")):
        return read_yaml(after, file).whole or not read_yaml(before, file).whole
    if name.endswith(".py"):
        from edk.domain.operators.grammar import parse

        return not parse(after).has_error or parse(before).has_error
    return read_dockerfile(after).parsed or not read_dockerfile(before).parsed


def difference(before: bytes, after: bytes, name: str) -> tuple[str, ...]:
    """Return a unified diff, one text a line."""
    old, new = (text.decode("utf-8", "replace").splitlines(keepends=True) for text in (before, after))
    lines = difflib.unified_diff(old, new, name, name)
    return tuple(line.rstrip("\r\n") for line in lines)
