"""The workers of deploy/buildkit and a registry beside them, in a cluster."""

from __future__ import annotations

import os
import urllib.request
from pathlib import Path

from tests.support.kubernetes.cluster import ROOT, Cluster, eventually

NAMESPACE = "services"
REGISTRY = f"local-registry.{NAMESPACE}.svc.cluster.local:5000"


def start_registry(cluster: Cluster, namespace: str, image: str) -> None:
    """Start a registry that nodes know as localhost:32000, and wait until its Service leads there."""
    text = (ROOT / "tests/support/kubernetes/registry.yaml").read_text().replace("IMAGE", image)
    cluster.apply(text, "-n", namespace)
    cluster.kubectl("-n", namespace, "wait", "--for=condition=Ready", "pod/local-registry", "--timeout=120s")
    # A pod that is ready is known to kube-proxy a little later; until then its Service refuses.
    addresses = cluster.get("node", "edk")["status"]["addresses"]
    (address,) = [each["address"] for each in addresses if each["type"] == "InternalIP"]
    eventually(lambda: _answers(f"http://{address}:32000/v2/"), "the registry at the node's port")


def _answers(url: str) -> bool:
    # No proxy leads to the node.
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer:
        return bool(answer.status == 200)


def start_workers(cluster: Cluster, namespace: str, image: str, folder: Path) -> None:
    """Apply deploy/buildkit as it is, with another image and less memory; wait until two workers take builds.

    Args:
        cluster: where.
        namespace: that the manifests and the certificates are for.
        image: of the workers.
        folder: an empty one, for the overlay.
    """
    name, _, tag = image.rpartition(":")
    (folder / "kustomization.yaml").write_text(
        f"""resources: [{os.path.relpath(ROOT / "deploy/buildkit", folder.resolve())}]
images: [{{name: moby/buildkit, newName: {name}, newTag: "{tag}"}}]
patches:
  - target: {{kind: StatefulSet}}
    patch: |
      - {{op: replace, path: /spec/template/spec/containers/0/resources/requests, value: {{cpu: 50m, memory: 64Mi}}}}
"""
    )
    cluster.kubectl("apply", "-k", str(folder))
    # The autoscaler makes them two, with or without measurements.
    eventually(
        lambda: cluster.get("statefulset/buildkitd", "-n", namespace)["spec"]["replicas"] == 2, "a second worker", 90
    )  # fmt: skip
    cluster.rollout("statefulset/buildkitd", namespace)
