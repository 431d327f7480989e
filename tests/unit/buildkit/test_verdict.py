"""What the ends of builds mean, by what ``buildctl`` really printed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from msgspec.structs import replace

from edk.adapters.buildkit.client import Buildctl
from edk.adapters.buildkit.endpoint import Daemon
from edk.adapters.buildkit.verdict import verdict
from edk.adapters.solving.locate import Statement
from edk.adapters.solving.steps import FailedStep
from edk.domain.errors import (
    BuildRefusedError,
    EdkError,
    EngineUnreachableError,
    RegistryUnreachableError,
    StepFailedError,
    UsageError,
)
from edk.domain.requests import SessionOptions
from tests.unit.buildkit.recorded import END_NAMES, end

BUILDCTL = Buildctl(Daemon("tcp://far:1234", "/run/tls"), {})
SECRET = {"session": SessionOptions(secrets=(("tok", "/nowhere"),))}
AGENT = {"session": SessionOptions(ssh=("default",))}
SBOM = {"session": SessionOptions(attestations=("sbom",), sbom_generator="localhost:1/gen:1")}
UNREACHABLE = r"^BuildKit at far:1234 does not answer: "
NO_BASE = r"^x: a base can't be had, its registry does not answer: .*"

# End → what it has to be: kind, pattern of the message, pattern of the hint, and what of the request matters.
ENDS: dict[str, tuple[type[EdkError], str, str, dict[str, Any]]] = {
    "step-failed": (StepFailedError, r"^x/Dockerfile:2: RUN echo one; .* exited with code 7$", "", {}),
    "bad-user": (StepFailedError, r"^x/Dockerfile:3: RUN true failed: .*unable to find user nobodyhere", "", {}),
    "full": (StepFailedError, r"^x/Dockerfile:2: RUN dd .* exited with code 1$", "", {}),
    "missing-copy": (StepFailedError, r'^x/Dockerfile:2: COPY nothing /x failed: .*"/nothing": not found$', "", {}),
    "missing-base": (StepFailedError, r"^x/Dockerfile:1: FROM .*/test/none:1 failed: .*not found$", "", {}),
    "add-url": (StepFailedError, r"^x/Dockerfile:2: ADD http://localhost:1/x /x failed: .*refused$", "", {}),
    "add-url-404": (StepFailedError, r"^x/Dockerfile:2: ADD .*failed: invalid response status 404$", "", {}),
    "unauthorized-from": (StepFailedError, r"^x/Dockerfile:1: FROM .* 401 ", r"docker login localhost:32101$", {}),
    "denied-from": (StepFailedError, r"^x/Dockerfile:1: FROM .* 403 ", r"docker login localhost:32102$", {}),
    "parse-error": (BuildRefusedError, r"^x/Dockerfile:2: .*unknown instruction: EDKNONSENSE$", "", {}),
    "parse-error-mount": (BuildRefusedError, r'^x/Dockerfile: .*unsupported mount type "nonsense"$', "", {}),
    "no-from": (BuildRefusedError, r"^x/Dockerfile: .*no build stage in current context$", "", {}),
    "bad-platform": (BuildRefusedError, r"^x/Dockerfile: .*nonsense/x/y/z", "", {}),
    "host-network": (BuildRefusedError, r"may not use the host's network at far:1234$", "network.host", {}),
    "frontend": (BuildRefusedError, r"the frontend of its '# syntax=' line .*not found$", "# syntax", {}),
    "frontend-dead": (BuildRefusedError, r"the frontend of its '# syntax=' line .*refused$", "# syntax", {}),
    "sbom-no-generator": (BuildRefusedError, r"bill of materials can't be had: .*refused$", "sbom_generator", SBOM),
    "dead-from": (RegistryUnreachableError, rf"{NO_BASE}connection refused$", "", {}),
    "copy-from-dead": (RegistryUnreachableError, rf"{NO_BASE}connection refused$", "", {}),
    "missing-base-hub": (RegistryUnreachableError, rf"{NO_BASE}no such host$", "", {}),
    "broken-from": (RegistryUnreachableError, rf"{NO_BASE}500 Internal Server Error$", "", {}),
    "token-dead-from": (RegistryUnreachableError, rf"{NO_BASE}refused$", "", {}),
    "busy-from": (RegistryUnreachableError, r"^x: a base can't be had: .* 429 ", "asked less often", {}),
    "https-from": (RegistryUnreachableError, r"^x: a base can't be had: ", r'\[registry."192.0.2.2:32102"\]', {}),
    "cert-from": (RegistryUnreachableError, r"^x: a base can't be had: .*certificate", r'"192.0.2.2:32120"\] ca', {}),
    "dead-push": (RegistryUnreachableError, r"^t:1/x:1 can.t be pushed: .*refused$", "runs", {"tag": "t:1/x:1"}),
    "broken-push": (RegistryUnreachableError, r"can't be pushed: .*500 Internal Server Error$", "registry runs", {}),
    "busy-push": (RegistryUnreachableError, r"can't be pushed: .*429 Too Many Requests$", "asked less often", {}),
    "unauthorized-push": (RegistryUnreachableError, r"can't be pushed: .*401 ", "docker login localhost:32101$", {}),
    "denied-push": (RegistryUnreachableError, r"can't be pushed: .*403 ", "docker login localhost:32102$", {}),
    "https-push": (RegistryUnreachableError, r"can't be pushed: .*TLS", r'"192.0.2.2:32102"\] with http', {}),
    "cert-push": (RegistryUnreachableError, r"can't be pushed: .*certificate", r'"192.0.2.2:32120"\] ca', {}),
    "secret-missing": (UsageError, r"^x/Dockerfile: a step wants .*secret tok: not found$", "--build-secret", {}),
    "ssh-missing": (UsageError, r"^x/Dockerfile: a step wants .*no SSH key", "--ssh", {}),
    "secret-no-file": (UsageError, r"^x/Dockerfile: a secret .*/nowhere: no such file", "--build-secret", SECRET),
    "ssh-no-agent": (UsageError, r"^x/Dockerfile: .*SSH_AUTH_SOCK", "--ssh", AGENT),
    "ssh-no-socket": (UsageError, r"^x/Dockerfile: .*/nowhere.sock: no such file", "--ssh", AGENT),
    "no-socket": (EngineUnreachableError, rf"{UNREACHABLE}.*no such file or directory", "edk builder up", {}),
    "refused": (EngineUnreachableError, rf"{UNREACHABLE}.*connection refused", "edk builder up", {}),
    "unknown-host": (EngineUnreachableError, rf"{UNREACHABLE}.*no such host", "BUILDKIT_HOST", {}),
    "tls-none": (EngineUnreachableError, UNREACHABLE, "", {}),
    "tls-wrong-ca": (EngineUnreachableError, rf"{UNREACHABLE}.*unknown authority", "", {}),
    "tls-wrong-cert": (EngineUnreachableError, UNREACHABLE, "", {}),
    "tls-wrong-name": (EngineUnreachableError, rf"{UNREACHABLE}.*not elsewhere", "", {}),
    "tls-no-files": (EngineUnreachableError, r"/nowhere/ca.pem", "", {}),
    "killed": (EngineUnreachableError, r"^BuildKit at far:1234 went away in the middle", "its own log", {}),
    "full-context": (EngineUnreachableError, r"^x: the disk of BuildKit at far:1234 is full: ", "--build-cache", {}),
}


def judged(name: str, **fields: Any) -> EdkError:
    """Return what a recorded end is taken for."""
    asked, failed, text = end(name, **fields)
    return verdict(BUILDCTL, asked, failed, text)


def test_all_recorded_ends_are_judged_here() -> None:
    """None is left out."""
    assert END_NAMES == sorted(ENDS)


@pytest.mark.parametrize("name", END_NAMES)
def test_ends(name: str) -> None:
    """Each recorded end is told as what it is, with a message that names the cause and a hint that helps."""
    kind, message, hint, fields = ENDS[name]

    error = judged(name, **fields)

    assert kind is type(error)
    assert re.search(message, error.message, re.DOTALL), error.message
    assert re.search(hint, error.hint), error.hint


def test_a_failed_step_has_its_instruction_and_the_end_of_its_log() -> None:
    """As it stands in the Dockerfile, both streams in order."""
    error = judged("step-failed")

    assert isinstance(error, StepFailedError)
    assert ("RUN echo one; echo two >&2; exit 7", 2, ("one", "two")) == (
        error.instruction,
        error.line,
        error.log_tail,
    )


def test_files_for_tls_that_are_missing() -> None:
    """They are why the daemon can't be asked, and no fault of the Dockerfile."""
    asked, failed, text = end("tls-no-files")

    error = verdict(Buildctl(Daemon("tcp://far:1234", "/nowhere"), {}), asked, failed, text)

    assert "BuildKit at far:1234 does not answer: a certificate is not there: /nowhere/ca.pem" == error.message


