"""What a prune would remove, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from edk.domain.pruning import Reason, Verdict, Why
from edk.domain.survey import Survey
from edk.ui.status_text import age
from edk.ui.text import plural, safe, short, size

MAX_NAME = 60
_WORDS: dict[Why, str] = {
    "foreign": "not ours",
    "unreadable": "can't be read",
    "tag": "tag",
    "tree": "the present tree",
    "chart": "chart",
    "cluster": "the cluster",
    "reference": "referred to by",
    "base": "base of",
    "part": "part of",
    "alias": "alias of",
    "last": "among the last",
    "recent": "just pushed",
    "undated": "its age is not known",
    "unrecorded": "no record of its push here",
}


def reason_text(reason: Reason) -> str:
    """Return a reason in words, e.g. ``referred to by dag:0.6.0``."""
    return f"{_WORDS[reason.why]} {reason.detail}".rstrip()


def prune_lines(found: Survey, now: float, cache_limit: int) -> Iterator[str]:
    """Yield what a prune would remove, and what that frees.

    Args:
        found: what there is.
        now: seconds since the epoch.
        cache_limit: bytes that the engine's build cache may have; negative: it is left alone.
    """
    if found.superseded:
        rows = [("IMAGE", "TAGS", "DIGEST", "SIZE", "PUSHED")]
        yield from table([*rows, *(_cells(verdict, now) for verdict in _by_name(found.superseded))])
    for chart in found.old_charts:
        yield safe(f"chart {chart.path}, {size(chart.size)}, packaged {age(now - chart.modified)} ago")
    kept = Counter(next(r.why for r in v.reasons) for v in found.verdicts if not v.superseded)
    images, charts = plural(len(found.superseded), "image"), plural(len(found.old_charts), "chart")
    atmost = "" if found.inventory.complete else "at most "
    yield f"{images} and {charts} are superseded; {atmost}{size(found.freed)} of the registry become free"
    if kept:
        yield f"kept: {', '.join(f'{count} ({_SHORT.get(why, _WORDS[why])})' for why, count in kept.most_common())}"
    yield from _engine(found, cache_limit)
    yield from caveats(found)


_SHORT: dict[Why, str] = {
    "tag": "with a tag",
    "chart": "a chart names it",
    "reference": "another one refers to it",
    "base": "another one is built on it",
    "part": "part of another one",
    "alias": "alias of a kept one",
    "last": "among the last of its name",
}


def _engine(found: Survey, cache_limit: int) -> Iterator[str]:
    engine = found.engine
    if engine.problem:
        yield safe(f"the engine is left alone: {engine.problem}")
    if engine.copies:
        copies = plural(engine.copies, "superseded image")
        yield f"the engine keeps {copies} of ours without a tag, at most {size(engine.copies_bytes)}"
    if cache_limit >= 0:
        over = engine.cache_bytes - cache_limit
        text = f"at most {size(over)} of it go" if over > 0 else "nothing of it goes"
        yield f"the engine's build cache has {size(engine.cache_bytes)}, the limit is {size(cache_limit)}: {text}"


def caveats(found: Survey) -> Iterator[str]:
    """Yield what keeps the picture from being whole."""
    unrecorded = [v for v in found.verdicts if {r.why for r in v.reasons} == {"unrecorded"}]
    if unrecorded:
        them = "it" if len(unrecorded) == 1 else "them"
        yield (
            f"{plural(len(unrecorded), 'image')} more would go, but there is no record here of their push (the state "
            f"was lost, or another EDK pushed {them}): --unrecorded counts {them} in"
        )
    if found.inventory.unreadable:
        yield safe(f"could not be read, and left alone: {', '.join(found.inventory.unreadable)}")
    if not found.targets:
        yield "no extension was found, so nothing is kept for the present tree: is --dir or EDK_EXTENSIONS_DIR missing?"


def _by_name(verdicts: Sequence[Verdict]) -> list[Verdict]:
    return sorted(verdicts, key=lambda v: (v.held.name, v.held.repository, -v.held.pushed, v.held.digest))


def _cells(verdict: Verdict, now: float) -> tuple[str, ...]:
    held = verdict.held
    pushed = f"{age(now - held.pushed)} ago" if held.pushed else "?"
    return held.repository, ", ".join(held.tags) or "-", short(held.digest), size(held.contents.size), pushed


def table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Yield rows with their cells below each other."""
    widths = [min(MAX_NAME, max(len(safe(row[n])) for row in rows)) for n in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(f"{safe(cell):<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
