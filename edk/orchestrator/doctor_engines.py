"""Checks of the engine, or of BuildKit: whose rights it has and what follows from them, and its build cache."""

from __future__ import annotations

from edk.domain.amounts import parse_size
from edk.domain.checks import Check
from edk.domain.engines import EngineSeen, Rights
from edk.orchestrator.doctor_model import Patient

CACHE_SECONDS = 30.0
"""For all of a cache's records: longer than the doctor waits, which then says so."""
_GB = 1e9
_PRUNE = "edk prune --build-cache"
_BOUND = "a RUN step can't mount, make devices, or have more user ids than /etc/subuid grants"


def rootless(patient: Patient) -> list[Check]:
    """Return, for each kind of rights that an engine or daemons have, what follows from them."""
    grouped: dict[Rights, list[str]] = {}
    for seen in patient.engine_probes.rights(patient.settings.push_host):
        grouped.setdefault(seen.rights, []).append(seen.name)
    return [_rights(patient, rights, names) for rights, names in grouped.items()]


def build_cache(patient: Patient) -> list[Check]:
    """Return how large the build cache is, what bounds it, and when to prune it."""
    caches = patient.engine_probes.caches(CACHE_SECONDS)
    if not any(seen.cache.kept for seen in caches):
        return [Check("build cache", "ok", "it keeps none")]
    size = sum(seen.cache.size for seen in caches)
    free = sum(seen.cache.reclaimable for seen in caches)
    detail = f"{_gb(size)}{_spread(caches)}, {_gb(free)} of it reclaimable"
    bounded = all(seen.cache.limit for seen in caches)
    if bounded:
        limits = sorted({seen.cache.limit for seen in caches})
        each = " in each" if len(caches) > 1 else ""
        told = _gb(limits[0]) if len(limits) == 1 else f"{_gb(limits[0])} to {_gb(limits[-1])}"
        detail = f"{detail}; garbage above {told}{each} is collected by itself"
    try:
        limit = parse_size(patient.settings.build_cache_limit)
    except ValueError as error:
        return [Check("build cache", "warning", f"{detail}; build_cache_limit: {error}", "for example 20GB")]
    if size > limit and not bounded:
        over = f"{detail}; nothing is known to bound it, and build_cache_limit is {_gb(limit)}"
        return [Check("build cache", "warning", over, _PRUNE)]
    return [Check("build cache", "ok", f"{detail}; {_PRUNE} leaves {_gb(limit)}")]


def _rights(patient: Patient, rights: Rights, names: list[str]) -> Check:
    who = names[0] if len(names) == 1 else f"{len(names)} daemons, {names[0]} and others,"
    how = f" ({rights.how})" if rights.how else ""
    if rights.kind == "unknown":
        return Check("rootless", "ok", f"{who} does not tell whether it is{how}")
    if rights.kind == "root":
        return Check("rootless", "ok", f"no, {who} is root: whoever reaches it has root's rights on its machine")
    detail = f"yes, {who} has an ordinary user's rights{how}: {_BOUND}"
    if not rights.sandbox:
        detail += "; steps see, and may end, the daemon's other processes"
    if rights.unreached:
        lacking = f"{detail}; its network is its own, and there {patient.settings.push_host} is nobody"
        remedy = "run the registry in a container of this engine, or name it by an address of this machine's network"
        return Check("rootless", "failure", f"{lacking}: {rights.unreached}", remedy)
    if rights.snapshotter == "native":
        lacking = f"{detail}; it keeps a whole copy of all files for each layer (snapshotter native)"
        return Check("rootless", "warning", lacking, "a kernel from 5.11 on, or apt-get install fuse-overlayfs")
    return Check("rootless", "ok", detail)


def _spread(caches: tuple[EngineSeen, ...]) -> str:
    """Return on how many daemons it is, and on which one most of it."""
    if len(caches) == 1:
        return ""
    largest = max(caches, key=lambda seen: seen.cache.size)
    return f" on {len(caches)} daemons, most on {largest.name} ({_gb(largest.cache.size)})"


def _gb(size: float) -> str:
    return f"{size / _GB:.1f} GB"
