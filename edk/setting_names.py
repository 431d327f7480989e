"""What settings are called outside of the code: variables of the environment, and flags."""

from __future__ import annotations

ENVIRONMENT: dict[str, tuple[str, ...]] = {
    "extensions_dir": ("EDK_EXTENSIONS_DIR",),
    "repo_path": ("KAAPANA_REPO_PATH",),
    "repo_url": ("KAAPANA_REPO_URL",),
    "build_branch": ("KAAPANA_BUILD_BRANCH",),
    "build_version": ("KAAPANA_BUILD_VERSION",),
    "registry": ("EDK_REGISTRY",),
    "registry_push": ("LOCAL_REGISTRY_URL",),
    "platform_registry": ("REGISTRY_URL",),
    "docker_host": ("DOCKER_HOST",),
    "classic_builder": ("EDK_CLASSIC_BUILDER",),
    "builder": ("EDK_BUILDER",),
    "buildkit_host": ("BUILDKIT_HOST",),
    "buildkit_tls": ("EDK_BUILDKIT_TLS",),
    "cache_registry": ("EDK_CACHE_REGISTRY",),
    "compression": ("EDK_COMPRESSION",),
    "kube_helm_url": ("KUBE_HELM_URL",),
    "volume_path": ("VOLUME_PATH",),
    "install_timeout": ("EDK_INSTALL_TIMEOUT",),
    "state_dir": ("EDK_STATE_DIR",),
    "jobs": ("EDK_JOBS",),
    "worker_jobs": ("EDK_WORKER_JOBS",),
    "retries": ("EDK_RETRIES",),
    "build_timeout": ("EDK_BUILD_TIMEOUT",),
    "network": ("EDK_NETWORK",),
    "platform": ("EDK_PLATFORM",),
    "references": ("EDK_REFERENCES",),
    "build_cache_limit": ("EDK_BUILD_CACHE_LIMIT",),
    "daemon_cache_limit": ("EDK_DAEMON_CACHE_LIMIT",),
    "daemon_jobs": ("EDK_DAEMON_JOBS",),
    "quiet_save": ("EDK_QUIET_SAVE",),
    "quiet_burst": ("EDK_QUIET_BURST",),
    "quiet_removal": ("EDK_QUIET_REMOVAL",),
    "watch_health": ("EDK_WATCH_HEALTH",),
    "watch_frozen": ("EDK_WATCH_FROZEN",),
    "attest": ("EDK_ATTEST",),
    "sbom": ("EDK_SBOM",),
    "patient_data": ("EDK_PATIENT_DATA",),
    "page_listen": ("EDK_PAGE_LISTEN",),
    "page_hosts": ("EDK_PAGE_HOSTS",),
    "page_path": ("EDK_PAGE_PATH",),
    "page_forwarded_prefix": ("EDK_PAGE_FORWARDED_PREFIX",),
    "progress": ("EDK_PROGRESS",),
    "source_date_epoch": ("SOURCE_DATE_EPOCH",),
}
"""Field → variables; the first one that is set wins."""

# Field → flag, where it is called otherwise.
_FLAGS = {
    "build_args": "--build-arg",
    "build_secrets": "--build-secret",
    "attestations": "--attestation",
    "daemon_cache_limit": "--cache-limit",
    "daemon_jobs": "--jobs",
    "watch_health": "--health",
    "page_listen": "--listen",
    "page_hosts": "--host",
    "page_path": "--path",
}


def flag_of(field: str) -> str:
    """Return the flag that sets a field, if there is one."""
    return _FLAGS.get(field) or "--" + field.replace("_", "-")
