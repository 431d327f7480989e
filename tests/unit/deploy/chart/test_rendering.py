"""What helm makes of the chart, with each set of values."""

from __future__ import annotations

import os
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.support.chart.api import VERSIONS, wrong_documents
from tests.support.chart.fitting import misfits
from tests.support.chart.golden import GOLDEN, expected_files
from tests.support.chart.needs import need_helm
from tests.support.chart.policy import violations
from tests.support.chart.rendering import (
    CHART,
    ROOT,
    containers,
    documents,
    helm,
    helm_program,
    of_kind,
    render,
    render_set,
    template,
    value_sets,
)

need_helm()
SETS = sorted(value_sets())


@pytest.mark.parametrize("name", SETS)
def test_lint_is_content(name: str) -> None:
    """Warnings count as errors."""
    done = helm("lint", "--strict", CHART, "--values", value_sets()[name], "--kube-version", "1.32.0")

    assert 0 == done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("kubernetes", VERSIONS)
@pytest.mark.parametrize("name", SETS)
def test_kubernetes_takes_it(name: str, kubernetes: str) -> None:
    """No field that this version does not know, and none missing."""
    assert [] == wrong_documents(render_set(name, kubernetes), kubernetes)


@pytest.mark.parametrize("name", SETS)
def test_the_parts_fit_together(name: str) -> None:
    """Volumes, mounts, ports, Services, probes, certificates."""
    assert [] == misfits(render_set(name))


@pytest.mark.parametrize("kubernetes", ["1.25.0", "1.32.0"])
@pytest.mark.parametrize("name", SETS)
def test_no_container_may_more_than_it_has_to(name: str, kubernetes: str) -> None:
    """A privileged one only where a Docker Engine was asked for, a token only where a look at the cluster was."""
    engine = name in ("docker", "kaapana-minio")
    access = name == "external-buildkit"

    assert [] == violations(render_set(name, kubernetes), engine, access)


def test_the_sets_that_are_let_off_use_it() -> None:
    """Else the test above would look away for nothing."""
    for name in ("docker", "kaapana-minio"):
        assert violations(render_set(name), engine=False, access=False)
    assert violations(render_set("external-buildkit"), engine=False, access=False)


def test_renderings_are_as_stored() -> None:
    """After a change: scripts/chart.sh golden, and read what git diff shows."""
    expected = expected_files()

    assert set(GOLDEN.iterdir()) == set(expected)
    for path, text in expected.items():
        assert path.read_text() == text, f"{path.name} is not what helm makes; scripts/chart.sh golden renews it"


def test_an_old_kubernetes_is_refused_in_words() -> None:
    """By helm itself, before anything is made."""
    done = template(kubernetes="1.23.0")

    assert 0 != done.returncode
    assert "chart requires kubeVersion: >=1.24.0-0" in done.stderr


def test_apparmor_is_a_field_where_there_is_one() -> None:
    """An annotation before Kubernetes 1.30, never both."""
    key = "container.apparmor.security.beta.kubernetes.io/builder"
    for kubernetes, as_field in (("1.29.9", False), ("1.30.0", True), ("v1.31.4-gke.1", True)):
        deployment = of_kind(render(kubernetes=kubernetes), "Deployment")["edk"]
        security = containers(deployment)["builder"]["securityContext"]

        assert as_field == (security.get("appArmorProfile") == {"type": "Unconfined"})
        assert as_field == (key not in deployment["spec"]["template"]["metadata"]["annotations"])


@pytest.mark.parametrize("name", [name for name in SETS if "docker" not in name])
def test_the_builders_configuration_is_toml(name: str) -> None:
    """And bounds the disk below the volume by every rule."""
    maps = of_kind(render_set(name), "ConfigMap")
    for found in (one["data"]["buildkitd.toml"] for one in maps.values() if "buildkitd.toml" in one["data"]):
        read = tomllib.loads(found)

        assert read["worker"]["oci"]["rootless"]
        for rule in read["worker"]["oci"]["gcpolicy"]:
            floor, limit, free = (int(rule[key]) for key in ("reservedSpace", "maxUsedSpace", "minFreeSpace"))
            assert floor < limit
            assert limit + free < 0.8 * 60 * (1 << 30)


def test_the_builder_is_configured_as_other_workers_are() -> None:
    """Two files for one program, of which one is a template."""
    (made,) = (m["data"]["buildkitd.toml"] for n, m in of_kind(render(), "ConfigMap").items() if n == "edk-buildkitd")
    ours = tomllib.loads(made)
    theirs = tomllib.loads((CHART.parent / "buildkit/buildkitd.toml").read_text())

    assert theirs["worker"] == ours["worker"]
    assert theirs["history"] == ours["history"]
    assert theirs["root"] == ours["root"]


def test_the_archive_renders_the_same(tmp_path: Path) -> None:
    """What the script packs is all that is needed, and has the name that the platform's chart service can read."""
    path = f"{Path(helm_program() or '').parent}{os.pathsep}{os.environ['PATH']}"
    command = [ROOT / "scripts/chart.sh", "package", "there"]
    subprocess.run(command, cwd=tmp_path, env={**os.environ, "PATH": path}, check=True, capture_output=True)
    (archive,) = (tmp_path / "there").iterdir()
    again = helm("template", "edk", archive, "--kube-version", "1.32.0", "--namespace", "tools")

    assert archive.name.removesuffix(".tgz").rsplit("-", 1)[0] == "edk"
    assert render() == documents(again.stdout)


def test_two_releases_share_no_name() -> None:
    """Of what lies in one namespace; all but the registry's Service, whose name is said by a value."""
    first, second = render(), render("--set", "registry.serviceName=other,registry.nodePort=32001", release="two")
    names = [{(d["kind"], d["metadata"]["name"]) for d in one} for one in (first, second)]

    assert {("ConfigMap", "local-registry-hosting")} == names[0] & names[1]
