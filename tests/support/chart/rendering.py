"""Renders the chart by helm, with the sets of values that tests have."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
CHART = ROOT / "deploy/chart"
FOLDER = ROOT / "tests/unit/deploy/chart"
VALUES = FOLDER / "values"
GOLDEN = FOLDER / "golden"
FIRST = FOLDER / "first"
"""Renderings of the first version that was released; they stay for ever."""
KUBERNETES = "1.32.0"
"""What is rendered for where nothing else is said."""

Document = dict[str, Any]
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Ten times faster, where there is one."""


def value_sets() -> dict[str, Path]:
    """Return the files of values by their names."""
    return {path.stem: path for path in sorted(VALUES.glob("*.yaml"))}


def helm_program() -> str | None:
    """Return helm, or None where there is none."""
    return shutil.which("helm", path=f"{ROOT}/.cache/bin{os.pathsep}{os.environ.get('PATH', '')}")


def helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run helm, and return how it ended; nothing of the user's own configuration counts."""
    program = helm_program()
    assert program is not None
    environ = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": "/nonexistent",
        "HELM_CACHE_HOME": "/nonexistent",
        "HELM_CONFIG_HOME": "/nonexistent",
        "HELM_DATA_HOME": "/nonexistent",
    }
    command = [program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environ, check=False)


def template(
    *arguments: str | Path, kubernetes: str = KUBERNETES, release: str = "edk", namespace: str = "tools"
) -> subprocess.CompletedProcess[str]:
    """Run helm template, and return how it ended."""
    # helm built from source takes an old Kubernetes for granted.
    fixed = ["--kube-version", kubernetes, "--namespace", namespace]
    return helm("template", release, CHART, *fixed, *arguments)


def render(*arguments: str | Path, kubernetes: str = KUBERNETES, release: str = "edk") -> tuple[Document, ...]:
    """Return what helm makes, as documents; whatever it refuses fails the test."""
    done = template(*arguments, kubernetes=kubernetes, release=release)
    assert done.returncode == 0, done.stderr
    return documents(done.stdout)


@functools.cache
def render_set(name: str, kubernetes: str = KUBERNETES) -> tuple[Document, ...]:
    """Return the documents of a set of values; nobody changes them."""
    return render("--values", value_sets()[name], kubernetes=kubernetes)


def documents(text: str) -> tuple[Document, ...]:
    """Return the documents of a rendering."""
    return tuple(document for document in yaml.load_all(text, Loader=LOADER) if document)


def of_kind(rendered: tuple[Document, ...], kind: str) -> dict[str, Document]:
    """Return the documents of a kind by their names."""
    return {document["metadata"]["name"]: document for document in rendered if document["kind"] == kind}


def containers(deployment: Mapping[str, Any]) -> dict[str, Document]:
    """Return all containers of a Deployment's pod by their names, those of its beginning too."""
    pod = deployment["spec"]["template"]["spec"]
    return {one["name"]: one for one in [*pod.get("initContainers", []), *pod["containers"]]}


def environment(container: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the variables of a container; None for one that comes from somewhere else."""
    return {one["name"]: one.get("value") for one in container.get("env", [])}
