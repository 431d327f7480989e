"""Checks of the environment: versions, folders, proxies."""

from __future__ import annotations

import re

from edk.domain.checks import Check
from edk.domain.network import proxy_for
from edk.orchestrator.doctor_model import Patient

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DESCRIBED = re.compile(r"v?\d+\.\d+\.\d+([.-].+)?")


def environment(patient: Patient) -> list[Check]:
    """Return what is to be said of the platform's version, the clone and proxies."""
    return [_version(patient), _clone(patient), _proxies(patient)]


def _version(patient: Patient) -> Check:
    name = "platform version"
    version = patient.settings.build_version
    if not patient.environ.get("KAAPANA_BUILD_VERSION") and version in ("", "0.0.0"):
        detail = f"KAAPANA_BUILD_VERSION is not set: images are tagged {version or '0.0.0'}"
        return Check(name, "warning", detail, "export KAAPANA_BUILD_VERSION=0.6.0")
    if not _TAG.fullmatch(version):
        detail = f"KAAPANA_BUILD_VERSION is ‘{version}’, which can't be an image's tag"
        return Check(name, "failure", detail, "export KAAPANA_BUILD_VERSION=0.6.0")
    if not _DESCRIBED.fullmatch(version):
        detail = f"KAAPANA_BUILD_VERSION is ‘{version}’, not as `git describe` tells a version"
        return Check(name, "warning", detail, "export KAAPANA_BUILD_VERSION=0.6.0")
    return Check(name, "ok", version)


def _clone(patient: Patient) -> Check:
    path = patient.settings.repo_path
    if patient.machine.is_clone(path):
        return Check("platform repository", "ok", f"{path} is a clone")
    what = "is no clone" if patient.machine.is_folder(path) else "does not exist"
    detail = f"{path} {what}: bases are the bundled ones, and its images can't be built"
    return Check("platform repository", "warning", detail, "edk init")


def _proxies(patient: Patient) -> Check:
    named = [name for name, value in patient.settings.proxies if value and not name.lower().startswith("no_")]
    if not named:
        return Check("proxies", "ok", "none")
    hosts = ("localhost.", patient.settings.push_host, patient.settings.registry)
    through = [host for host in dict.fromkeys(hosts) if _asked_by_proxy(host, patient)]
    if not through:
        return Check("proxies", "ok", f"{', '.join(named)}; the registry is by-passed")
    missing = ",".join(host.partition(":")[0].rstrip(".") for host in through)
    detail = f"{', '.join(named)} would be used to reach {missing}"
    return Check("proxies", "warning", detail, f'export no_proxy="$no_proxy,{missing},127.0.0.1"')


def _asked_by_proxy(address: str, patient: Patient) -> bool:
    host, _, port = address.partition(":")
    return bool(proxy_for("http", host, port, patient.environ))
