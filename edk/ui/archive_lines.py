"""Events of archives and of reading back as rows of `edk.ui.plain`."""

from __future__ import annotations

from collections.abc import Iterator

from edk.domain import archive_events as ev
from edk.ui.text import plural, seconds, short, size

Row = tuple[str, str, str]
"""Name, verb and text; a plain text stands for a whole line."""


def archive_rows(event: ev.ArchiveEvent) -> Iterator[Row | str]:
    """Yield the rows of one event."""
    match event:
        case ev.TransferMoved():
            share = f" ({100 * event.current // event.total} %)" if event.total else ""
            yield event.what, "moves", f"{size(event.current)} of {size(event.total)}{share}"
        case ev.ImagePacked():
            what = f"{plural(event.layers, 'layer')}, {size(event.bytes)}, {short(event.digest)}"
            yield from ((event.image, "pack", f"{name} ({what})") for name in event.names)
        case ev.ArchiveWritten():
            held = f"{plural(event.images, 'image')}, {plural(event.blobs, 'blob')}, {size(event.bytes)}"
            yield "archive", "written", f"{event.archive} ({held}) in {seconds(event.seconds)}"
        case ev.ImageImported():
            yield from ((event.image, "imported", f"{ref} {short(event.digest)}") for ref in event.refs)
        case ev.ArchiveImported():
            sent = f"{plural(event.blobs, 'blob')} sent, {event.present} there already, {size(event.bytes)}"
            text = f"{event.archive} into {event.registry}: {plural(event.images, 'image')}, {sent}"
            yield "archive", "imported", f"{text} in {seconds(event.seconds)}"
        case ev.VerifyStarted():
            yield "verify", "started", plural(len(event.images), "image")
        case ev.ImageVerified():
            yield from _verified(event)
        case ev.VerifyFinished():
            yield "verify", "finished", _summary(event)


def _verified(event: ev.ImageVerified) -> Iterator[Row | str]:
    if event.status == "ok":
        digests = ", ".join(short(digest) for digest in event.digests)
        yield event.image, "ok", f"{plural(event.blobs, 'blob')}, {size(event.bytes)}, {digests}"
        return
    yield event.image, event.status.upper(), ", ".join(event.refs)
    for fault in event.faults:
        known = " ".join(part for part in (fault.digest, size(fault.size) if fault.size else "") if part)
        yield f"    {fault.what}{f' ({known})' if known else ''}: {fault.problem}"
        yield from (f"        → {step}" for step in fault.remedy)


def _summary(event: ev.VerifyFinished) -> str:
    counts = ("ok", event.ok), ("missing", event.missing), ("corrupt", event.corrupt), ("outdated", event.outdated)
    told = ", ".join(f"{count} {word}" for word, count in counts if count) or "no images"
    return f"{told}; {plural(event.blobs, 'blob')}, {size(event.bytes)} read back in {seconds(event.seconds)}"
