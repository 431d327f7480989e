"""The page on checking shows what a check really prints."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from edk.cli import main
from tests.unit.docs.tables import ROOT, page

BREAKS = {
    "extension/docker/Dockerfile": [("dags/otsus_method/", "dags/otsus/")],
    "extension/docker/files/otsus-method/OtsusMethodOperator.py": [
        ("/otsus-method:{", "/otsu-method:{"),
        ("            ram_mem_mb=", '            env_vars={"BINS": 256},  # of the histogram\n            ram_mem_mb='),
    ],
    "extension/otsus-method-workflow/values.yaml": [('  custom_registry_url: "localhost:32000"\n', "")],
}


def blocks() -> list[list[str]]:
    """What follows each shown command line."""
    found = re.findall(r"^```\n\$ edk check [^\n]*\n(.*?)^```", page("checking.md"), re.MULTILINE | re.DOTALL)
    return [block.splitlines() for block in found]


def test_the_example_is_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Findings, summary and difference, line by line."""
    shutil.copytree(ROOT / "examples" / "otsus-method", tmp_path / "otsus-method")
    for path, changes in BREAKS.items():
        file = tmp_path / "otsus-method" / path
        text = file.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 2 if "dags" in old else 1)
        file.write_text(text, encoding="utf-8")
    for name in ("EDK_EXTENSIONS_DIR", "KAAPANA_REPO_PATH"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("EDK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    shown, difference = blocks()

    assert 3 == main(["check", "--dir", "otsus-method"])
    printed = capsys.readouterr().out.splitlines()
    assert [re.sub(r"\d+ files looked", "N files looked", line) for line in shown] == [
        re.sub(r"\d+ files looked", "N files looked", line) for line in printed
    ]

    main(["check", "--dir", "otsus-method", "--fix"])
    printed = capsys.readouterr().out.splitlines()
    above = difference[: difference.index("…")]
    assert above == printed[: len(above)]
