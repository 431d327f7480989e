"""What a watcher answers to probes and to Prometheus."""

from __future__ import annotations

import json

import pytest

from edk.commands.watch_health import answer
from edk.domain.pages import PageRequest
from edk.orchestrator.health import WatchHealth
from edk.ui.metrics import Metrics


class World:
    """A watcher that can build, and a clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.health = WatchHealth(lambda _beat: None, lambda: self.now, lambda: None, lambda: None, 60.0)
        self.health.planned()
        self.health.look()

    def asked(self, path: str) -> tuple[int, str]:
        """What is answered."""
        found = answer(PageRequest(path), self.health, Metrics())
        return found.status, found.content.decode()


def test_of_one_that_can_build() -> None:
    """All is well, and counted."""
    world = World()

    assert (200, "ok\n") == world.asked("/healthz")
    status, told = world.asked("/readyz")
    assert (200, True) == (status, json.loads(told)["ready"])
    assert "\nedk_ready 1\n" in world.asked("/metrics")[1]


def test_of_one_that_hangs() -> None:
    """Why it does not live."""
    world = World()
    world.now += 61

    assert (503, "the loop has not turned for 61 s\n") == world.asked("/healthz")


def test_of_one_that_is_about_to_begin() -> None:
    """It lives, and is not ready."""
    world = World()
    world.health = WatchHealth(lambda _beat: None, lambda: world.now, lambda: None, lambda: None, 60.0)

    assert (200, "ok\n") == world.asked("/healthz")
    assert [503, 200] == [world.asked(path)[0] for path in ("/readyz", "/metrics")]


@pytest.mark.parametrize("path", ["/", "/healthz/", "/<script>"])
def test_there_is_nothing_else(path: str) -> None:
    """Without quoting what was asked for."""
    assert (404, "there is no such page\n") == World().asked(path)
