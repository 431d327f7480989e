"""How long builds are expected to take, and that what takes longest is started first."""

from __future__ import annotations

from edk.domain.build_record import BuildRecord, Ended
from edk.domain.expected import expected_seconds, urgency
from edk.orchestrator.build_history import encode_record, expected_by
from tests.fakes.cache import FakeCache
from tests.unit.core.building import key, plan
from tests.unit.core.virtual import End, run


def record(path: str, seconds: float, ended: Ended = "done", built: float = 0.0, pushed: float = 0.0) -> BuildRecord:
    return BuildRecord("name", path, 0.0, seconds, ended, built=built, pushed=pushed)


def test_the_latest_builds_that_were_done_tell_how_long_the_next_one_takes() -> None:
    """The median of three counts; what failed, what is older, and pauses between attempts do not."""
    records = [
        record("/a", 90.0, built=8.0, pushed=1.0),
        record("/a", 1.0, "failed"),
        record("/a", 5.0),
        record("/a", 7.0),
        *[record("/a", 100.0) for _ in range(5)],
    ]

    assert {"/a": 7.0} == expected_seconds(records, ["/a"])


def test_what_was_never_built_is_taken_to_be_as_long_as_the_others_are() -> None:
    """Neither first nor last: a unit of its own would mix with seconds."""
    records = [record("/a", 2.0), record("/b", 40.0), record("/c", 60.0)]

    assert {"/a": 2.0, "/b": 40.0, "/c": 60.0, "/new": 40.0} == expected_seconds(
        records, ["/a", "/b", "/new", "/c"]
    )


def test_nothing_is_expected_where_nothing_was_built() -> None:
    """Then the number of builds decides, as before; builds of others say nothing of these."""
    assert {} == expected_seconds([record("/else", 3.0), record("/a", 3.0, "cancelled")], ["/a"])


def test_builds_that_take_about_as_long_are_equally_urgent() -> None:
    """So that each can wait for the place where its cache is."""
    assert urgency(11.0) == urgency(13.0)
    assert urgency(10.0) < urgency(30.0)
    assert urgency(0.0) == urgency(0.001)


def test_the_longest_builds_of_a_wide_graph_start_first() -> None:
    """Two workers end together: 6 beside 3 + 2 + 1; in the order of names the 6 would be waited for alone."""
    seconds = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 6.0}
    ends = {name: [End(seconds=value)] for name, value in seconds.items()}
    graph = "a:\nb:\nc:\nd:"

    known = run(plan(graph), jobs=2, ends=dict(ends), expected={key(name): s for name, s in seconds.items()})
    unknown = run(plan(graph), jobs=2, ends=dict(ends))

    assert ["d", "c", "b", "a"] == known.starts
    assert (6.0, 8.0) == (known.seconds, unknown.seconds)


def test_a_chain_of_short_builds_gives_way_to_one_long_build() -> None:
    """Paths are weighed by their seconds, not by how many builds they have."""
    expected = {key("alone"): 10.0, key("bottom"): 1.0, key("middle"): 1.0, key("top"): 1.0}

    outcome = run(plan("alone:\nbottom:\nmiddle: bottom\ntop: middle"), jobs=1, expected=expected)

    assert ["alone", "bottom", "middle", "top"] == outcome.starts


def test_workers_are_told_urgency_in_steps_where_seconds_are_known() -> None:
    """Without, the length of the path itself."""
    graph = plan("bottom:\ntop: bottom")

    known = run(graph, expected={key("bottom"): 9.0, key("top"): 1.0})
    unknown = run(graph)

    assert [urgency(10.0), urgency(1.0)] == [task.urgency for task in known.crew.tasks]
    assert [2.0, 1.0] == [task.urgency for task in unknown.crew.tasks]


class Counting(FakeCache):
    """Counts how often it was asked for builds."""

    asked = 0

    def builds(self, count: int) -> tuple[bytes, ...]:
        """Count, and answer."""
        self.asked += 1
        return super().builds(count)


def test_the_state_is_asked_only_where_the_order_matters() -> None:
    """A save of one image, and a build with nothing to do, pay nothing for it; damage in the state is no obstacle."""
    cache = Counting()
    cache.record_build(encode_record(record(key("a"), 4.0)))
    cache.record_build(b"\xff")
    expected = expected_by(cache)

    assert {} == expected(plan("a:\nb: = skip"))
    assert 0 == cache.asked
    assert {key("a"): 4.0, key("b"): 4.0} == expected(plan("a:\nb:"))
