"""Bills of materials by syft, a program of its own, run on an image in the registry."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from edk.domain.errors import InfrastructureError, UsageError

if TYPE_CHECKING:
    import subprocess

PROGRAM = "syft"
_INSTALL = (
    "go install github.com/anchore/syft/cmd/syft@v1.18.1, or a release from github.com/anchore/syft/releases;"
    " it has to be on PATH"
)
_PASSED_ON = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "DOCKER_CONFIG"),
    *(name for word in ("http_proxy", "https_proxy", "no_proxy") for name in (word, word.upper())),
)
# It asks nobody for a newer version of itself, looks packages up nowhere, and reads no settings of the user.
_SETTINGS = {"SYFT_REGISTRY_INSECURE_USE_HTTP": "true", "SYFT_CHECK_FOR_APP_UPDATE": "false"}


class Syft:
    """Lists what an image consists of; see `edk.ports.Inventory`.

    Args:
        host: of the registry, as it is reached from here.
        timeout: seconds for one image.
        environ: the environment that it is looked for and run in; the process's own by default.
    """

    def __init__(self, host: str, *, timeout: float = 600.0, environ: Mapping[str, str] | None = None) -> None:
        self._host = host
        self._timeout = timeout
        self._environ = os.environ if environ is None else environ

    def check(self) -> None:
        """Return if it is there; raise UsageError if not."""
        self._program()

    def bill(self, repository: str, digest: str) -> bytes:
        """Return what is in an image, as CycloneDX JSON; for what is raised see `edk.ports.Inventory.bill`."""
        import json
        import tempfile

        ref = f"registry:{self._host}/{repository}@{digest}"
        with tempfile.TemporaryDirectory(prefix="edk-sbom-") as work:
            # A folder of its own, for it would read a .syft.yaml in the one where the user stands.
            output = self._run([self._program(), "scan", "--quiet", "--output", "cyclonedx-json", ref], work)
        try:
            document = json.loads(output)
        except ValueError as error:
            raise InfrastructureError(f"{PROGRAM} gave no JSON for {repository}", "Run it again") from error
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def _program(self) -> str:
        import shutil

        found = shutil.which(PROGRAM, path=self._environ.get("PATH"))
        if found is None:
            raise UsageError(f"there is no {PROGRAM} on this machine, which bills of materials are made by", _INSTALL)
        return found

    def _run(self, command: list[str], work: str) -> bytes:
        import subprocess

        environment = {name: self._environ[name] for name in _PASSED_ON if name in self._environ} | _SETTINGS
        try:
            process = subprocess.Popen(
                command, env=environment, cwd=work, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise UsageError(f"{command[0]} can't be run: {error.strerror}", _INSTALL) from error
        try:
            output, said = process.communicate(timeout=self._timeout)
        except subprocess.TimeoutExpired as error:
            _kill(process)
            raise InfrastructureError(
                f"{PROGRAM} did not end within {self._timeout:g} seconds", "Run it again; see why the machine is slow"
            ) from error
        except BaseException:  # an interrupt does not reach another session by itself
            _kill(process)
            raise
        if process.returncode:
            lines = said.decode("utf-8", "replace").strip().splitlines()
            why = lines[-1] if lines else f"it exited with {process.returncode}"
            raise InfrastructureError(f"{PROGRAM} failed: {why}", "Look whether the registry answers, and run it again")
        return output


def _kill(process: subprocess.Popen[bytes]) -> None:
    import signal

    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
