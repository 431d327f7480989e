"""Staging: a chart with its dependencies, found by name, and never a byte written beside it."""

from __future__ import annotations

import pytest

from edk.domain.charts.reading import read_chart
from edk.domain.errors import ChartError
from edk.orchestrator.chart_staging import StagedChart, StagingOptions, stage_chart
from tests.fakes.tree import FakeTree

INSTALLER = "/platform/utils/dag-installer-chart"
FILES = {
    "/ext/flow/Chart.yaml": 'apiVersion: v2\nname: flow\nversion: "0.0.0"\n',
    "/ext/flow/requirements.yaml": (
        "dependencies:\n- name: dag-installer-chart\n  version: 9.9.9\n  repository: file://../../gone\n"
    ),
    "/ext/flow/values.yaml": "global:\n  image: dag-flow # mine\n",
    "/ext/flow/README.md": "read me",
    f"{INSTALLER}/Chart.yaml": 'apiVersion: v1\nname: dag-installer-chart\nversion: "0.0.0"\n',
    f"{INSTALLER}/templates/job.yaml": 'image: "x/{{ .Values.global.image }}:{{ .Chart.Version }}"\n',
    "/platform/lib/Chart.yaml": 'apiVersion: v2\nname: lib\nversion: "1.0.0"\n',
}
BY_NAME = {"dag-installer-chart": INSTALLER, "lib": "/platform/lib", "flow": "/ext/flow"}
OPTIONS = StagingOptions("0.6.0+12.g09bb59b20", "localhost:32000")


def stage(
    changes: dict[str, str | bytes] | None = None, options: StagingOptions = OPTIONS, tree: FakeTree | None = None
) -> StagedChart:
    """The staged chart of the files above, with some of them changed."""
    tree = tree or FakeTree({**FILES, **(changes or {})})
    return stage_chart(tree, "/ext/flow", BY_NAME, options)


def test_a_chart_is_staged_with_its_installer() -> None:
    """The version, the registry and the vendored dependency are in the copy; the rest is as it was."""
    assert {
        "Chart.yaml": b'apiVersion: v2\nname: flow\nversion: "0.6.0+12.g09bb59b20"\n',
        "requirements.yaml": (b'dependencies:\n- name: dag-installer-chart\n  version: "0.0.0"\n  repository: ""\n'),
        "values.yaml": b'global:\n  custom_registry_url: "localhost:32000"\n  image: dag-flow # mine\n',
        "README.md": b"read me",
        "charts/dag-installer-chart/Chart.yaml": FILES[f"{INSTALLER}/Chart.yaml"].encode(),
        "charts/dag-installer-chart/templates/job.yaml": FILES[f"{INSTALLER}/templates/job.yaml"].encode(),
    } == stage().files


def test_nothing_is_changed_where_nothing_was_asked() -> None:
    """Without options the copy differs in its dependencies alone."""
    files = stage(options=StagingOptions()).files

    assert FILES["/ext/flow/Chart.yaml"].replace("0.0.0", "0.0.0").encode() == files["Chart.yaml"]
    assert FILES["/ext/flow/values.yaml"].encode() == files["values.yaml"]


def test_the_installer_gets_the_version_asked_for() -> None:
    """Its version is the DAG image's tag, and what the chart asks for follows."""
    staged = stage(options=StagingOptions(installer_version="0.6.0-12-g09bb59b20"))
    read = read_chart("c", dict(staged.files))

    assert b'version: "0.6.0-12-g09bb59b20"' in staged.files["charts/dag-installer-chart/Chart.yaml"]
    assert ["0.6.0-12-g09bb59b20"] == [d.version for d in read.dependencies]


def test_an_installer_never_has_a_version_that_is_no_tag() -> None:
    """A plus in it would make an image reference that no registry takes."""
    staged = stage({f"{INSTALLER}/Chart.yaml": "apiVersion: v1\nname: dag-installer-chart\nversion: 1.0.0+a\n"})

    assert b'version: "1.0.0-a"' in staged.files["charts/dag-installer-chart/Chart.yaml"]


