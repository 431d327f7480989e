"""What tests do to a cluster: through kubectl, helm and `scripts/cluster.sh`, as a user does."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "scripts/cluster.sh"


@dataclass(frozen=True)
class Done:
    """A finished command: exit code, and what it wrote to stdout and stderr."""

    code: int
    out: str
    err: str

    def expect(self, code: int = 0) -> Done:
        """Return it if it ended with this code, else fail with all it wrote."""
        assert code == self.code, (
            f"exit code {self.code}, not {code}\n--- stdout\n{self.out[-6000:]}\n--- stderr\n{self.err[-6000:]}"
        )
        return self


class Cluster:
    """A cluster that runs.

    Args:
        environ: with KUBECONFIG, and kubectl on PATH.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = dict(environ)

    def run(self, *command: str, stdin: str | None = None, timeout: float = 300, cwd: Path = ROOT) -> Done:
        """Run a command to its end."""
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=timeout,
            env=self.environ, cwd=cwd, check=False,
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)

    def kubectl(self, *arguments: str, stdin: str | None = None, timeout: float = 300) -> str:
        """Run kubectl, which has to succeed; return its output."""
        return self.run("kubectl", *arguments, stdin=stdin, timeout=timeout).expect().out

    def get(self, *arguments: str) -> Any:
        """Return an object of the API, or a list of them."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def apply(self, manifest: str | Mapping[str, Any], *arguments: str) -> None:
        """Apply a manifest."""
        text = manifest if isinstance(manifest, str) else json.dumps(manifest)
        self.kubectl("apply", *arguments, "-f", "-", stdin=text)

    def exec(
        self, pod: str, *command: str, container: str = "", namespace: str = "default", timeout: float = 300
    ) -> Done:
        """Run a command in a container."""
        chosen = ["-c", container] if container else []
        return self.run("kubectl", "-n", namespace, "exec", pod, *chosen, "--", *command, timeout=timeout)

    def rollout(self, what: str, namespace: str, seconds: int = 180) -> None:
        """Wait until a workload is rolled out; fail with what its pods say."""
        done = self.run(
            "kubectl", "-n", namespace, "rollout", "status", what, f"--timeout={seconds}s", timeout=seconds + 30
        )  # fmt: skip
        assert done.code == 0, f"{what} is not ready\n{done.err}\n{self.account(namespace)}"

    def account(self, namespace: str) -> str:
        """Return what the pods of a namespace are at, for the message of a failure."""
        said = [self.run("kubectl", "-n", namespace, "get", "pods,pvc", "-o", "wide").out]
        said.append(self.run("kubectl", "-n", namespace, "get", "events", "--sort-by=.lastTimestamp").out[-3000:])
        pods = self.run("kubectl", "-n", namespace, "get", "pods", "-o", "name").out.split()
        for pod in pods:
            logs = self.run("kubectl", "-n", namespace, "logs", pod, "--all-containers", "--prefix", "--tail=15").out
            said.append(f"--- {pod}\n{logs[-3000:]}")
        return "\n".join(said)

    def pod(self, namespace: str, selector: str) -> str:
        """Return the name of the one pod that is not on its way out."""
        listed = self.get("pods", "-n", namespace, "-l", selector)["items"]
        alive = [pod["metadata"]["name"] for pod in listed if not pod["metadata"].get("deletionTimestamp")]
        assert len(alive) == 1, f"pods of {selector}: {alive}"
        return str(alive[0])

    @contextmanager
    def namespace(self, name: str, **labels: str) -> Iterator[str]:
        """Give a namespace that is gone afterwards, with all that is in it."""
        described = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        self.apply(described)
        try:
            yield name
        finally:
            self.kubectl("delete", "namespace", name, "--wait=true", timeout=300)

    @contextmanager
    def forwarded(self, what: str, port: int, namespace: str) -> Iterator[int]:
        """Give a port of this machine that leads to a port of a pod or Service."""
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            here = free.getsockname()[1]
        process = subprocess.Popen(
            ["kubectl", "-n", namespace, "port-forward", what, f"{here}:{port}"],
            env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            eventually(lambda: _listens(here), f"a way to {what}")
            yield here
        finally:
            process.kill()
            process.wait()


def eventually(asked: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Ask until the answer is true; return it. Fails with `what` was waited for, and the last error."""
    until, trouble = time.monotonic() + seconds, None
    while time.monotonic() < until:
        try:
            answer = asked()
        except (AssertionError, OSError) as error:
            trouble, answer = error, None
        if answer:
            return answer
        time.sleep(0.5)
    raise AssertionError(f"in {seconds} seconds there was not: {what}\n{trouble or ''}")


def _listens(port: int) -> bool:
    with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), 1)):
        return True
    return False


def script(*arguments: str, environ: Mapping[str, str] | None = None, timeout: float = 3600) -> Done:
    """Run `scripts/cluster.sh`."""
    done = subprocess.run(
        [str(SCRIPT), *arguments], env=dict(environ or os.environ), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


def environment(printed: str, base: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that reaches the cluster: from what `status` printed as NAME=value."""
    found = dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)
    path = f"{ROOT / '.cache/cluster'}{os.pathsep}{base.get('PATH', '')}"
    return {**base, **found, "PATH": path}


def loaded(images: Sequence[str]) -> dict[str, str]:
    """Bring images of the local registry onto the node; return what each is called there."""
    done = script("load", *images).expect()
    return dict(zip(images, done.out.split(), strict=True))
