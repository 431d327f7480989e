"""`edk import`: an archive of images into the local registry."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace

from edk.commands.wiring import Wired, settings_of, sink_of
from edk.domain.errors import EXIT_DONE, UsageError
from edk.domain.reference import InvalidReferenceError, RegistryAliases, parse_reference, valid_name
from edk.orchestrator.importing import ImportRequest, import_archive
from edk.orchestrator.services import Services


def run(options: argparse.Namespace) -> int:
    """Take the archive in; return the exit code."""
    settings = settings_of(options)
    path = options.archive
    if not path or "\0" in path or not os.path.exists(path):  # noqa: PTH110
        raise UsageError(f"there is no archive {path!r}", "name the file that edk export or docker save wrote")
    into, below = _registry_of(options.into or "")
    aliases = RegistryAliases.of(settings.registry, settings.registry_push, settings.platform_registry)
    host = into.rpartition("://")[2] or settings.registry
    request = ImportRequest(
        os.path.abspath(path),  # noqa: PTH100
        host,
        aliases,
        _checked(options.name or ""),
        below,
    )
    with Wired(settings, sink_of(options, settings), "edk import") as services:
        import_archive(_with_registry(services, into) if into else services, request)
    return EXIT_DONE


def _with_registry(services: Services, address: str) -> Services:
    from edk.adapters.registry.http import HttpRegistry

    insecure = (services.settings.push_host, services.settings.registry)
    return replace(services, registry=HttpRegistry(address, insecure=insecure))


def _registry_of(text: str) -> tuple[str, str]:
    """Return address and path of ``HOST/PATH``, both empty if nothing is given; raise UsageError."""
    if not text:
        return "", ""
    scheme, mark, rest = text.rpartition("://")
    host, _, below = rest.rstrip("/").partition("/")
    try:
        parsed = parse_reference(f"{host}/name")
    except InvalidReferenceError as error:
        raise UsageError(f"--into {text!r}: {error.problem}", "write HOST, HOST:PORT or HOST/PATH") from error
    if parsed.registry != host or (below and not valid_name(below)) or scheme not in {"", "http", "https"}:
        raise UsageError(f"--into {text!r} is no registry", "write HOST, HOST:PORT or HOST/PATH")
    return f"{scheme}{mark}{host}", below


def _checked(name: str) -> str:
    if not name:
        return ""
    try:
        parsed = parse_reference(name)
    except InvalidReferenceError as error:
        raise UsageError(f"--name: {error.message}", "write NAME:TAG") from error
    if parsed.digest:
        raise UsageError(f"--name {name!r} holds a digest", "write NAME:TAG")
    return name
