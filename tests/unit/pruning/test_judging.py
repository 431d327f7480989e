"""Why an image stays, case by case, and what is freed by those that go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edk.domain.chart_pruning import ChartArchive, Installed, judge_charts, uses_of
from edk.domain.held import Contents, Held
from edk.domain.pruning import Rules, Uses, freed, in_order, judge

NOW = 1_700_000_000.0
HOUR = 3600.0
RULES = Rules(NOW, keep=0)


def digest(short: str) -> str:
    """A whole digest from its beginning."""
    return f"sha256:{short:0<64}"


def image(
    repository: str, short: str, *, tags: str = "", age: float = 2 * HOUR, blobs: str = "", **contents: object
) -> Held:
    """An image of ours without a tag, two hours old; blobs as ``a=3 b=4``."""
    sizes = tuple((name, int(size)) for name, size in (blob.split("=") for blob in blobs.split()))
    made = replace(Contents(sizes, digest(f"f{short}")), **contents)  # type: ignore[arg-type]
    return Held(repository, digest(short), tuple(tags.split()), made, NOW - age, recorded=True)


def verdicts(*held: Held, uses: Uses | None = None, rules: Rules = RULES) -> dict[str, list[str]]:
    """Repository and first digits of the digest → why it stays."""
    found = judge(held, uses or Uses(), rules)
    names = [f"{v.held.repository}@{v.held.digest[7:8]}" for v in found]
    return dict(zip(names, [[f"{r.why} {r.detail}".strip() for r in v.reasons] for v in found], strict=True))


PLAIN = image("x", "a")
FOLDER = f"edk/{digest('a')[7:23]}"
ALIAS = f"{FOLDER}/x"
COPY = image(ALIAS, "a", tags="1")
NO_RECORD = replace(PLAIN, recorded=False)
TAKE_ALL = replace(RULES, unrecorded=True)


def runs(*texts: str) -> Uses:
    """What the cluster uses."""
    return Uses(cluster=frozenset(texts))


@pytest.mark.parametrize(
    ("held", "uses", "rules", "expected"),
    [
        pytest.param(PLAIN, Uses(), RULES, [], id="nothing speaks for it"),
        pytest.param(image("x", "a", tags="1 2"), Uses(), RULES, ["tag 1, 2"], id="tags"),
        pytest.param(COPY, Uses(), RULES, [], id="tags of an alias are ours"),
        pytest.param(PLAIN, Uses(tree=frozenset({digest("a")})), RULES, ["tree"], id="the tree names its digest"),
        pytest.param(PLAIN, Uses(tree=frozenset({digest("fa")})), RULES, ["tree"], id="the tree makes the same"),
        pytest.param(PLAIN, Uses(charts={digest("a"): ("c",)}), RULES, ["chart c"], id="a chart names its digest"),
        pytest.param(COPY, Uses(charts={FOLDER: ("c", "d")}), RULES, ["chart c", "chart d"], id="charts name it"),
        pytest.param(PLAIN, runs(digest("a")), RULES, ["cluster"], id="the cluster runs its digest"),
        pytest.param(COPY, runs(f"{ALIAS}:1"), RULES, ["cluster"], id="the cluster runs the alias"),
        pytest.param(PLAIN, Uses(), replace(RULES, keep=1), ["last 1"], id="the last one"),
        pytest.param(image("x", "a", age=HOUR - 1), Uses(), RULES, ["recent"], id="young"),
        pytest.param(image("x", "a", age=-HOUR), Uses(), RULES, ["recent"], id="from the future"),
        pytest.param(image("x", "a", age=HOUR), Uses(), RULES, [], id="old enough"),
        pytest.param(replace(PLAIN, pushed=0.0), Uses(), RULES, ["undated"], id="of unknown age"),
        pytest.param(NO_RECORD, Uses(), RULES, ["unrecorded"], id="not on record"),
        pytest.param(NO_RECORD, Uses(), TAKE_ALL, [], id="on no record, asked for"),
        pytest.param(replace(PLAIN, readable=False), Uses(), RULES, ["unreadable"], id="damaged"),
        pytest.param(image("x", "a", fingerprint=""), Uses(), RULES, ["foreign"], id="somebody else's"),
    ],
)  # fmt: skip
def test_what_speaks_for_an_image(held: Held, uses: Uses, rules: Rules, expected: list[str]) -> None:
    """By itself."""
    assert [expected] == list(verdicts(held, uses=uses, rules=rules).values())


def test_what_stays_keeps_what_it_needs() -> None:
    """References and bases, over any number of steps; what nobody kept needs goes."""
    dag = image("dag", "d", tags="1", refers=(digest("b"),), bases=(digest("e"),))
    seg = image("seg", "b", bases=(digest("c"),))
    base = image("base", "c")
    other = image("other", "e")
    old = image("dag", "9", refers=(digest("8"),))
    old_seg = image("seg", "8")

    assert {
        "dag@d": ["tag 1"],
        "seg@b": ["reference dag:1"],
        "base@c": [f"base seg@{digest('b')[:19]}"],
        "other@e": ["base dag:1"],
        "dag@9": [],
        "seg@8": [],
    } == verdicts(dag, seg, base, other, old, old_seg)


def test_an_alias_stays_with_its_image_and_not_the_other_way_round() -> None:
    """A chart that names the alias keeps the alias alone, and all that it refers to."""
    alias = image(ALIAS, "a", tags="1", refers=(digest("b"),))
    seg = image("seg", "b")
    charted = Uses(charts={FOLDER: ("c",)})

    assert {"x@a": ["tag 1"], f"{ALIAS}@a": ["alias x:1"], "seg@b": [f"reference {ALIAS}:1"]} == verdicts(
        image("x", "a", tags="1"), alias, seg
    )
    assert {"x@a": [], f"{ALIAS}@a": ["chart c"], "seg@b": [f"reference {ALIAS}:1"]} == verdicts(
        PLAIN, alias, seg, uses=charted
    )


def test_an_index_keeps_its_parts_and_takes_them_along() -> None:
    """Attestations carry no label; they are ours as the index is, and count neither for themselves nor as foreign."""
    index = image("x", "a", parts=(digest("b"), digest("c")))
    part, attestation = image("x", "b"), replace(image("x", "c", fingerprint=""), recorded=False)

    assert {"x@a": [], "x@b": [], "x@c": []} == verdicts(index, part, attestation)
    assert ["tag 1", "part x:1", "part x:1"] == [
        reasons[0] for reasons in verdicts(replace(index, tags=("1",)), part, attestation).values()
    ]
    assert ["x@a", "x@d"] == [
        name
        for name, reasons in verdicts(
            index, part, attestation, image("x", "d"), image("x", "e", age=9 * HOUR), rules=Rules(NOW, keep=2)
        ).items()
        if "last 2" in reasons
    ]


def test_the_last_ones_are_counted_by_name() -> None:
    """Newest first, tagged ones among them, others' not."""
    rows = [
        image("x", "a", age=5 * HOUR),
        image("x", "b", age=4 * HOUR),
        image("x", "c", age=3 * HOUR, tags="1"),
        image("x", "d", age=2 * HOUR, fingerprint=""),
        image("y", "e", age=9 * HOUR),
    ]

    stay = verdicts(*rows, rules=Rules(NOW, keep=2))

    assert {"x@a": [], "x@b": ["last 2"], "x@c": ["tag 1", "last 2"], "x@d": ["foreign"], "y@e": ["last 2"]} == stay


