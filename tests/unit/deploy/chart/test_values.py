"""values.yaml, its schema, its README, and the templates: that they agree, and that wrong values are refused."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import edk
from tests.support.chart.comments import SCHEMA_JSON, VALUES_YAML, comments, described_schema, leaves, properties
from tests.support.chart.needs import need_helm
from tests.support.chart.rendering import CHART, ROOT, helm, render

VALUES: dict[str, Any] = yaml.safe_load(VALUES_YAML.read_text())
SCHEMA: dict[str, Any] = json.loads(SCHEMA_JSON.read_text())
SOURCES = {path.name: path.read_text() for path in (CHART / "templates").iterdir()}
TEMPLATES = "\n".join(SOURCES.values())


LEAVES = dict(leaves(VALUES))


def test_each_value_of_a_template_is_there() -> None:
    """With a default, a comment and a line in the schema."""
    named = {tuple(path.split(".")) for path in re.findall(r"\.Values\.((?:\w+\.)*\w+)", TEMPLATES)}
    there = {key[:length] for key in LEAVES for length in range(1, len(key) + 1)}

    assert set() == named - there - {("global",)}


def test_each_value_has_a_comment() -> None:
    """Which is marked for the README; maps have one that says what they are about, or a name that does."""
    said = comments()
    undocumented = [key for key in LEAVES if key not in said or not said[key].documented]

    assert [] == [key for key in undocumented if key[0] != "extension_params"]
    assert said[("extension_params",)].documented


def test_the_schema_knows_each_value_and_no_other() -> None:
    """With the same description as the comment has."""
    known = dict(properties(SCHEMA))
    there = {key[:length] for key in LEAVES for length in range(1, len(key) + 1)}
    free = {key for key in known if "resources" in key or key[0] == "config"}

    assert there - {key for key in there if "resources" in key[:-1]} - set(known) == set()
    assert set(known) - free - there == set()
    assert SCHEMA_JSON.read_text() == described_schema(), "scripts/chart.sh docs writes the descriptions"
    assert [] == [key for key in LEAVES if "description" not in known.get(key, {"description": ""})]


def test_the_schema_takes_no_unknown_name_anywhere() -> None:
    """But below global, where the platform has its own."""

    def loose(node: Any, path: str) -> Iterator[str]:
        if isinstance(node, dict):
            if "properties" in node and node.get("additionalProperties") is not False:
                yield path
            for name, child in node.items():
                yield from loose(child, f"{path}/{name}")

    assert ["/properties/global"] == list(loose(SCHEMA, ""))


@pytest.mark.parametrize("name", sorted(VALUES["extension_params"]))
def test_each_question_of_the_extensions_page_is_answered_to(name: str) -> None:
    """The platform hands an answer on as global.NAME, and would have its default outweighed by one of ours."""
    assert f'"{name}"' in TEMPLATES
    assert "" == VALUES["global"][name]


def test_our_own_globals_never_outweigh_the_platforms() -> None:
    """kube-helm sets each text that a chart's values have below global, after the platform's own."""
    assert [] == [name for name, value in VALUES["global"].items() if value and name != "links"]


def test_versions_are_those_that_they_have_to_be() -> None:
    """The application's is the EDK's, and the chart's has no hyphen, at which kube-helm would part it."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert edk.__version__ == chart["appVersion"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", chart["version"])
    assert {"kaapanaapplication", "kaapanaint"} <= set(chart["keywords"])


def test_the_readme_is_up_to_date() -> None:
    """Its table has each value, with default and comment; after a change: scripts/chart.sh docs."""
    rows = [line.split(" | ", 3) for line in (CHART / "README.md").read_text().splitlines() if line.startswith("| ")]
    table = {row[0].removeprefix("| "): (row[2], row[3].removesuffix(" |")) for row in rows if len(row) == 4}
    said = comments()
    expected = {}
    for key, value in LEAVES.items():
        shown = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
        if said.get(key) and said[key].documented:
            expected[".".join(key)] = (f"`{shown}`", said[key].text)
    questions = expected.pop("extension_params", None) or ("", said[("extension_params",)].text)

    assert expected == {key: table[key] for key in expected if key in table}
    assert questions[1] == table["extension_params"][1]


@pytest.mark.skipif(
    shutil.which("helm-docs") is None and not (ROOT / ".cache/bin/helm-docs").exists(),
    reason="helm-docs is not here: scripts/chart.sh docs installs it",
)
def test_the_readme_is_what_the_tool_makes(tmp_path: Path) -> None:
    """The text around the table, too."""
    import subprocess

    copy = tmp_path / "chart"
    shutil.copytree(CHART, copy)
    program = shutil.which("helm-docs") or str(ROOT / ".cache/bin/helm-docs")
    command = [program, "--chart-search-root", str(copy), "--sort-values-order", "file"]
    subprocess.run(command, check=True, capture_output=True)

    assert (copy / "README.md").read_text() == (CHART / "README.md").read_text(), "run scripts/chart.sh docs"


def test_the_platforms_own_globals_are_let_through() -> None:
    """kube-helm sets all of them, whatever they are, mostly as texts."""
    need_helm()
    sets = ["--set-string", "global.gpu_support=True", "--set", "global.internalCidrs={10.1.0.0/16}"]

    assert render(*sets, "--set", "global.instance.name=x", "--set-string", "global.edk_minio=False")


def test_the_readme_of_the_archive_is_there(tmp_path: Path) -> None:
    """And the template of it is not."""
    import tarfile

    need_helm()
    helm("package", CHART, "--destination", tmp_path)
    (archive,) = tmp_path.iterdir()
    with tarfile.open(archive) as read:
        names = read.getnames()

    assert {"edk/README.md", "edk/values.schema.json", "edk/templates/NOTES.txt"} <= set(names)
    assert "edk/README.md.gotmpl" not in names
