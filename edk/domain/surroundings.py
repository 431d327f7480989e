"""Where a command runs: in a pod of the platform, or on somebody's machine."""

from __future__ import annotations

from collections.abc import Mapping


def in_pod(environ: Mapping[str, str]) -> bool:
    """Return whether the environment is that of a pod, by the same rule as scripts/setup.d/common.sh."""
    of_platform = environ.get("KAAPANA_BUILD_VERSION") and environ.get("LOCAL_REGISTRY_URL")
    return bool(environ.get("KUBERNETES_SERVICE_HOST") or of_platform)