@pytest.mark.parametrize(
    "quoted",
    [
        "error reading from server: EOF",
        "code = Unavailable",
        "failed to push x: y",
        "secret tok: not found",
        "no SSH key",
        "network.host is not allowed",
        "server gave HTTP response to HTTPS client",
        "no space left on device",
        "no active sessions",
        "no active session for",
    ],
)
def test_a_command_that_quotes_an_error_is_a_failed_step(quoted: str) -> None:
    """BuildKit's message holds the command, and that may say anything."""
    asked, _, _ = end("step-failed")
    message = f'process "/bin/sh -c echo {quoted}; exit 3" did not complete successfully: exit code: 3'
    failed = FailedStep("[2/2] RUN x", Statement("RUN", "RUN x", 2), message, ())

    error = verdict(BUILDCTL, asked, failed, f"error: failed to solve: {message}\n")

    assert isinstance(error, StepFailedError)
    assert "x/Dockerfile:2: RUN x exited with code 3" == error.message


@pytest.mark.parametrize("text", ["", "\n", "Killed\n", "Incorrect Usage: flag provided but not defined: -x\n"])
def test_a_client_that_ends_by_itself_blames_no_dockerfile(text: str) -> None:
    """Killed, or of another version: it is no fault of what is built."""
    asked, _, _ = end("step-failed")

    error = verdict(BUILDCTL, asked, None, text)

    assert isinstance(error, EngineUnreachableError)
    assert error.message.startswith("x: buildctl failed: ")
    assert text.strip() in error.message


def test_a_host_with_http_is_that_of_the_url() -> None:
    """The hint names the registry that was asked, not the one that the image goes to."""
    asked, failed, text = end("https-from")

    error = verdict(BUILDCTL, replace(asked, tag="elsewhere:5000/x:1"), failed, text)

    assert "elsewhere" not in error.hint
