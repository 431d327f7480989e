"""A tree of the platform's shape and numbers, of our own making: for machines that have no clone of it.

The numbers are those of Kaapana 0.6.0: 2103 files, 180 Dockerfiles with 12 local bases in chains, 105 operator
files of which 64 name an image, 99 charts with dependencies found by name.
"""

from __future__ import annotations

from pathlib import Path

FILES = 2103
DOCKERFILES = 180
OPERATORS = 105
NAMING = 64
CHARTS = 99
PYTHON = 590
BASES = 12
WITH_STAGES = 17
APPLICATIONS = 31
"""Images that templates of charts name, some of them four times."""


def write_tree(root: Path) -> Path:
    """Write the tree below a folder that does not exist yet, and return the folder."""
    _write(root / "platforms" / "README.md", "A tree made for measuring.\n")
    for number in range(BASES):
        _image(root / "data-processing" / "base-images" / f"base-{number}", number, base=True)
    _image(root / "services" / "utils" / "base-installer", BASES, base=True)
    for number in range(BASES + 1, DOCKERFILES):
        area = "processing-pipelines" if number < BASES + 1 + NAMING * 2 else "services"
        _image(root / area / f"part-{number % 40}" / f"image-{number}", number, base=False)
    for number in range(OPERATORS):
        _operator(root, number)
    for number in range(CHARTS):
        _chart(root / ("services" if number % 2 else "processing-pipelines") / f"part-{number % 40}", number)
    _python(root)
    _fill(root)
    return root


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _name(number: int) -> str:
    return f"base-{number}" if number < BASES else "base-installer" if number == BASES else f"image-{number}"


