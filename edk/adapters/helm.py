"""Package charts by helm, without its plugins, its user's settings and any cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from edk.adapters.whole_files import write_whole
from edk.domain.charts.archives import read_archive, write_archive
from edk.domain.charts.model import ChartReading
from edk.domain.charts.nodes import table_at
from edk.domain.charts.reading import read_chart
from edk.domain.charts.selection import is_remote
from edk.domain.charts.yamltext import read_yaml
from edk.domain.errors import ChartError

_PASSED_ON = (
    *("PATH", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *(name for word in ("http_proxy", "https_proxy", "no_proxy") for name in (word, word.upper())),
)
_PLATFORM_VALUES: Mapping[str, str] = {
    "admin_namespace": "admin",
    "extensions_namespace": "extensions",
    "fast_data_dir": "/home/kaapana",
    "hostname": "platform.example.org",
    "instance_uid": "",
    "kaapana_build_version": "0.0.0",
    "main_node_name": "node",
    "project_namespace": "project-admin",
    "pull_policy_images": "IfNotPresent",
    "registry_url": "registry.example.org/platform",
    "services_namespace": "services",
    "slow_data_dir": "/home/kaapana",
}
_READ_LIMIT = 1024 * 1024


class HelmPackager:
    """Runs ``helm dependency update`` where something has to be fetched, ``helm lint`` and ``helm package``.

    helm's archive carries the time of packaging, so it is written anew with what it holds: an unchanged chart
    is an unchanged archive. Dependencies that staging has put into ``charts/`` need no ``helm dependency``, which
    would only write a lock with a time in it.

    Args:
        helm: path of the program.
        home: an own folder for its cache, configuration and data.
        timeout: seconds for each call; four times as long for fetching.
    """

    by = "helm"
    renders = True

    def __init__(self, helm: str, home: str, *, timeout: float = 60.0) -> None:
        self._helm = helm
        self._home = home
        self._timeout = timeout

    def package(self, chart_dir: str, out_dir: str) -> str:
        """See `edk.ports.ChartPackager`."""
        chart = _reading(chart_dir)
        try:
            Path(out_dir).mkdir(parents=True, exist_ok=True)
            Path(self._home).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="package-", dir=self._home) as work:
                return self._package(chart, chart_dir, out_dir, work)
        except OSError as error:
            raise ChartError(f"chart {chart.name}: {error}", "Free space, or allow it") from error

    def _package(self, chart: ChartReading, chart_dir: str, out_dir: str, work: str) -> str:
        """Package into a folder of our own, and put the archive in place from there."""
        if any(is_remote(dependency) for dependency in chart.dependencies):
            self._run(chart.name, ["dependency", "update", chart_dir], self._timeout * 4)
            for lock in ("Chart.lock", "requirements.lock"):
                Path(chart_dir, lock).unlink(missing_ok=True)
        self._lint(chart, chart_dir, work)
        self._run(chart.name, ["package", chart_dir, "--destination", work], self._timeout)
        made = sorted(Path(work).glob("*.tgz"))
        if len(made) != 1:
            raise ChartError(f"chart {chart.name}: helm package wrote {len(made)} archives", "Look at its output")
        name, files = read_archive(made[0].read_bytes(), str(made[0]))
        target = str(Path(out_dir, made[0].name))
        write_whole(target, write_archive(name, files))
        return target

    def render(self, archive: str, values: Mapping[str, str]) -> str:
        """See `edk.ports.ChartPackager`."""
        try:
            name, files = read_archive(Path(archive).read_bytes(), archive)
            Path(self._home).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="render-", dir=self._home) as work:
                parameters = [key for path, content in files.items() for key in _parameters_in(path, content)]
                given = {"global": {**dict.fromkeys(parameters, "x"), **_PLATFORM_VALUES, **values}}
                values_file = Path(work, "values.json")
                values_file.write_text(json.dumps(given), encoding="utf-8")
                arguments = ["template", "edk", archive, "--values", str(values_file)]
                return self._run(name, arguments, self._timeout)
        except OSError as error:
            raise ChartError(f"{archive}: {error}", "Package the chart anew") from error

    def _lint(self, chart: ChartReading, chart_dir: str, work: str) -> None:
        """Lint the chart with values such as the platform gives it on installation.

        These are its own globals, and one for each of the chart's ``extension_params``, which the user fills in
        then. Without them a template that is right could not be rendered.
        """
        given = {"global": {**dict.fromkeys(_parameters(chart_dir), "x"), **_PLATFORM_VALUES}}
        values = Path(work, "values.json")
        values.write_text(json.dumps(given), encoding="utf-8")
        self._run(chart.name, ["lint", chart_dir, "--values", str(values)], self._timeout)

    def _run(self, chart: str, arguments: list[str], timeout: float) -> str:
        """Run helm; return what it printed, raise ChartError with that if it fails or hangs."""
        command = f"helm {arguments[0]}"
        try:
            process = subprocess.Popen(
                [self._helm, *arguments], env=self._environment(), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            message = f"chart {chart}: {self._helm} can't be run: {error.strerror}"
            raise ChartError(message, "Install helm, or take it off PATH to package without it") from error
        with process:
            try:
                output, _ = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired as error:
                _kill(process)
                message = f"chart {chart}: {command} did not end within {timeout:g} seconds"
                raise ChartError(message, "Run it again; look for a stopped helm process") from error
            except BaseException:
                _kill(process)
                raise
        said = output[-_READ_LIMIT:].decode("utf-8", "replace").strip()
        if process.returncode < 0:
            name = signal.Signals(-process.returncode).name
            raise ChartError(f"chart {chart}: {command} was killed by {name}", "Run it again")
        if process.returncode:
            raise ChartError(f"chart {chart}: {command} failed:\n{said}", "Correct the chart")
        return said

    def _environment(self) -> dict[str, str]:
        """Return an environment in which helm finds nothing of the user's."""
        kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {
            **kept,
            "HOME": self._home,
            "HELM_CACHE_HOME": os.fspath(Path(self._home, "cache")),
            "HELM_CONFIG_HOME": os.fspath(Path(self._home, "config")),
            "HELM_DATA_HOME": os.fspath(Path(self._home, "data")),
            "HELM_PLUGINS": "",
            "HELM_NO_PLUGINS": "1",
            "KUBECONFIG": os.fspath(Path(self._home, "no-cluster")),
        }


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill helm and whatever it started, also when it is stopped."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def _reading(chart_dir: str) -> ChartReading:
    """Return what the staged chart says of itself."""
    names = ("Chart.yaml", "requirements.yaml")
    files = {n: Path(chart_dir, n).read_bytes() for n in names if Path(chart_dir, n).is_file()}
    chart = read_chart(chart_dir, files)
    for finding in chart.diagnostics:
        if finding.severity == "error":
            raise ChartError(f"{finding.file}:{finding.line}: {finding.message}", finding.hint)
    return chart


def _parameters(chart_dir: str) -> list[str]:
    """Return the names of the ``extension_params`` of a chart and its sub-charts."""
    paths = sorted(Path(chart_dir).rglob("values.yaml"))
    return [key for path in paths for key in _parameters_in(str(path), path.read_bytes())]


def _parameters_in(path: str, content: bytes) -> list[str]:
    """Return the names of the ``extension_params`` of a file, if it holds values."""
    if path.rpartition("/")[2] != "values.yaml":
        return []
    parameters = table_at(read_yaml(content, path).root, "extension_params")
    return [key.text for key, _ in parameters.entries] if parameters is not None else []
