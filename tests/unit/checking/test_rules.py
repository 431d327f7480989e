"""Every rule: what it finds, where, and what it leaves alone."""

from __future__ import annotations

import pytest

from edk.domain.codes import conventions as codes
from tests.unit.checking.ground import (
    BASES,
    CHART,
    DAG,
    DOCKERFILE,
    JOB,
    NEEDS,
    OPERATOR,
    PROCESSING,
    SOUND,
    VALUES,
    changed,
    found,
    only,
)

Changes = dict[str, str | None]
OTHER = "processing-containers/other/Dockerfile"
RUN = "processing-containers/my-algo/files/run.py"
MORE = "extension/docker/files/dag_more.py"
VERSION = 'LABEL VERSION="0.1.0"\n'
COPIED = "files/my-flow/MyOperator.py /kaapana/tmp/dags/my_flow/"
HIDDEN = "extension/docker/files/my-flow/Hidden.py"
INSTALL = "RUN curl -fsSL https://code-server.dev/install.sh | sh"
ADMIN = '  namespace: "{{ .Values.global.admin_namespace }}"\n'
JOBS = SOUND[JOB]
LAST = JOBS.splitlines()[-1] + "\n"
IMAGE = '{DEFAULT_REGISTRY}/my-algo:{KAAPANA_BUILD_VERSION}"'


def test_nothing_is_found_in_a_sound_extension() -> None:
    """Also no hint: whoever keeps to the guide is told nothing."""
    assert [] == found()


FOUND: list[tuple[str, Changes, tuple[str, str, int]]] = [
    ("misspelt", changed(OPERATOR, "/my-algo:", "/my-alga:"), ("EDK601", OPERATOR, 7)),
    ("misspelt DAG image", changed(VALUES, "dag-my-flow", "dag-my-flwo"), ("EDK601", VALUES, 3)),
    (
        "only the EDK fills the local registry",
        changed(OPERATOR, "{DEFAULT_REGISTRY}/my-algo", "localhost:32000/something"),
        ("EDK601", OPERATOR, 7),
    ),
    ("doubled", changed(DOCKERFILE, "COPY files/dag", f"{VERSION}COPY files/dag"), ("EDK602", DOCKERFILE, 5)),
    ("doubled, another value", changed(PROCESSING, "COPY", 'LABEL VERSION="0.2"\nCOPY'), ("EDK602", PROCESSING, 4)),
    ("no VERSION", changed(PROCESSING, 'LABEL VERSION="0.1.0"\n', ""), ("EDK603", PROCESSING, 2)),
    (
        "not marked as local",
        {OTHER: 'FROM local-only/my-algo\nLABEL IMAGE="other" VERSION="1"\n'},
        ("EDK604", PROCESSING, 2),
    ),
    ("no registry", changed(VALUES, '  custom_registry_url: "localhost:32000"\n', ""), ("EDK605", VALUES, 3)),
    ("registry empty", changed(VALUES, '"localhost:32000"', '""'), ("EDK605", VALUES, 3)),
    ("odd tag", changed(OPERATOR, "{KAAPANA_BUILD_VERSION}", "0.0.7"), ("EDK606", OPERATOR, 7)),
    ("latest of an image", changed(OPERATOR, "{KAAPANA_BUILD_VERSION}", "latest"), ("EDK606", OPERATOR, 7)),
    ("no tag", changed(OPERATOR, ":{KAAPANA_BUILD_VERSION}", ""), ("EDK606", OPERATOR, 7)),
    ("odd tag of a base", changed(PROCESSING, "cpu:latest", "cpu:0.3"), ("EDK606", PROCESSING, 1)),
    ("ignored", changed(PROCESSING, "COPY", 'LABEL BUILD_IGNORE="True"\nCOPY'), ("EDK607", OPERATOR, 7)),
    (
        "hidden",
        {HIDDEN: SOUND[OPERATOR], **changed(DOCKERFILE, "MyOperator.py", "*.py")},
        ("EDK608", HIDDEN, 7),
    ),
    ("wrong folder", changed(DOCKERFILE, "dags/my_flow/", "dags/flow/"), ("EDK609", DAG, 1)),
    ("copied nowhere", changed(DOCKERFILE, SOUND[DOCKERFILE].splitlines()[-1], ""), ("EDK609", DAG, 1)),
    ("not shipped", {MORE: "x = 1\n"}, ("EDK610", MORE, 0)),
    ("dangling", changed(NEEDS, "/services/utils/", "/services/"), ("EDK611", NEEDS, 5)),
    ("dangling, relative", changed(NEEDS, "/w/kaapana/services", "../../services"), ("EDK611", NEEDS, 5)),
    ("admin", {JOB: JOBS.replace(JOBS.splitlines()[-1] + "\n", ADMIN)}, ("EDK612", JOB, 5)),
    ("admin, literally", {JOB: JOBS.replace(JOBS.splitlines()[-1], "  namespace: admin # no")}, ("EDK612", JOB, 5)),
    ("number", changed(OPERATOR, '"5"', "5"), ("EDK613", OPERATOR, 5)),
    ("None with a dev_server", changed(DAG, "dev_server=", 'env_vars={"A": None}, dev_server='), ("EDK613", DAG, 4)),
    (
        "no code-server",
        changed(PROCESSING, "local-only/base-python-cpu:latest", "ubuntu:24.04"),
        ("EDK614", DAG, 4),
    ),
    ("unknown dev_server", changed(DAG, '"code-server"', '"jupyter"'), ("EDK615", DAG, 4)),
    ("latest", {OTHER: 'FROM ubuntu:latest\nLABEL IMAGE="other" VERSION="1"\n'}, ("EDK616", OTHER, 1)),
    ("no tag outside", {OTHER: 'FROM quay.io/x/y\nLABEL IMAGE="other" VERSION="1"\n'}, ("EDK616", OTHER, 1)),
    (
        "address in a cluster",
        changed(PROCESSING, "local-only/base", "local-registry.services.svc.cluster.local:5000/base"),
        ("EDK617", PROCESSING, 1),
    ),
    ("address", changed(PROCESSING, "local-only/base", "localhost:32000/base"), ("EDK617", PROCESSING, 1)),
    ("no installer", {NEEDS: "dependencies: []\n"}, ("EDK618", VALUES, 3)),
    ("no keyword", changed(CHART, "kaapanaworkflow", "other"), ("EDK619", CHART, 0)),
    ("no name", changed(PROCESSING, 'LABEL IMAGE="my-algo"\n', ""), ("EDK401", PROCESSING, 0)),
    ("two of one name", {OTHER: 'FROM scratch\nLABEL IMAGE="my-algo" VERSION="1"\n'}, ("EDK402", OTHER, 2)),
    ("no such base", changed(PROCESSING, "base-python-cpu", "base-python-cpi"), ("EDK403", PROCESSING, 1)),
    ("patient's data", {RUN: "\0" * 128 + "DICM" + "\0" * 9}, ("EDK507", RUN, 0)),
    ("key", {RUN: "-----BEGIN PRIVATE KEY-----\n" + "A" * 200}, ("EDK508", RUN, 0)),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), [row[1:] for row in FOUND], ids=[row[0] for row in FOUND])
