"""`DockerEngineBuilder`: the `ImageBuilder` port on the Docker Engine API."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

from edk.adapters.engine import describing
from edk.adapters.engine.credentials import build_headers, push_header
from edk.adapters.engine.endpoint import find_endpoint
from edk.adapters.engine.following import BuildReply
from edk.adapters.engine.pushing import follow_push, push_failed, split_ref
from edk.adapters.engine.wire import STALL_SECONDS, Answer, EngineWire, Reply
from edk.adapters.solving.verdict import failure, refusal
from edk.domain.errors import BuildRefusedError, CancelledError, EdkError, EngineUnreachableError
from edk.domain.requests import BuildRequest, BuiltImage, EngineInfo, PushProgress, StepProgress
from edk.ports import Cache, Cancellation

_REFUSED_LIMIT = 1 << 16
_CANCEL_SECONDS = 0.5


class DockerEngineBuilder:
    """Builds and pushes by one engine; see `edk.ports.ImageBuilder`. Threads may share it.

    Args:
        endpoint: e.g. ``unix:///var/run/docker.sock``; empty: as the docker command finds it.
        environ: for credentials, certificates and the default endpoint; None: the process's own.
        classic: never use BuildKit.
        stall: seconds of silence after which a hanging engine counts as gone.
        memory: where what is found out about engines outlives the process; None forgets it.
    """

    def __init__(
        self,
        endpoint: str = "",
        environ: Mapping[str, str] | None = None,
        *,
        classic: bool = False,
        stall: float = STALL_SECONDS,
        memory: Cache | None = None,
    ) -> None:
        self._memory = memory
        self._environ = os.environ if environ is None else environ
        found = find_endpoint(endpoint, self._environ)
        self._endpoint = found.url
        self._wire = EngineWire(found, stall)
        self._classic = classic
        self._known: tuple[tuple[str, str, str], EngineInfo] | None = None

    def describe(self) -> EngineInfo:
        """Return what answers now; raise EngineUnreachableError within 5 seconds."""
        until = describing.deadline()
        pong = describing.ping(self._wire, until)
        identity = describing.identity(pong)
        if self._known is None or self._known[0] != identity:
            self._known = identity, describing.describe(self._wire, self._endpoint, pong, until, self._memory)
        return self._known[1]

    def places(self) -> int:
        """See `edk.ports.ImageBuilder.places`: one engine takes as many as its machine can bear."""
        return 0

    def build(
        self,
        request: BuildRequest,
        context: Iterable[bytes],
        progress: Callable[[StepProgress], None],
        cancellation: Cancellation,
    ) -> BuiltImage:
        """Build one image; see `edk.ports.ImageBuilder.build`.

        Raises:
            RegistryUnreachableError: in addition, where a base's registry does not answer.
            UsageError: docker's credentials can't be read.
        """
        info = self._known[1] if self._known is not None else self.describe()
        refused = refusal(request, info, classic=self._classic)
        if refused is not None:
            raise refused
        buildkit = info.buildkit and not self._classic
        build_id = uuid.uuid4().hex
        headers = {"Content-Type": "application/x-tar", **build_headers(self._environ)}
        query = _parameters(request, build_id, buildkit)
        try:
            with self._wire.stream(("/build",), query, headers, context, cancellation) as reply, self._sane():
                if reply.status != 200:
                    raise self._build_refused(request, reply)
                return BuildReply(request, progress).follow(reply.lines)
        except CancelledError:
            self._stop(build_id)
            raise

    def push(
        self,
        image: BuiltImage,
        ref: str,
        progress: Callable[[PushProgress], None],
        cancellation: Cancellation,
    ) -> str:
        """Tag an image as `ref` and push it; see `edk.ports.ImageBuilder.push`."""
        repository, tag = split_ref(ref)
        self._tag(image, repository, tag, cancellation)
        headers = {"X-Registry-Auth": push_header(repository, self._environ)}
        path = ("/images/{0}/push", repository)
        with self._wire.stream(path, {"tag": tag}, headers, None, cancellation) as reply, self._sane():
            if reply.status != 200:
                raise push_failed(ref, _refused_answer(reply).message)
            return follow_push(ref, reply.lines, progress)

    def _tag(self, image: BuiltImage, repository: str, tag: str, cancellation: Cancellation) -> None:
        path = ("/images/{0}/tag", image.image_id)
        with self._wire.stream(path, {"repo": repository, "tag": tag}, {}, None, cancellation) as reply:
            message = _refused_answer(reply).message
            if reply.status != 201:
                raise EngineUnreachableError(
                    f"the engine can't tag {image.image_id} as {repository}:{tag}: {message}", "Build it again."
                )

    def _build_refused(self, request: BuildRequest, reply: Reply) -> EdkError:
        message = _refused_answer(reply).message
        error = failure(request, None, message)
        if reply.status < 500 or not isinstance(error, BuildRefusedError):
            return error
        return EngineUnreachableError(
            f"{request.name}: the engine failed with status {reply.status}: {message}", "Try again."
        )

    @contextmanager
    def _sane(self) -> Iterator[None]:
        """Translate what only a broken or foreign engine sends."""
        try:
            yield
        except ValueError as error:
            raise self._wire.gone(error) from error

    def _stop(self, build_id: str) -> None:
        # The closed connection has stopped it already on Docker; this ends what an engine might go on with.
        with suppress(EngineUnreachableError):
            self._wire.post("/build/cancel", {"id": build_id}, _CANCEL_SECONDS)


def _refused_answer(reply: Reply) -> Answer:
    body = b"\n".join(reply.lines)[:_REFUSED_LIMIT]
    return Answer(reply.status, {}, body)


def _parameters(request: BuildRequest, build_id: str, buildkit: bool) -> dict[str, str]:
    """Return the query of ``POST /build``."""
    wanted = {
        "dockerfile": request.dockerfile_member,
        "t": request.tag,
        "buildargs": json.dumps(dict(request.build_args)) if request.build_args else "",
        "labels": json.dumps(dict(request.labels)) if request.labels else "",
        "platform": request.platform,
        "networkmode": request.network,
        "nocache": "1" if request.no_cache else "",
        "pull": "1" if request.pull else "",
        "target": request.target,
        "buildid": build_id,
        "rm": "1",
        "forcerm": "1",
        "version": "2" if buildkit else "1",
    }
    return {name: value for name, value in wanted.items() if value}
