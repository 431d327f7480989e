"""Any order of builds, losses, joins and leaves: what holds after every step."""
# ruff: noqa: D102 - the names of rules and invariants are their sentences

from __future__ import annotations

import math

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edk.domain.pool import changes
from edk.domain.pool.hashing import order
from edk.domain.pool.model import Lease, Pool
from edk.domain.pool.placing import hand_out, home_of, left_for

NAMES = ("a", "b", "c", "d", "e")
LIMITS = {"a": 1, "b": 2, "c": 2, "d": 3, "e": 5}
TARGETS = tuple(f"image-{number}" for number in range(12))


class PoolMachine(RuleBasedStateMachine):
    """The builds are played by the rules; every change is followed by the handing out of places, as in the product."""

    def __init__(self) -> None:
        super().__init__()
        self.balance = 1.5
        self.pool = changes.with_members(Pool(balance=self.balance), {"a": 1, "b": 2})
        self.leases: list[tuple[Lease, str, frozenset[str]]] = []
        self.waiting: dict[int, tuple[str, frozenset[str]]] = {}
        self.now = 0.0

    def become(self, pool: Pool) -> None:
        before = {name: worker.running for name, worker in pool.workers.items()}
        self.pool, leases = hand_out(pool)
        counts = dict(before)
        for lease in leases:
            worker = self.pool.workers[lease.worker]
            there = [w for w in self.pool.workers.values() if not w.away]
            # Each place is given within the bound of its moment.
            total = sum(counts[w.name] for w in there) + 1
            bound = math.ceil(self.balance * total * worker.limit / sum(w.limit for w in there))
            counts[lease.worker] += 1
            assert counts[lease.worker] <= min(worker.limit, bound)
            assert not worker.away
            target, tried = self.waiting.pop(lease.ticket)
            assert lease.worker not in tried
            self.leases.append((lease, target, tried))

    @rule(image=st.sampled_from(TARGETS), urgency=st.sampled_from((1.0, 2.0, 3.0)))
    def build(self, image: str, urgency: float) -> None:
        pool, ticket = changes.asked(self.pool, image, urgency=urgency)
        self.waiting[ticket] = (image, frozenset())
        self.become(pool)

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), worked=st.booleans())
    def finish(self, data: st.DataObject, worked: bool) -> None:
        lease, _, _ = self.leases.pop(data.draw(st.integers(0, len(self.leases) - 1)))
        self.become(changes.ended(self.pool, lease, worked=worked))

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        lease, target, tried = self.leases.pop(data.draw(st.integers(0, len(self.leases) - 1)))
        self.become(changes.lost(self.pool, lease, self.now, "gone"))
        pool, ticket = changes.asked(self.pool, target, tried | {lease.worker})
        self.waiting[ticket] = (target, tried | {lease.worker})
        self.become(pool)

    @rule(names=st.sets(st.sampled_from(NAMES)))
    def members_become(self, names: set[str]) -> None:
        self.become(changes.with_members(self.pool, {name: LIMITS[name] for name in sorted(names)}))

    @rule(name=st.sampled_from(NAMES), well=st.booleans())
    def check(self, name: str, well: bool) -> None:
        if well:
            self.become(changes.answered(self.pool, name, self.now))
        else:
            self.become(changes.unanswered(self.pool, name, self.now, "slow"))

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(sorted(self.waiting)))
        del self.waiting[ticket]
        self.become(changes.withdrawn(self.pool, ticket))

    @rule(seconds=st.floats(0.1, 100.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def no_build_is_forgotten(self) -> None:
        assert {asked.ticket for asked in self.pool.waiting} == set(self.waiting)

    @invariant()
    def the_most_urgent_come_first_then_the_lost_then_who_asked_first(self) -> None:
        order_of_waiting = [(-asked.urgency, not asked.tried, asked.ticket) for asked in self.pool.waiting]
        assert order_of_waiting == sorted(order_of_waiting)

    @invariant()
    def nobody_has_more_than_its_limit_or_less_than_none(self) -> None:
        assert all(0 <= worker.running <= worker.limit for worker in self.pool.workers.values())

    @invariant()
    def what_runs_is_what_has_a_place(self) -> None:
        for name, worker in self.pool.workers.items():
            held = [one for one, _, _ in self.leases if (one.worker, one.membership) == (name, worker.membership)]
            assert len(held) == worker.running

    @invariant()
    def no_place_is_empty_that_somebody_waits_for(self) -> None:
        """Where a build waits that was lost nowhere, every worker that is there is full."""
        there = [worker for worker in self.pool.workers.values() if not worker.away]
        if any(not tried for _, tried in self.waiting.values()):
            assert all(worker.running == worker.limit for worker in there)

    @invariant()
    def who_waits_can_get_a_place_when_all_others_end(self) -> None:
        """No build waits for ever: a worker that it may have is at work for somebody."""
        for ticket, (_, tried) in self.waiting.items():
            may = [w for w in self.pool.workers.values() if not w.away and w.name not in tried]
            assert left_for(self.pool, ticket) == bool(may)
            assert not may or any(worker.running for worker in may)

    @invariant()
    def who_waits_knows_its_home(self) -> None:
        for asked in self.pool.waiting:
            assert asked.home == home_of(self.pool, asked)

    @invariant()
    def all_get_back_to_their_first_choices(self) -> None:
        """With everybody well and nothing to do, each target is built at home."""
        calm = self.pool
        for lease, _, _ in self.leases:
            calm = changes.ended(calm, lease, worked=True)
        for ticket in self.waiting:
            calm = changes.withdrawn(calm, ticket)
        for name in calm.workers:
            calm = changes.answered(calm, name, self.now)
        for target in TARGETS[:3] if calm.workers else ():
            pool, _ = changes.asked(calm, target)
            _, (lease,) = hand_out(pool)
            assert (order(target, calm.workers.values())[0].name, "") == (lease.worker, lease.reason)


TestPoolMachine = PoolMachine.TestCase
TestPoolMachine.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
