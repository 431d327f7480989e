"""The plan as JSON and as text."""

from __future__ import annotations

import json
from typing import Any

from edk.domain.workspace import Root
from edk.ui.json_lines import to_json
from edk.ui.plan_json import plan_as_json
from edk.ui.plan_text import plan_lines
from tests.unit.core.bench import EXTENSION, ROOT, Bench
from tests.unit.core.building import base, dockerfile

OPERATOR = """class OtsusOperator(KaapanaBaseOperator):
    def __init__(self, dag, **kwargs):
        super().__init__(dag=dag, image=f"{DEFAULT_REGISTRY}/otsus:{KAAPANA_BUILD_VERSION}")
        self.image = "docker.io/group/elsewhere:1"
"""
FILES = {
    "OtsusOperator.py": OPERATOR,
    "otsus/Dockerfile": dockerfile("otsus", "FROM local-only/base", "COPY a /"),
    "otsus/a": "12345",
    "bad/Dockerfile": dockerfile("bad", "FROM local-only/nothing"),
    "/w/platform/base/Dockerfile": base("base", "FROM scratch"),
}
ROOTS = (EXTENSION, Root("/w/platform", "platform", 2))


def as_json() -> dict[str, Any]:
    """The plan as it is read back from its JSON."""
    found: dict[str, Any] = json.loads(to_json(plan_as_json(Bench(FILES, ROOTS).plan())))
    return found


def test_the_plan_has_all_keys_of_its_schema() -> None:
    """Keys are stable; programs rely on them."""
    plan = as_json()

    assert "edk.plan/v1" == plan["schema"]
    assert {"schema", "roots", "images", "operator_images", "order", "charts", "diagnostics"} <= set(plan)
    assert [{"path": ROOT, "kind": "extension"}, {"path": "/w/platform", "kind": "platform"}] == plan["roots"]


def test_an_image_of_the_plan() -> None:
    """Everything that is known of an image, paths relative to its root."""
    (image,) = (i for i in as_json()["images"] if i["name"] == "otsus")

    fingerprint = image.pop("fingerprint")
    assert fingerprint.startswith("sha256:")
    expected = {
        "root": 0,
        "tags": ["0.6.0"],
        "refs": ["localhost:32000/otsus:0.6.0"],
        "dockerfile": "otsus/Dockerfile",
        "context": "otsus",
        "role": "processing",
        "local_only": False,
        "build_ignore": False,
        "bases": ["local-only/base"],
        "depends_on": ["base"],
        "action": "build",
        "reason": "not in the registry",
        "context_files": 1,
        "context_bytes": 5,
    }
    assert expected == {key: image[key] for key in expected}
    assert [("OtsusOperator.py", 3, "OtsusOperator")] == [
        (r["file"], r["line"], r["class"]) for r in image["referenced_by"]
    ]


def test_operator_images_orders_and_diagnostics_of_the_plan() -> None:
    """What operators name and what becomes of it; waves; what is wrong, with its place."""
    plan = as_json()

    assert [("otsus", "0.6.0", "local", "otsus"), ("group/elsewhere", "1", "external", "")] == [
        (i["name"], i["version"], i["status"], i["target"]) for i in plan["operator_images"]
    ]
    assert [{"base"}, {"otsus"}] == [set(wave) for wave in plan["order"]]
    assert [("error", "EDK403", "bad/Dockerfile", 1)] == [
        (d["severity"], d["code"], d["file"], d["line"]) for d in plan["diagnostics"]
    ]


def test_the_plan_as_text_says_what_happens_and_why() -> None:
    """One line for each image, then what is not built here."""
    lines = {line.split()[0]: line for line in plan_lines(Bench(FILES, ROOTS).plan())}

    assert lines["otsus"].startswith("otsus         build     not in the registry (1 file, 5 B; sha256:")
    assert "bad           blocked   no Dockerfile yields 'local-only/nothing' (EDK403)" == lines["bad"]
    assert "external  named by OtsusOperator.py:4" in lines["group/elsewhere"]


def test_the_plan_as_text_notes_what_could_not_be_asked() -> None:
    """A reader must know that nothing was compared with the registry."""
    from edk.domain.errors import RegistryUnreachableError

    bench = Bench(FILES, ROOTS)
    bench.registry.fail("head", RegistryUnreachableError("it does not answer"))

    lines = list(plan_lines(bench.plan()))
    shown = lines.index("note: the registry could not be asked: it does not answer")
    assert "    `edk doctor` says how to bring it up" == lines[shown + 1]
