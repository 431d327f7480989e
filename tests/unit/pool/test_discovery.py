"""Where the workers are, by what is written and what DNS says."""

from __future__ import annotations

import socket

import pytest

from edk.adapters.pool.discovery import Discovery, read_addresses, resolve
from edk.domain.errors import UsageError
from edk.domain.pool.model import WorkerAddress

SERVICE = "tcp://buildkitd.builds.svc:1234"


class Dns:
    """Answers as told; an exception is raised."""

    def __init__(self, *answers: tuple[str, ...] | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> tuple[str, ...]:
        """Give the next answer."""
        self.asked.append((host, port))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tcp://a:1", ("tcp://a:1",)),
        (" tcp://a:1, tcp://b:1\n\ttcp://c:1,,", ("tcp://a:1", "tcp://b:1", "tcp://c:1")),
        ("tcp://a:1,tcp://a:1", ("tcp://a:1",)),
        ("unix:///run/b.sock kube-pod://b-0?namespace=x", ("unix:///run/b.sock", "kube-pod://b-0?namespace=x")),
        ("", ()),
    ],
)
def test_reads_lists(text: str, expected: tuple[str, ...]) -> None:
    """Commas and blanks stand between addresses, and each counts once."""
    assert expected == read_addresses(text)


@pytest.mark.parametrize("text", ["10.0.0.5:1234", "tcp://", "tcp://a:port", "tcp://a:99999", "tcp://:1234", "tcp://[a:1"])
def test_refuses_what_is_no_address(text: str) -> None:
    """It is named, with an example of what one is."""
    with pytest.raises(UsageError) as caught:
        read_addresses(f"tcp://a:1,{text}")

    assert repr(text) in caught.value.message
    assert "tcp://" in caught.value.hint


def test_makes_a_worker_of_each_address_of_a_name() -> None:
    """The certificate is the name's."""
    found = Discovery([SERVICE], Dns(("10.0.0.5", "10.0.0.6")))()

    host = "buildkitd.builds.svc"
    assert (WorkerAddress("tcp://10.0.0.5:1234", host), WorkerAddress("tcp://10.0.0.6:1234", host)) == found
    assert ["10.0.0.5:1234", "10.0.0.6:1234"] == [worker.name for worker in found]


def test_writes_numbers_of_the_newer_kind_in_brackets() -> None:
    """So that the port can be told from them."""
    found = Discovery([SERVICE], Dns(("fd00::5", "fd00::6")))()

    assert ["tcp://[fd00::5]:1234", "tcp://[fd00::6]:1234"] == [worker.address for worker in found]


@pytest.mark.parametrize(
    "address",
    [
        "unix:///run/buildkit/buildkitd.sock",
        "kube-pod://buildkitd-0",
        "docker-container://b",
        "podman-container://b",
        "tcp://10.0.0.5:1234",
        "tcp://[fd00::5]:1234",
        "tcp://no-port",
    ],
)
def test_passes_on_what_there_is_nothing_to_look_up_of(address: str) -> None:
    """Without a word to DNS."""
    dns = Dns()

    assert (WorkerAddress(address),) == Discovery([address], dns)()
    assert [] == dns.asked


def test_keeps_a_name_that_leads_to_one_machine() -> None:
    """Its number may change at any time, and its targets stay."""
    discovery = Discovery(["tcp://buildkitd-0.buildkitd:1234"], Dns(("10.0.0.5",), ("10.0.0.9",)))

    assert discovery() == discovery() == (WorkerAddress("tcp://buildkitd-0.buildkitd:1234"),)


def test_the_last_of_several_keeps_its_number() -> None:
    """What runs on it is still its own."""
    discovery = Discovery([SERVICE], Dns(("10.0.0.5", "10.0.0.6"), ("10.0.0.6",), ("10.0.0.6", "10.0.0.7")))

    names = [[worker.name for worker in discovery()] for _ in range(3)]

    assert [["10.0.0.5:1234", "10.0.0.6:1234"], ["10.0.0.6:1234"], ["10.0.0.6:1234", "10.0.0.7:1234"]] == names


@pytest.mark.parametrize("trouble", [socket.gaierror("try again"), OSError("no network"), UnicodeError("label"), ()])
def test_keeps_the_last_answer_where_a_look_up_fails(trouble: Exception | tuple[str, ...]) -> None:
    """A DNS that is gone for a moment takes no worker away."""
    discovery = Discovery([SERVICE, "unix:///b"], Dns(("10.0.0.5", "10.0.0.6"), trouble, ("10.0.0.7", "10.0.0.8")))

    before, during, after = discovery(), discovery(), discovery()

    assert before == during
    assert ["10.0.0.7:1234", "10.0.0.8:1234", "unix:///b"] == [worker.name for worker in after]


@pytest.mark.parametrize("trouble", [socket.gaierror("no such name"), ()])
def test_leaves_a_name_that_never_led_anywhere_to_its_builder(trouble: Exception | tuple[str, ...]) -> None:
    """Which says what is wrong with it; it gets workers as soon as it leads to some."""
    discovery = Discovery([SERVICE], Dns(trouble, ("10.0.0.5", "10.0.0.6")))

    assert (WorkerAddress(SERVICE),) == discovery()
    assert 2 == len(discovery())


def test_names_each_machine_once() -> None:
    """However many names lead to it; the first one's certificate counts."""
    discovery = Discovery(["tcp://a:1", "tcp://b:1"], Dns(("10.0.0.5", "10.0.0.6"), ("10.0.0.6", "10.0.0.7")))

    found = discovery()

    assert [("10.0.0.5:1", "a"), ("10.0.0.6:1", "a"), ("10.0.0.7:1", "b")] == [(w.name, w.server_name) for w in found]


def test_a_machine_of_both_kinds_of_numbers_is_one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kind that the system puts first counts, each number once."""
    stream = socket.SOCK_STREAM
    answer = [
        (socket.AF_INET6, stream, 6, "", ("fd00::6", 1, 0, 0)),
        (socket.AF_INET6, stream, 6, "", ("fd00::5", 1, 0, 0)),
        (socket.AF_INET6, stream, 6, "", ("fd00::5", 1, 0, 0)),
        (socket.AF_INET, stream, 6, "", ("10.0.0.5", 1)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: answer)

    assert ("fd00::5", "fd00::6") == resolve("x", 1)


def test_looks_up_for_real() -> None:
    """The name of every machine for itself."""
    assert resolve("localhost", 1)[0] in {"127.0.0.1", "::1"}