def test_what_is_wrong_is_found(changes: Changes, expected: tuple[str, str, int]) -> None:
    """With its code, at its file and line."""
    assert expected in found(changes)


def test_every_code_has_its_case() -> None:
    """None of the conventions goes untested."""
    tested = {row[2][0] for row in FOUND}

    assert {c.id for c in codes.CODES} - {codes.UNUSED_SUPPRESSION.id, codes.BAD_SUPPRESSION.id} <= tested


ALONE: list[tuple[str, Changes]] = [
    ("a digest", changed(OPERATOR, IMAGE, "localhost:32000/my-algo@sha256:" + "a" * 64 + '"')),
    ("the VERSION as tag", changed(OPERATOR, "{KAAPANA_BUILD_VERSION}", "0.1.0")),
    ("the platform's version as tag", changed(OPERATOR, "{KAAPANA_BUILD_VERSION}", "0.6.0")),
    ("a digest outside", {OTHER: f'FROM ubuntu@sha256:{"a" * 64}\nLABEL IMAGE="other" VERSION="1"\n'}),
    ("scratch", {OTHER: 'FROM scratch\nLABEL IMAGE="other" VERSION="1"\n'}),
    ("a stage", {OTHER: 'FROM ubuntu:24.04 AS a\nFROM a\nCOPY --from=a /x /y\nLABEL IMAGE="other" VERSION="1"\n'}),
    ("labels in two stages", {OTHER: f'FROM scratch AS a\n{VERSION}FROM scratch\nLABEL IMAGE="other" VERSION="1"\n'}),
    ("an image of the platform", changed(OPERATOR, "/my-algo:", "/dcmqi:") | {OTHER: None}),
    ("a name from outside", changed(OPERATOR, IMAGE, 'docker.io/library/ubuntu:24.04"')),
    ("a folder copied whole", changed(DOCKERFILE, COPIED, "files/my-flow /kaapana/tmp/dags/my_flow")),
    ("a file copied by its name", changed(DOCKERFILE, "dags/my_flow/\n", "dags/my_flow/MyOperator.py\n")),
    ("a wildcard", changed(DOCKERFILE, "my-flow/MyOperator.py", "my-flow/*.py")),
    ("a folder that is there", changed(DOCKERFILE, COPIED, f"{COPIED}\nCOPY {COPIED[:-1]}")),
    ("an import that may fail", changed(DAG, "dag =",
     "try:\n    import a.MyOperator\nexcept Exception:\n    pass\ndag =")),
    ("an import of a package", changed(DAG, "from airflow", "import torch.nn\nfrom airflow")),
    ("a relative import", changed(OPERATOR, "class", "from . import x\nclass")),
    ("None alone", changed(OPERATOR, '"5"', "None")),
    ("a value that is computed", changed(OPERATOR, '"5"', "str(5)")),
    ("a dictionary of another name", changed(OPERATOR, "super()", 'other = {"A": 1}\n        super()')),
    ("a number elsewhere", changed(OPERATOR, "name=", 'ram_mem_mb=5, labels={"a": 1}, name=')),
    ("no dev_server", changed(DAG, ', dev_server="code-server"', ", dev_server=None")),
    ("code-server of its own", changed(PROCESSING, "local-only/base-python-cpu:latest", f"ubuntu:24.04\n{INSTALL}")),
    ("a hook in admin", {JOB: JOBS.replace(LAST, f"{ADMIN}  annotations:\n    helm.sh/hook: pre-install\n")}),
    ("a subject in admin", {JOB: JOBS + "subjects:\n  - kind: ServiceAccount\n    namespace: admin\n"}),
    ("admin in a label", {JOB: JOBS + "  labels:\n    namespace: admin\n"}),
    ("the platform's usual place", changed(NEEDS, "/w/kaapana/", "/kaapana/app/kaapana/")),
    ("no DAG image", {VALUES: "global: {}\n", NEEDS: "dependencies: []\n"}),
    ("two names of one image", {OTHER: 'FROM scratch\nLABEL IMAGE="o" VERSION="1"\nLABEL IMAGE="other"\n'}),
    ("no base, by the registry's address", {OTHER: 'FROM localhost:32000/my-algo\nLABEL IMAGE="o" VERSION="1"\n'}),
    ("a library beside", {"lib/Chart.yaml": 'apiVersion: v2\nname: lib\ntype: library\nversion: "0.0.0"\n'}),
]  # fmt: skip


