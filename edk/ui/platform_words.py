"""The words for what happened on the platform."""

from __future__ import annotations

from edk.domain import events as ev
from edk.ui.text import seconds, short

PlatformEvent = (
    ev.ChartUnchangedOnPlatform
    | ev.ReleaseStatusSeen
    | ev.ReleaseDeleted
    | ev.ChartInstalled
    | ev.ImageImported
    | ev.ImageKeptOnPlatform
    | ev.ImageImportFailed
)


def platform_words(event: PlatformEvent) -> tuple[str, str, str, tuple[str, ...]]:
    """Return what an event is of, a verb, a text, and lines to stand below."""
    match event:
        case ev.ChartUnchangedOnPlatform(chart, version, url):
            return chart, "skip", f"unchanged, not uploaded again: {url} lists it in version {version}", ()
        case ev.ReleaseStatusSeen():
            told = f"; pods: {', '.join(event.pods)}" if event.pods else ""
            text = f"release {event.release}: {event.status or 'not told'}{told}, {seconds(event.seconds)}"
            return event.chart, "status", text, ()
        case ev.ReleaseDeleted(chart, release, took):
            return chart, "deleted", f"release {release}, {seconds(took)}", ()
        case ev.ChartInstalled():
            text = f"release {event.release} in version {event.version}: {event.status}, {seconds(event.seconds)}"
            return event.chart, "live", text, tuple(event.note.splitlines())
        case ev.ImageImported():
            text = f"{event.ref} {short(event.digest)}, {seconds(event.seconds)}: {event.answer}"
            return event.image, "imported", text, ()
        case ev.ImageKeptOnPlatform():
            return event.image, "skip", f"not imported: {event.reason} ({short(event.digest)})", ()
        case ev.ImageImportFailed():
            return event.image, "FAILED", event.message, tuple(event.hint.splitlines())
