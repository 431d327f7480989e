"""The page of the status as JSON and of the socket, against what they are."""

from __future__ import annotations

from typing import get_args

import pytest

from edk.adapters.control.connection import MAX_BEHIND_BYTES
from edk.domain.control import COMMANDS, MAX_REQUEST_BYTES
from edk.domain.status import ImageState, status_as_json
from tests.unit.control.serving import STATUS
from tests.unit.docs.tables import page, tables, words

TEXT = page("status-json.md")
FIELDS, IMAGE, REQUESTS = tables(TEXT)
STATE = status_as_json(STATUS)


def test_the_fields_of_the_status_are_those_of_the_page() -> None:
    """In their order."""
    assert list(STATE) == ["".join(words(row[0])) for row in FIELDS]


def test_the_fields_of_an_image_are_those_of_the_page() -> None:
    """In their order."""
    assert list(STATE["images"][0]) == [name for row in IMAGE for name in words(row[0])]


@pytest.mark.parametrize("name", ["diagnostics", "holds"])
def test_what_is_in_a_list_is_on_the_page(name: str) -> None:
    """Every field of its objects."""
    (row,) = [row for row in FIELDS if words(row[0]) == [name]]

    assert set(STATE[name][0]) == set(words(row[1]))


def test_every_state_and_no_other_is_on_the_page() -> None:
    """Whoever waits for one by a script knows them all."""
    (row,) = [row for row in IMAGE if words(row[0]) == ["state"]]

    assert list(get_args(ImageState)) == words(row[1])


def test_every_command_of_the_socket_is_on_the_page() -> None:
    """And none that there is not."""
    assert sorted(COMMANDS) == sorted(name for row in REQUESTS for name in words(row[0]))


def test_the_limits_are_the_true_ones() -> None:
    """In the units that the page tells them in."""
    assert f"at most {MAX_REQUEST_BYTES >> 10} KiB" in TEXT
    assert f"{MAX_BEHIND_BYTES >> 20} MiB behind" in TEXT
