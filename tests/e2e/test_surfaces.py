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
