"""Small extensions, written as text into a folder, with names that no other run of the tests has."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

OPERATOR = """\
from kaapana.blueprints.kaapana_global_variables import DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION
from kaapana.operators.KaapanaBaseOperator import KaapanaBaseOperator


class {name}(KaapanaBaseOperator):
    def __init__(self, dag, name="x", **kwargs):
        super().__init__(dag=dag, name=name, image={image}, **kwargs)
"""


@dataclass
class Extension:
    """The folder of an extension.

    Args:
        path: where it lies.
        base: ref of an image that is there, to build from.
        suffix: makes the names of images unique.
    """

    path: Path
    base: str
    suffix: str = field(default_factory=lambda: uuid.uuid4().hex[:10])

    def name(self, short: str) -> str:
        """Return the whole name of an image."""
        return f"e2e-{short}-{self.suffix}"

    def write(self, path: str, text: str | bytes) -> Path:
        """Write a file, with the folders that lead to it."""
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def image(
        self, short: str, body: str = "COPY data.txt /\n", base: str = "", files: Mapping[str, str] | None = None
    ) -> Path:
        """Write a Dockerfile with its context into ``containers/<short>``, and return that folder.

        Args:
            short: its name, made unique.
            body: what follows FROM and LABEL IMAGE.
            base: what it is built from: the short name of another one, a whole ref, or (default) the small base.
            files: by path, the files of its context.
        """
        if base and "/" not in base and ":" not in base:
            base = f"local-only/{self.name(base)}:latest"
        folder = f"containers/{short}"
        self.write(f"{folder}/Dockerfile", f'FROM {base or self.base}\nLABEL IMAGE="{self.name(short)}"\n{body}')
        for path, text in (files if files is not None else {"data.txt": f"{short} 1\n"}).items():
            self.write(f"{folder}/{path}", text)
        return self.path / folder

    def local_base(self, short: str, body: str = "COPY data.txt /base.txt\n", base: str = "") -> Path:
        """Write a Dockerfile of an image that exists only locally, under the tag latest."""
        return self.image(short, f'LABEL REGISTRY="local-only"\n{body}', base)

    def operator(self, name: str, image: str) -> Path:
        """Write an operator's file; `image` is the Python expression behind ``image=``."""
        return self.write(f"dag/files/x/{name}.py", OPERATOR.format(name=name, image=image))

    def uses(self, operator: str, short: str, tag: str = "{KAAPANA_BUILD_VERSION}") -> Path:
        """Write an operator's file that asks for an image by its usual f-string."""
        return self.operator(operator, f'f"{{DEFAULT_REGISTRY}}/{self.name(short)}:{tag}"')

    def chart(self, dag_image: str, name: str = "") -> Path:
        """Write a chart that installs the DAG image, with the dependency that charts of workflows have."""
        name = name or f"x-{self.suffix}-workflow"
        self.write(
            f"{name}/Chart.yaml",
            f'apiVersion: v2\nname: {name}\nversion: "0.0.0"\ndescription: x\nkeywords:\n  - kaapanaworkflow\n',
        )
        self.write(
            f"{name}/values.yaml",
            f'global:\n  image: "{dag_image}"\n  action: "copy"\n  custom_registry_url: "localhost:32000"\n',
        )
        self.write(
            f"{name}/requirements.yaml",
            "dependencies:\n  - name: dag-installer-chart\n    version: 0.0.0\n"
            "    repository: file://../../nowhere/dag-installer-chart/\n",
        )
        return self.path / name


def workflow(path: Path, base: str) -> Extension:
    """Write a whole small extension.

    ``base`` (local only) carries ``dag`` and ``seg``; two operators ask for ``seg``, one of them for a literal
    tag; a chart installs ``dag``.
    """
    extension = Extension(path, base)
    extension.local_base("base")
    extension.image("seg", "COPY run.sh /run.sh\n", base="base", files={"run.sh": "echo one\n"})
    extension.uses("SegOperator", "seg")
    extension.uses("ReportOperator", "seg", tag="0.9.1")
    extension.write("dag/files/dag_x.py", "dag_id = 'x'\n")
    dag = extension.name("dag")
    extension.write(
        "dag/Dockerfile",
        f'FROM local-only/{extension.name("base")}:latest\nLABEL IMAGE="{dag}"\nCOPY files/ /kaapana/tmp/dags/\n',
    )
    extension.chart(dag)
    return extension


def snapshot(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Return path → mode, mtime and content's hash (or link target) of everything in a folder."""
    found: dict[str, tuple[int, int, str]] = {}
    for parent, folders, files in os.walk(folder):
        for path in (Path(parent) / name for name in (*folders, *files)):
            status = path.lstat()
            content = ""
            if path.is_symlink():
                content = str(path.readlink())
            elif path.is_file():
                content = hashlib.sha256(path.read_bytes()).hexdigest()
            found[str(path)] = (status.st_mode, status.st_mtime_ns, content)
    return found
