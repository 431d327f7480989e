"""What the end of a ``buildctl build`` means where no image came of it."""

from __future__ import annotations

import re

from edk.adapters.buildkit.client import Buildctl
from edk.adapters.solving.steps import FailedStep
from edk.adapters.solving.verdict import failure
from edk.domain.errors import BuildRefusedError, EdkError, RegistryUnreachableError, UsageError
from edk.domain.requests import BuildRequest

_ERROR = re.compile(r"^error: (.*)\Z", re.MULTILINE | re.DOTALL)
_NO_DAEMON = re.compile(
    r"^(listing workers for Build: )?failed to list workers|^failed to dial|code = Unavailable|^Unavailable: "
    r"|error reading from server|transport is closing|connection error: desc|closing transport due to"
    r"|failed to receive status: rpc error: code = (Unavailable|Canceled)|session healthcheck failed"
    r"|no active session for"
)
_PUSH = re.compile(r"failed to push \S+: (?P<cause>.*)", re.DOTALL)
_SECRET = re.compile(r"secret (?P<id>\S+): not found|no SSH key|failed to load cert|could not parse ssh")
_HTTPS = "server gave HTTP response to HTTPS client"
_ENTITLEMENT = re.compile(r"(?P<what>\S+) is not allowed")


def verdict(buildctl: Buildctl, request: BuildRequest, step: FailedStep | None, text: str) -> EdkError:
    """Return the error for a build without an image.

    Args:
        buildctl: that ran it.
        request: what was built.
        step: that failed; None if it did not get to one.
        text: what ``buildctl`` wrote for people.
    """
    found = _ERROR.search(text)
    message = (found[1] if found else text).strip() or "buildctl ended without a word"
    if _NO_DAEMON.search(message):
        began = step is not None or "failed to solve" in message
        return buildctl.gone(message) if began else buildctl.unreachable(message)
    pushed = _PUSH.search(message)
    if pushed:
        return RegistryUnreachableError(f"{request.tag} can't be pushed: {pushed['cause']}", _push_hint(request, message))
    bare = message.removeprefix("failed to solve: ")
    if _SECRET.search(bare):
        return UsageError(
            f"{request.dockerfile_path}: a step wants a secret or an ssh agent that was not given: {bare}",
            "pass it by --build-secret id=NAME,src=FILE or --ssh default",
        )
    if "network.host" in bare and _ENTITLEMENT.search(bare):
        return BuildRefusedError(
            f"{request.dockerfile_path}: BuildKit at {buildctl.daemon.name} does not allow RUN steps the host's network",
            'Put insecure-entitlements = ["network.host"] into its buildkitd.toml, or leave out --network host.',
        )
    if _HTTPS in bare:
        host = request.tag.partition("/")[0]
        return RegistryUnreachableError(
            f"{request.name}: BuildKit at {buildctl.daemon.name} speaks https to a registry that does not: {bare}",
            _plain_http(host),
        )
    return failure(request, step, message)


def _push_hint(request: BuildRequest, message: str) -> str:
    if _HTTPS in message:
        return _plain_http(request.tag.partition("/")[0])
    return "See that the registry runs and can be reached from where BuildKit runs."


def _plain_http(host: str) -> str:
    return f'Put [registry."{host}"] with http = true into its buildkitd.toml, and restart it.'
