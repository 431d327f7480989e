"""From what an earlier chart rendered to the present one, in place, over the same volumes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.support.command import ROOT
from tests.support.pod.installed import EXTENSIONS, Images, Installed, installed, rendered, until

pytestmark = pytest.mark.e2e

# The first chart that there was, rendered with REGISTRY, TAG and the node port 31999 in place of a test's own.
FIRST = Path(__file__).with_name("data") / "first_chart.yaml"
_PORT = "31999"


def first(pods: Installed) -> str:
    """Return what the first chart rendered, with this installation's images and node port."""
    text = FIRST.read_text().replace("REGISTRY/", f"{pods.images.registry}/").replace(":TAG", f":{pods.images.tag}")
    return text.replace(_PORT, str(pods.port))


def fixed(text: str) -> dict[tuple[str, str], object]:
    """Return what a cluster lets nobody change of objects that are there: selectors of Deployments, claims."""
    found: dict[tuple[str, str], object] = {}
    for one in filter(None, yaml.safe_load_all(text)):
        named = one["kind"], one["metadata"]["name"]
        if one["kind"] in ("Deployment", "StatefulSet"):
            found[named] = one["spec"]["selector"]
        elif one["kind"] == "PersistentVolumeClaim":
            found[named] = {**one["spec"], "resources": None}
    return found


def test_upgrade_keeps_extensions_state_and_images(folder: Path, pod_images: Images, busybox: str) -> None:
    """Nothing is lost, nothing is built anew, and the next save is built by the new watcher."""
    with installed(folder, pod_images, pod_images.ref("edk")) as pods:
        pods.start(first(pods))
        pods.push_base()
        name = pods.image("older")
        until(lambda: pods.holds(name, "one\n"), "the old watcher did not build a new extension")
        pods.run("sh", "-c", "echo mine >/home/edk/mark")
        digest = pods.registry.digest(name, "0.0.0")

        pods.up()

        assert fixed(first(pods)) == fixed(rendered(ROOT / "deploy/chart", pods.values))
        assert "mine\n" == pods.run("cat", "/home/edk/mark")
        assert "one\n" == pods.run("cat", f"{EXTENSIONS}/{name}/processing/data.txt")
        said = pods.edk("build", "--dir", f"{EXTENSIONS}/{name}", "--no-import")
        assert "unchanged, and in the registry" in said
        assert digest == pods.registry.digest(name, "0.0.0")
        assert "older" in pods.edk("logs", name)
        pods.write(f"{name}/processing/data.txt", "two\n")
        until(lambda: pods.holds(name, "two\n"), "the new watcher did not build what was saved")
