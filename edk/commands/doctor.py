"""`edk doctor`: whether everything is as a build needs it, and mending of what is ours."""

from __future__ import annotations

import argparse
import os
import sys

from edk.adapters.probes import MachineProbes
from edk.adapters.registry.http import HttpRegistry
from edk.adapters.registry.probing import HttpRegistryProbes
from edk.adapters.registry.transport import import_http
from edk.adapters.state_folder import StateFolder
from edk.commands.builders import LazyBuilder
from edk.commands.doctor_parts import LazyProbes, OwnDaemons, watchers
from edk.commands.wiring import settings_of
from edk.domain.checks import Check, Mended
from edk.domain.errors import EXIT_DONE, EXIT_FAILED, EXIT_UNREACHABLE, UsageError
from edk.orchestrator.doctor import examine
from edk.orchestrator.doctor_mending import mend
from edk.orchestrator.doctor_model import Patient
from edk.orchestrator.doctor_nodes import NODE, nodes_address
from edk.orchestrator.roots import asked_for
from edk.ports import Platform
from edk.settings import Settings
from edk.ui.doctor_text import as_json, lines, mended_lines, planned_lines, worst


def run(options: argparse.Namespace) -> int:
    """Print what was found, mend if that was asked for, and look again.

    Returns:
        Exit code 4 if a build would fail on what is left, 1 if something that was to be mended could not be.
    """
    if options.yes and not options.fix:
        raise UsageError("--yes is for --fix", "add --fix, or leave it out")
    settings = settings_of(options, options.dir)
    dirs = options.dir or [settings.extensions_dir]
    tree = tuple(root.path for root in asked_for(dirs, later=settings.extensions_dir))
    import_http()
    patient = _patient(settings, tree)
    checks = examine(patient)
    mended: tuple[Mended, ...] = ()
    if options.fix:
        mended = _mend(options, patient, checks)
        # What was chosen and connected to before it was mended is not asked again.
        checks = examine(_patient(settings, tree)) if mended else checks
    if options.json:
        print(as_json(checks, mended, fixing=options.fix))  # noqa: T201
    else:
        for line in lines(checks):
            print(line)  # noqa: T201
        for line in mended_lines(checks, mended) if options.fix else ():
            print(line)  # noqa: T201
    if worst(checks) == "failure":
        return EXIT_UNREACHABLE
    return EXIT_FAILED if any(each.error for each in mended) else EXIT_DONE


def _mend(options: argparse.Namespace, patient: Patient, checks: tuple[Check, ...]) -> tuple[Mended, ...]:
    """Say what would be done, and do it if that is agreed to."""
    aside = sys.stderr if options.json else sys.stdout
    planned = [check for check in checks if check.mend]
    for line in planned_lines(planned):
        print(line, file=aside)
    if not planned:
        return ()
    if not _agreed(options):
        print("nothing was mended", file=aside)
        return ()
    return mend(patient, planned)


def _agreed(options: argparse.Namespace) -> bool:
    """Ask on a terminal; elsewhere nobody could answer, and nothing is done."""
    if options.yes:
        return True
    if options.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("edk: there is no terminal to ask on; --fix --yes does it", file=sys.stderr)  # noqa: T201
        return False
    try:
        answer = input("Go on? [y/N] ")
    except EOFError:
        answer = ""
    return answer.strip().lower() in {"y", "yes"}


def _patient(settings: Settings, tree: tuple[str, ...]) -> Patient:
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
        engine_probes=LazyProbes(settings),
        state=StateFolder(settings.state_dir),
        own=OwnDaemons(settings),
        tree=tree,
        watchers=lambda: watchers(settings.state_dir),
    )
