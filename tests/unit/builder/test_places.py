"""Where a daemon's files lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edk.adapters.buildkitd.places import Places
from edk.domain.buildkitd import MAX_SOCKET_PATH
from edk.domain.errors import UsageError


def test_all_is_below_the_state_folder() -> None:
    """Where its path is short enough for a socket."""
    places = Places.of("/s", {})

    assert Path("/s/buildkit/run/buildkitd.sock") == places.socket
    assert Path("/s/buildkit/address") == places.address


@pytest.mark.parametrize("length", [1, 75, 78, 79, 80, 200])
def test_a_socket_path_is_never_too_long(length: int) -> None:
    """The longest that still fits is used as it is."""
    state = "/" + "x" * (length - 1)
    places = Places.of(state, {})

    assert len(os.fsencode(places.socket)) <= MAX_SOCKET_PATH
    fits = len(f"{state}/buildkit/run/buildkitd.sock") <= MAX_SOCKET_PATH
    assert fits == (places.run == places.home / "run")
    assert Path(state) / "buildkit/data" == places.data


def test_different_state_folders_have_different_sockets() -> None:
    """And the same one always the same."""
    one, other = Places.of("/" + "x" * 150, {}), Places.of("/" + "y" * 150, {})

    assert one.run != other.run
    assert one == Places.of("/" + "x" * 150, {})


def test_nobody_else_reaches_the_socket(tmp_path: Path) -> None:
    """The folders are this user's alone, even where they were there before with another mode."""
    places = Places.of(str(tmp_path), {})
    places.run.mkdir(parents=True, mode=0o777)
    places.make()

    assert (0o700, 0o700) == (places.home.stat().st_mode & 0o777, places.run.stat().st_mode & 0o777)


def test_a_link_in_place_of_the_socket_folder_is_refused(tmp_path: Path) -> None:
    """Somebody else could have put it there."""
    places = Places.of(str(tmp_path / "state"), {})
    places.home.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    places.run.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(UsageError, match="belongs to somebody else"):
        places.make()
