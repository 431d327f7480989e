"""What an engine's failure means: the user's step, a Dockerfile it won't build, or something out of reach.

Engines tell a step's failure by the step; what is left is told by text alone, and read here and nowhere else.
"""

from __future__ import annotations

import re

from edk.adapters.solving.locate import Statement, StepLocator
from edk.adapters.solving.steps import FailedStep
from edk.domain.errors import (
    BuildRefusedError,
    EdkError,
    EngineUnreachableError,
    RegistryUnreachableError,
    StepFailedError,
)
from edk.domain.requests import BuildRequest, EngineInfo

_PARSE_LINE = re.compile(r"parse error (?:on )?line (\d+)")
_EXIT_CODE = re.compile(r"exit code: (\d+)\s*$")
_PREFIXES = re.compile(r"^(failed to solve( with frontend dockerfile\.v0)?|failed to create LLB definition): ")
_OUT_OF_REACH = re.compile(
    r"connection refused|connection reset|i/o timeout|TLS handshake timeout|no such host"
    r"|network is unreachable|no route to host|server misbehaving|Client\.Timeout"
    r"|unexpected status(?: code)?[^\n]{0,120}\b5\d\d\b"
    r"|: EOF$|Service Unavailable|Bad Gateway|Internal Server Error"
)
_SESSION = "no active sessions"
_FULL = "no space left on device"
_FRONTEND = "resolve image config for "
_METADATA = re.compile(r"load metadata for (\S+)$")
_CLASSIC_LACKS = ("heredoc", "mount", "secret", "ssh", "link", "chmod", "parents", "exclude")
_OLD_LACKS = ("heredoc", "link", "parents", "exclude")
_HEREDOC_SINCE = 23
_NAMES = {
    "heredoc": "heredocs (<<EOF)",
    "mount": "RUN --mount",
    "secret": "secret mounts",
    "ssh": "ssh mounts",
    "link": "COPY --link",
    "chmod": "COPY --chmod",
    "parents": "COPY --parents",
    "exclude": "COPY --exclude",
}


def refusal(request: BuildRequest, info: EngineInfo, *, classic: bool = False) -> BuildRefusedError | None:
    """Return why this engine can't build a Dockerfile with these features, None if it may try.

    Args:
        request: what is to be built.
        info: of the engine.
        classic: whether its BuildKit is not to be used.
    """
    engine = f"{info.name} {info.version}"
    lacking: tuple[str, ...]
    if classic or not info.buildkit:
        lacking = _CLASSIC_LACKS if info.name != "Podman" else ("secret", "ssh", "link")
        by, hint = f"{engine} without BuildKit", "Use an engine with BuildKit (Docker Engine 23 or newer)."
    elif _major(info.version) < _HEREDOC_SINCE:
        lacking, by = (*_OLD_LACKS, "secret", "ssh"), f"the BuildKit of {engine}"
        hint = "Use Docker Engine 23 or newer, or write the instruction without it."
    else:
        lacking, by = ("secret", "ssh"), f"{engine} without a session"
        hint = "Build with BuildKit itself (edk builder up), or pass what is not secret as a build argument."
    wanted = [_NAMES[one] for one in request.features if one in lacking]
    if not wanted:
        return None
    return BuildRefusedError(f"{request.dockerfile_path}: {by} can't build {', '.join(wanted)}", hint)


def failure(request: BuildRequest, step: FailedStep | None, message: str, code: int = 0) -> EdkError:
    """Return the error for a build that failed.

    Args:
        request: what was built.
        step: that failed; None if the build did not get to one, or the engine does not say.
        message: the engine's.
        code: that the step exited with; 0 if not told apart from the message.
    """
    text = _bare(message)
    exited = code or _exit_code(text)
    if step is None or not (step.statement and exited):
        infrastructure = _elsewhere(request, step, text)
        if infrastructure is not None:
            return infrastructure
    if step is None:
        return _refused(request, text)
    statement = step.statement or _named_base(request, step)
    if statement is None:
        return EngineUnreachableError(
            f"{request.name}: the engine failed at {step.title!r}: {_bare(step.error) or text}", "Try again."
        )
    return _step_failed(request, statement, step, text, exited)


def _elsewhere(request: BuildRequest, step: FailedStep | None, text: str) -> EdkError | None:
    if _FULL in text:
        return EngineUnreachableError(
            f"{request.name}: the engine's disk is full: {text}",
            "Free space on it, e.g. by 'docker builder prune' or 'docker image prune'.",
        )
    if step is not None and step.title.startswith(_FRONTEND):
        return BuildRefusedError(
            f"{request.dockerfile_path}: the frontend of its '# syntax=' line can't be had: {text}",
            "Remove the '# syntax=' line, or mirror that image and name the mirror.",
        )
    if _SESSION in text:
        return BuildRefusedError(
            f"{request.dockerfile_path}: a secret, an ssh agent or a login needs a build session: {text}",
            "Build with BuildKit itself (edk builder up), or pull a private base beforehand.",
        )
    about_base = step is not None and (step.statement is None or step.statement.keyword == "FROM")
    if about_base and _OUT_OF_REACH.search(text):
        return RegistryUnreachableError(
            f"{request.name}: a base can't be had, its registry does not answer: {text}",
            "See that the registry runs and can be reached from the engine.",
        )
    return None


def _refused(request: BuildRequest, text: str) -> BuildRefusedError:
    found = _PARSE_LINE.search(text)
    place = f"{request.dockerfile_path}:{found[1]}" if found else request.dockerfile_path
    return BuildRefusedError(f"{place}: the engine refused the Dockerfile: {text}")


def _step_failed(
    request: BuildRequest, statement: Statement, step: FailedStep, text: str, exited: int
) -> StepFailedError:
    shown = statement.text if len(statement.text) <= 120 else statement.text[:117] + "..."
    how = f"exited with code {exited}" if exited else f"failed: {_bare(step.error) or text}"
    return StepFailedError(
        f"{request.dockerfile_path}:{statement.line}: {shown} {how}",
        instruction=statement.text,
        line=statement.line,
        log_tail=step.tail,
        hint="It was killed; often because memory ran out." if exited == 137 else "",
    )


def _named_base(request: BuildRequest, step: FailedStep) -> Statement | None:
    found = _METADATA.search(step.title)
    if found is None:
        return None
    locator = StepLocator(request.dockerfile)
    ref = found[1]
    short = ref.removeprefix("docker.io/library/").removeprefix("docker.io/")
    return (
        locator.from_of(ref)
        or locator.from_of(short)
        or locator.from_of(short.removesuffix(":latest"))
        or Statement("FROM", f"FROM {ref}", 0)
    )


def _bare(message: str) -> str:
    text = message.strip()
    while (found := _PREFIXES.match(text)) is not None:
        text = text[found.end() :]
    return text


def _exit_code(text: str) -> int:
    found = _EXIT_CODE.search(text)
    return int(found[1]) if found else 0


def _major(version: str) -> int:
    head = version.split(".", 1)[0]
    return int(head) if head.isdigit() else _HEREDOC_SINCE
