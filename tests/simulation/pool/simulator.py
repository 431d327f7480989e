"""Runs a graph on a pool: the product's state of it, with machines that only wait."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from edk.domain.pool import changes
from edk.domain.pool.model import BALANCE, Lease, Pool
from edk.domain.pool.placing import hand_out
from tests.simulation.kernel import Kernel
from tests.simulation.pool.graphs import Graph
from tests.simulation.pool.machines import Build, Count, Job, Machine
from tests.simulation.pool.scheduling import QuickScheduler, Scheduler

REFUSED_SECONDS = 0.1
STALL_SECONDS = 15.0
PATIENCE = 5.0
WARM = 0.2
"""Part of its time that an image takes where it was built before."""


class Simulation:
    """A pool and its machines; runs one graph after another, and caches stay.

    Args:
        count: workers.
        limit: builds at once on each.
        seed: of all that is left to chance.
        balance: of the pool.
    """

    def __init__(self, count: int, limit: int = 1, seed: int = 0, balance: float = BALANCE) -> None:
        self.limit = limit
        self.kernel = Kernel(lambda: False)
        self.draw = random.Random(seed)
        self.machines: dict[str, Machine] = {}
        self.count = Count()
        self._tickets: dict[int, Build] = {}
        self._checking: set[str] = set()
        self._next_check = float("inf")
        self._seconds: dict[str, float] = {}
        self._scheduler: Scheduler = QuickScheduler((), 1)
        self.pool = Pool(balance=balance)
        self._named = 0
        self.join(count)

    @property
    def slots(self) -> int:
        """Return how many builds there can be at once."""
        return self.pool.capacity

    def run(
        self,
        graph: Graph,
        jobs: float = 2.0,
        scheduler: Callable[..., Scheduler] = QuickScheduler,
        jitter: float = 0.0,
        fault: Callable[[Simulation], float] | None = None,
    ) -> Count:
        """Build a graph and return what happened.

        Args:
            graph: of images.
            jobs: builds that are handed in at once, by place.
            scheduler: starts them.
            jitter: part by which a time may differ from that of the graph.
            fault: does some harm, and returns the seconds until it wants to do more.
        """
        self.count = Count()
        self._seconds = {i: s * self.draw.uniform(1 - jitter, 1 + jitter) for i, s in graph.seconds.items()}
        self._scheduler = scheduler(graph.wanted, max(1, round(self.slots * jobs)))
        began = self.kernel.now
        for machine in self.machines.values():
            machine.busy, machine.peak = 0.0, 0
        if fault is not None:
            self._harm(fault)
        self._start()
        while not self._scheduler.idle:
            # Every end of a build is told to the loop as a message, which then starts what it can.
            self.kernel.get(None)
            self._start()
        self.count.seconds = self.kernel.now - began
        return self.count

    def join(self, count: int = 1) -> None:
        """Have new workers join."""
        for number in range(self._named, self._named + count):
            name = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}:1234"
            self.machines[name] = Machine(name)
        self._named += count
        self._members([*self.pool.workers, *list(self.machines)[-count:]])

    def leave(self, name: str, *, at_once: bool) -> None:
        """Have a worker leave, which ends its builds first or drops them."""
        self._members([other for other in self.pool.workers if other != name])
        if at_once:
            self.break_down(name, frozen=False)

    def break_down(self, name: str, *, frozen: bool) -> None:
        """Stop or freeze a machine: its builds are lost, at once or when they have been silent for long."""
        machine = self.machines[name]
        machine.state = "frozen" if frozen else "dead"
        for job in tuple(machine.jobs.values()):
            job.timer.cancelled = True
            self._lose_later(machine, job, STALL_SECONDS if frozen else REFUSED_SECONDS)

    def mend(self, name: str) -> None:
        """Have a machine answer again, as soon as it is asked."""
        self.machines[name].state = "well"

    def answer(self, name: str) -> None:
        """Have a machine be asked that is well."""
        self._become(changes.answered(self.pool, name, self.kernel.now))

    def _harm(self, fault: Callable[[Simulation], float]) -> None:
        pause = fault(self)

        def again() -> None:
            if not self._scheduler.idle:
                self._harm(fault)

        self.kernel.at(self.kernel.now + pause, again)

    def _members(self, names: Iterable[str]) -> None:
        self._become(changes.with_members(self.pool, dict.fromkeys(names, self.limit)))

    def _start(self) -> None:
        for image in self._scheduler.start(self.kernel.now):
            self._ask(Build(image))

    def _ask(self, build: Build) -> None:
        pool, ticket = changes.asked(self.pool, build.image, build.tried, self._scheduler.weight(build.image))
        self._tickets[ticket] = build
        self._become(pool)

    def _become(self, pool: Pool) -> None:
        self.pool, leases = hand_out(pool)
        for lease in leases:
            self._begin(self._tickets.pop(lease.ticket), lease)
        for asked in [asked for asked in self.pool.waiting if not asked.home]:
            self._give_up(asked.ticket)
        self._plan_checks()

    def _give_up(self, ticket: int) -> None:
        """Ask all once more who are away, and leave a build to the loop if nobody answers."""
        build = self._tickets.get(ticket)
        if build is None:
            return
        there = [w.name for w in self.pool.away if self.machines[w.name].state == "well" and w.name not in build.tried]
        if there:
            for name in there:
                self._become(changes.answered(self.pool, name, self.kernel.now))
            return
        self.pool = changes.withdrawn(self.pool, ticket)
        del self._tickets[ticket]
        self.count.unplaced += 1
        retry_at = self.kernel.now + self.draw.uniform(1.0, 2.0)
        self._scheduler.failed(build.image, retry_at)
        self.kernel.at(retry_at, self._tell)

    def _begin(self, build: Build, lease: Lease) -> None:
        machine = self.machines[lease.worker]
        warm = build.image in machine.warm
        self.count.leases += 1
        build.attempts += 1
        seconds = self._seconds[build.image] * (WARM if warm else 1.0)
        job = Job(build, lease, self.kernel.at(self.kernel.now + seconds, lambda: self._end(machine, job)), seconds)
        machine.jobs[lease.ticket] = job
        machine.peak = max(machine.peak, len(machine.jobs))
        if machine.state != "well":
            job.timer.cancelled = True
            self._lose_later(machine, job, STALL_SECONDS if machine.state == "frozen" else REFUSED_SECONDS)

    def _end(self, machine: Machine, job: Job) -> None:
        del machine.jobs[job.lease.ticket]
        self._note(job, warm=job.build.image in machine.warm)
        machine.warm.add(job.build.image)
        machine.busy += job.seconds
        self.count.built[job.build.image] = self.count.built.get(job.build.image, 0) + 1
        self._become(changes.ended(self.pool, job.lease, worked=True))
        self._scheduler.succeeded(job.build.image)
        self._tell()

    def _note(self, job: Job, *, warm: bool) -> None:
        image, reason = job.build.image, job.lease.reason
        self.count.hits += warm
        if reason:
            self.count.pushed[image] = reason
        elif not warm:
            self.count.cold_at_home.add(image)

    def _lose_later(self, machine: Machine, job: Job, seconds: float) -> None:
        def lose() -> None:
            del machine.jobs[job.lease.ticket]
            self.count.lost += 1
            job.build.tried |= {machine.name}
            self._become(changes.lost(self.pool, job.lease, self.kernel.now, "gone"))
            self._ask(job.build)

        job.timer = self.kernel.at(self.kernel.now + seconds, lose)

    def _tell(self) -> None:
        self.kernel.put(changes)  # type: ignore[arg-type]  # anything: it only wakes the loop

    def _plan_checks(self) -> None:
        if not self.pool.away or not (self._tickets or any(machine.jobs for machine in self.machines.values())):
            return
        times = [worker.check_at for worker in self.pool.away if worker.name not in self._checking]
        if times and min(times) < self._next_check:
            self._next_check = max(min(times), self.kernel.now)
            self.kernel.at(self._next_check, self._check)

    def _check(self) -> None:
        """Ask who is due; those that are there and well would only say so, and are left in peace."""
        self._next_check = float("inf")
        for name in changes.due(self.pool, self.kernel.now):
            state = self.machines[name].state
            if name in self._checking or (state == "well" and not self.pool.workers[name].away):
                continue
            self._checking.add(name)
            seconds = PATIENCE if state == "frozen" else 0.01
            self.kernel.at(self.kernel.now + seconds, lambda name=name: self._checked(name))  # type: ignore[misc]
        self._plan_checks()

    def _checked(self, name: str) -> None:
        self._checking.discard(name)
        if self.machines[name].state == "well":
            self._become(changes.answered(self.pool, name, self.kernel.now))
        else:
            self._become(changes.unanswered(self.pool, name, self.kernel.now, "no answer"))
