"""Which files of a context count: what COPY, ADD and bind mounts can reach and .dockerignore leaves in."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from edk.domain.dockerfile.globs import Matcher, go_matcher, has_wildcard, literal_prefix

if TYPE_CHECKING:
    from edk.domain.dockerfile.ignore import IgnoreRules
    from edk.domain.dockerfile.model import ContextUse, DockerfileReading

WHOLE = "."


class SourcePattern(Struct, frozen=True):
    """One source: its text, the folders that are named literally, and what matches it if it has wildcards.

    Args:
        text: relative to the context's root.
        prefix: the path itself, or the folders before the first wildcard.
        depth: how many parts a match has; 0 if any number (a class such as ``[^a]`` matches slashes too).
        matcher: None if it has no wildcards.
    """

    text: str
    prefix: str
    depth: int
    matcher: Matcher | None

    def reaches(self, path: str) -> bool:
        """Return whether a path is a match, or inside one."""
        if self.matcher is None:
            return path == self.text or path.startswith(f"{self.text}/")
        parts = path.split("/")
        ends = range(1, len(parts) + 1) if not self.depth else (self.depth,)
        return any(end <= len(parts) and self.matcher("/".join(parts[:end])) for end in ends)

    def leads_through(self, folder: str) -> bool:
        """Return whether a match may be inside a folder that is no match itself."""
        if self.prefix and f"{self.prefix}/".startswith(f"{folder}/"):
            return self.matcher is not None or folder != self.text
        if self.matcher is None or (self.prefix and not folder.startswith(f"{self.prefix}/")):
            return False
        return not self.depth or folder.count("/") + 1 < self.depth


class ContextRules(Struct, frozen=True):
    """What of a context is sent to the engine and counts for the fingerprint.

    Args:
        roots: literal folders or files that have to be looked at; ``""`` is the whole context.
        whole: whether every file that is not ignored counts.
        why_whole: the reason for it, in a sentence; empty if not.
        prefixes: paths that are named literally, with the folders above them: if one of them is a link, the
            engine follows it, and the whole context has to count.
        uses: what was taken into account.
        ignore: the rules of .dockerignore.
    """

    roots: tuple[str, ...]
    whole: bool
    why_whole: str
    prefixes: tuple[str, ...]
    uses: tuple[ContextUse, ...]
    ignore: IgnoreRules
    patterns: tuple[SourcePattern, ...]

    def wants(self, path: str, is_dir: bool) -> bool:
        """Return whether a file, folder or link counts.

        A folder counts for itself if it is copied, not because something in it is.

        Args:
            path: relative to the context's root, with ``/``.
            is_dir: whether it is a folder.
        """
        if is_dir and path in ("", WHOLE):
            return False
        reached = self.whole or any(pattern.reaches(path) for pattern in self.patterns)
        return reached and not self.ignore.excludes(path)

    def descend(self, folder: str) -> bool:
        """Return whether anything inside a folder may count."""
        if folder in ("", WHOLE):
            return bool(self.whole or self.patterns)
        reached = self.whole or any(p.reaches(folder) or p.leads_through(folder) for p in self.patterns)
        return reached and self.ignore.may_include_below(folder)

    def follows(self, path: str) -> bool:
        """Return whether the engine would follow a link at this path; then the whole context has to count."""
        if self.whole:
            return False
        return path in self.prefixes or any(p.matcher is not None and p.matcher(path) for p in self.patterns)

    def searched(self) -> tuple[str, ...]:
        """Return the folders that wildcards are looked for in, apart from the context's root.

        BuildKit fails without such a folder, though nothing in it has to match.
        """
        return tuple(p.prefix for p in self.patterns if p.matcher is not None and p.prefix)


def context_rules(
    reading: DockerfileReading, ignore: IgnoreRules, all_stages: bool = False, whole: str = ""
) -> ContextRules:
    """Return which files of the context count.

    Args:
        reading: of the Dockerfile.
        ignore: of its .dockerignore.
        all_stages: whether stages that the final one does not need are built too: the classic builder does.
        whole: a reason for which the whole context has to count; empty if there is none.
    """
    uses = tuple(use for use in reading.context if all_stages or use.needed)
    reason = whole or _why_whole(uses)
    if reason:
        return ContextRules(("",), True, reason, (), uses, ignore, ())
    patterns = tuple(
        _source_pattern(source) for source in dict.fromkeys(source for use in uses for source in use.sources)
    )
    prefixes = dict.fromkeys(above for pattern in patterns for above in _and_above(pattern.prefix))
    return ContextRules(
        _roots(pattern.prefix for pattern in patterns), False, "", tuple(prefixes), uses, ignore, patterns
    )


def unmatched(rules: ContextRules, paths: Iterable[str]) -> tuple[tuple[ContextUse, str], ...]:
    """Return the sources that no file, folder or link of the context matches.

    Args:
        rules: of the context.
        paths: of everything in the context that `ContextRules.wants`, folders included or not.

    A source with wildcards may match nothing: BuildKit copies nothing then, without an error, if the folder
    that it looks in is there. A malformed one is an error.
    """
    there = {above for path in paths for above in _and_above(path)}
    return tuple(
        (use, source)
        for use in rules.uses
        if use.exact
        for source in use.sources
        if source != WHOLE and source not in there and _must_match(source, there)
    )


def _must_match(source: str, there: Collection[str]) -> bool:
    if not has_wildcard(source) or go_matcher(source) is None:
        return True
    folder = literal_prefix(source)
    return bool(folder) and folder not in there


def _why_whole(uses: Iterable[ContextUse]) -> str:
    for use in uses:
        if not use.exact:
            return f"line {use.line} names its source by a variable that only the base image may know"
        if WHOLE in use.sources:
            return f"line {use.line} uses the whole folder"
    return ""


def _source_pattern(source: str) -> SourcePattern:
    if not has_wildcard(source):
        return SourcePattern(source, source, 0, None)
    depth = 0 if "[^" in source else source.count("/") + 1
    return SourcePattern(source, literal_prefix(source), depth, go_matcher(source) or _nothing)


def _nothing(path: str) -> bool:
    """Match no path: as the engine does with a malformed pattern."""
    return not path and False


def _and_above(path: str) -> tuple[str, ...]:
    parts = path.split("/") if path else []
    return tuple("/".join(parts[: end + 1]) for end in range(len(parts)))


def _roots(prefixes: Iterable[str]) -> tuple[str, ...]:
    """Return the prefixes that are not inside another one."""
    kept: list[str] = []
    for prefix in sorted(set(prefixes)):
        if not kept or not (kept[-1] == "" or f"{prefix}/".startswith(f"{kept[-1]}/")):
            kept.append(prefix)
    return tuple(kept)
