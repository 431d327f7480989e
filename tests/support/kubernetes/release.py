"""The chart of deploy/chart, installed by helm into a real cluster."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.kubernetes.cluster import ROOT, Cluster, Done, eventually

CHART = ROOT / "deploy/chart"
EDITOR_POD = "app.kubernetes.io/name=edk"
REGISTRY_POD = "app.kubernetes.io/name=edk-registry"
# Little, so that two processors are enough for all of it.
_LITTLE = {"resources": {"requests": {"cpu": "10m", "memory": "64Mi"}}}


class Release:
    """One release of the chart.

    Args:
        cluster: where.
        namespace: where in it.
        tag: of the images, which are on the node as ``edk.local/NAME:TAG``.
        folder: an empty one, for values.
    """

    def __init__(self, cluster: Cluster, namespace: str, tag: str, folder: Path) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.folder = folder
        self.values: dict[str, Any] = {
            "image": {"registry": "edk.local", "tag": tag},
            "kaapana": {"buildVersion": "0.6.0"},
            "builder": _LITTLE,
            "editor": _LITTLE,
            "watcher": _LITTLE,
        }

    def helm(self, *arguments: str) -> Done:
        """Run helm."""
        return self.cluster.run("helm", *arguments, "--namespace", self.namespace, timeout=400)

    def put(self, chart: Path = CHART, **values: Any) -> None:
        """Install the release, or upgrade it, and wait until all is ready.

        Args:
            chart: its folder.
            values: top-level values in place of those there are; they stay for the next time.
        """
        self.values |= values
        file = self.folder / "values.json"
        file.write_text(json.dumps(self.values))
        done = self.helm("upgrade", "--install", "edk", str(chart), "-f", str(file), "--wait", "--timeout=240s")
        assert done.code == 0, f"{done.err}\n{self.cluster.account(self.namespace)}"
        # helm's wait is over once the new pod is ready; the old one may still be on its way out.
        for selector in (EDITOR_POD, REGISTRY_POD):
            eventually(lambda chosen=selector: self.pod(chosen), f"one pod of {selector}", 150)

    def rendered(self, **values: Any) -> str:
        """Return what helm makes of the chart, without asking the cluster."""
        file = self.folder / "rendered.json"
        file.write_text(json.dumps(self.values | values))
        return self.helm("template", "edk", str(CHART), "--kube-version=1.32", "-f", str(file)).expect().out

    def remove(self) -> None:
        """Uninstall the release, and wait until its pods are gone."""
        self.helm("uninstall", "edk", "--wait", "--timeout=240s").expect()
        gone = ["wait", "--for=delete", "pod", "-l", f"{EDITOR_POD}", "--timeout=180s"]
        self.cluster.kubectl("-n", self.namespace, *gone)

    def newer_chart(self, version: str) -> Path:
        """Return a copy of the chart that says it is of another version."""
        copy = self.folder / f"chart-{version}"
        shutil.copytree(CHART, copy)
        said = (copy / "Chart.yaml").read_text().splitlines()
        lines = [f"version: {version}" if line.startswith("version:") else line for line in said]
        assert lines != said
        (copy / "Chart.yaml").write_text("\n".join(lines) + "\n")
        return copy

    def pod(self, selector: str = EDITOR_POD) -> str:
        """Return the name of the pod, once it is the only one."""
        return self.cluster.pod(self.namespace, selector)

    def shell(self, script: str, container: str = "editor", timeout: float = 300) -> Done:
        """Run a script in a container of the pod, as a user does in the editor's terminal."""
        return self.cluster.exec(
            self.pod(), "bash", "-c", script, container=container, namespace=self.namespace, timeout=timeout
        )  # fmt: skip

    def write(self, path: str, content: str) -> None:
        """Save a file in the editor's container."""
        command = ["kubectl", "-n", self.namespace, "exec", "-i", self.pod(), "-c", "editor", "--"]
        self.cluster.run(*command, "sh", "-c", 'cat > "$1"', "sh", path, stdin=content).expect()

    def digest(self, name: str, tag: str) -> str:
        """Return what the registry says of a tag, by its name for pods; empty if there is none."""
        asked = (
            "import os,sys,urllib.request as u; r=u.Request(f'http://{os.environ[\"LOCAL_REGISTRY_URL\"]}/v2/'"
            "+sys.argv[1]+'/manifests/'+sys.argv[2], method='HEAD', headers={'Accept':"
            "'application/vnd.docker.distribution.manifest.v2+json,application/vnd.oci.image.manifest.v1+json,"
            "application/vnd.oci.image.index.v1+json'}); print(u.urlopen(r,timeout=5).headers['Docker-Content-Digest'])"
        )
        done = self.cluster.exec(
            self.pod(), "python3", "-c", asked, name, tag, container="editor", namespace=self.namespace
        )  # fmt: skip
        return done.out.strip() if done.code == 0 else ""

    def run_on_node(self, name: str, image: str, *command: str) -> str:
        """Have the node pull an image and run a command in it; return what it printed."""
        pod: Mapping[str, Any] = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {
                "restartPolicy": "Never",
                "containers": [
                    {"name": "it", "image": image, "imagePullPolicy": "Always", "command": list(command)}
                ],
            },
        }
        self.cluster.apply(pod, "-n", self.namespace)
        try:
            eventually(lambda: self._phase(name) in ("Succeeded", "Failed"), f"the end of {image} on the node", 240)
            assert self._phase(name) == "Succeeded", self.cluster.account(self.namespace)
            return self.cluster.kubectl("-n", self.namespace, "logs", name)
        finally:
            self.cluster.kubectl("-n", self.namespace, "delete", "pod", name, "--now")

    def _phase(self, name: str) -> str:
        return str(self.cluster.get(f"pod/{name}", "-n", self.namespace)["status"]["phase"])

    def bring_base(self, image: str) -> None:
        """Push an image of the machine's registry to the cluster's own, under the same name.

        Args:
            image: ``NAME:TAG`` in the local registry.
        """
        here = f"localhost:32000/{image}"
        with self.cluster.forwarded("svc/local-registry", 5000, self.namespace) as port:
            there = f"localhost:{port}/{image}"
            for command in (["pull", "-q", here], ["tag", here, there], ["push", "-q", there], ["rmi", there]):
                done = subprocess.run(
                    ["docker", *command], capture_output=True, text=True, env=self.cluster.environ, check=False
                )  # fmt: skip
                assert done.returncode == 0, done.stderr