@pytest.mark.parametrize(("local", "expected"), [(frozenset({"dag-flow"}), True), (frozenset(), False)])
def test_the_registry_is_set_where_the_dag_image_is_local(local: frozenset[str], expected: bool) -> None:
    """A DAG image that was not built here stays with the registry of the platform."""
    staged = stage(options=StagingOptions("", "localhost:32000", local))

    assert expected == (b"localhost:32000" in staged.files["values.yaml"])


def test_templates_take_local_images_from_the_local_registry() -> None:
    """Also in values, and tagged by the build; images of the platform stay."""
    template = 'image: "{{ .Values.global.registry_url }}/%s:{{ .Chart.Version }}"\n'
    values = 'global:\n  complete_image: "{{ .Values.global.registry_url }}/mine:1"\n'
    staged = stage(
        {
            "/ext/flow/templates/a.yaml": template % "mine",
            "/ext/flow/templates/b.yaml": template % "theirs",
            "/ext/flow/values.yaml": values,
        },
        StagingOptions("", "localhost:32000", frozenset({"mine"})),
    )
    tag = b"{{ .Values.global.kaapana_build_version }}"

    assert b'image: "localhost:32000/mine:' + tag + b'"\n' == staged.files["templates/a.yaml"]
    assert b'image: "{{ .Values.global.registry_url }}/theirs:' + tag + b'"\n' == staged.files["templates/b.yaml"]
    assert b'complete_image: "localhost:32000/mine:1"' in staged.files["values.yaml"]


@pytest.mark.parametrize(("local", "expected"), [({"get-models"}, "localhost:32000"), (set(), "{{ ")])
def test_an_image_passed_to_a_sub_chart_comes_from_where_it_was_built(local: set[str], expected: str) -> None:
    """The model installer takes its image's name as a value, and its registry from the platform."""
    staged = stage(
        {
            "/ext/flow/requirements.yaml": "dependencies:\n- name: lib\n",
            "/ext/flow/values.yaml": "lib:\n  image: get-models\n",
            "/platform/lib/templates/a.yaml": 'image: "{{ .Values.global.registry_url }}/{{ .Values.image}}:1"\n',
        },
        StagingOptions("", "localhost:32000", frozenset(local)),
    )

    assert f'image: "{expected}'.encode() == staged.files["charts/lib/templates/a.yaml"][: 8 + len(expected)]


def test_dependencies_of_dependencies_come_along() -> None:
    """They stand in the charts/ folder of the one that needs them."""
    staged = stage({f"{INSTALLER}/requirements.yaml": "dependencies:\n- name: lib\n  version: 1.0.0\n"})

    assert "charts/dag-installer-chart/charts/lib/Chart.yaml" in staged.files


def test_a_chart_in_charts_wins_over_the_roots() -> None:
    """It is found by its name, whatever its folder is called, and moves to the folder of its name."""
    staged = stage({"/ext/flow/charts/mine/Chart.yaml": "apiVersion: v1\nname: dag-installer-chart\nversion: 7.0.0\n"})

    assert b"version: 7.0.0" in staged.files["charts/dag-installer-chart/Chart.yaml"]
    assert "charts/mine/Chart.yaml" not in staged.files
    assert b'version: "7.0.0"' in staged.files["requirements.yaml"]


def test_an_archive_in_charts_is_kept() -> None:
    """What the user has fetched is not fetched again, nor replaced."""
    staged = stage(
        {
            "/ext/flow/requirements.yaml": "dependencies:\n- name: lib\n  version: 0.1.0\n",
            "/ext/flow/charts/lib-0.1.0.tgz": b"archive",
        }
    )

    assert b"archive" == staged.files["charts/lib-0.1.0.tgz"]
    assert not any(path.startswith("charts/lib/") for path in staged.files)


