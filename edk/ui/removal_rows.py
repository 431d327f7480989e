"""Events of a prune as rows: whom they concern, what happened, and what there is to say of it."""

from __future__ import annotations

from edk.domain import events as ev
from edk.ui.text import plural, seconds, short, size

Removal = ev.ImageRemoved | ev.ChartRemoved | ev.RemovalRefused | ev.EngineTidied | ev.GarbageCollected


def removal_row(event: Removal) -> tuple[str, str, str]:
    """Return the three cells of an event's row."""
    match event:
        case ev.ImageRemoved():
            tags = f", {', '.join(event.tags)}" if event.tags else ""
            return event.repository, "removed", f"{short(event.digest)}{tags}, {size(event.size)}"
        case ev.ChartRemoved():
            return event.archive.rpartition("/")[2], "removed", size(event.size)
        case ev.RemovalRefused():
            digest = f"{short(event.digest)}: " if event.digest else ""
            return event.what.rpartition("/")[2] if not event.digest else event.what, "stays", digest + event.reason
        case ev.EngineTidied():
            copies = f"{size(event.copies_size)} of {plural(event.copies, 'image')} without a tag"
            parts = ([copies] if event.copies else []) + [f"{size(event.cache_size)} of its build cache"]
            return "engine", "freed", ", ".join(parts)
        case ev.GarbageCollected():
            text = f"{size(event.size)} by garbage collection; {plural(event.checked, 'image')} looked for, all there"
            return "registry", "freed", f"{text}, {seconds(event.seconds)}"
