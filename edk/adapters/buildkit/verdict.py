"""What the end of a ``buildctl build`` means where no image came of it."""

from __future__ import annotations

import re

from edk.adapters.buildkit.client import Buildctl
from edk.adapters.solving.steps import FailedStep
from edk.adapters.solving.verdict import failure
from edk.domain.errors import (
    BuildRefusedError,
    EdkError,
    EngineUnreachableError,
    RegistryUnreachableError,
    UsageError,
)
from edk.domain.requests import BuildRequest

_ERROR = re.compile(r"^error: (.*)\Z", re.MULTILINE | re.DOTALL)
_EXITED = re.compile(r"did not complete successfully: exit code: \d+\s*\Z")
_SOLVING = "failed to solve"
_NO_ANSWER = re.compile(r"^(listing workers for Build: )?failed to list workers|^failed to dial|^Unavailable: ")
_NO_DAEMON = re.compile(
    r"code = Unavailable|error reading from server|transport is closing|connection error: desc|closing transport due to"
    r"|failed to receive status: rpc error: code = (Unavailable|Canceled)|session healthcheck failed"
    r"|no active session for"
)
_PUSH = re.compile(r"failed to push \S+: (?P<cause>.*)", re.DOTALL)
_SECRET = re.compile(r"secret (?P<id>\S+): not found|no SSH key|failed to load cert|could not parse ssh")
_HTTPS = re.compile(r"server gave HTTP response to HTTPS client|first record does not look like a TLS handshake")
_CERTIFICATE = "failed to verify certificate"
_DENIED = re.compile(r"\b(401 Unauthorized|403 Forbidden)\b|insufficient_scope|authorization failed|access denied")
_URL_HOST = re.compile(r"https?://([^/\s\"]+)/v2/")
_ENTITLEMENT = re.compile(r"(?P<what>\S+) is not allowed")
_FRONTEND = "resolve image config for "
_FULL = "no space left on device"


def verdict(buildctl: Buildctl, request: BuildRequest, step: FailedStep | None, text: str) -> EdkError:
    """Return the error for a build without an image.

    Args:
        buildctl: that ran it.
        request: what was built.
        step: that failed; None if it did not get to one.
        text: what ``buildctl`` wrote for people.
    """
    found = _ERROR.search(text)
    message = (found[1] if found else text).strip() or "it ended without a word"
    if step is not None and step.statement and _EXITED.search(message):
        # The message quotes the command, and that may quote anything.
        return failure(request, step, message)
    if _NO_ANSWER.search(message):
        return buildctl.unreachable(message)
    if _NO_DAEMON.search(message):
        return buildctl.gone(message)
    if _SOLVING not in message:
        return _not_begun(buildctl, request, message)
    bare = message.removeprefix("failed to solve: ")
    pushed = _PUSH.search(message)
    if pushed:
        hint = _registry_hint(request, message) or "See that the registry runs and can be reached from BuildKit."
        return RegistryUnreachableError(f"{request.tag} can't be pushed: {pushed['cause']}", hint)
    if _SECRET.search(bare):
        return UsageError(
            f"{request.dockerfile_path}: a step wants a secret or an ssh agent that was not given: {bare}",
            "pass it by --build-secret id=NAME,src=FILE or --ssh default",
        )
    if "network.host" in bare and _ENTITLEMENT.search(bare):
        return BuildRefusedError(
            f"{request.dockerfile_path}: RUN steps may not use the host's network at {buildctl.daemon.name}",
            'Put insecure-entitlements = ["network.host"] into its buildkitd.toml, or leave out --network host.',
        )
    if _FULL in bare:
        return EngineUnreachableError(
            f"{request.name}: the disk of BuildKit at {buildctl.daemon.name} is full: {bare}",
            "Free space on it, e.g. by 'edk prune --build-cache', or let it keep less (maxUsedSpace, buildkitd.toml).",
        )
    return _of_base(request, step, bare) or failure(request, step, message)


def _not_begun(buildctl: Buildctl, request: BuildRequest, message: str) -> EdkError:
    """Return the error for what ``buildctl`` complains of by itself, before the daemon has begun or without it."""
    tls, session = buildctl.daemon.tls_dir, request.session
    if tls and tls in message:
        return buildctl.unreachable(message)
    if (session.ssh or session.secrets) and ("ssh" in message or "stat " in message or "secret" in message):
        return UsageError(
            f"{request.dockerfile_path}: a secret or an ssh agent that steps are to be given can't be had: {message}",
            "see the files and sockets named by --build-secret and --ssh, and that an ssh agent runs",
        )
    hint = "Try again; see that it is 0.17 or newer."
    return EngineUnreachableError(f"{request.name}: buildctl failed: {message}", hint)


def _of_base(request: BuildRequest, step: FailedStep | None, bare: str) -> EdkError | None:
    """Return the error for an image that can't be had for another reason than that there is none, or it is away."""
    if step is None or (step.statement is not None and step.statement.keyword != "FROM"):
        return None
    if step.title.startswith(_FRONTEND) and "sbom" in request.session.attestations:
        image = step.title.removeprefix(_FRONTEND).removeprefix("docker-image://")
        if image.encode() not in request.dockerfile:
            return BuildRefusedError(
                f"{request.name}: the image that makes the bill of materials can't be had: {bare}",
                "Name another one by sbom_generator in edk.yaml, or leave out --attestation sbom.",
            )
    hint = _registry_hint(request, bare)
    if hint and _DENIED.search(bare):
        error = failure(request, step, bare)
        error.hint = error.hint or hint
        return error
    return RegistryUnreachableError(f"{request.name}: a base can't be had: {bare}", hint) if hint else None


def _registry_hint(request: BuildRequest, message: str) -> str:
    """Return what helps where a registry answers and nothing comes of it, empty if that is not known."""
    found = _URL_HOST.search(message)
    host = found[1] if found else request.tag.partition("/")[0]
    if _HTTPS.search(message):
        return f'Put [registry."{host}"] with http = true into its buildkitd.toml, and restart it.'
    if _CERTIFICATE in message:
        return f'Name its certificate authority by [registry."{host}"] ca = ["FILE"] in buildkitd.toml, and restart it.'
    if _DENIED.search(message):
        return f"Log in: docker login {host}"
    if "429 Too Many Requests" in message:
        return f"{host} wants to be asked less often: log in to it, name a mirror, or try again later."
    return ""
