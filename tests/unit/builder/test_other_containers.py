"""A daemon of the same state folder that runs in another container, where its process can't be seen."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from edk.adapters.buildkitd.daemon import StartedBuildkitd
from edk.adapters.buildkitd.places import Places
from edk.domain.errors import EngineUnreachableError


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Those of a daemon that was announced, and whose record names a process that is nobody's here."""
    made = Places.of(str(tmp_path), {})
    made.make()
    made.address.write_text(f"unix://{made.socket}\n")
    made.pid.write_text("999999999 1 boot\n")
    return made


def test_one_that_answers_is_left_alone(places: Places) -> None:
    """It is neither taken for dead, nor is a second one started on its data, nor its address taken back."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(places.socket))
        listener.listen()
        daemon = StartedBuildkitd(places, {})
        with pytest.raises(EngineUnreachableError, match="in another container") as raised:
            daemon.stranger()
        with pytest.raises(EngineUnreachableError, match="in another container"):
            daemon.announce("")

    assert "run edk builder there" == raised.value.hint
    assert places.address.exists()


def test_one_that_is_dead_is_no_obstacle(places: Places) -> None:
    """Its socket stays behind, and nobody listens there."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(places.socket))
    daemon = StartedBuildkitd(places, {})

    assert 0 == daemon.stranger()
    daemon.announce("")
    assert not places.address.exists()
