"""What is left after a container or the whole pod was killed, and that work goes on."""

from __future__ import annotations

import contextlib
import os
import signal

import pytest

from tests.support.pod.installed import EXTENSIONS, Installed, until

pytestmark = pytest.mark.e2e


_PLACES = ("/home/edk", "/var/lib/edk", "/kaapana/app/kaapana")
_SETTINGS = "/home/edk/.local/share/code-server/User/settings.json"


def states(pods: Installed) -> dict[str, str]:
    """Return the state of every image, as the watcher tells it."""
    return {one["name"]: one["state"] for one in pods.status()["images"]}


def kill(pods: Installed, container: str, number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to all processes of a container once all are ready: what still starts may hang for minutes."""
    until(pods.cluster.ready, pods.cluster.described())
    for process in pods.engine.api.top(pods.cluster.running(container), "-eo pid")["Processes"]:
        # A short one, such as git, may have ended meanwhile.
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(process[0]), number)


def marked(pods: Installed) -> None:
    """Leave something in every volume that the editor has."""
    for place in _PLACES:
        pods.run("sh", "-c", f"echo mine >{place}/mark")


def test_power_cut(pods: Installed) -> None:
    """All containers killed and removed, the supervisor too: all is there again, and nothing is built."""
    name = pods.image("lasting")
    until(lambda: pods.holds(name, "one\n"), "the watcher did not build a new extension")
    pods.edk("build", "--dir", f"{EXTENSIONS}/{name}", "--no-import")
    marked(pods)
    digest, settings = pods.registry.digest(name, "0.0.0"), pods.run("cat", _SETTINGS)

    pods.cluster.kill()
    assert "nothing runs" == pods.cluster.described()
    pods.cluster.resume()
    pods.cluster.wait(180)

    for place in _PLACES:
        assert "mine\n" == pods.run("cat", f"{place}/mark")
        pods.run("rm", f"{place}/mark")
    assert settings == pods.run("cat", _SETTINGS)
    assert "one\n" == pods.run("cat", f"{EXTENSIONS}/{name}/processing/data.txt")
    assert digest == pods.registry.digest(name, "0.0.0"), pods.cluster.logs("watcher")
    until(lambda: states(pods).get(name) == "skipped", f"not skipped: {states(pods)}")
    built = [one for one, state in states(pods).items() if state in ("running", "done")]
    assert not built, pods.cluster.logs("watcher")
    # The builder's cache is there as well: what is built by force is not built anew.
    pods.edk("rebuild", name)
    until(lambda: states(pods).get(name) == "done", f"not built: {states(pods)}")
    assert "1 step, 1 from the cache" in pods.cluster.logs("watcher"), pods.cluster.logs("watcher")


def test_pod_is_deleted(pods: Installed) -> None:
    """The pod of the EDK alone is deleted by force; another one takes its place beside the same registry."""
    name = pods.image("kept")
    until(lambda: pods.holds(name, "one\n"), "the watcher did not build a new extension")
    before = pods.cluster.status()["pods"][0]["name"]

    pods.cluster.delete("edk")

    until(lambda: pods.cluster.ready() and pods.cluster.status()["pods"][0]["name"] != before, "no new pod", 120)
    pods.write(f"{name}/processing/data.txt", "two\n")
    until(lambda: pods.holds(name, "two\n"), "the new watcher did not build what was saved")


def test_builder_is_killed_during_a_build(pods: Installed) -> None:
    """The build is begun again by itself when the builder is there again."""
    name = pods.image("slow", body="COPY data.txt /data.txt\nRUN sleep 6\n")
    until(lambda: states(pods).get(name) == "running", f"not begun: {states(pods)}")
    restarts = pods.restarts("builder")

    kill(pods, "builder")

    until(lambda: pods.restarts("builder") > restarts, "the builder was not started again")
    until(lambda: pods.holds(name, "one\n"), f"the build did not go on: {pods.edk('status')}")
    until(pods.cluster.ready, "not ready again")


def test_registry_is_killed_during_a_build(pods: Installed) -> None:
    """The image is pushed when the registry is there again."""
    name = pods.image("pushed", body="COPY data.txt /data.txt\nRUN sleep 2\n")
    until(lambda: states(pods).get(name) == "running", f"not begun: {states(pods)}")
    restarts = pods.restarts("registry")

    kill(pods, "registry")

    until(lambda: pods.restarts("registry") > restarts, "the registry was not started again")
    until(lambda: pods.cluster.ready() and pods.holds(name, "one\n"), "the build did not go on")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_watcher_ends_or_hangs(pods: Installed, number: signal.Signals) -> None:
    """It is started again, by its end or by its liveness probe, and finds what was saved while it was away."""
    name = pods.image("away")
    until(lambda: pods.holds(name, "one\n"), "the watcher did not build a new extension")
    restarts = pods.restarts("watcher")

    kill(pods, "watcher", number)
    pods.write(f"{name}/processing/data.txt", "two\n")

    until(lambda: pods.restarts("watcher") > restarts, "the watcher was not started again", 120)
    until(lambda: pods.holds(name, "two\n"), "what was saved meanwhile was not built")
    assert "watching" in pods.edk("status")
