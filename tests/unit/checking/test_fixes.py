"""What `--fix` mends: exactly that, comments and all else kept, and once."""

from __future__ import annotations

import pytest

from edk.domain.checking.mending import difference, edits_by_file, mended
from edk.domain.checking.model import Edit, FileEdit, Finding
from edk.domain.codes.conventions import DOUBLED_LABEL
from edk.orchestrator.mending import plan_mends, write_mends
from tests.unit.checking.ground import (
    CHART,
    DAG,
    DOCKERFILE,
    NEEDS,
    OPERATOR,
    PROCESSING,
    ROOT,
    SOUND,
    VALUES,
    bench_of,
    changed,
    checked,
    mend,
    places,
)
from tests.unit.core.bench import EXTENSION

Changes = dict[str, str | None]
OTHER = "processing-containers/other/Dockerfile"
DOUBLED = SOUND[DOCKERFILE].replace("COPY files/dag", 'LABEL VERSION="0.1.0"\nCOPY files/dag')
BASE = "bases/mine/Dockerfile"
USER = 'FROM local-only/mine\nLABEL IMAGE="other" VERSION="1"\n'

MENDED: list[tuple[str, Changes, str, str]] = [
    ("doubled label", {DOCKERFILE: DOUBLED}, DOCKERFILE, SOUND[DOCKERFILE]),
    (
        "local-only",
        {OTHER: USER, BASE: 'FROM scratch\nLABEL IMAGE="mine" VERSION="1"'},
        BASE,
        'FROM scratch\nLABEL IMAGE="mine" VERSION="1"\nLABEL REGISTRY="local-only"',
    ),
    (
        "registry missing",
        changed(VALUES, '  custom_registry_url: "localhost:32000"\n', ""),
        VALUES,
        '---\nglobal:\n  image: "dag-my-flow"  # built here\n  custom_registry_url: "localhost:32000"\n'
        '  action: "copy"\n',
    ),
    ("registry empty", changed(VALUES, '"localhost:32000"', '""'), VALUES, SOUND[VALUES]),
    (
        "registry missing, in a line",
        {VALUES: "global: {image: dag-my-flow, action: copy} # all\n"},
        VALUES,
        'global: {image: dag-my-flow, custom_registry_url: "localhost:32000", action: copy} # all\n',
    ),
    (
        "registry missing, no end of line",
        {VALUES: "global:\n    image: dag-my-flow"},
        VALUES,
        'global:\n    image: dag-my-flow\n    custom_registry_url: "localhost:32000"',
    ),
    (
        "registry missing, Windows",
        {VALUES: "\ufeffglobal:\r\n  image: dag-my-flow # ä\r\n"},
        VALUES,
        '\ufeffglobal:\r\n  image: dag-my-flow # ä\r\n  custom_registry_url: "localhost:32000"\r\n',
    ),
    ("wrong folder", changed(DOCKERFILE, "dags/my_flow/", "dags/flow/"), DOCKERFILE, SOUND[DOCKERFILE]),
    (
        "path",
        changed(NEEDS, "/services/utils/", "/services/"),
        NEEDS,
        SOUND[NEEDS],
    ),
    (
        "path in the same tree",
        {
            NEEDS: SOUND[NEEDS] + "  - name: part\n    version: 0.0.0\n    repository: file://part  # ours\n",
            "parts/part/Chart.yaml": 'apiVersion: v2\nname: part\nversion: "0.0.0"\n',
        },
        NEEDS,
        SOUND[NEEDS] + "  - name: part\n    version: 0.0.0\n    repository: file://../../parts/part  # ours\n",
    ),
    (
        "path in quotes",
        {NEEDS: SOUND[NEEDS].replace("file:///w/kaapana/services/utils/dag-installer-chart", "'file://../x' # here")},
        NEEDS,
        SOUND[NEEDS].replace(
            "file:///w/kaapana/services/utils/dag-installer-chart",
            '"file:///w/kaapana/services/utils/dag-installer-chart" # here',
        ),
    ),
    ("number", changed(OPERATOR, '"5"', "5"), OPERATOR, SOUND[OPERATOR]),
    ("boolean", changed(OPERATOR, '"5"', "True"), OPERATOR, SOUND[OPERATOR].replace('"5"', '"True"')),
    (
        "address",
        changed(PROCESSING, "local-only/base", "localhost:32000/base"),
        PROCESSING,
        SOUND[PROCESSING],
    ),
    (
        "no name",
        changed(PROCESSING, 'LABEL IMAGE="my-algo"\n', ""),
        PROCESSING,
        SOUND[PROCESSING],
    ),
    (
        "no name of a DAG image",
        changed(DOCKERFILE, 'LABEL IMAGE="dag-my-flow"\n', ""),
        DOCKERFILE,
        SOUND[DOCKERFILE]
        .replace('LABEL IMAGE="dag-my-flow"\n', "")
        .replace("latest\n", 'latest\nLABEL IMAGE="dag-my-flow"\n'),
    ),
]


