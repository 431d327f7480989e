"""What a build with nothing to do imports, in a process of its own with real files and a registry that has all images.

To import takes most of the time of such a run, so what it does not use is imported where it is used. Whoever has a good
reason for more writes the new count here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.full_registry import Shelf, serving
from edk.domain.fingerprint import LABEL
from tests.unit.work.test_counted_work import write_images

PROJECT = Path(__file__).parents[3]
PROGRAM = """
import dataclasses, json, sys
from edk.cli import main
code = main(sys.argv[1:])
made = [
    name for name in sorted(sys.modules) if name.startswith("edk.") for value in vars(sys.modules[name]).values()
    if isinstance(value, type) and value.__module__ == name and dataclasses.is_dataclass(value)
]
print(json.dumps({"code": code, "modules": sorted(sys.modules), "dataclasses": made}))
"""
LIBRARIES = (
    *("docker", "git", "yaml", "tree_sitter", "tree_sitter_python", "watchdog", "rich", "structlog", "requests"),
    *("difflib", "tarfile", "secrets", "sched", "xml", "asyncio", "multiprocessing", "subprocess", "unittest"),
)
OURS = (
    *("edk.adapters.engine", "edk.adapters.buildkit", "edk.adapters.pool", "edk.adapters.solving", "edk.adapters.git"),
    *("edk.adapters.watching", "edk.adapters.control", "edk.adapters.kube_helm", "edk.adapters.helm"),
    *("edk.orchestrator.worker", "edk.orchestrator.sealing", "edk.orchestrator.context_tar", "edk.orchestrator.single"),
    *("edk.orchestrator.package", "edk.orchestrator.charts", "edk.orchestrator.deliver", "edk.orchestrator.watch"),
    *("edk.orchestrator.import_images", "edk.orchestrator.recording", "edk.domain.build_record", "edk.domain.control"),
    *("edk.domain.status", "edk.domain.health", "edk.domain.saves", "edk.domain.watching", "edk.domain.board"),
    *("edk.domain.checking", "edk.domain.held", "edk.domain.buildkitd", "edk.domain.cluster", "edk.domain.platform"),
    *("edk.domain.dockerfile.reading", "edk.domain.operators.reading", "edk.domain.charts.reading"),
    *("edk.commands.watch", "edk.commands.surface_parsers", "edk.commands.watcher_parsers", "edk.ui.board"),
)
MOST_MODULES = 105
MOST_DATACLASSES = 40
"""To make one takes half a millisecond, as long as to read ten files."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """What the second build of eight images told and imported; the first one fills the state."""
    folder = tmp_path_factory.mktemp("imports")
    root = write_images(folder / "ext", 8)
    shelf = Shelf()
    with serving(shelf) as host:
        env = {
            "EDK_STATE_DIR": str(folder / "state"),
            "EDK_EXTENSIONS_DIR": str(folder / "none"),
            "EDK_REGISTRY": host,
            "KAAPANA_REPO_PATH": "",
            "DOCKER_HOST": f"unix://{folder}/none.sock",  # who asks the engine fails
            "PYTHONPATH": str(PROJECT),
        }

        def told(*command: str) -> str:
            done = subprocess.run(
                [sys.executable, *command], env=env, cwd=folder, capture_output=True, text=True, timeout=60, check=False
            )
            assert (0, "") == (done.returncode, done.stderr)
            return done.stdout

        shelf.fill(json.loads(told("-m", "edk", "plan", "--dir", str(root), "--json", "--offline")), LABEL)
        command = ("build", "--dir", str(root), "--no-import", "--builder", "docker", "--progress", "plain")
        told("-m", "edk", *command)
        *lines, imported = told("-c", PROGRAM, *command).splitlines()
        yield {"lines": lines, **json.loads(imported)}


def test_nothing_is_built(run: dict[str, object]) -> None:
    """Without it the other tests would tell nothing."""
    assert 0 == run["code"]
    assert "8 unchanged" in str(run["lines"])


def test_no_library_is_imported_that_only_builds_need(run: dict[str, object]) -> None:
    """Neither the engine's client nor parsers, nor what of the standard library is slow to import."""
    loaded = {str(name).partition(".")[0] for name in run["modules"]}  # type: ignore[attr-defined]

    assert set() == loaded & set(LIBRARIES)


def test_no_module_of_ours_is_imported_that_has_nothing_to_do(run: dict[str, object]) -> None:
    """Nothing of builds, charts, watchers and archives."""
    loaded = [str(name) for name in run["modules"] if f"{name}.".startswith(tuple(f"{n}." for n in OURS))]  # type: ignore[attr-defined]

    assert [] == loaded


def test_few_modules_are_imported_and_few_data_classes_made(run: dict[str, object]) -> None:
    """Each one costs, however small it is."""
    ours = [name for name in run["modules"] if str(name).startswith("edk.")]  # type: ignore[attr-defined]

    assert len(ours) <= MOST_MODULES
    assert len(run["dataclasses"]) <= MOST_DATACLASSES, run["dataclasses"]  # type: ignore[arg-type]
