"""What a watcher tells those that supervise it: states, and nothing of paths, names or addresses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

SCHEMA = "edk.ready/v1"

PlanState = Literal["made", "not made yet"]
PartState = Literal["ok", "away", "not asked yet"]


@dataclass(frozen=True, slots=True)
class Beat:
    """A message to the loop that asks for nothing but a sign of life.

    Args:
        take: called by the loop's thread when its turn comes; never waits.
    """

    take: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a watcher can build.

    Args:
        plan: whether it knows what is to be built.
        engine: whether what builds answers.
        registry: whether it answers where images are pushed to.
    """

    plan: PlanState = "not made yet"
    engine: PartState = "not asked yet"
    registry: PartState = "not asked yet"

    @property
    def ready(self) -> bool:
        """Return whether all is there."""
        return (self.plan, self.engine, self.registry) == ("made", "ok", "ok")

    def as_json(self) -> dict[str, object]:
        """Return it as JSON values; see docs/watching.md."""
        return {
            "schema": SCHEMA,
            "ready": self.ready,
            "plan": self.plan,
            "engine": self.engine,
            "registry": self.registry,
        }
