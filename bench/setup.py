"""What figures were measured with, and where they are kept."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from bench.measure import PROJECT
from edk import __version__

PLACE = PROJECT / "bench" / "results"
ASKED: Mapping[str, tuple[str, ...]] = {
    "docker": ("docker", "version", "--format", "{{.Client.Version}} client, {{.Server.Version}} server"),
    "buildx": (".cache/peers/buildx", "version"),
    "compose": (".cache/peers/docker-compose", "version"),
    "go": ("go", "version"),
}


def before() -> dict[str, object]:
    """Return the surroundings as they are before anything is measured."""
    return {
        "edk": __version__,
        "commit": _said(("git", "rev-parse", "HEAD")),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "kernel": platform.release(),
        "processor": _first("/proc/cpuinfo", "model name"),
        "memory": _first("/proc/meminfo", "MemTotal"),
        "versions": {name: _said(command) for name, command in ASKED.items()},
        "load_before": os.getloadavg(),
    }


def after(surroundings: Mapping[str, object]) -> dict[str, object]:
    """Return these with what is to be said of them once all is measured."""
    return {**surroundings, "load_after": os.getloadavg()}


def keep(name: str, content: str) -> None:
    """Write figures where they stay; `name` is a file's name without its end."""
    PLACE.mkdir(exist_ok=True)
    (PLACE / f"{Path(name).name}.json").write_text(content + "\n")


def _said(command: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(command, cwd=PROJECT, check=False, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _first(path: str, name: str) -> str:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
