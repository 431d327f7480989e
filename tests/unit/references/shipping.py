"""Operators out of text, rewritten as a DAG image gets them, and run with a stand-in of the platform's library."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from types import ModuleType

from edk.domain.charts.local_images import chart_files
from edk.domain.operators.linking import link_with_places
from edk.domain.operators.reading import read_python
from edk.domain.references import rewrite_references
from edk.domain.resolve import Catalog, resolve
from edk.domain.workspace import LocatedPlace, Workspace
from tests.unit.core.building import EXTENSION, dockerfile, target
from tests.unit.core.building import names as names_of_registries

REGISTRY = "registry.example.org:5000/group/kaapana"
VERSION = "0.6.0-12-g09bb59b20"
HEAD = """from kaapana.blueprints.kaapana_global_variables import DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION
from kaapana.blueprints.kaapana_global_variables import default_registry, default_project
from kaapana.operators.KaapanaBaseOperator import KaapanaBaseOperator

"""


def new_reference(name: str) -> str:
    """Return what an image is named by in rewritten files."""
    return f"localhost:32000/{name}@sha256:{sha256(name.encode()).hexdigest()}"


def shipped(files: Mapping[str, bytes], names: frozenset[str]) -> dict[str, bytes]:
    """Return files as a DAG image gets them, if the images of these names are built here."""
    _, places = link_with_places({path: read_python(content) for path, content in files.items()})
    workspace = Workspace((EXTENSION,), image_places=tuple(LocatedPlace(EXTENSION, place) for place in places))
    catalog = Catalog.of([target(f"{name}/Dockerfile", dockerfile(name)) for name in names])
    resolved = resolve(workspace, catalog, names_of_registries()).places
    edits = {path.removeprefix(f"{EXTENSION.path}/"): file.edits for path, file in chart_files(resolved).items()}
    refs = {name: new_reference(name) for name in names}
    return {path: rewrite_references(content, edits.get(path, ()), refs) for path, content in files.items()}


def asked_for(files: Mapping[str, bytes]) -> list[object]:
    """Run a DAG's files as Airflow would, and return which image each operator in turn asks for.

    The files are those of the test itself, of which ``dag.py`` makes the operators.
    """
    asked: list[object] = []

    class KaapanaBaseOperator:
        def __init__(self, dag: object = None, name: str = "", image: object = None, **_: object) -> None:
            self.image = image
            asked.append(image)

    with _modules(KaapanaBaseOperator):
        for path, content in files.items():
            if path != "dag.py":
                module = ModuleType(path.removesuffix(".py"))
                sys.modules[module.__name__] = module
                exec(compile(content, path, "exec"), module.__dict__)
        exec(compile(files["dag.py"], "dag.py", "exec"), {"__name__": "dag"})
    return asked


@contextmanager
def _modules(base: type) -> Iterator[None]:
    before = dict(sys.modules)
    values = ModuleType("kaapana.blueprints.kaapana_global_variables")
    values.__dict__.update(
        DEFAULT_REGISTRY=REGISTRY,
        KAAPANA_BUILD_VERSION=VERSION,
        default_registry="registry.example.org:5000/group",
        default_project="/kaapana",
    )
    operators = ModuleType("kaapana.operators.KaapanaBaseOperator")
    operators.__dict__["KaapanaBaseOperator"] = base
    for name in ("kaapana", "kaapana.blueprints", "kaapana.operators"):
        sys.modules[name] = ModuleType(name)
    for module in (values, operators):
        sys.modules[module.__name__] = module
    try:
        yield
    finally:
        for name in set(sys.modules) - set(before):
            del sys.modules[name]
        sys.modules.update(before)