@pytest.mark.parametrize(("changes", "file", "expected"), [row[1:] for row in MENDED], ids=[row[0] for row in MENDED])
def test_what_is_mended_checks_clean(changes: Changes, file: str, expected: str) -> None:
    """One file is written, byte for byte as a person would; nothing is left, and a second time nothing is written."""
    bench = bench_of(changes)

    assert {file: expected} == mend(bench)
    assert [] == places(checked(bench))
    assert {} == mend(bench)


NOT_MENDED: list[tuple[str, Changes]] = [
    ("several labels in a line", {OTHER: 'FROM scratch\nLABEL IMAGE="other" VERSION="1"\nLABEL VERSION="1" A="b"\n'}),
    ("another value", changed(PROCESSING, "COPY", 'LABEL VERSION="0.2"\nCOPY')),
    ("a misspelt image", changed(OPERATOR, "/my-algo:", "/my-alga:")),
    ("a list", changed(OPERATOR, '"5"', "[5]")),
    ("a number in another form", changed(OPERATOR, '"5"', "1_000")),
    ("a float in another form", changed(OPERATOR, '"5"', "1.50")),
    ("a calculated one", changed(OPERATOR, '"5"', "int(5)")),
    ("another encoding", {OPERATOR: f"# coding: latin-1\n{SOUND[OPERATOR]}".replace('"5"', "5").replace("as", "\xe4")}),
    ("two importers, two folders", {
        **changed(DOCKERFILE, "dags/my_flow/", "dags/flow/"),
        **changed(DAG, "from airflow", "import my_other.MyOperator\nfrom airflow"),
    }),
    ("still imported by the old name", {
        **changed(DOCKERFILE, "dags/my_flow/", "dags/flow/"),
        **changed(DAG, "from airflow", "import flow.MyOperator\nfrom airflow"),
    }),
    ("a destination in JSON", {
        DOCKERFILE: SOUND[DOCKERFILE].replace(
            "COPY files/my-flow/MyOperator.py /kaapana/tmp/dags/my_flow/",
            'COPY ["files/my-flow/MyOperator.py", "/kaapana/tmp/dags/flow/"]',
        ),
    }),
    ("a variable in FROM", changed(PROCESSING, "FROM local-only/", "ARG R=localhost:32000\nFROM $R/")),
    ("a dependency that is nowhere", changed(NEEDS, "- name: dag-installer-chart", "- name: nowhere")),
]  # fmt: skip


@pytest.mark.parametrize("changes", [row[1] for row in NOT_MENDED], ids=[row[0] for row in NOT_MENDED])
def test_what_is_not_safe_is_left_to_people(changes: Changes) -> None:
    """It is found, and nothing is written."""
    bench = bench_of(changes)

    assert [] != places(checked(bench))
    assert {} == mend(bench)


