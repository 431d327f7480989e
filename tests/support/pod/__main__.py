"""The command line behind ``scripts/pod.sh``."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.support.pod.cluster import ROOT, Cluster, Options
from tests.support.pod.errors import PodError
from tests.support.pod.quantities import quantity

# A helm that was built without a release's flags takes itself for one of Kubernetes 1.20.
_VERSION = ("--kube-version", "1.30.0")


def main(arguments: list[str]) -> int:
    """Run one command, and return its exit code."""
    if arguments[:1] == ["supervise"]:
        Cluster(Path(arguments[1])).supervise()
        return 0
    asked = _parser().parse_args(arguments)
    cluster = Cluster(Path(asked.state, asked.name))
    try:
        return int(asked.run(asked, cluster) or 0)
    except PodError as error:
        print(f"pod: error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pod.sh", description=__doc__)
    home = Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state", "edk").expanduser()
    state = Path(os.environ.get("EDK_STATE_DIR") or home, "pods")
    parser.add_argument("--state", default=state, help="folder for volumes and logs (default %(default)s)")
    parser.add_argument("--name", default="edk", help="of the installation, and of the release (default %(default)s)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    up = commands.add_parser("up", help="render the chart, start it in place of what runs, and wait until it is ready")
    up.add_argument("--chart", type=Path, default=ROOT / "deploy/chart", help="its folder (default deploy/chart)")
    up.add_argument("--rendered", type=Path, help="a file of manifests in place of a chart")
    up.add_argument("--again", action="store_true", help="start what was up last")
    up.add_argument("--namespace", default="services", help="(default %(default)s)")
    up.add_argument("--values", type=Path, action="append", default=[], help="a file of values")
    up.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a value")
    up.add_argument("--small", action="append", default=[], metavar="CLAIM=SIZE", help="a volume in memory, this big")
    up.add_argument("--support", default="", help="image with a Python 3 for what stands around the pods")
    up.add_argument("--timeout", type=float, default=180, help="seconds to wait for (default %(default)s)")
    up.set_defaults(run=_up)

    for name, about, run in (
        ("down", "end the pods with grace; volumes stay", lambda asked, cluster: cluster.down()),
        ("kill", "kill and remove all but the volumes, as a power cut does", lambda asked, cluster: cluster.kill()),
        ("remove", "end the pods and remove their volumes", lambda asked, cluster: cluster.remove()),
        ("status", "how the pods are", lambda asked, cluster: print(cluster.described())),
    ):
        commands.add_parser(name, help=about).set_defaults(run=run)

    execute = commands.add_parser("exec", help="run a command in a container")
    execute.add_argument("container", help="its name, or OWNER/NAME")
    execute.add_argument("command", nargs=argparse.REMAINDER)
    execute.set_defaults(run=lambda asked, cluster: cluster.exec_here(asked.container, asked.command))
    logs = commands.add_parser("logs", help="what a container wrote")
    logs.add_argument("container")
    logs.set_defaults(run=lambda asked, cluster: print(cluster.logs(asked.container), end=""))
    delete = commands.add_parser("delete", help="kill one pod; another one is made")
    delete.add_argument("owner", help="name of its Deployment or StatefulSet")
    delete.set_defaults(run=lambda asked, cluster: cluster.delete(asked.owner))
    return parser


def _up(asked: argparse.Namespace, cluster: Cluster) -> None:
    if asked.again:
        cluster.resume()
    else:
        text = asked.rendered.read_text() if asked.rendered else rendered(asked)
        small = dict(one.partition("=")[::2] for one in asked.small)
        sizes = {claim: int(quantity(size, f"--small {claim}")) for claim, size in small.items()}
        support = asked.support or os.environ.get("EDK_POD_SUPPORT") or "python:3.12-slim-bookworm"
        options = Options(support, asked.namespace, sizes)
        for line in _gathered(cluster.up(text, options).notes):
            print(f"without effect here: {line}", file=sys.stderr)
    cluster.wait(asked.timeout)
    print(cluster.described())


def _gathered(notes: Iterable[str]) -> list[str]:
    """Return notes about one field as one line."""
    by_field: dict[str, list[str]] = {}
    for note in notes:
        path, _, why = note.partition(": ")
        field = path.rpartition(".")[2] if "." in path else path.partition("/")[0]
        by_field.setdefault(f"{field}: {why}", []).append(path)
    return [f"{field} ({len(paths)})" for field, paths in by_field.items()]


def rendered(asked: argparse.Namespace) -> str:
    """Return what ``helm template`` makes of a chart."""
    values = [word for path in asked.values for word in ("--values", str(path))]
    values += [word for one in asked.set for word in ("--set", one)]
    command = ["helm", "template", asked.name, str(asked.chart), "--namespace", asked.namespace, *_VERSION, *values]
    try:
        made = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise PodError("helm is not installed; scripts/test.sh installs it where go is") from error
    if made.returncode:
        raise PodError(f"helm template: {made.stderr}")
    return made.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
