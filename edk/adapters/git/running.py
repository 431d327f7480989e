"""Running the git program, with nothing of a repository run by it, and within a time."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from edk.domain.errors import UsageError

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
)
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS": "true",
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C.UTF-8",
}
_SSH = "ssh -o BatchMode=yes -o ConnectTimeout=10"


class Git:
    """Runs git through GitPython.

    Args:
        environ: the environment it runs in.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = dict(environ)

    def run(
        self, arguments: list[str], seconds: float, extra: Mapping[str, str] | None = None
    ) -> tuple[int | None, str, str]:
        """Return git's exit status (None: out of time), its output and its complaints."""
        git_module = gitpython()
        environment = self._environ | _ENVIRONMENT | dict(extra or {})
        environment.setdefault("GIT_SSH_COMMAND", _SSH)
        if arguments[0] == "-C":  # a broken clone must not lead git to one further up
            environment["GIT_CEILING_DIRECTORIES"] = os.fspath(Path(arguments[1]).parent)
        for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
            environment.pop(variable, None)
        settings = [part for setting in (*_SETTINGS, *_trusted(arguments)) for part in ("-c", setting)]
        # A session of its own, so that git's children (transports) end with it when time is out.
        process: Any = git_module.Git().execute(
            ["git", *settings, *arguments], as_process=True, env=environment, start_new_session=True
        )
        child: subprocess.Popen[bytes] = process.proc
        try:
            out, said = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _end(child)
            return None, "", ""
        except BaseException:  # an interrupt does not reach another session by itself
            _end(child)
            raise
        return child.returncode, os.fsdecode(out), said.decode("utf-8", "replace")


def _trusted(arguments: list[str]) -> tuple[str, ...]:
    """Return the setting by which git takes a work tree that belongs to somebody else, if its repository is ours.

    The top of a volume is root's where a pod mounts it, whoever made what is in it. What could do harm is
    the repository's configuration; the folder around it has no part in that.
    """
    if arguments[0] != "-C":
        return ()
    top = os.path.realpath(arguments[1])
    try:
        ours = os.lstat(f"{top}/.git").st_uid == os.geteuid() != os.lstat(top).st_uid
    except OSError:
        return ()
    return (f"safe.directory={top}",) if ours else ()


def _end(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.communicate()


def gitpython() -> ModuleType:
    """Return GitPython, imported; raise UsageError if there is no git program."""
    try:
        import git
    except ImportError as error:  # GitPython looks for the git program when it is imported
        raise UsageError("There is no git on this machine", "apt-get install git") from error
    return git
