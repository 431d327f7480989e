"""Trees of a given number of images, ten files for each of them: extensions as people write them, many of them.

Ten images are an extension: nine that operators name, and the one that carries operators and DAG; with its chart and
its pages it has a hundred files. The first extension is ten bases on each other, that all others stand on.
"""

from __future__ import annotations

from pathlib import Path

EACH = 10
"""Images of an extension."""
SCRIPTS = 7
"""Of each image, beside its Dockerfile."""
PAGES = 14
"""Of each extension; nobody reads them."""

_OPERATOR = '''\
from datetime import timedelta

from kaapana.blueprints.kaapana_global_variables import DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION
from kaapana.operators.KaapanaBaseOperator import KaapanaBaseOperator


class Step{number}Operator(KaapanaBaseOperator):
    """Does step {number}."""

    execution_timeout = timedelta(minutes=30)

    def __init__(self, dag, name="step-{number}", env_vars=None, **kwargs):
        if env_vars is None:
            env_vars = {{}}
        env_vars.update({{"NUMBER": str({number}), "LIMIT": "100"}})
        super().__init__(
            dag=dag,
            name=name,
            image=f"{{DEFAULT_REGISTRY}}/{image}:{{KAAPANA_BUILD_VERSION}}",
            env_vars=env_vars,
            execution_timeout=self.execution_timeout,
            **kwargs,
        )
'''


def write_sized_tree(root: Path, images: int) -> Path:
    """Write a tree of so many images (a multiple of ten, at least twenty) and ten times as many files; return it."""
    _bases(root / "bases")
    for number in range(1, images // EACH):
        _extension(root / f"extension-{number}", number)
    return root


def _bases(root: Path) -> None:
    for number in range(EACH):
        below = f"local-only/sized-base-{(number - 1) // 3}:latest" if number else "docker.io/library/debian:12-slim"
        folder = root / f"sized-base-{number}"
        labels = f'LABEL REGISTRY="local-only"\nLABEL IMAGE="sized-base-{number}"\nLABEL VERSION="latest"\n'
        _write(folder / "Dockerfile", f"FROM {below}\n{labels}COPY files/ /opt/base-{number}/\n")
        for script in range(9):
            _write(folder / "files" / f"part_{script}.py", f"VALUE = {number * 100 + script}\n" * 40)


def _extension(root: Path, number: int) -> None:
    package = f"sized_{number}"
    carried = root / "extension" / "docker" / "files"
    for step in range(EACH - 1):
        image = f"sized-{number}-{step}"
        _image(root / "processing-containers" / image, image, number + step)
        _write(carried / package / f"Step{step}Operator.py", _OPERATOR.format(number=step, image=image))
    _write(carried / f"dag_{package}.py", _dag(package))
    _write(
        root / "extension" / "docker" / "Dockerfile",
        f'FROM local-only/sized-base-{number % EACH}:latest\nLABEL IMAGE="dag-sized-{number}"\n'
        f'LABEL VERSION="0.1.0"\nCOPY files/ /kaapana/app/dags/\n',
    )
    chart = root / "extension" / f"sized-{number}-chart"
    _write(
        chart / "Chart.yaml",
        f'apiVersion: v2\nname: sized-{number}-chart\nversion: "0.0.0"\nkeywords:\n  - kaapanaworkflow\n',
    )
    _write(chart / "requirements.yaml", "dependencies: []\n")
    _write(chart / "values.yaml", f'global:\n  image: "dag-sized-{number}"\n  action: "copy"\n')
    for page in range(PAGES):
        _write(root / "docs" / f"page-{page}.rst", f"Page {page}\n======\n" * 20)


def _image(folder: Path, image: str, salt: int) -> None:
    _write(
        folder / "Dockerfile",
        f'FROM local-only/sized-base-{salt % EACH}:latest\nLABEL IMAGE="{image}"\nLABEL VERSION="0.1.0"\n'
        'LABEL BUILD_IGNORE="False"\nENV LANG=C.UTF-8\nWORKDIR /kaapana/app\nCOPY files/ ./\n'
        'CMD ["python3", "-u", "/kaapana/app/part_0.py"]\n',
    )
    for script in range(SCRIPTS):
        _write(folder / "files" / f"part_{script}.py", f'"""Part {script} of {image}."""\n\nVALUE = {salt}\n' * 10)


def _dag(package: str) -> str:
    steps = range(EACH - 1)
    lines = [f"from {package}.Step{step}Operator import Step{step}Operator" for step in steps]
    lines += ["from airflow.models import DAG", f'dag = DAG(dag_id="{package}", schedule_interval=None)']
    lines += [f"step_{step} = Step{step}Operator(dag=dag)" for step in steps]
    return "\n".join([*lines, " >> ".join(f"step_{step}" for step in steps)]) + "\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