def _image(folder: Path, number: int, *, base: bool) -> None:
    """Write an image: four bases hang in chains, 70 images stand on the first, 18 on the installer."""
    if base:
        source = "ubuntu:24.04" if number % 4 == 0 else f"local-only/base-{number - 1}:latest"
    elif number < BASES + 71:
        source = "local-only/base-0:latest"
    elif number < BASES + 89:
        source = "local-only/base-installer:latest"
    else:
        source = f"local-only/base-{number % BASES}:latest" if number % 3 else "docker.io/library/debian:12-slim"
    lines = [f"FROM {source}"]
    if number % (DOCKERFILES // WITH_STAGES) == 1:
        lines = [
            f"FROM {source} AS build",
            "COPY files/part_0.py /build/",
            f"FROM {source}",
            "COPY --from=build /build /app",
        ]
    lines += [
        f'LABEL IMAGE="{_name(number)}"',
        'LABEL VERSION="0.1.0"',
        'LABEL BUILD_IGNORE="False"',
        *(['LABEL REGISTRY="local-only"'] if base else []),
        "ENV DEBIAN_FRONTEND=noninteractive \\",
        "    LANG=C.UTF-8",
        "RUN apt-get update && \\",
        "    # a comment in between",
        "    apt-get install -y --no-install-recommends ca-certificates && \\",
        "    rm -rf /var/lib/apt/lists/*",
        "WORKDIR /kaapana/app",
        "COPY files/part_*.py ./",
        "COPY files/part_1.py /kaapana/app/start.py",
        'CMD ["python3", "-u", "/kaapana/app/start.py"]',
    ]
    _write(folder / "Dockerfile", "\n".join(lines) + "\n")
    for part in range(2):
        _write(folder / "files" / f"part_{part}.py", f'"""Part {part}."""\n\nVALUE = {number}\n' * 10)


OPERATOR = '''\
from datetime import timedelta

from kaapana.blueprints.kaapana_global_variables import DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION
from kaapana.operators.KaapanaBaseOperator import KaapanaBaseOperator
from {package}.shared_{shared} import DEFAULTS


class Work{number}Operator(KaapanaBaseOperator):
    """Does the work of number {number}."""

    execution_timeout = timedelta(minutes=30)

    def __init__(self, dag, name="work-{number}", env_vars=None, batch_name=None, **kwargs):
        if env_vars is None:
            env_vars = {{}}
        envs = {{
            "NUMBER": str({number}),
            "LIMIT": str(DEFAULTS["limit"]),
            "INPUT": "None" if batch_name is None else str(batch_name),
        }}
        env_vars.update(envs)
        super().__init__(
            dag=dag,
            name=name,
            {image}env_vars=env_vars,
            execution_timeout=self.execution_timeout,
            ram_mem_mb=1000 * {number},
            **kwargs,
        )
'''


def _operator(root: Path, number: int) -> None:
    folder = root / "processing-pipelines" / f"part-{number % 40}" / "extension" / "docker" / "files"
    image = f'image=f"{{DEFAULT_REGISTRY}}/{_name(BASES + 1 + number)}:{{KAAPANA_BUILD_VERSION}}",\n            '
    package = f"part_{number % 40}"
    text = OPERATOR.format(number=number, package=package, shared=number % 2, image=image if number < NAMING else "")
    _write(folder / package / f"Work{number}Operator.py", text)
    _write(folder / package / f"shared_{number % 2}.py", 'DEFAULTS = {"limit": 100, "retries": 3}\n')
    if number < 40:
        _write(folder / f"dag_part_{number}.py", _dag(number))


def _dag(number: int) -> str:
    names = [n for n in range(OPERATORS) if n % 40 == number]
    lines = [f"from part_{number}.Work{n}Operator import Work{n}Operator" for n in names]
    lines += ["from airflow.models import DAG", f'dag = DAG(dag_id="part-{number}", schedule_interval=None)']
    lines += [f"work_{n} = Work{n}Operator(dag=dag, input_operator=None)" for n in names]
    return "\n".join([*lines, " >> ".join(f"work_{n}" for n in names)]) + "\n"


def _chart(folder: Path, number: int) -> None:
    chart = folder / f"chart-{number}"
    needs = [f"chart-{(number * 7 + step) % CHARTS}" for step in range(1, 2 + number % 2)] if number % 10 else []
    _write(
        chart / "Chart.yaml",
        f'apiVersion: v2\nname: chart-{number}\nversion: "0.0.0"\ndescription: number {number}\n'
        "keywords:\n  - kaapanaworkflow\nmaintainers:\n  - name: nobody\n",
    )
    listed = "".join(f"  - name: {name}\n    version: 0.0.0\n" for name in needs)
    _write(chart / "requirements.yaml", f"dependencies:\n{listed}" if needs else "dependencies: []\n")
    _write(chart / "values.yaml", f'global:\n  image: "image-{number + 20}"\n  action: "copy"\n')
    for part in ("deployment", "service", "config"):
        _write(chart / "templates" / f"{part}.yaml", _template(number, part))


def _template(number: int, part: str) -> str:
    head = f"kind: {part}\nmetadata:\n  name: part-{number}\n  namespace: {{{{ .Values.global.namespace }}}}\nspec:\n"
    rows = "".join(f'    - name: VARIABLE_{row}\n      value: "{row}"\n' for row in range(30))
    image = BASES + 1 + number % APPLICATIONS
    ref = f'"{{{{ .Values.global.registry_url }}}}/image-{image}:{{{{ .Values.global.kaapana_build_version }}}}"'
    return f"{head}  containers:\n  - image: {ref}\n    env:\n{rows}" if part == "deployment" else f"{head}{rows}"


def _python(root: Path) -> None:
    """Fill up to as many Python files as the platform has."""
    for number in range(PYTHON - sum(1 for _ in root.rglob("*.py"))):
        _write(root / "lib" / f"package_{number % 20}" / f"module_{number}.py", f"VALUE = {number}\n" * 120)


def _fill(root: Path) -> None:
    """Fill up to as many files as the platform has."""
    for number in range(FILES - sum(1 for path in root.rglob("*") if path.is_file())):
        _write(root / "docs" / f"chapter-{number % 60}" / f"page-{number}.rst", f"Page {number}\n======\n" * 40)
