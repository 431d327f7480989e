"""What a watcher did, counted, in the text format of Prometheus; see its "Exposition formats"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from edk.domain import events as ev
from edk.domain.health import Readiness


class Metrics:
    """Counts events; an `EventSink`. No label names an image, a path or an address."""

    def __init__(self) -> None:
        self._ended: Counter[str] = Counter(dict.fromkeys(("done", "failed", "cancelled"), 0))
        self._build_seconds = 0.0
        self._saves = 0
        self._save_seconds = 0.0
        self._charts: Counter[str] = Counter(dict.fromkeys(("packaged", "failed"), 0))

    def emit(self, event: ev.Event) -> None:
        """Count what counts; called by the loop's thread alone."""
        match event:
            case ev.ImageFinished():
                self._ended["done"] += 1
                self._build_seconds += event.seconds
            case ev.ImageFailed():
                self._ended["failed"] += 1
            case ev.ImageCancelled():
                self._ended["cancelled"] += 1
            case ev.SaveServed():
                self._saves += 1
                self._save_seconds += event.total
            case ev.ChartPackaged() if event.by != "unchanged":
                self._charts["packaged"] += 1
            case ev.ChartFailed():
                self._charts["failed"] += 1

    def close(self) -> None:
        """Do nothing: there is nothing to write out."""

    def text(self, readiness: Readiness, silent: float) -> str:
        """Return all of it.

        Args:
            readiness: whether the watcher can build.
            silent: seconds since the loop last turned.
        """
        lines = (
            *_family("edk_builds_total", "counter", "Builds that ended.", _by("result", self._ended)),
            *_family("edk_build_seconds_total", "counter", "Seconds of builds that succeeded.", self._build_seconds),
            *_family("edk_saves_served_total", "counter", "Images brought up to date after a save.", self._saves),
            *_family(
                "edk_save_seconds_total", "counter", "Seconds from such saves to the registry.", self._save_seconds
            ),
            *_family("edk_charts_total", "counter", "Charts that changed.", _by("result", self._charts)),
            *_family("edk_engine_up", "gauge", "Whether what builds answers.", float(readiness.engine == "ok")),
            *_family("edk_registry_up", "gauge", "Whether the registry answers.", float(readiness.registry == "ok")),
            *_family("edk_ready", "gauge", "Whether all is there that a build needs.", float(readiness.ready)),
            *_family("edk_loop_silent_seconds", "gauge", "Seconds since the loop last turned.", round(silent, 3)),
        )
        return "\n".join((*lines, ""))


def _by(label: str, counts: Counter[str]) -> dict[str, float]:
    return {f'{{{label}="{name}"}}': float(count) for name, count in counts.items()}


def _family(name: str, kind: str, what: str, value: float | dict[str, float]) -> Iterator[str]:
    yield f"# HELP {name} {what}"
    yield f"# TYPE {name} {kind}"
    for labels, number in (value if isinstance(value, dict) else {"": value}).items():
        yield f"{name}{labels} {number:g}"
