"""The programs that a daemon of our own is made of, and what to do where one is missing."""

from __future__ import annotations

import os
import shutil

from edk.domain.errors import EngineUnreachableError

_RELEASES = "take buildkitd and buildctl from a release of moby/buildkit, and put them on the PATH"


def daemon_program() -> str:
    """Return the path of ``buildkitd``; raise EngineUnreachableError."""
    return _found(("buildkitd",), "which builds", _RELEASES)


def client_program() -> str:
    """Return the path of ``buildctl``; raise EngineUnreachableError."""
    return _found(("buildctl",), "which talks to buildkitd", _RELEASES)


def runtime_program() -> str:
    """Return the path of ``runc`` or ``crun``; raise EngineUnreachableError."""
    return _found(
        ("runc", "buildkit-runc", "crun"),
        "which RUN steps run by",
        "install runc (Debian, Ubuntu: apt-get install runc)",
    )


def rootless_programs() -> tuple[str, ...]:
    """Return what buildkitd is started by: nothing for root, else ``rootlesskit``; raise EngineUnreachableError."""
    if os.geteuid() == 0:
        return ()
    install = "install rootlesskit and uidmap (Debian, Ubuntu: apt-get install rootlesskit uidmap), or run this as root"
    _found(("newuidmap",), "which gives a user's namespace more than one id", install)
    return (_found(("rootlesskit",), "without which buildkitd has to be root", install),)


def _found(names: tuple[str, ...], what_for: str, install: str) -> str:
    # Ordinary users' PATH often lacks the folder in which distributions put runc.
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"))
    for name in names:
        program = shutil.which(name, path=path)
        if program is not None:
            return os.path.abspath(program)  # noqa: PTH100
    raise EngineUnreachableError(f"{' or '.join(names)}, {what_for}, is not on the PATH", install)
