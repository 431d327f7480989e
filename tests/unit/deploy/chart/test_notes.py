"""What helm says at the end of an installation."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.support.chart.needs import need_helm
from tests.support.chart.rendering import CHART, documents, helm, value_sets

need_helm()


@pytest.fixture(scope="module")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the chart that has its notes in an object, for helm template shows none."""
    chart = tmp_path_factory.mktemp("notes") / "edk"
    shutil.copytree(CHART, chart)
    said = (chart / "templates/NOTES.txt").read_text()
    for path in (chart / "templates").iterdir():
        if path.suffix == ".yaml" or path.name == "NOTES.txt":
            # Some define what others include.
            rest = re.findall(r"{{- define .*?\n{{- end -}}\n", path.read_text(), re.DOTALL)
            path.unlink()
            (chart / f"templates/_{path.name}.tpl").write_text("".join(rest))
    (chart / "templates/_notes.tpl").write_text('{{- define "notes" -}}\n' + said + "{{- end -}}\n")
    (chart / "templates/notes.yaml").write_text('notes: |\n{{ include "notes" . | indent 2 }}\n')
    return chart


def notes(chart: Path, name: str) -> str:
    """Return what is said with a set of values."""
    fixed = ["--kube-version", "1.32.0", "--namespace", "tools"]
    done = helm("template", "edk", chart, *fixed, "--values", value_sets()[name])
    assert 0 == done.returncode, done.stderr
    (document,) = documents(done.stdout)
    return str(document["notes"])


@pytest.mark.parametrize("name", sorted(value_sets()))
def test_they_are_whole(speaking: Path, name: str) -> None:
    """Nothing that a template had no value for, no lines that run into each other."""
    said = notes(speaking, name)

    assert not re.search(r"<no value>|<nil>|%!|\n\n\n|map\[", said)
    assert all(len(line) <= 150 for line in said.splitlines())
    assert said.rstrip().splitlines()[-1].strip() != ""


@pytest.mark.parametrize(
    ("name", "expected", "unexpected"),
    [
        ("default", ["port-forward service/edk 8080:8080", "image.registry is empty", "asks for no password",
                     "no system call filter", "port 32000 of every node"], ["privileged container"]),
        ("kaapana", ["https://kaapana.example.org/edk/", "/local-registry-ui", "-n services rollout status",
                     "local-registry.services.svc.cluster.local:5000"], ["password: whoever"]),
        ("docker", ["privileged container"], ["no system call filter"]),
        ("ingress", ["https://edk.example.org/"], ["The editor asks for no password"]),
        ("minimal", ["storage.state is off", "./build_extension.sh --dir"], ["of every node", "storage.registry"]),
        ("traefik", ["https://tools.example.org/editor/"], ["has to strip"]),
    ],
)  # fmt: skip
def test_they_say_what_concerns_this_installation(
    speaking: Path, name: str, expected: list[str], unexpected: list[str]
) -> None:
    """And nothing else."""
    said = notes(speaking, name)

    assert [] == [text for text in expected if text not in said]
    assert [] == [text for text in unexpected if text in said]