@pytest.mark.parametrize("changes", [row[1] for row in ALONE], ids=[row[0] for row in ALONE])
def test_what_is_right_is_left_alone(changes: Changes) -> None:
    """What looks like a mistake and is none: no code of the conventions is told."""
    assert [] == [place for place in found(changes) if place[0].startswith("EDK6")]


def test_the_nearest_name_is_named() -> None:
    """In the message and as the hint."""
    finding = only(changed(OPERATOR, "/my-algo:", "/my-alga:"))

    assert "no Dockerfile yields the image 'my-alga'; 'my-algo' is the nearest name" == finding.diagnostic.message
    assert "did you mean 'my-algo'?" == finding.diagnostic.hint
    assert 19 == finding.diagnostic.column


def test_the_platforms_own_tree_is_not_told_to_use_the_local_registry() -> None:
    """Its charts are released with it: neither a registry of their own nor keywords are missing there."""
    installer = "services/utils/dag-installer-chart/Chart.yaml"
    changes = {
        installer: BASES[f"/w/kaapana/{installer}"],
        **changed(VALUES, '  custom_registry_url: "localhost:32000"\n', ""),
        **changed(CHART, "kaapanaworkflow", "other"),
    }

    assert [] == found(changes)


def test_a_template_that_is_ignored_says_nothing_of_its_operators() -> None:
    """Its DAG image is never built, so nobody asks for what its operators name."""
    ignored = 'LABEL BUILD_IGNORE="True"\nCOPY'
    changes = {
        PROCESSING: SOUND[PROCESSING].replace("COPY", ignored),
        DOCKERFILE: SOUND[DOCKERFILE].replace("COPY files/dag", f"{ignored} files/dag"),
    }

    assert [("EDK607", VALUES, 3)] == found(changes)


def test_a_chart_in_another_charts_folder_is_uploaded_with_it() -> None:
    """What it puts into the admin namespace is found, too."""
    below = "extension/part"
    changes: Changes = {
        f"{below}/Chart.yaml": 'apiVersion: v2\nname: part\nversion: "0.0.0"\n',
        f"{below}/values.yaml": 'global:\n  namespace: "{{ .Values.global.admin_namespace }}"\n',
        f"{below}/templates/a/x.yaml": 'kind: A\nmetadata:\n  namespace: "{{ tpl .Values.global.namespace . }}"\n',
        NEEDS: SOUND[NEEDS] + "  - name: part\n    version: 0.0.0\n",
    }

    assert [("EDK612", f"{below}/templates/a/x.yaml", 3)] == found(changes)


def test_messages_name_what_is_to_be_changed() -> None:
    """A person who knows nothing of the code finds the place."""
    wrong = only(changed(DOCKERFILE, "dags/my_flow/", "dags/flow/")).diagnostic

    assert (
        "imports my_flow.MyOperator, but line 6 of extension/docker/Dockerfile copies it to /kaapana/tmp/dags/flow/"
        == wrong.message
    )
