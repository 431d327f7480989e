"""`edk init`: the platform's repository at the platform's version, and one example to begin with.

Nothing of the user is deleted or overwritten. A clone is prepared beside its place and appears there whole or
not at all; so the command may be interrupted at any time and run again.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from edk.domain.errors import InfrastructureError, SourceError, UsageError
from edk.orchestrator.init_model import InitRequest, InitResult, Tools

EXAMPLE = "otsus-method"
EXAMPLE_IN_REPOSITORY = f"templates_and_examples/examples/processing-pipelines/{EXAMPLE}"

_DESCRIBED = re.compile(r"(?P<tag>.+)-\d+-g(?P<commit>[0-9a-f]{4,40})(?:-dirty)?")
_SHOWN = 10


def initialise(request: InitRequest, tools: Tools) -> InitResult:
    """Clone or update the platform's repository, and copy the example once.

    Raises:
        InfrastructureError: the source is out of reach and what is there does not hold the wanted commit.
        SourceError: local changes or an unfinished merge forbid to check the wanted commit out.
        UsageError: a folder can't be written, the source is no repository, or another `edk init` is at it.
    """
    name = f"init:{request.path}"
    lock = tools.locks.try_acquire(name)
    if lock is None:
        holder = tools.locks.holder(name) or "another process"
        raise UsageError(f"{holder} is already setting up {request.path}", "Wait until it is done.")
    try:
        return _initialised(request, tools)
    finally:
        lock.release()


def described_commit(version: str) -> str:
    """Return the commit in a version as ``git describe`` tells it, empty if it names none.

    >>> described_commit("0.6.0-12-g09bb59b20")
    '09bb59b20'
    """
    found = _DESCRIBED.fullmatch(version.strip())
    return found["commit"] if found else ""


def candidates(version: str, branch: str, default: str) -> Iterator[tuple[str, str]]:
    """Yield what a platform's version and branch may be called in a clone, best first.

    Args:
        version: as ``git describe`` tells it, or a tag; may be empty.
        branch: may be empty.
        default: the source's own branch; may be empty.

    Yields:
        Pairs of ``version``, ``branch`` or ``default``, and a full ref name or a hexadecimal id.
    """
    version = version.strip()
    if commit := described_commit(version):
        yield "version", commit
    elif version:
        for tag in (version, f"v{version}"):
            yield "version", f"refs/tags/{tag}"
            yield "version", f"refs/edk/tags/{tag}"
    branches = [("branch", branch), ("branch", f"feature/{branch}")] if branch else []
    for kind, name in (*branches, ("default", default)):
        if name:
            yield kind, f"refs/edk/heads/{name}"
            yield kind, f"refs/remotes/origin/{name}"


def _initialised(request: InitRequest, tools: Tools) -> InitResult:
    tools.folders.clear(request.path)
    existing = tools.clones.is_clone(request.path)
    before = tools.clones.head(request.path) if existing else ""
    if before:
        _update(request, tools, before)
    elif existing:
        _fill(request, tools)
    else:
        _clone(request, tools)
    commit = tools.clones.head(request.path)
    example, copied = _example(request, tools)
    steps = (f"./build_extension.sh --dir {shlex.quote(example)}",)
    return InitResult(request.path, commit, not existing, commit != before, example, copied, steps)


def _clone(request: InitRequest, tools: Tools) -> None:
    """Make a clone beside its place, and move it there."""
    partial = tools.folders.partial(request.path)
    tools.notice(f"Cloning {request.shown_source} into {request.path}; this can take minutes")
    try:
        tools.clones.begin(partial, request.source)
        tools.clones.fetch(partial, request.source, "origin")
        tools.clones.checkout(partial, _choose(partial, request, tools))
        kept = tools.folders.place(partial, request.path)
    finally:
        tools.folders.clear(request.path)
    if kept:
        differing = tuple(file for file in tools.clones.changed(request.path) if file in kept)
        if differing:
            tools.notice(f"Files that were in {request.path} before stay as they are: {_listed(differing)}")


def _fill(request: InitRequest, tools: Tools) -> None:
    """Bring a commit into a repository that has none yet."""
    tools.clones.fetch(request.path, request.source, "edk")
    _check_out(_choose(request.path, request, tools), request, tools)


def _update(request: InitRequest, tools: Tools, head: str) -> None:
    """Bring an existing clone to the wanted commit, as far as nothing of the user is lost."""
    wanted = described_commit(request.version)
    commit = tools.clones.resolve(request.path, wanted) if wanted else ""
    if not commit:
        _fetch(request, tools)
        commit = _choose(request.path, request, tools)
    if commit == head:
        return
    if not tools.clones.is_published(request.path) and tools.clones.descends(request.path, commit):
        tools.notice(f"{request.path} holds commits of yours on top of {commit[:12]}; it stays as it is")
        return
    doing = tools.clones.unfinished(request.path)
    if doing:
        raise SourceError(f"{doing} is unfinished in {request.path}", "End or abort it, then run `edk init` again.")
    if not tools.clones.is_kept(request.path):
        hint = f"git -C {request.path} branch my-work, then run `edk init` again."
        raise SourceError(f"{request.path} is at {head[:12]}, a commit that no branch holds", hint)
    _check_out(commit, request, tools)


def _fetch(request: InitRequest, tools: Tools) -> None:
    tools.notice(f"Fetching {request.shown_source} into {request.path}")
    try:
        tools.clones.fetch(request.path, request.source, "edk")
    except InfrastructureError as error:
        names = (name for kind, name in candidates(request.version, request.branch, "") if kind != "default")
        if not any(tools.clones.resolve(request.path, name) for name in names):
            raise
        tools.notice(f"{error.message}; going on with what {request.path} holds", error.hint)


def _choose(path: str, request: InitRequest, tools: Tools) -> str:
    """Return the wanted commit, and say so if it is not exactly what was asked for."""
    for kind, name in candidates(request.version, request.branch, ""):
        commit = tools.clones.resolve(path, name)
        if commit:
            _explain(kind, name, request, tools)
            return commit
    default = tools.clones.default_branch(request.source) or "main"
    for kind, name in candidates("", "", default):
        commit = tools.clones.resolve(path, name)
        if commit:
            _explain(kind, name, request, tools)
            return commit
    asked = [f"{what} ‘{name}’" for what, name in _asked(request) if name]
    raise UsageError(
        f"{request.shown_source} holds no {', no '.join([*asked, 'default branch'])}",
        "Set KAAPANA_BUILD_BRANCH to one of its branches.",
    )


def _asked(request: InitRequest) -> tuple[tuple[str, str], ...]:
    return ("version", request.version), ("branch", request.branch)


def _explain(kind: str, name: str, request: InitRequest, tools: Tools) -> None:
    short = re.sub(r"^refs/(edk/heads|remotes/origin)/", "", name)
    if kind != "version" and request.version:
        tools.notice(
            f"Version ‘{request.version}’ is not in {request.shown_source}; its branch {short} is taken",
            "Set KAAPANA_BUILD_VERSION to the platform's version, as `git describe` tells it.",
        )
    elif kind == "default" and request.branch:
        tools.notice(f"Branch ‘{request.branch}’ is not in {request.shown_source}; {short} is taken instead")


def _check_out(commit: str, request: InitRequest, tools: Tools) -> None:
    short = commit[:12]
    blocking = tools.clones.checkout(request.path, commit)
    if blocking:
        raise SourceError(
            f"{request.path} stays as it is: {short} would overwrite local changes in {_listed(blocking)}",
            f"Commit or move them away, e.g. git -C {request.path} stash, then run `edk init` again.",
        )
    tools.notice(f"Checked out {commit[:12]} in {request.path}")


def _example(request: InitRequest, tools: Tools) -> tuple[str, bool]:
    """Copy the example to the extensions folder unless something of that name is there."""
    target = f"{request.extensions_dir}/{EXAMPLE}"
    theirs = f"{request.path}/{EXAMPLE_IN_REPOSITORY}"
    source = theirs if tools.folders.is_folder(theirs) else request.own_example
    return target, tools.folders.copy_once(source, target)


def _listed(files: tuple[str, ...]) -> str:
    more = len(files) - _SHOWN
    return ", ".join(files[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
