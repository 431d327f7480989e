"""``RUN --mount=…``: the pairs of its value, with the place of what ``from=`` names."""

from __future__ import annotations

import csv
from dataclasses import dataclass

from edk.domain.dockerfile.lines import DockerfileError
from edk.domain.dockerfile.scope import Scope
from edk.domain.dockerfile.words import Flag

_KINDS = frozenset({"bind", "cache", "tmpfs", "secret", "ssh"})


@dataclass(frozen=True, slots=True)
class Mount:
    """A mount of a RUN.

    Args:
        kind: ``bind``, ``cache``, ``tmpfs``, ``secret`` or ``ssh``.
        origin: stage or image of ``from=``; empty is the build context.
        source: path in it, expanded.
        exact: whether the source is known.
        start: index in the logical line's text of what ``from=`` names; -1 if it can't be replaced.
        end: index behind it.
    """

    kind: str
    origin: str
    source: str
    exact: bool
    start: int
    end: int


def read_mount(flag: Flag, scope: Scope) -> Mount:
    """Return the mount that a flag asks for.

    Raises:
        DockerfileError: for a kind of mount that is not known, or a variable in ``from=``.
        ShellError: for a substitution that the engine refuses.
    """
    kind, origin, source, exact, start, end = "bind", "", "/", True, -1, -1
    for field, place in _fields(flag.value or ""):
        key, equals, written = field.partition("=")
        key = key.lower()
        if key == "from" and equals:
            if "$" in written[:-1]:
                raise DockerfileError(
                    "'from' doesn't support variable expansion, define alias stage instead", kind="stage"
                )
            origin = written
            if place >= 0 and written:
                first = place + len("from=")
                start, end = flag.places[first], flag.places[first + len(written) - 1] + 1
        elif key in ("source", "src", "type"):
            value = scope.expand(written)
            exact = exact and value.exact
            if key == "type":
                kind = value.text.lower()
            else:
                source = value.text or "/"
    if kind not in _KINDS and exact:
        raise DockerfileError(f'unsupported mount type "{kind}"')
    return Mount(kind, origin, source, exact, start, end)


def _fields(value: str) -> list[tuple[str, int]]:
    """Split comma-separated values; each with its index in the value, or -1 where quotes hide it."""
    if '"' in value:
        return [(field, -1) for row in csv.reader([value]) for field in row]
    fields: list[tuple[str, int]] = []
    at = 0
    for field in value.split(","):
        fields.append((field, at))
        at += len(field) + 1
    return fields
