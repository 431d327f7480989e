"""``.dockerignore``: which paths of a context the engine never sees, by the rules of moby's patternmatcher.

The last pattern that matches a path or a folder above it decides. One quirk is kept: a pattern that was
passed over at a folder, because what it says was already so, does not match there for what is inside.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from edk.domain.codes import dockerfiles as codes
from edk.domain.diagnostics import Diagnostic
from edk.domain.dockerfile.globs import Matcher, has_wildcard, literal_prefix, moby_matcher
from edk.domain.dockerfile.lines import BOM, GO_SPACE, MAX_LINE_BYTES

MAX_BYTES = 8 << 20
"""A larger .dockerignore is not read."""

MAX_WILDCARDS = 2_000
"""So many patterns with wildcards are tried on each path; a file with more is refused."""

MAX_STARS = 16
"""A pattern with more ``*`` is refused: trying it takes too long."""

IGNORE_NAME = ".dockerignore"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line: its number, its cleaned pattern and whether it takes paths back in (``!``)."""

    line: int
    text: str
    negated: bool


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """What a .dockerignore file says.

    Args:
        patterns: in the order of the file.
        diagnostics: with `file` empty; a file with an error is refused by the engine.
    """

    patterns: tuple[Pattern, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    _plain: dict[str, tuple[int, ...]] = field(default_factory=dict, compare=False, repr=False)
    _wild: tuple[tuple[int, Matcher], ...] = field(default=(), compare=False, repr=False)

    def excludes(self, path: str) -> bool:
        """Return whether a path, relative to the context with ``/``, is left out of the context."""
        if not self.patterns or path in ("", "."):
            return False
        parts = path.split("/")
        levels = [self._matching("/".join(parts[: depth + 1])) for depth in range(len(parts))]
        candidates = sorted(set().union(*levels))
        matched = False
        above: set[int] = set()
        for level in levels:
            matched, here = False, set()
            for index in candidates:
                negated = self.patterns[index].negated
                if index in above or (negated == matched and index in level):
                    here.add(index)
                    matched = not negated
            above = here
        return matched

    def may_include_below(self, folder: str) -> bool:
        """Return whether anything inside a folder may be left in; if not, nobody needs to look into it."""
        if not self.excludes(folder):
            return True
        return any(_reaches(pattern.text, folder) for pattern in self.patterns if pattern.negated)

    def _matching(self, path: str) -> set[int]:
        found = set(self._plain.get(path, ()))
        found.update(index for index, matcher in self._wild if matcher(path))
        return found


NO_RULES = IgnoreRules()


def parse_ignore(content: bytes) -> IgnoreRules:
    """Return the rules of a .dockerignore file; what is wrong with it stands in their diagnostics."""
    if len(content) > MAX_BYTES:
        message = f"the .dockerignore has {len(content)} bytes; at most {MAX_BYTES} are read"
        return IgnoreRules(diagnostics=(codes.TOO_LARGE.at("", 0, message),))
    patterns: list[Pattern] = []
    plain: dict[str, list[int]] = {}
    wild: list[tuple[int, Matcher]] = []
    problems: list[Diagnostic] = []
    for number, raw in enumerate(content.removeprefix(BOM).split(b"\n"), 1):
        pattern = _pattern(raw.decode("utf-8", "surrogateescape"), number)
        if pattern is None:
            continue
        if len(wild) == MAX_WILDCARDS:
            message = f"more than {MAX_WILDCARDS} patterns with wildcards"
            return IgnoreRules(diagnostics=(codes.TOO_LARGE.at("", number, message),))
        read = _matcher(pattern, len(raw))
        if isinstance(read, Diagnostic):
            problems.append(read)
            continue
        if read is None:
            plain.setdefault(pattern.text, []).append(len(patterns))
        else:
            wild.append((len(patterns), read))
        patterns.append(pattern)
    return IgnoreRules(tuple(patterns), tuple(problems), {text: tuple(at) for text, at in plain.items()}, tuple(wild))


def _matcher(pattern: Pattern, size: int) -> Matcher | Diagnostic | None:
    """Return what matches a pattern: None if it is plain text, a diagnostic if it is refused."""
    if size > MAX_LINE_BYTES:
        return codes.BAD_IGNORE_PATTERN.at("", pattern.line, "the line is too long")
    if pattern.text and not _is_wild(pattern.text):
        return None
    if pattern.text.count("*") > MAX_STARS:
        message = f"pattern with more than {MAX_STARS} stars: {pattern.text[:80]}"
        return codes.TOO_LARGE.at("", pattern.line, message)
    matcher = moby_matcher(pattern.text) if pattern.text else None
    if matcher is None:
        message = f"syntax error in pattern: {'!' * pattern.negated}{pattern.text}"
        return codes.BAD_IGNORE_PATTERN.at("", pattern.line, message)
    return matcher


def ignore_file(dockerfile: str, names: Collection[str]) -> str:
    """Return which ignore file applies, of those that are there; empty if none does.

    Args:
        dockerfile: path of the Dockerfile relative to the context's root.
        names: paths of the ignore files that are there, relative to the same root.
    """
    own = f"{dockerfile}{IGNORE_NAME}"
    return own if own in names else IGNORE_NAME if IGNORE_NAME in names else ""


def _pattern(line: str, number: int) -> Pattern | None:
    if line.startswith("#"):
        return None
    text = line.strip(GO_SPACE)
    if not text:
        return None
    bang, text = ("!", text[1:].strip(GO_SPACE)) if text.startswith("!") else ("", text)
    cleaned = _clean(text) if text else ""
    # The engine cleans the whole line once more, and only then looks whether it begins with ``!``.
    again = _clean(bang + (cleaned[1:] if len(cleaned) > 1 and cleaned.startswith("/") else cleaned))
    return Pattern(number, again.removeprefix("!"), again.startswith("!"))


def _clean(text: str) -> str:
    """Clean a path as Go's ``filepath.Clean``."""
    rooted = text.startswith("/")
    parts: list[str] = []
    for part in text.split("/"):
        if part == "..":
            if parts and parts[-1] != "..":
                parts.pop()
            elif not rooted:
                parts.append(part)
        elif part not in ("", "."):
            parts.append(part)
    return "/" * rooted + "/".join(parts) or "."


def _is_wild(text: str) -> bool:
    return has_wildcard(text) or "\\" in text


def _reaches(pattern: str, folder: str) -> bool:
    """Return whether a pattern may match something inside a folder."""
    prefix = literal_prefix(pattern) if _is_wild(pattern) else pattern
    inside = f"{folder}/"
    if not _is_wild(pattern):
        return f"{prefix}/".startswith(inside) or inside.startswith(f"{prefix}/")
    return not prefix or f"{prefix}/".startswith(inside) or inside.startswith(f"{prefix}/")
