"""What `edk doctor` looks at and mends by: the engine asked when it is first used, and daemons of our own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property

from edk.adapters.buildkitd import Places, StartedBuildkitd
from edk.adapters.clock import SystemClock
from edk.adapters.locks import FileLocks
from edk.adapters.processes import recorded
from edk.adapters.set_up import SetUp
from edk.commands.builder import wanted_of
from edk.commands.builders import known_address, probes_of
from edk.domain.engines import EngineSeen
from edk.orchestrator.builder_daemon import bring_up
from edk.orchestrator.doctor_model import EngineProbes, WatcherSeen
from edk.settings import Settings

_ASK_SECONDS = 2.0


class LazyProbes:
    """See `edk.orchestrator.doctor_model.EngineProbes`; which builder is used is found out at the first question."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _probes(self) -> EngineProbes:
        return probes_of(self._settings)

    def rights(self, registry: str) -> Sequence[EngineSeen]:
        """See `edk.orchestrator.doctor_model.EngineProbes.rights`."""
        return self._probes.rights(registry)

    def caches(self, seconds: float) -> tuple[EngineSeen, ...]:
        """See `edk.orchestrator.doctor_model.EngineProbes.caches`."""
        return self._probes.caches(seconds)


class OwnDaemons:
    """See `edk.orchestrator.doctor_model.OwnDaemons`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._set_up = SetUp(settings.state_dir, settings.docker_host, settings.push_host, os.environ)
        self._places = Places.of(settings.state_dir, os.environ)

    def ended(self, name: str) -> bool:
        """See `edk.orchestrator.doctor_model.OwnDaemons.ended`."""
        if not self._settings.state_dir:
            return False
        return self._set_up.ended(name) if self._is_set_up(name) else self._builder_ended()

    def described(self, name: str) -> str:
        """See `edk.orchestrator.doctor_model.OwnDaemons.described`."""
        if self._is_set_up(name):
            return f"the {name} that scripts/setup.sh had started with {self._settings.state_dir}"
        return f"the BuildKit daemon in {self._places.home}, as edk builder up does"

    def start_again(self, name: str) -> None:
        """See `edk.orchestrator.doctor_model.OwnDaemons.start_again`."""
        if not self.ended(name):
            return  # somebody was faster
        if self._is_set_up(name):
            self._set_up.start_again(name)
            return
        daemon = StartedBuildkitd(self._places, os.environ)
        locks = FileLocks(self._settings.state_dir, "edk doctor --fix")
        bring_up(daemon, locks, SystemClock(), wanted_of(self._settings))

    def _is_set_up(self, name: str) -> bool:
        """Whether it is of the set-up; where BuildKit is asked for, the engine is our BuildKit daemon."""
        return name == "registry" or (name == "engine" and self._settings.builder != "buildkit")

    def _builder_ended(self) -> bool:
        """Whether `edk builder up` started it, nobody took it down, builds are to go there, and it runs no more."""
        wanted = self._settings.builder != "docker" and not self._settings.buildkit_host
        own = known_address(self._settings)[0] == f"unix://{self._places.socket}"
        return wanted and own and self._places.address.is_file() and not recorded(self._places.pid)


def watchers(state_dir: str) -> list[WatcherSeen]:
    """Return the watchers that share the state folder, with what each says of engine and registry."""
    from edk.adapters.control.client import ask
    from edk.adapters.control.finding import running
    from edk.domain.errors import EdkError
    from edk.domain.status import OK

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
