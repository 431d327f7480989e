"""BuildKit daemons by ``buildctl``: the `ImageBuilder` port without a Docker Engine between."""

from __future__ import annotations

from edk.adapters.buildkit.builder import BuildKitBuilder
from edk.adapters.buildkit.endpoint import Daemon

__all__ = ["BuildKitBuilder", "Daemon"]
