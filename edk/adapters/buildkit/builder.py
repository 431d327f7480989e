"""`BuildKitBuilder`: the `ImageBuilder` port on one BuildKit daemon, driven by ``buildctl``."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from edk.adapters.buildkit.client import STALL_SECONDS, Buildctl
from edk.adapters.buildkit.command import build_arguments
from edk.adapters.buildkit.endpoint import Daemon
from edk.adapters.buildkit.folder import ContextError
from edk.adapters.buildkit.progress import read_status
from edk.adapters.buildkit.staging import Staged, Staging
from edk.adapters.buildkit.verdict import verdict
from edk.adapters.solving.locate import StepLocator
from edk.adapters.solving.steps import StepBoard
from edk.domain.errors import BuildRefusedError, CancelledError, StagingError
from edk.domain.requests import (
    BUILDKIT,
    BuildRequest,
    BuiltImage,
    EngineInfo,
    Placement,
    PushProgress,
    StepProgress,
)
from edk.ports import BuildContext, Cancellation

_NETWORKS = ("", "default", "none", "host")


class BuildKitBuilder:
    """Builds and pushes by one daemon; see `edk.ports.ImageBuilder`. Threads may share it.

    An image is pushed while it is built, by the daemon itself: there is no store of images between.

    Args:
        daemon: where it is.
        staging: folder for contexts, kept between builds.
        environ: for the search path, docker's credentials and the ssh agent; None: the process's own.
        stall: seconds of silence after which a daemon that does not answer counts as gone.
    """

    def __init__(
        self, daemon: Daemon, staging: str, environ: Mapping[str, str] | None = None, *, stall: float = STALL_SECONDS
    ) -> None:
        self._buildctl = Buildctl(daemon, environ, stall)
        self._staging = Staging(staging)

    def describe(self) -> EngineInfo:
        """Return what answers now; raise EngineUnreachableError within 5 seconds, UsageError without ``buildctl``."""
        worker = self._buildctl.workers()[0]
        try:
            platform = worker["platforms"][0]
            version = str((worker.get("buildkitVersion") or {}).get("version") or "")
            of = f"{platform['os']}/{platform['architecture']}"
        except (ValueError, LookupError, TypeError) as error:
            raise self._buildctl.unreachable("it has no worker, or does not tell") from error
        return EngineInfo(BUILDKIT, version, self._buildctl.daemon.address, True, False, of)

    def places(self) -> int:
        """See `edk.ports.ImageBuilder.places`: one engine takes as many as its machine can bear."""
        return 0

    def build(
        self,
        request: BuildRequest,
        context: BuildContext,
        progress: Callable[[StepProgress | Placement], None],
        cancellation: Cancellation,
    ) -> BuiltImage:
        """Build one image and push it as `BuildRequest.tag`; see `edk.ports.ImageBuilder.build`.

        Raises:
            RegistryUnreachableError: in addition, where a base's registry, or that of the tag, does not answer.
            UsageError: there is no ``buildctl``, or a step wants a secret that was not given.
        """

        def check() -> None:
            if cancellation.cancelled:
                raise CancelledError("cancelled")

        check()
        if request.network not in _NETWORKS:
            raise BuildRefusedError(
                f"{request.dockerfile_path}: BuildKit has no network {request.network!r}", "Use none, host or default."
            )
        staged = self._staged(request, context, check)
        board = StepBoard(StepLocator(request.dockerfile), progress)
        with tempfile.TemporaryDirectory(prefix="edk-") as work:
            metadata = Path(work, "metadata.json")
            ended = self._buildctl.run(build_arguments(request, staged, str(metadata)), _taking(board), cancellation)
            board.end()
            if ended.code:
                raise verdict(self._buildctl, request, board.failed(ended.text), ended.text)
            try:
                return _built(metadata.read_bytes(), board.counts())
            except (OSError, ValueError) as error:
                raise self._buildctl.gone(f"it does not tell what it pushed: {error}") from error

    def push(
        self,
        image: BuiltImage,
        ref: str,  # noqa: ARG002 - the one that it was built as
        progress: Callable[[PushProgress], None],
        cancellation: Cancellation,
    ) -> str:
        """Return the digest that was pushed with the build; see `edk.ports.ImageBuilder.push`."""
        if cancellation.cancelled:
            raise CancelledError("cancelled")
        progress(PushProgress(image.digest, "Pushed"))
        return image.digest

    def _staged(self, request: BuildRequest, context: BuildContext, check: Callable[[], None]) -> Staged:
        try:
            return self._staging.stage(_identity(request), request.dockerfile, context, check)
        except ContextError as error:
            cause = error.cause
        except OSError as error:
            raise StagingError(
                f"{request.name}: its context can't be staged: {error}",
                "Free space in the state folder (EDK_STATE_DIR), or make it writable.",
            ) from error
        # Not inside the handler, where it would get a context that it did not have.
        raise cause


def _built(metadata: bytes, counts: tuple[int, int]) -> BuiltImage:
    told = json.loads(metadata)
    digest = str(told.get("containerimage.digest") or "") if isinstance(told, dict) else ""
    if not digest.startswith("sha256:"):
        raise ValueError("no digest")
    return BuiltImage(str(told.get("containerimage.config.digest") or digest), *counts, digest=digest)


def _identity(request: BuildRequest) -> str:
    """Return what tells a target from others: two trees may have one of the same name."""
    return f"{request.name} {request.dockerfile_path}"


def _taking(board: StepBoard) -> Callable[[bytes], bool]:
    def take(line: bytes) -> bool:
        status = read_status(line)
        if status is None:
            return False
        board.take(status)
        return True

    return take
