"""`edk graph` and `edk history` after real builds."""

from __future__ import annotations

import json

import pytest

from tests.support.command import Command
from tests.support.extension import Extension

pytestmark = pytest.mark.e2e


def states(edk: Command, whole: Extension, *arguments: str) -> dict[str, tuple[str, str]]:
    """State and reason of each image, by its short name."""
    told = json.loads(edk("graph", "--dir", str(whole.path), "--format", "json", *arguments).expect(0).out)
    return {image["name"].split("-")[1]: (image["state"], image["reason"]) for image in told["images"]}


def test_the_graph_tells_what_is_stale_and_why(edk: Command, whole: Extension) -> None:
    """Before a build all is; after it nothing; after a save what the save concerns."""
    assert {"base", "seg", "dag"} == {name for name, (state, _) in states(edk, whole).items() if state == "stale"}
    edk("build", "--dir", str(whole.path), "--no-import").expect(0)
    assert {"current"} == {state for state, _ in states(edk, whole).values()}

    whole.write("containers/seg/run.sh", "echo two\n")
    found = states(edk, whole)

    assert ("stale", "run.sh changed") == found["seg"]
    assert "current" == found["base"][0]
    assert {"unknown"} == {state for state, _ in states(edk, whole, "--offline").values()}


def test_the_graph_of_a_registry_that_is_away(edk: Command, whole: Extension) -> None:
    """Is told as a note; what is stale is not known."""
    alone = edk.with_environ(LOCAL_REGISTRY_URL="localhost:1")

    shown = alone("graph", "--dir", str(whole.path)).expect(0).out

    assert "note: the registry could not be asked" in shown
    assert "stale" not in shown.replace("not asked for", "")


def test_builds_are_remembered(edk: Command, whole: Extension) -> None:
    """When, why, how long, what came from the cache, what failed; what was not built is not in it."""
    edk("build", "--dir", str(whole.path), "--no-import").expect(0)
    edk("build", "--dir", str(whole.path), "--no-import").expect(0)
    whole.image("seg", "COPY run.sh /run.sh\nRUN sh -c 'exit 7'\n", base="base", files={"run.sh": "echo one\n"})
    edk("build", "--dir", str(whole.path), "--no-import").expect(1)

    builds = json.loads(edk("history", "--json").expect(0).out)["builds"]

    assert ["base", "dag", "seg", "seg"] == sorted(build["image"].split("-")[1] for build in builds)
    failed, *done = builds
    assert ("failed", "the Dockerfile changed", 4) == (failed["ended"], failed["reason"], failed["line"])
    assert {"done"} == {build["ended"] for build in done}
    for build in done:
        assert build["seconds"] >= build["built"] > 0
        assert build["pushed"] > 0
        assert build["steps"] >= build["cached"]
        assert build["digest"].startswith("sha256:")
        assert build["reason"]
        assert "edk build" == build["command"]
    assert any(step["line"] for build in done for step in build["slowest"])
    assert "4 builds since" in edk("history").expect(0).out
