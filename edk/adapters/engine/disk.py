"""What an engine keeps on its disk: images without a tag, and the build cache."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from typing import Any

from edk.adapters.engine import describing
from edk.adapters.engine.endpoint import find_endpoint
from edk.adapters.engine.wire import Answer, EngineWire
from edk.domain.engines import CacheUse
from edk.domain.errors import BuildError
from edk.domain.fingerprint import LABEL

_LONG_SECONDS = 600.0
_PAUSE = 0.3
_BUSY = "already running"
_MISSING = frozenset({404, 405, 501})
"""Podman has no build cache to ask for."""


class DockerEngineDisk:
    """See `edk.ports.EngineDisk`.

    Args:
        endpoint: of the engine; empty: as the docker command finds it.
        environ: for certificates and the default endpoint; None: the process's own.
        label: that images of ours carry; as ``name`` or ``name=value``.
    """

    def __init__(self, endpoint: str = "", environ: Mapping[str, str] | None = None, label: str = LABEL) -> None:
        self._wire = EngineWire(find_endpoint(endpoint, os.environ if environ is None else environ))
        self._label = label
        self._version = ()  # type: tuple[int, ...]

    def copies(self, before: float) -> tuple[int, int]:
        """See `edk.ports.EngineDisk.copies`."""
        self._speak()
        answer = self._checked(self._wire.get(f"/images/json?filters={self._filters()}", _LONG_SECONDS))
        found = [image for image in _list(answer) if _number(image, "Created") < before]
        return len(found), sum(_number(image, "Size") for image in found)

    def remove_copies(self, before: float) -> tuple[int, int]:
        """See `edk.ports.EngineDisk.remove_copies`.

        By the engine's own rules: none that a container uses, or that another image stands on.
        """
        self._speak()
        filters = {"dangling": ["true"], "label": [self._label], "until": [str(int(before))]}
        answer = self._checked(self._wire.post("/images/prune", {"filters": json.dumps(filters)}, _LONG_SECONDS))
        told = answer.json()
        gone = [image for image in told.get("ImagesDeleted") or () if isinstance(image, dict) and "Deleted" in image]
        return len(gone), _number(told, "SpaceReclaimed")

    def cache_bytes(self) -> int:
        """See `edk.ports.EngineDisk.cache_bytes`."""
        return self.cache_use(_LONG_SECONDS).size

    def cache_use(self, seconds: float) -> CacheUse:
        """Return what the build cache holds; raises as `cache_bytes`.

        Before version 1.42 of its API an engine counts images and containers as well, which may take it long.
        """
        self._speak()
        only = "?type=build-cache" if self._version >= (1, 42) else ""
        until = time.monotonic() + seconds
        answer = self._wire.get(f"/system/df{only}", seconds)
        # An engine counts for one at a time, up to version 20.10.
        while answer.status != 200 and _BUSY in answer.message and time.monotonic() < until:
            time.sleep(_PAUSE)
            answer = self._wire.get(f"/system/df{only}", max(_PAUSE, until - time.monotonic()))
        if answer.status in _MISSING:
            return CacheUse(0, 0, kept=False)
        records = [r for r in self._checked(answer).json().get("BuildCache") or () if not r.get("Shared")]
        return CacheUse(
            sum(_number(record, "Size") for record in records),
            sum(_number(record, "Size") for record in records if not record.get("InUse")),
        )

    def prune_cache(self, keep: int) -> int:
        """See `edk.ports.EngineDisk.prune_cache`."""
        self._speak()
        # An engine of the newer API would take the old name for none, and let go of everything.
        names = ("reserved-space", "max-used-space") if self._version >= (1, 48) else ("keep-storage",)
        answer = self._wire.post("/build/prune", dict.fromkeys(names, str(keep)), _LONG_SECONDS)
        return 0 if answer.status in _MISSING else _number(self._checked(answer).json(), "SpaceReclaimed")

    def _filters(self) -> str:
        from urllib.parse import quote

        return quote(json.dumps({"dangling": ["true"], "label": [self._label]}), safe="")

    def _speak(self) -> None:
        """Agree on a version of the API; raise EngineUnreachableError if nobody answers."""
        if not self._version:
            offered = describing.ping(self._wire, describing.deadline()).headers.get("Api-Version", "")
            self._wire.speak(offered)
            self._version = tuple(int(part) for part in self._wire.spoken.split(".") if part.isdecimal()) or (1, 24)

    def _checked(self, answer: Answer) -> Answer:
        if answer.status != 200:
            raise BuildError(f"{self._wire.name} refuses to tidy up: {answer.message}", "See the engine's own log.")
        return answer


def _list(answer: Answer) -> list[dict[str, Any]]:
    try:
        value = json.loads(answer.body)
    except ValueError:
        return []
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _number(told: Mapping[str, Any], name: str) -> int:
    value = told.get(name)
    return value if isinstance(value, int) else 0
