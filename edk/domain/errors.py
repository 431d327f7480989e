"""The errors of the EDK, one tree, each with a message, a hint and an exit code.

::

    EdkError
    ├── UsageError                 2    wrong command line, environment or configuration
    ├── SourceError                3    the sources are wrong; diagnostics say where
    │   └── ArchiveError                an archive of images can't be taken in
    ├── BuildError                 1    an image or a chart failed; nobody retries
    │   ├── StepFailedError             an instruction of a Dockerfile exited non-zero
    │   ├── BuildRefusedError           the engine can't or won't build this Dockerfile
    │   ├── ContextChangedError         a file changed while its context was read (rebuilt, not reported)
    │   ├── NotAskedError               the plan knows nothing of a registry that answers (planned anew, not reported)
    │   ├── DigestMismatchError         the registry does not hold what was pushed
    │   └── ChartError                  a chart could not be packaged or was refused
    ├── InfrastructureError        4    out of reach; retried with a cap
    │   ├── EngineUnreachableError
    │   ├── StagingError                a context can't be written to the state folder
    │   ├── RegistryUnreachableError
    │   │   └── RegistryRefusesError    it answers, and takes nothing: its disk is full, or it is read-only
    │   ├── PlatformUnreachableError
    │   ├── ClusterUnreachableError
    │   └── WatcherUnreachableError
    └── CancelledError           130    somebody asked to stop

Adapters translate the errors of their libraries into these and chain them. Only `edk.cli` exits.
"""

from __future__ import annotations

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_SOURCES = 3
EXIT_UNREACHABLE = 4
EXIT_INTERRUPTED = 130


class EdkError(Exception):
    """Any failure the user is told about.

    Args:
        message: what is wrong, naming file and line where there are any.
        hint: what to do about it, as a sentence or a command; may be empty.
    """

    exit_code = EXIT_FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return the message alone; the hint is shown on a line of its own."""
        return self.message


class UsageError(EdkError):
    """The command line, the environment or the configuration is wrong."""

    exit_code = EXIT_USAGE


class SourceError(EdkError):
    """The sources are wrong; the diagnostics say where."""

    exit_code = EXIT_SOURCES


class ArchiveError(SourceError):
    """An archive of images is damaged, hostile, or none."""


class BuildError(EdkError):
    """An image or a chart failed by its own fault; a retry would fail again."""


class StepFailedError(BuildError):
    """An instruction of a Dockerfile failed.

    Args:
        message: what failed, in a sentence.
        instruction: the instruction as written, e.g. ``RUN pip install x``; empty if not known.
        line: its line in the Dockerfile, from 1; 0 if not known.
        log_tail: the last lines that it printed.
        hint: what to do about it.
    """

    def __init__(
        self,
        message: str,
        *,
        instruction: str = "",
        line: int = 0,
        log_tail: tuple[str, ...] = (),
        hint: str = "",
    ) -> None:
        super().__init__(message, hint)
        self.instruction = instruction
        self.line = line
        self.log_tail = log_tail


class BuildRefusedError(BuildError):
    """The engine can't build this Dockerfile, or would build it wrongly."""


class ContextChangedError(BuildError):
    """A file of the context changed while it was read; the build is superseded by a new one."""


class NotAskedError(BuildError):
    """The plan was made while the registry was away, which answers by now: it may have the image already."""


class DigestMismatchError(BuildError):
    """The registry does not hold what was pushed."""


class ChartError(BuildError):
    """A chart could not be packaged, or the platform refused it."""


class InfrastructureError(EdkError):
    """The engine, the registry or the platform is out of reach; a retry may help."""

    exit_code = EXIT_UNREACHABLE


class EngineUnreachableError(InfrastructureError):
    """The engine does not answer, or went away in the middle of a build."""


class StagingError(InfrastructureError):
    """A context can't be written to the state folder: no fault of any engine, and no other one would help."""


class RegistryUnreachableError(InfrastructureError):
    """The registry does not answer, or failed on its side (5xx)."""


class RegistryRefusesError(RegistryUnreachableError):
    """The registry answers, and takes nothing: its disk is full, or it is read-only."""


class PlatformUnreachableError(InfrastructureError):
    """kube-helm does not answer."""


class ClusterUnreachableError(InfrastructureError):
    """No cluster is known here, or it does not answer; a normal answer to who only wants to know more."""


class WatcherUnreachableError(InfrastructureError):
    """No watcher runs here, or it does not answer."""


class CancelledError(EdkError):
    """Somebody asked to stop this piece of work."""

    exit_code = EXIT_INTERRUPTED
