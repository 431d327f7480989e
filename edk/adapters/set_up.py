"""The engine and the registry that ``scripts/setup.sh`` started on this machine, and starting them again.

Which processes they are stands in ``started`` of the state folder, as "pid start-time boot".
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import edk
from edk.adapters.own_registry import is_registry_of
from edk.adapters.processes import recorded
from edk.domain.errors import EngineUnreachableError

_SCRIPT = Path(edk.__file__).resolve().parents[1] / "scripts/setup.d/restart.sh"
_PROCESS = re.compile(r"\d+ \d+ \S+")
_SECONDS = 120.0


class SetUp:
    """What the set-up with a state folder started.

    Args:
        state_dir: the state folder.
        docker_host: the engine's address as the settings have it.
        push_host: the registry's.
        environ: for what is started.
        script: that starts it again.
    """

    def __init__(
        self, state_dir: str, docker_host: str, push_host: str, environ: Mapping[str, str], script: Path = _SCRIPT
    ) -> None:
        self._state = Path(state_dir)
        self._docker_host = docker_host
        self._push_host = push_host
        self._environ = environ
        self._script = script

    def ended(self, name: str) -> bool:
        """Return whether ``engine`` or ``registry`` is ours, the settings lead to it, and it runs no more."""
        record = self._state / "started" / name
        # A service or a container has another record, and another way to start.
        return (
            _PROCESS.fullmatch(_text(record)) is not None
            and not recorded(record)
            and self._leads_to(name)
            and self._script.is_file()
        )

    def start_again(self, name: str) -> None:
        """Start one of them as the set-up does; raise EngineUnreachableError with its words if it does not come up."""
        environ = {**self._environ, "EDK_STATE_DIR": str(self._state), "EDK_REGISTRY": self._push_host}
        try:
            done = subprocess.run(
                ["sh", str(self._script), name],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise EngineUnreachableError(f"{self._script} does not end", f"see {self._state}/{name}.log") from error
        if done.returncode:
            told = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if "error:" in line]
            why = told[-1].partition("error: ")[2] if told else f"{self._script} ended with {done.returncode}"
            raise EngineUnreachableError(why, f"see {self._state}/{name}.log")

    def _leads_to(self, name: str) -> bool:
        if name == "registry":
            return is_registry_of(str(self._state), self._push_host)
        # It wrote down where its engine listens; an engine at another address is somebody else's.
        return bool(self._docker_host) and _text(self._state / "env") == f"DOCKER_HOST={self._docker_host}"


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""