def test_an_old_archive_of_the_installer_is_replaced() -> None:
    """It would ask for a tag of the DAG image that nobody builds."""
    staged = stage({"/ext/flow/charts/dag-installer-chart-0.3.0.tgz": b"archive"})

    assert "charts/dag-installer-chart-0.3.0.tgz" not in staged.files
    assert "charts/dag-installer-chart/Chart.yaml" in staged.files


def test_locks_stay_behind() -> None:
    """They name what the dependencies were before they were vendored."""
    assert "Chart.lock" not in stage({"/ext/flow/Chart.lock": "digest: x"}).files


def test_helmignore_is_respected() -> None:
    """What helm would leave out is not staged; the rules do not reach into the dependencies."""
    staged = stage({"/ext/flow/.helmignore": "*.md\ndocs/\ntemplates\n", "/ext/flow/docs/a": "x"})

    assert {"README.md", "docs/a", ".helmignore"}.isdisjoint(staged.files)
    assert "charts/dag-installer-chart/templates/job.yaml" in staged.files


def test_a_repository_is_left_to_helm() -> None:
    """Only helm can fetch it; nothing is looked up by name outside."""
    text = "dependencies:\n- name: far\n  version: 1.0.0\n  repository: https://charts.example.org\n"

    assert text.encode() == stage({"/ext/flow/requirements.yaml": text}).files["requirements.yaml"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"/ext/flow/requirements.yaml": "dependencies:\n- name: gone\n"},
            r"/ext/flow/requirements\.yaml:2: the chart “gone” is in none of the roots",
        ),
        (
            {f"{INSTALLER}/requirements.yaml": "dependencies:\n\n- name: flow\n"},
            rf"{INSTALLER}/requirements\.yaml:3: .* circle: flow → dag-installer-chart → flow",
        ),
        ({"/ext/flow/values.yaml": "a:\n\t- b\n"}, r"/ext/flow/values\.yaml:2: "),
        ({"/ext/flow/Chart.yaml": "apiVersion: v2\nname: ../x\nversion: 1.0.0\n"}, r"Chart\.yaml:2: "),
        ({"/ext/flow/.helmignore": "a/**\n"}, r"/ext/flow/\.helmignore:1: "),
        ({"/ext/flow/big": b"x" * 6_000_000}, r"/ext/flow/big"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(changes: dict[str, str | bytes], message: str) -> None:
    """A missing dependency, a circle, broken YAML and what is too large are errors of the chart."""
    with pytest.raises(ChartError, match=message):
        stage(changes)


@pytest.mark.parametrize("target", ["/etc/passwd", "../../secret", "..", "gone", "loop"])
def test_a_link_that_leads_out_is_refused(target: str) -> None:
    """So is one that leads nowhere; no file outside the chart ever gets into an archive."""
    tree = FakeTree({**FILES, "/secret": "s"})
    tree.link("/ext/flow/Chart.lock", target)
    tree.link("/ext/flow/loop", "loop")

    with pytest.raises(ChartError, match="/ext/flow"):
        stage(tree=tree)


def test_a_link_through_a_linked_folder_is_refused() -> None:
    """A path that looks as if it were inside may pass through a link that leads out."""
    tree = FakeTree({**FILES, "/secret/a": "s"})
    tree.link("/ext/flow/out", "/secret")
    tree.link("/ext/flow/a", "out/a")

    with pytest.raises(ChartError, match="leads out of the chart"):
        stage(tree=tree)


def test_a_link_inside_the_chart_is_its_file() -> None:
    """As with helm, which follows links."""
    tree = FakeTree({**FILES, "/ext/flow/files/a": "content"})
    tree.link("/ext/flow/b", "files/a")
    tree.link("/ext/flow/more", "files")
    staged = stage(tree=tree)

    assert (b"content", b"content") == (staged.files["b"], staged.files["more/a"])


def test_what_is_no_file_is_refused_unread() -> None:
    """A pipe in a chart is named, and never opened."""
    tree = FakeTree(FILES)
    tree.fifo("/ext/flow/pipe")

    with pytest.raises(ChartError, match="/ext/flow/pipe: neither a file nor a folder"):
        stage(tree=tree)
