"""The day of a developer in the pod: init, build, save, look, rebuild, doctor."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.command import ROOT
from tests.support.pod.installed import BASE, EXTENSIONS, Installed, until

pytestmark = pytest.mark.e2e

EXAMPLES = "templates_and_examples/examples/processing-pipelines"


def pulled(pods: Installed, name: str, path: str, tag: str = "0.0.0") -> str:
    """Return a file of an image, pulled as a node does: by the node's name of the registry, from outside the pod."""
    ref = f"localhost:{pods.port}/{name}:{tag}"
    pods.engine.image(ref, "Always")
    made = pods.engine.api.create_container(ref, "none")["Id"]
    try:
        chunks, _ = pods.engine.api.get_archive(made, path)
        return b"".join(chunks)[512:].split(b"\0", 1)[0].decode()
    finally:
        pods.engine.remove(made)
        pods.engine.api.remove_image(ref, force=True)


def platform(folder: Path, base: str) -> Path:
    """Make a small repository of the platform: the example, and the bases it stands on, which need no network."""
    repository = folder / "platform"
    for name in ("base-python-cpu", "base-installer"):
        place = repository / "data-processing/base-images" / name
        place.mkdir(parents=True)
        labels = f'LABEL IMAGE="{name}"\nLABEL REGISTRY="local-only"'
        (place / "Dockerfile").write_text(f"FROM {base}\n{labels}\nWORKDIR /kaapana/app\n")
    example = repository / EXAMPLES / "otsus-method"
    example.parent.mkdir(parents=True)
    subprocess.run(["cp", "-r", ROOT / "examples/otsus-method", example], check=True)
    chart = repository / "services/utils/dag-installer-chart"
    chart.parent.mkdir(parents=True)
    subprocess.run(["cp", "-r", ROOT / "edk/bundled/charts/dag-installer-chart", chart], check=True)
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=develop"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", "-C", repository, *who, *command], check=True)
    return repository


def test_init_and_build_of_the_example(pods: Installed, tmp_path: Path) -> None:
    """By the original's entry points in its folder; afterwards nodes can pull what operators ask for."""
    pods.cluster.put("editor", platform(tmp_path, f"localhost:{pods.port}/{BASE}"), "/home/edk")

    said = pods.run("sh", "-c", "cd /kaapana/app && ./init.sh --from /home/edk/platform")
    built = pods.run("sh", "-c", f"cd /kaapana/app && ./build_extension.sh --dir {EXTENSIONS}/otsus-method")

    assert "otsus-method: example copied" in said
    assert re.search(r"^build +finished", built, re.MULTILINE), built
    assert (ROOT / "examples/otsus-method/processing-containers/otsus-method/files/otsu.py").read_text() == pulled(
        pods, "otsus-method", "/kaapana/app/otsu.py"
    )
    assert pods.registry.has("dag-otsus-method", "0.0.0")
    # The clone is the volume's root, beside what belongs to the file system.
    assert "lost+found" in pods.run("ls", "-a", "/kaapana/app/kaapana")
    assert "" == pods.run("git", "-C", "/kaapana/app/kaapana", "status", "--short", "--", ":!extensions")


def test_save_is_built_by_the_watcher(pods: Installed) -> None:
    """A file is saved in the editor's container; the watcher, in another one, builds it; nodes pull the new image."""
    name = pods.image("saved")
    until(lambda: pods.holds(name, "one\n"), "the watcher did not build a new extension")

    pods.write(f"{name}/processing/data.txt", "two\n")

    until(lambda: pods.holds(name, "two\n"), "the watcher did not build what was saved")
    assert "two\n" == pulled(pods, name, "/data.txt")


def test_commands_reach_the_watcher(pods: Installed) -> None:
    """Status, logs and rebuild, from the editor to the watcher of another container."""
    name = pods.image("asked")
    until(lambda: pods.holds(name, "one\n"), "the watcher did not build a new extension")

    pods.edk("rebuild", name)

    until(lambda: "asked" in pods.edk("status"), "the watcher knows nothing of the image")
    assert "COPY data.txt" in pods.edk("logs", name)


def test_doctor_finds_nothing_wrong(pods: Installed) -> None:
    """From the editor, and from the watcher."""
    for container in ("editor", "watcher"):
        told = json.loads(pods.run("edk", "doctor", "--json", container=container))
        assert [] == [one for one in told["checks"] if one["status"] not in ("ok", "warning")], told


def test_broken_dockerfile_is_told_and_mended(pods: Installed) -> None:
    """A failing step is in the log that the editor reads, and the pod stays ready."""
    name = pods.image("broken", body="COPY data.txt /data.txt\nRUN false\n")
    until(lambda: "RUN false" in pods.cluster.exec("editor", "edk", "logs", name)[1], "the failure is not told")

    mended = f'FROM localhost:{pods.port}/{BASE}\nLABEL IMAGE="{name}"\nCOPY data.txt /data.txt\n'
    pods.write(f"{name}/processing/Dockerfile", mended)

    until(lambda: pods.holds(name, "one\n"), "the mended Dockerfile was not built")
    assert pods.cluster.ready()
