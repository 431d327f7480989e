"""`edk doctor`: whether everything is as a build needs it."""

from __future__ import annotations

import argparse
import os

from edk.adapters.probes import MachineProbes
from edk.adapters.registry.http import HttpRegistry
from edk.adapters.registry.probing import HttpRegistryProbes
from edk.adapters.registry.transport import import_http
from edk.commands.builders import LazyBuilder
from edk.commands.wiring import settings_of
from edk.domain.errors import EXIT_DONE, EXIT_UNREACHABLE, EdkError
from edk.domain.status import OK
from edk.orchestrator.doctor import examine
from edk.orchestrator.doctor_model import Patient, WatcherSeen
from edk.orchestrator.doctor_nodes import NODE, nodes_address
from edk.ports import Platform
from edk.settings import Settings
from edk.ui.doctor_text import as_json, lines, worst

_ASK_SECONDS = 2.0


def run(options: argparse.Namespace) -> int:
    """Print what was found; exit code 4 if a build would fail on it."""
    settings = settings_of(options)
    import_http()
    checks = examine(_patient(settings))
    if options.json:
        print(as_json(checks))  # noqa: T201
    else:
        for line in lines(checks):
            print(line)  # noqa: T201
    return EXIT_UNREACHABLE if worst(checks) == "failure" else EXIT_DONE


def _patient(settings: Settings) -> Patient:
    addresses = dict.fromkeys((settings.push_host, nodes_address(settings, os.environ) or settings.push_host))
    platform: Platform | None = None
    if settings.kube_helm_url:
        from edk.adapters.kube_helm import KubeHelmPlatform

        platform = KubeHelmPlatform(settings.kube_helm_url)
    builder = LazyBuilder(settings)
    # No proxy leads to this pod's own node.
    excepted = ",".join(filter(None, (os.environ.get("no_proxy") or os.environ.get("NO_PROXY"), os.environ.get(NODE))))
    environ = {**os.environ, "no_proxy": excepted}
    return Patient(
        settings=settings,
        environ=os.environ,
        builder=builder,
        chosen=lambda: (builder.choice.reason, builder.choice.missed),
        registries={a: HttpRegistry(a, insecure=tuple(addresses), environ=environ) for a in addresses},
        platform=platform,
        machine=MachineProbes(),
        registry_probes=HttpRegistryProbes(tuple(addresses), environ),
        watchers=lambda: _watchers(settings.state_dir),
    )


def _watchers(state_dir: str) -> list[WatcherSeen]:
    """Return the watchers that share the state folder, with what each says of engine and registry."""
    from edk.adapters.control.client import ask
    from edk.adapters.control.finding import running

    found = []
    for each in running(state_dir):
        trouble = "it does not answer"
        if each.roots:
            try:
                status = next(ask(state_dir, "status", dirs=each.roots[:1], timeout=_ASK_SECONDS)).get("status", {})
                told = (status.get("engine", OK), status.get("registry", OK))
                trouble = "; ".join(said for said in told if said != OK)
            except EdkError as error:
                trouble = error.message
        found.append(WatcherSeen(each.roots, each.who, trouble))
    return found
