"""The runner of pods with a small pod of its own: what it starts is what was rendered, and it looks after it."""

from __future__ import annotations

import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pod.cluster import Cluster, Options
from tests.support.pod.errors import PodError
from tests.support.pod.installed import free_port, until
from tests.support.reading_back import RegistryReader

pytestmark = pytest.mark.integration

MANIFESTS = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: site}
data: {index.html: "hello from the pod", word: hello}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      securityContext: {runAsUser: 1000, runAsGroup: 1000, fsGroup: 2000, runAsNonRoot: true}
      initContainers:
        - name: first
          image: IMAGE
          command:
            - /bin/sh
            - -c
            - test -e /data/tried || { touch /data/tried; exit 3; }; echo a >> /data/starts; echo x > /mem/made
          volumeMounts: [{name: data, mountPath: /data, subPath: in/ner}, {name: mem, mountPath: /mem}]
      containers:
        - name: server
          image: IMAGE
          command: [/bin/sh, -c, "httpd -p $(PORT) -h /site; touch /tmp/alive; sleep 1000"]
          env: [{name: PORT, value: "8000"}]
          ports: [{name: http, containerPort: 8000}]
          securityContext: {readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
          resources: {limits: {memory: 32Mi}}
          livenessProbe: {exec: {command: [test, -e, /tmp/alive]}, periodSeconds: 1, failureThreshold: 2}
          readinessProbe: {httpGet: {port: http, path: /index.html}, periodSeconds: 1, failureThreshold: 1}
          volumeMounts:
            - {name: data, mountPath: /data, subPath: in/ner}
            - {name: mem, mountPath: /mem}
            - {name: site, mountPath: /site}
            - {name: site, mountPath: /etc/word, subPath: word}
            - {name: tmp, mountPath: /tmp}
      volumes:
        - {name: data, persistentVolumeClaim: {claimName: data}}
        - {name: mem, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
        - {name: tmp, emptyDir: {}}
        - {name: site, configMap: {name: site}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: http, nodePort: 30000}]}
"""


@pytest.fixture
def options(registry_host: str, engine_endpoint: str) -> Options:
    """What the runner is given; its own containers want an image with a Python."""
    name = "edk-upstream/debian-python"
    made_here = RegistryReader(registry_host).has(name, "bookworm")
    support = f"{registry_host}/{name}:bookworm" if made_here else "python:3.12-slim-bookworm"
    return Options(support, "ns", first_pause=0.5, longest_pause=1)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """An installation that is removed afterwards."""
    made = Cluster(tmp_path / f"r{uuid.uuid4().hex[:6]}")
    yield made
    made.remove()


def get(port: int, path: str = "index.html") -> str:
    """Ask the service as a node does."""
    with urllib.request.urlopen(f"http://localhost:{port}/{path}", timeout=5) as answer:
        return str(answer.read().decode())


def test_pod_is_what_was_rendered_and_is_looked_after(cluster: Cluster, options: Options, busybox: str) -> None:
    """Rights, volumes, names and probes; then its end, its hanging, its deletion and a power cut."""
    port = free_port()
    cluster.up(MANIFESTS.replace("IMAGE", busybox).replace("30000", str(port)), options)
    cluster.wait(90)

    # An init container that failed was started again.
    assert 1 == cluster.container("first")["restarts"]
    assert "hello from the pod" == get(port)
    seen = "id; cat /data/starts /mem/made; ls -ldn /data /data/starts; cat /etc/word"
    code, said = cluster.exec("server", "sh", "-c", seen)
    assert "hello" == said.splitlines()[-1]
    assert (0, "uid=1000 gid=1000 groups=1000,2000", ["a", "x"]) == (code, said.splitlines()[0], said.splitlines()[1:3])
    # The group owns the volume, and what is made in it; a folder of a subPath is as the volume's top.
    assert ["drwxrwsr-x", "-rw-r--r--"] == [line.split()[0] for line in said.splitlines()[3:5]]
    assert {"2000"} == {line.split()[3] for line in said.splitlines()[3:5]}
    assert 0 != cluster.exec("server", "touch", "/x")[0]
    assert 0 != cluster.exec("server", "sh", "-c", "dd if=/dev/zero of=/mem/big bs=1k count=2000")[0]
    assert "hello" in cluster.exec("server", "wget", "-qO-", "http://web.ns.svc.cluster.local/")[1]

    # Liveness fails: another container, with the same volumes.
    cluster.exec("server", "rm", "/tmp/alive")
    until(lambda: cluster.container("server")["restarts"] == 1, "not started again")
    until(cluster.ready, "not ready again")
    assert "liveness probe failed" in cluster.container("server")["last"]
    assert "x\n" == cluster.exec("server", "cat", "/mem/made")[1]

    # Readiness alone fails: the service passes nobody on, and nothing is restarted.
    cluster.exec("server", "sh", "-c", "kill $(pidof httpd)")
    until(lambda: not cluster.ready(), "still ready")
    until(lambda: _refused(port), "the service still passes on")
    assert 1 == cluster.container("server")["restarts"]

    # The pod is deleted: another one, by another name, with what was claimed, and without what was the pod's.
    before = cluster.status()["pods"][0]["name"]
    cluster.delete("web")
    until(lambda: cluster.ready() and cluster.status()["pods"][0]["name"] != before, "no other pod")
    assert "a\na\n" == cluster.exec("server", "cat", "/data/starts")[1]

    cluster.kill()
    assert "nothing runs" == cluster.described()
    cluster.resume()
    cluster.wait(90)
    assert "a\na\na\n" == cluster.exec("server", "cat", "/data/starts")[1]
    assert "hello from the pod" == get(port)


def _refused(port: int) -> bool:
    try:
        get(port)
    except (OSError, urllib.error.URLError):
        return True
    return False


def test_container_that_can_not_start_says_why(cluster: Cluster, options: Options, busybox: str) -> None:
    """An image that would run as root where nobody may be root: the pod is there, and not ready."""
    text = MANIFESTS.replace("IMAGE", busybox).replace("30000", str(free_port()))
    cluster.up(text.replace("runAsUser: 1000, runAsGroup: 1000, ", ""), options)

    with pytest.raises(PodError, match="runAsNonRoot, but the image runs as root"):
        cluster.wait(6)


def test_container_that_somebody_removed(cluster: Cluster, options: Options, busybox: str) -> None:
    """Its place is filled again."""
    cluster.up(MANIFESTS.replace("IMAGE", busybox).replace("30000", str(free_port())), options)
    cluster.wait(90)

    cluster.engine().remove(cluster.running("server"))

    until(lambda: cluster.container("server")["restarts"] == 1, "not started again")
    until(cluster.ready, "not ready again")
