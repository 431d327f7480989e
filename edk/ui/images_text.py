"""What the registry holds, and what makes an image big, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from edk.domain.catalogue import Catalogue, Listed, Referrer, State
from edk.domain.held import alias_of
from edk.domain.layering import Layering, LayerUse
from edk.domain.pruning import USES, Reason
from edk.domain.survey import Survey
from edk.ui.status_text import age
from edk.ui.survey_text import caveats, reason_text, table
from edk.ui.text import plural, safe, short, size

MAX_REASONS = 2
MAX_TAGS = 4
MAX_MADE_BY = 70
BAR = 12
HEAD = ("IMAGE", "TAGS", "SIZE", "SHARED", "OWN", "BUILT", "COMMIT", "FINGERPRINT", "STATE", "USED BY")
STATE_WORDS: dict[State, str] = {
    "current": "current",
    "stale": "stale",
    "earlier": "earlier",
    "orphaned": "orphaned",
    "unknown": "?",
    "foreign": "not ours",
    "unreadable": "damaged",
}
_HOW = {"operator": "operator", "base": "image on it"}


def image_lines(found: Catalogue, surveyed: Survey, *, unused: bool) -> Iterator[str]:
    """Yield the images as a table.

    Args:
        found: what the registry holds.
        surveyed: what a prune would remove of it.
        unused: only those that a prune would remove.
    """
    shown = [image for image in found.images if (image.superseded and image.ours if unused else image.whole)]
    if shown:
        yield from table([HEAD, *(_cells(image, found.time) for image in shown)])
    yield _sum(found, shown, unused=unused)
    if not unused:
        yield from (safe(f"{image.called} is stale: {image.why}") for image in shown if image.state == "stale")
    yield from caveats(surveyed)


def used_by(image: Listed) -> str:
    """Return who uses an image, in a phrase: the tree's references first, then what else keeps it."""
    parts = []
    # Who refers to a name means what its tag leads to, and not an earlier build.
    if image.yielded and image.state in {"current", "stale"}:
        parts = _summed(image.yielded.referrers)
    other = other_uses(image)
    words = [*parts, *(reason_text(r) for r in other if r.why != "base" or not parts)]
    more = len(words) - MAX_REASONS
    return ", ".join(words[:MAX_REASONS]) + (f" and {more} more" if more > 0 else "")


def other_uses(image: Listed) -> tuple[Reason, ...]:
    """Return what uses an image beside the tree; an alias says nothing that its image does not say."""
    referring = {r.detail for r in image.reasons if r.why == "reference"}
    return tuple(
        reason
        for reason in image.reasons
        if reason.why in USES
        and reason.why not in {"tag", "tree"}
        and not alias_of(reason.detail)[0]
        # A DAG image that runs an image is no image that is built on it, whatever keeps both of them.
        and (reason.why != "base" or reason.detail not in referring)
    )


def layer_lines(image: Listed, layerings: Sequence[Layering], *, columns: int = 0) -> Iterator[str]:
    """Yield what makes an image big, the biggest layers first.

    Args:
        image: the image.
        layerings: its layers, of each platform.
        columns: of the terminal; 0: as many as it takes.
    """
    yield safe(f"{image.held.repository} {', '.join(image.held.tags) or 'without a tag'}, {image.held.digest}")
    for layering in layerings:
        platform = f"{layering.platform}: " if layering.platform else ""
        if not layering.readable:
            yield safe(f"{platform}its manifest or configuration can't be read; edk verify tells more")
            continue
        own, count = size(layering.own), plural(len(layering.layers), "layer")
        yield safe(f"{platform}{size(layering.size)} in {count}, {own} of it this image's alone")
        if layering.layers:
            rows = [_layer_cells(use, layering.size) for use in layering.biggest_first]
            for line in table([("#", "SIZE", "OF ALL", "CAME WITH", "SHARED WITH", "MADE BY"), *rows]):
                yield line if columns <= 0 or len(line) <= columns else line[: columns - 1] + "…"


def _sum(found: Catalogue, shown: Sequence[Listed], *, unused: bool) -> str:
    foreign = sum(not image.ours for image in found.images if image.whole)
    theirs = f"{foreign} in this registry {'is' if foreign == 1 else 'are'} not ours, and left alone"
    if unused:
        return f"{plural(len(shown), 'image')} superseded; {theirs}"
    ours = plural(sum(image.ours for image in shown), "image")
    return f"{ours} of ours; {theirs}; {size(found.stored)} in all, what is shared counted once"


def _cells(image: Listed, now: float) -> tuple[str, ...]:
    held = image.held
    further = len(held.tags) - MAX_TAGS
    tags = ", ".join(held.tags[:MAX_TAGS]) + (f" and {further} more" if further > 0 else "")
    parts = f" ({', '.join(p.platform or '?' for p in image.platforms)})" if image.platforms else ""
    commit = image.commit[:10] + ("+" if image.dirty else "")
    return (
        held.repository,
        (tags or short(held.digest)) + parts,
        size(image.size),
        size(image.shared),
        size(image.size - image.shared),
        f"{age(now - image.built)} ago" if image.built else "?",
        commit or "-",
        short(held.contents.fingerprint)[7:] or "-",
        STATE_WORDS[image.state],
        used_by(image) or _kept(image),
    )


def _kept(image: Listed) -> str:
    if image.superseded:
        return "nothing: superseded"
    caution = [r for r in image.reasons if r.why not in USES and r.why not in {"foreign", "unreadable"}]
    return f"nothing; kept: {reason_text(caution[0])}" if caution and not image.held.tags and image.ours else "-"


def _summed(referrers: Sequence[Referrer]) -> list[str]:
    """Return referrers by extension and kind, e.g. ``otsus-method (2 operators, 1 chart)``."""
    by_extension: dict[str, Counter[str]] = {}
    for referrer in referrers:
        by_extension.setdefault(referrer.extension, Counter())[_HOW.get(referrer.how, "chart")] += 1
    return [
        f"{extension} ({', '.join(_counted(how, count) for how, count in kinds.items())})"
        for extension, kinds in by_extension.items()
    ]


def _counted(how: str, count: int) -> str:
    return plural(count, how, "images on it" if how == "image on it" else "")


def _layer_cells(use: LayerUse, total: int) -> tuple[str, ...]:
    part = use.layer.size / total if total else 0.0
    others = use.shared_with
    shared = others[0] if len(others) == 1 else plural(len(others), "image") if others else "-"
    made_by = " ".join(use.layer.made_by.split())
    if len(made_by) > MAX_MADE_BY:
        made_by = made_by[: MAX_MADE_BY - 1] + "…"
    bar = "█" * round(part * BAR)
    share = f"{100 * part:>3.0f} % {bar}"
    return str(use.number), size(use.layer.size), share, use.came_with or "-", shared, made_by or "?"
