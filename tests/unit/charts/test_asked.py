"""Which images a packaged chart asks for."""

from __future__ import annotations

import pytest

from edk.domain.charts.asked import local_references, rendered_references, written_references
from edk.domain.errors import ChartError

REGISTRIES = ("localhost:32000", "registry.svc:5000")
DIGEST = "sha256:" + "ab" * 32

MANIFESTS = f"""---
apiVersion: batch/v1
kind: Job
spec:
  template:
    spec:
      initContainers:
        - image: "registry.example.org/platform/service-checker:0.6.0"
      containers:
        - image: localhost:32000/edk/0123456789abcdef/dag-x:0.0.0
          env:
            - name: NEXT_IMAGE
              value: "localhost:32000/mine@{DIGEST}"
---
apiVersion: v1
kind: ConfigMap
data:
  dag_x.py: "image=\\"registry.svc:5000/seg:0.6.0\\"\\n"
  image: not/an/image:of-a-container
---
null
"""


def test_containers_and_all_local_references_count() -> None:
    """Of init containers too, in the environment, and in Python that a ConfigMap carries."""
    assert (
        "registry.example.org/platform/service-checker:0.6.0",
        "localhost:32000/edk/0123456789abcdef/dag-x:0.0.0",
        f"localhost:32000/mine@{DIGEST}",
        "registry.svc:5000/seg:0.6.0",
    ) == tuple(sorted(rendered_references(MANIFESTS, REGISTRIES), key=MANIFESTS.index))


@pytest.mark.parametrize("text", ["a: [", "a: b: c", "\t- x", "[" * 3000])
def test_what_is_no_yaml_is_an_error(text: str) -> None:
    """Said in one line, whatever the reader of YAML makes of it."""
    with pytest.raises(ChartError, match="no YAML"):
        rendered_references(text, REGISTRIES)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x localhost:32000/a/b-c_d:1.0, y", ("localhost:32000/a/b-c_d:1.0",)),
        ("localhost:32000/a:1 localhost:32000/a:1", ("localhost:32000/a:1",)),
        ("see localhost:32000/a:1.", ("localhost:32000/a:1",)),
        ("localhost:32000/a, localhost:32000/a:{{ .x }}", ()),
        ("x.localhost:32000/a:1 y/localhost:32000/a:1 localhost:32000", ()),
    ],
)
def test_references_in_text(text: str, found: tuple[str, ...]) -> None:
    """Whole ones with a tag or digest, each once; nothing that only looks alike."""
    assert found == local_references(text, REGISTRIES)


def test_without_helm_the_files_tell() -> None:
    """References that are written out, the platform's version filled in, and the DAG image of the installer."""
    files = {
        "Chart.yaml": b"apiVersion: v2\nname: x\nversion: 0.0.0\n",
        "values.yaml": b"global:\n  image: dag-x\n  custom_registry_url: localhost:32000/edk/0123456789abcdef\n",
        "templates/a.yaml": b'image: "localhost:32000/mine:{{ .Values.global.kaapana_build_version }}"\n',
        "charts/dag-installer-chart/Chart.yaml": b'apiVersion: v2\nname: dag-installer-chart\nversion: "0.0.0"\n',
    }

    assert ("localhost:32000/mine:0.6.0", "localhost:32000/edk/0123456789abcdef/dag-x:0.0.0") == written_references(
        files, REGISTRIES, "0.6.0"
    )
