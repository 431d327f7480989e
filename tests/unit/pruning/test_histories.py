"""Whatever happened before: a prune removes nothing that is needed, and leaves nothing that is not."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.registry import FakeRegistry
from tests.support.histories import HOUR, Behind, History, random_steps


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10**9), steps=st.integers(5, 60), behind=st.booleans())
def test_random_histories(seed: int, steps: int, behind: bool) -> None:
    """Both directions, after each of the prunes of a random history and once more at its end."""
    with tempfile.TemporaryDirectory() as folder:
        history = History(FakeRegistry(), Path(folder))
        history.own = Behind() if behind else None
        chance = random.Random(seed)
        for step, _ in zip(random_steps(history, chance), range(steps), strict=False):
            step()
        history.prune(chance.randrange(3))


def test_such_histories_do_prune(tmp_path: Path) -> None:
    """Over a few seeds, images are removed and images stay: the test above is about something."""
    removed = stayed = 0
    for seed in range(20):
        history = History(FakeRegistry(), tmp_path / str(seed))
        history.own = Behind()
        for step, _ in zip(random_steps(history, random.Random(seed)), range(50), strict=False):
            step()
        history.clock.advance(2 * HOUR)
        removed += len(history.prune(keep=1))
        stayed += len(history.made)

    assert removed > 20
    assert stayed > 100


@pytest.mark.parametrize("rule", ["tree", "charts", "cluster"])
def test_the_histories_notice_a_rule_that_is_missing(rule: str, tmp_path: Path) -> None:
    """Take one of the uses away from the prune, and the model finds needed images gone."""
    history = History(FakeRegistry(), tmp_path)
    first = history.build("dag")
    if rule == "charts":
        history.package("c", "dag", 0, by_digest=True)
    history.build("dag", 1)
    if rule == "cluster":
        history.run_in_cluster(first)
    elif rule == "tree":
        history.tree["dag"] = first
    history.clock.advance(2 * HOUR)
    assert set() == history.prune(keep=0)

    history.charts.clear()
    for path in history.folder.iterdir():
        path.unlink()
    history.cluster.clear()
    history.drop_from_tree("dag")
    assert {first.key} == history.prune(keep=0)
