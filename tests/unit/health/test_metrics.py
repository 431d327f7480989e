"""What is counted, in the text format of Prometheus."""

from __future__ import annotations

import re

from edk.domain import events as ev
from edk.domain.health import Readiness
from edk.ui.metrics import Metrics

FAILED = ev.ImageFailed("secret-name", "step", "m", "h", "/d/Dockerfile", 1, "RUN x", (), "/log")


def test_counts_what_happened() -> None:
    """Builds by how they ended, with their seconds; saves; charts that changed; nothing named."""
    metrics = Metrics()
    for event in (
        ev.ImageFinished("secret-name", "sha256:1", (), 1.5),
        ev.ImageFinished("secret-name", "sha256:1", (), 2.0),
        FAILED,
        ev.ImageCancelled("secret-name", "files changed"),
        ev.SaveServed("secret-name", "c", 0, 0, 0, 0, 0, 0.75),
        ev.ChartPackaged("secret-chart", "1", "/a.tgz", "helm", 0.1),
        ev.ChartPackaged("secret-chart", "1", "/a.tgz", "unchanged", 0.1),
    ):
        metrics.emit(event)
    text = metrics.text(Readiness("made", "ok", "away"), 0.25)

    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert {
        'edk_builds_total{result="done"}': "2",
        'edk_builds_total{result="failed"}': "1",
        'edk_builds_total{result="cancelled"}': "1",
        "edk_build_seconds_total": "3.5",
        "edk_saves_served_total": "1",
        "edk_save_seconds_total": "0.75",
        'edk_charts_total{result="packaged"}': "1",
        'edk_charts_total{result="failed"}': "0",
        "edk_engine_up": "1",
        "edk_registry_up": "0",
        "edk_ready": "0",
        "edk_loop_silent_seconds": "0.25",
    } == values
    assert "secret" not in text
    assert text.endswith("\n")


def test_each_family_is_described() -> None:
    """HELP and TYPE come once, before the values."""
    text = Metrics().text(Readiness(), 0.0)
    named = re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE)
    used = [re.match(r"\w+", line).group() for line in text.splitlines() if not line.startswith("#")]  # type: ignore[union-attr]

    assert named == re.findall(r"^# HELP (\S+) ", text, re.MULTILINE)
    assert named == list(dict.fromkeys(used))
