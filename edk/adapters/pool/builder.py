"""The `ImageBuilder` port over several builders."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from edk.adapters.pool.desk import Desk
from edk.adapters.pool.health import Health
from edk.adapters.pool.membership import Membership
from edk.domain.certificates import hint_about
from edk.domain.errors import BuildError, ContextChangedError, EngineUnreachableError
from edk.domain.pool.changes import ended, lost, unanswered
from edk.domain.pool.hashing import first, seed_of
from edk.domain.pool.model import BALANCE, Lease, Pool, WorkerAddress, WorkerStatus, statuses
from edk.domain.requests import BuildRequest, BuiltImage, EngineInfo, Placement, PushProgress, StepProgress
from edk.ports import BuildContext, Cancellation, ImageBuilder

DEFAULT_LIMIT = 4
_DESCRIBE_SECONDS = 4.8
"""For all of them together; the port allows 5."""
_ADDRESS_SECONDS = 2.5
_GRACE = 2.0
"""For the others, once one answered."""
_LOSSES = 5
"""Workers that one build may be lost on: what brings a worker down must not go through all of a thousand."""
_CHECK_SECONDS = 5.0
_RETURN_SECONDS = 0.5
"""For a first choice that was away, to say that it is back."""
_HINT = "'edk doctor' tells which answer; builds go on as soon as one answers."


class BuilderPool:
    """Builds each image on one of several workers, and goes on with another one where a worker goes away.

    Args:
        make: makes the builder of a worker.
        addresses: returns where the workers are; asked again when the answer is some seconds old.
        limit: builds at once on each.
        balance: how far one may be busier than the average; see `edk.domain.pool.model.BALANCE`.
    """

    def __init__(
        self,
        make: Callable[[WorkerAddress], ImageBuilder],
        addresses: Callable[[], Sequence[WorkerAddress]],
        limit: int = DEFAULT_LIMIT,
        balance: float = BALANCE,
    ) -> None:
        self._desk = Desk(balance)
        self._members = Membership(make, addresses, limit, self._desk)
        self._health = Health(self._desk, self._members.builder, lambda: self._members.refresh(0.0), _CHECK_SECONDS)

    @property
    def capacity(self) -> int:
        """How many builds the workers take at once, those that are away included; 0 while none is known."""
        self._members.refresh(_ADDRESS_SECONDS)
        return self._desk.pool.capacity

    def places(self) -> int:
        """Return how many builds to hand in at once: as many again as the workers take.

        A place that becomes free then goes to one that is at home there, whose cache is warm.
        """
        return max(1, 2 * self.capacity)

    def workers(self) -> tuple[WorkerStatus, ...]:
        """Return how each worker is, as far as known without asking; `describe` asks."""
        self._members.refresh(_ADDRESS_SECONDS)
        return statuses(self._desk.pool)

    def describe(self) -> EngineInfo:
        """Return what the workers say of themselves.

        Raises:
            EngineUnreachableError: none answers; within 5 seconds.
            UsageError: none can be asked from here.
        """
        until = time.monotonic() + _DESCRIBE_SECONDS
        self._members.refresh(_ADDRESS_SECONDS)
        names = tuple(self._desk.pool.workers)
        self._health.ask_and_wait(names, until - time.monotonic(), grace=_GRACE)
        pool = self._desk.pool
        there = [name for name in names if name in pool.workers and not pool.workers[name].away]
        infos = [self._health.infos[name] for name in there if name in self._health.infos]
        if not infos:
            raise self._health.wrong or self._none_left({})
        return EngineInfo(
            name="BuildKit",
            version=", ".join(sorted({info.version for info in infos})),
            endpoint=", ".join(there),
            buildkit=all(info.buildkit for info in infos),
            containerd_store=all(info.containerd_store for info in infos),
            platform=infos[0].platform,
            away=tuple(name for name in names if name not in there),
        )

    def build(
        self,
        request: BuildRequest,
        context: BuildContext,
        progress: Callable[[StepProgress | Placement], None],
        cancellation: Cancellation,
    ) -> BuiltImage:
        """Build one image on the worker that its name leads to, or the next; see `edk.ports.ImageBuilder.build`.

        Raises:
            EngineUnreachableError: no worker is left that it was not lost on; names each with its cause.
        """
        self._members.refresh(_ADDRESS_SECONDS)
        causes: dict[str, str] = {}
        with self._desk.build_under_way():
            self._await_return(request.name, cancellation)
            while True:
                lease = self._place(request, causes, progress, cancellation)
                try:
                    return self._build_at(lease, request, context, progress, cancellation)
                except EngineUnreachableError as error:
                    causes[lease.worker] = error.message
                    if len(causes) >= _LOSSES:
                        raise self._brings_down(request.name, causes) from error

    def push(
        self,
        image: BuiltImage,
        ref: str,
        progress: Callable[[PushProgress], None],
        cancellation: Cancellation,
    ) -> str:
        """Push an image from the worker that built it; see `edk.ports.ImageBuilder.push`."""
        builder = self._members.builder(image.worker)
        if builder is None:
            where = image.worker or "a worker that is not named"
            raise EngineUnreachableError(f"{ref} was built by {where}, which has left since", "Build it again.")
        try:
            return builder.push(image, ref, progress, cancellation)
        except EngineUnreachableError as error:
            if not cancellation.cancelled:
                now = time.monotonic()
                self._desk.change(partial(unanswered, name=image.worker, now=now, error=error.message))
            raise

    def _build_at(
        self,
        lease: Lease,
        request: BuildRequest,
        context: BuildContext,
        progress: Callable[[StepProgress | Placement], None],
        cancellation: Cancellation,
    ) -> BuiltImage:
        """Build on a worker, and give the place back whatever comes of it."""
        after: Callable[[Pool], Pool] = partial(ended, lease=lease, worked=False)
        try:
            progress(Placement(lease.worker, lease.reason))
            builder = self._members.builder(lease.worker)
            if builder is None:
                raise EngineUnreachableError(f"{lease.worker} left")
            built = builder.build(request, context, progress, cancellation)
            after = partial(ended, lease=lease, worked=True)
            return replace(built, worker=lease.worker)
        except EngineUnreachableError as error:
            if not cancellation.cancelled:
                after = partial(lost, lease=lease, now=time.monotonic(), error=error.message)
            raise
        except BuildError as error:
            # A failed step is a worker that works; what changed in the context says nothing of it.
            after = partial(ended, lease=lease, worked=not isinstance(error, ContextChangedError))
            raise
        finally:
            self._desk.change(after)
            self._health.look_after()

    def _place(
        self,
        request: BuildRequest,
        causes: Mapping[str, str],
        progress: Callable[[Placement], None],
        cancellation: Cancellation,
    ) -> Lease:
        """Return a place for a build; those that are away are asked once more before it is given up."""

        def tell(placement: Placement) -> None:
            self._health.look_after()
            progress(placement)

        self._health.look_after()
        lease = self._desk.place(request.name, request.urgency, frozenset(causes), cancellation, tell)
        if lease is None:
            self._members.refresh(_ADDRESS_SECONDS)
            untried = [name for name in self._desk.pool.workers if name not in causes]
            self._health.ask_and_wait(untried, _CHECK_SECONDS, cancellation)
            lease = self._desk.place(request.name, request.urgency, frozenset(causes), cancellation, tell)
        if lease is None:
            raise self._none_left(causes)
        return lease

    def _await_return(self, target: str, cancellation: Cancellation) -> None:
        """Ask a target's first choice that was away, before another worker is taken in its place."""
        wanted = first(seed_of(target), self._desk.pool.workers.values())
        if wanted is not None and wanted.away and wanted.check_at <= time.monotonic():
            self._health.ask_and_wait((wanted.name,), _RETURN_SECONDS, cancellation)

    def _brings_down(self, target: str, causes: Mapping[str, str]) -> EngineUnreachableError:
        told = "; ".join(f"{name}: {cause}" for name, cause in causes.items())
        return EngineUnreachableError(f"{target} was lost on {len(causes)} workers, one after the other: {told}", _HINT)

    def _none_left(self, causes: Mapping[str, str]) -> EngineUnreachableError:
        pool = self._desk.pool
        every = {name: causes.get(name) or worker.error or "no answer" for name, worker in pool.workers.items()}
        every = {**causes, **every}
        if not every:
            why = self._members.error or "its address leads to nobody"
            return EngineUnreachableError(f"no worker is known to build on: {why}", "Check the builders' addresses.")
        told = "; ".join(f"{name}: {cause}" for name, cause in sorted(every.items()))
        none = f"none of the {len(every)} workers answers"
        if len(every) == 1:
            none, told = "the worker does not answer", next(iter(every.values()))
        return EngineUnreachableError(f"{none}: {told}", hint_about(told, _HINT))