def test_blobs_are_freed_once_and_only_if_nobody_else_has_them() -> None:
    """Two that go share a blob; one that stays has another one of them."""
    rows = [
        image("x", "a", blobs="a=1 shared=10 kept=100"),
        image("y", "b", blobs="b=2 shared=10"),
        image("z", "c", tags="1", blobs="c=4 kept=100"),
    ]
    found = judge(rows, Uses(), RULES)

    assert 13 == freed(found, {row.key for row in rows[:2]})
    assert 1 == freed(found, {rows[0].key})
    assert 0 == freed(found, set())


def test_what_refers_goes_before_what_it_refers_to() -> None:
    """So that an interrupted prune leaves nothing behind that refers to what is gone."""
    rows = [
        image("base", "a"),
        image("seg", "b", bases=(digest("a"),)),
        image("dag", "c", refers=(digest("b"),)),
        image(f"edk/{digest('c')[7:23]}/dag", "c", refers=(digest("b"),)),
    ]

    assert ["c", "c", "b", "a"] == [v.held.digest[7] for v in in_order(judge(rows, Uses(), RULES))]


def test_a_circle_of_labels_is_no_obstacle() -> None:
    """Labels can say anything."""
    rows = [image("x", "a", refers=(digest("b"),)), image("y", "b", refers=(digest("a"),))]

    assert 2 == len(in_order(judge(rows, Uses(), RULES)))


def test_the_last_archive_of_each_chart_stays() -> None:
    """And what is installed, or young, or can't be read; where the platform could not be asked, all of them."""
    old = ChartArchive("/c/a-1.tgz", "a", "1", 10, NOW - 3 * HOUR, frozenset({"one"}))
    rows = (
        old,
        replace(old, path="/c/a-2.tgz", version="2", modified=NOW - 2 * HOUR, uses=frozenset({"one", "two"})),
        replace(old, path="/c/a-3.tgz", version="3", modified=NOW - HOUR + 1),
        replace(old, path="/c/a-4.tgz", version="4", modified=NOW),
        replace(old, path="/c/b-1.tgz", name="b"),
        ChartArchive("/c/broken.tgz", ""),
    )

    told = dict(judge_charts(rows, Installed(charts=frozenset({"a-1"})), RULES))

    assert ["installed", "", "just packaged", "the last one", "the last one", "it can't be read"] == list(told.values())
    assert {"one": ("a", "b")} == uses_of([rows[0], rows[4]])
    unknown = dict(judge_charts(rows, Installed(known=False), RULES))
    assert 3 == sum("could not be asked" in why for why in unknown.values())
