"""An extension in which nothing is wrong, and what is found once something of it is changed."""

from __future__ import annotations

from collections.abc import Mapping

from edk.domain.checking.model import Checked, Finding
from edk.domain.workspace import Root
from edk.orchestrator.checking import check
from edk.orchestrator.mending import plan_mends, write_mends
from tests.unit.core.bench import EXTENSION, ROOT, Bench

PLATFORM = Root("/w/kaapana", "platform", 2)
DOCKERFILE = "extension/docker/Dockerfile"
DAG = "extension/docker/files/dag_my_flow.py"
OPERATOR = "extension/docker/files/my-flow/MyOperator.py"
PROCESSING = "processing-containers/my-algo/Dockerfile"
VALUES = "extension/my-workflow/values.yaml"
CHART = "extension/my-workflow/Chart.yaml"
NEEDS = "extension/my-workflow/requirements.yaml"
JOB = "extension/my-workflow/templates/job.yaml"

SOUND: dict[str, str] = {
    DOCKERFILE: (
        "FROM local-only/base-installer:latest\n"
        "# what it is called\n"
        'LABEL IMAGE="dag-my-flow"\n'
        'LABEL VERSION="0.1.0"\n'
        "COPY files/dag_my_flow.py /kaapana/tmp/dags/\n"
        "COPY files/my-flow/MyOperator.py /kaapana/tmp/dags/my_flow/\n"
    ),
    DAG: (
        "from my_flow.MyOperator import MyOperator\n"
        "from airflow.models import DAG\n"
        'dag = DAG(dag_id="my-flow")\n'
        'mine = MyOperator(dag=dag, dev_server="code-server")\n'
    ),
    OPERATOR: (
        "from kaapana.operators.KaapanaBaseOperator import KaapanaBaseOperator\n"
        "from kaapana.blueprints.kaapana_global_variables import DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION\n"
        "class MyOperator(KaapanaBaseOperator):\n"
        "    def __init__(self, dag, **kwargs):\n"
        '        env_vars = {"THRESHOLD": "5"}  # as text\n'
        "        super().__init__(dag=dag, name='my-algo', env_vars=env_vars,\n"
        '            image=f"{DEFAULT_REGISTRY}/my-algo:{KAAPANA_BUILD_VERSION}", **kwargs)\n'
    ),
    PROCESSING: (
        "FROM local-only/base-python-cpu:latest\n"
        'LABEL IMAGE="my-algo"\n'
        'LABEL VERSION="0.1.0"\n'
        "COPY files/run.py /app/\n"
    ),
    "processing-containers/my-algo/files/run.py": "print(1)\n",
    VALUES: (
        "---\n"
        "global:\n"
        '  image: "dag-my-flow"  # built here\n'
        '  action: "copy"\n'
        '  custom_registry_url: "localhost:32000"\n'
    ),
    CHART: 'apiVersion: v2\nname: my-workflow\nversion: "0.0.0"\nkeywords:\n  - kaapanaworkflow\n',
    NEEDS: (
        "dependencies:\n"
        "  # brings the DAG into Airflow\n"
        "  - name: dag-installer-chart\n"
        "    version: 0.0.0\n"
        "    repository: file:///w/kaapana/services/utils/dag-installer-chart\n"
    ),
    JOB: (
        "apiVersion: batch/v1\n"
        "kind: Job\n"
        "metadata:\n"
        "  name: my-job\n"
        '  namespace: "{{ .Values.global.project_namespace }}"\n'
    ),
}
BASES: dict[str, str] = {
    "/w/kaapana/bases/cpu/Dockerfile": (
        'FROM ubuntu:24.04\nLABEL IMAGE="base-python-cpu" REGISTRY="local-only" VERSION="latest"\n'
    ),
    "/w/kaapana/bases/installer/Dockerfile": (
        'FROM scratch\nLABEL IMAGE="base-installer" REGISTRY="local-only" VERSION="latest"\n'
    ),
    "/w/kaapana/services/utils/dag-installer-chart/Chart.yaml": (
        'apiVersion: v1\nname: dag-installer-chart\nversion: "0.0.0"\n'
    ),
}


def bench_of(changes: Mapping[str, str | None] | None = None, **settings: object) -> Bench:
    """The sound tree with some files changed, added or, where None, left out."""
    files = {**SOUND, **(changes or {})}
    bench = Bench({}, (EXTENSION, PLATFORM), **settings)
    for path, content in {**BASES, **files}.items():
        if content is not None:
            bench.write(path, content)
    return bench


def checked(bench: Bench) -> Checked:
    """What a check finds."""
    return check(bench.services, bench.roots)


def found(changes: Mapping[str, str | None] | None = None, **settings: object) -> list[tuple[str, str, int]]:
    """Code, file and line of each finding in the changed tree."""
    return places(checked(bench_of(changes, **settings)))


def places(result: Checked) -> list[tuple[str, str, int]]:
    """Code, file and line of each finding."""
    return [(f.diagnostic.code, f.diagnostic.file, f.diagnostic.line) for f in result.findings]


def only(changes: Mapping[str, str | None], **settings: object) -> Finding:
    """The one thing that is found."""
    (finding,) = checked(bench_of(changes, **settings)).findings
    return finding


def mend(bench: Bench) -> dict[str, str]:
    """Mend all that can be; return path → content of what was written."""
    mends = plan_mends(bench.disk.fresh(), checked(bench).findings)

    def write(path: str, content: bytes, mode: int) -> None:
        bench.write(path, content.decode(), mode)

    written = write_mends(bench.disk.fresh(), mends, write)
    assert () == written.left
    return {path.removeprefix(f"{ROOT}/"): bench.disk.fresh().read(path, 1 << 20).decode() for path in written.done}


def changed(path: str, old: str, new: str) -> dict[str, str | None]:
    """The change of one text in a file of the sound tree."""
    assert SOUND[path].count(old) == 1
    return {path: SOUND[path].replace(old, new)}
