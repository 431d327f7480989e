"""Checks of the environment: versions, folders, proxies."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from edk.domain.checks import Check
from edk.domain.network import is_excepted
from edk.orchestrator.doctor_model import Patient

_ALWAYS = ("localhost", "127.0.0.1", ".svc", ".cluster.local")
"""What no proxy can know in a pod."""
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
    through = [host for host in dict.fromkeys(map(_host, _addresses(patient))) if not _is_excepted(host, patient)]
    if not through:
        return Check("proxies", "ok", f"{', '.join(named)}; no_proxy excepts the registry")
    detail = f"{', '.join(named)} set, and no_proxy lacks {', '.join(through)}: tools may look for them at the proxy"
    if not patient.in_pod:
        wanted = ",".join(dict.fromkeys((*through, "127.0.0.1")))
        return Check("proxies", "warning", detail, f'export no_proxy="$no_proxy,{wanted}"')
    known = patient.environ.get("no_proxy") or patient.environ.get("NO_PROXY", "")
    whole = dict.fromkeys((*filter(None, known.split(",")), *through, *_ALWAYS))
    values = ", ".join(host for host in through if host != "localhost")
    chart = f" (the chart's value proxy.noProxy: [{values}])" if values else ""
    return Check("proxies", "warning", detail, f"export no_proxy={','.join(whole)}{chart}")


def _addresses(patient: Patient) -> list[str]:
    """Return the addresses that have to be reached without a proxy; in a pod those of all its services."""
    settings = patient.settings
    found = ["localhost", settings.push_host, settings.registry]
    if patient.in_pod:
        builders = settings.docker_host if settings.builder == "docker" else settings.buildkit_host
        urls = [*re.split(r"[,\s]+", builders), settings.kube_helm_url]
        found += [urlsplit(url).netloc for url in urls if "://" in url and urlsplit(url).netloc]
        found.append(patient.environ.get("KUBERNETES_SERVICE_HOST", ""))
    return list(filter(None, found))


def _host(address: str) -> str:
    return address.partition(":")[0]


def _is_excepted(host: str, patient: Patient) -> bool:
    settings = patient.settings
    ports = [address.partition(":")[2] for address in (settings.push_host, settings.registry) if _host(address) == host]
    return any(is_excepted(host, port, patient.environ) for port in ports or [""])
