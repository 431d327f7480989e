"""What a prune would remove, and what it did, as JSON values; see ``docs/pruning.md``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from edk.domain.pruning import Verdict
from edk.domain.survey import Removed, Survey

PRUNE = "edk.prune/v1"


def prune_as_json(
    found: Survey, registry: str, done: bool, removed: Removed, collected: int, steps: Sequence[str]
) -> dict[str, Any]:
    """Return what is superseded, and what was done about it."""
    kept = Counter(r.why for v in found.verdicts for r in v.reasons)
    return {
        "schema": PRUNE,
        "registry": registry,
        "superseded": [_image(v) for v in found.superseded],
        "charts": [{"path": c.path, "name": c.name, "version": c.version, "bytes": c.size} for c in found.old_charts],
        "frees": found.freed,
        "kept": dict(kept),
        "unreadable": list(found.inventory.unreadable),
        "complete": found.inventory.complete,
        "engine": {
            "copies": found.engine.copies,
            "copies_bytes": found.engine.copies_bytes,
            "cache_bytes": found.engine.cache_bytes,
            "problem": found.engine.problem,
        },
        "done": done,
        "removed": {
            "images": [f"{repository}@{digest}" for repository, digest in removed.images],
            "charts": list(removed.charts),
            "copies": removed.copies,
            "engine_bytes": removed.engine_bytes,
        },
        "stayed": [{"image": f"{key[0]}@{key[1]}", "reason": why} for key, why in removed.stayed],
        "collected": max(0, collected) if collected >= 0 else None,
        "steps": list(steps),
    }


def _image(verdict: Verdict) -> dict[str, Any]:
    held = verdict.held
    return {
        "repository": held.repository,
        "tags": list(held.tags),
        "digest": held.digest,
        "bytes": held.contents.size,
        "pushed": round(held.pushed, 3),
        "recorded": held.recorded,
        "fingerprint": held.contents.fingerprint,
        "used": verdict.used,
    }