def test_many_are_mended_at_once() -> None:
    """Several edits of one file do not shift each other."""
    bench = bench_of(
        {
            **changed(OPERATOR, '"THRESHOLD": "5"', '"A": 1, 2: False, "C": 0.5'),
            DOCKERFILE: DOUBLED.replace("dags/my_flow/", "dags/flow/").replace("local-only", "localhost:32000"),
            **changed(CHART, "kaapanaworkflow", "kaapanaworkflow # listed"),
        }
    )
    written = mend(bench)

    assert {OPERATOR, DOCKERFILE} == set(written)
    assert '{"A": "1", "2": "False", "C": "0.5"}  # as text' in written[OPERATOR]
    assert SOUND[DOCKERFILE] == written[DOCKERFILE]
    assert [] == places(checked(bench))


def test_a_file_that_changed_meanwhile_is_not_written() -> None:
    """Whoever saves while the question stands loses nothing."""
    bench = bench_of(changed(OPERATOR, '"5"', "5"))
    mends = plan_mends(bench.disk.fresh(), checked(bench).findings)
    bench.write(OPERATOR, "mine now\n")
    written = write_mends(bench.disk.fresh(), mends, lambda *_: pytest.fail("written"))

    assert ((), ((f"{ROOT}/{OPERATOR}", "it changed meanwhile"),)) == (written.done, written.left)


def test_a_file_that_changed_before_it_is_shown_is_left_out() -> None:
    """The places of the edits are those of another content."""
    bench = bench_of(changed(OPERATOR, '"5"', "5"))
    findings = checked(bench).findings
    bench.write(OPERATOR, SOUND[OPERATOR] + "# more\n")

    assert () == plan_mends(bench.disk.fresh(), findings)


def test_what_can_not_be_written_is_told() -> None:
    """With the reason of the system; the others are written."""
    bench = bench_of({**changed(OPERATOR, '"5"', "5"), DOCKERFILE: DOUBLED})
    mends = plan_mends(bench.disk.fresh(), checked(bench).findings)

    def write(path: str, _content: bytes, _mode: int) -> None:
        if path.endswith(".py"):
            raise OSError(30, "Read-only file system", path)

    written = write_mends(bench.disk.fresh(), mends, write)

    assert (f"{ROOT}/{DOCKERFILE}",) == written.done
    assert ((f"{ROOT}/{OPERATOR}", "Read-only file system"),) == written.left


def test_the_mode_of_a_file_stays() -> None:
    """An executable file is one afterwards."""
    bench = bench_of({OPERATOR: None})
    bench.write(OPERATOR, SOUND[OPERATOR].replace('"5"', "5"), 0o755)
    modes: list[int] = []
    write_mends(
        bench.disk.fresh(),
        plan_mends(bench.disk.fresh(), checked(bench).findings),
        lambda _path, _content, mode: modes.append(mode),
    )

    assert [0o755] == modes


def _finding(*edits: tuple[int, int, bytes]) -> Finding:
    digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"  # of b"test"
    mends = tuple(FileEdit("f", digest, Edit(*edit)) for edit in edits)
    return Finding(EXTENSION, DOUBLED_LABEL.at("f", 1, "x"), mends)


def test_edits_of_one_place_wait_for_the_next_time() -> None:
    """The first is made; one that touches it is not, and no other of its finding is."""
    first, second = _finding((0, 2, b"TE")), _finding((1, 3, b"ES"), (3, 4, b"T"))
    ((_, edits),) = edits_by_file([first, second, first]).items()

    assert b"TEst" == mended(b"test", edits)
    assert None is mended(b"other", edits)


def test_the_difference_is_a_unified_diff() -> None:
    """As `patch` and `git apply` read it."""
    assert ("--- f", "+++ f", "@@ -1,2 +1,2 @@", " a", "-b", "+c") == difference(b"a\nb\n", b"a\nc\n", "f")
