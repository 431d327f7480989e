"""Facts of single files: any bytes are read, and places are those of the file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edk.domain.checking.chart_facts import read_chart_file, read_template
from edk.domain.checking.comments import marks_in
from edk.domain.checking.docker_facts import read_docker_facts
from edk.domain.checking.python_facts import read_python_facts
from edk.domain.checking.shipped import modules_of, shipped_files

WORDS = st.sampled_from([
    "FROM a\n", "LABEL IMAGE='x' ", "VERSION=1\n", "COPY a b\n", "\\\n", "import ", "from a.b import c\n", "env_vars",
    "={", "'k':", "5,", "}\n", "dev_server=", '"code-server"', "f(", ")\n", "global:\n", "  image: x\n", "metadata:\n",
    "  namespace: admin\n", "---\n", "# edk: ignore[EDK601]\n", "dependencies:\n", "  - name: a\n", "    repository: file://x\n",
    "\ufeff", "\r\n", "\x00", "ä", "{{ x }}", "try:\n", "class A(B):\n", " ", "\t",
])  # fmt: skip


@given(st.one_of(st.binary(max_size=300), st.lists(WORDS, max_size=40).map(lambda words: "".join(words).encode())))
def test_any_bytes_are_read(content: bytes) -> None:
    """Nothing is raised, and every edit lies inside of the file."""
    python, docker = read_python_facts(content), read_docker_facts(content)
    chart = read_chart_file(content)
    read_template(content)
    marks_in(content)

    for value in python.env_values:
        assert value.edit is None or 0 <= value.edit.start < value.edit.end <= len(content)
    for copied in docker.copies:
        written = copied.destination.encode("utf-8", "surrogateescape")
        assert copied.start < 0 or written == content[copied.start : copied.end]
    for label in docker.labels:
        assert content[label.start : label.end].lstrip().upper().startswith(b"LABEL")
    for path in chart.paths:
        assert path.repository.text.encode() in content[path.repository.start : path.repository.end]
    assert chart.behind_image is None or 0 <= chart.behind_image.at <= len(content)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("F(env_vars={'A': 1, **more})\n", [(1, 18, "a number", b'"1"')]),
        ("env_vars = {'A': True}\n", [(1, 18, "a boolean", b'"True"')]),
        ("self.env_vars['A'] = 3\n", [(1, 22, "a number", b'"3"')]),
        ("def f():\n    e = {'A': -1}\n    F(env_vars=e)\n", [(2, 15, "a number", b'"-1"')]),
        ("def f():\n    e = {'A': 1}\ndef g(e):\n    F(env_vars=e)\n", []),
        ("env_vars.update({'A': []})\n", [(1, 23, "a list", None)]),
        ("e = {1: 'a'}\nenv_vars.update(e)\n", [(1, 6, "a number", b'"1"')]),
        ("e = {'A': 1}\nenv_vars = {**e}\n", [(1, 11, "a number", b'"1"')]),
        ("env_vars = {'ä': 0x10}\n", [(1, 18, "a number", None)]),
        ("F(env_vars={'A': len(x)})\n", [(1, 18, "a number", None)]),
        ("F(env_vars={'B': not x})\n", [(1, 18, "a boolean", None)]),
        ("F(env_vars={'C': a == b})\n", [(1, 18, "a boolean", None)]),
        ("F(env_vars={'A': None})\n", []),
        ("F(env_vars={'A': None}, dev_server='code-server')\n", [(1, 18, "None", None)]),
        ("F(env_vars={None: 'a'})\n", [(1, 13, "None", None)]),
        ("F(env_vars={'A': f'{x}', 'B': x + 1, 'C': g(), 'D': 'a' 'b'})\n", []),
        ("F(other={'A': 1})\n", []),
    ],
)  # fmt: skip
def test_what_is_no_text_in_env_vars(text: str, expected: list[tuple[int, int, str, bytes | None]]) -> None:
    """By what surely becomes a variable, and by what surely is no text."""
    values = read_python_facts(text.encode()).env_values

    assert expected == [(v.line, v.column, v.kind, v.edit.new if v.edit else None) for v in values]


@pytest.mark.parametrize(
    ("copy", "expected"),
    [
        ("COPY a/x.py /kaapana/tmp/dags/", {"x": "a/x.py"}),
        ("COPY a/x.py /kaapana/tmp/dags/b/", {"b.x": "a/x.py"}),
        ("COPY a/x.py /kaapana/tmp/dags/b/z.py", {"b.z": "a/x.py"}),
        ("COPY a /kaapana/tmp/dags/b", {"b.x": "a/x.py", "b.y": "a/y.py", "b.c": "a/c/__init__.py"}),
        ("COPY /a/ /kaapana/tmp/dags/b/", {"b.x": "a/x.py", "b.y": "a/y.py", "b.c": "a/c/__init__.py"}),
        ("COPY a/*.py /kaapana/tmp/dags/b/", {"b.x": "a/x.py", "b.y": "a/y.py"}),
        ("COPY a/x.py a/y.py /kaapana/tmp/dags", {"x": "a/x.py", "y": "a/y.py"}),
        ("COPY a/x.py /kaapana/tmp/dags/\nCOPY a/y.py /kaapana/tmp/dags", {"x": "a/x.py", "y": "a/y.py"}),
        ("COPY . /kaapana/tmp/dags", {"a.x": "a/x.py", "a.y": "a/y.py", "a.c": "a/c/__init__.py"}),
        ("COPY a/x.py /elsewhere/", {}),
        ("COPY --from=s a/x.py /kaapana/tmp/dags/", {}),
        ("COPY nothing /kaapana/tmp/dags/", {}),
    ],
)
def test_where_copies_go(copy: str, expected: dict[str, str]) -> None:
    """As the engine puts them, folders by their content."""
    facts = read_docker_facts(f"FROM scratch AS s\nFROM scratch\n{copy}\n".encode())
    shipped = shipped_files(facts.copies, ["a/x.py", "a/y.py", "a/c/__init__.py"], ["a", "a/c"])

    assert expected == {name: one.source for name, one in modules_of(shipped).items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metadata:\n  namespace: admin\n", [(2, 14, "admin")]),
        ("a: 1\n---\nmetadata:\n  name: x\n  namespace: 'admin' # x\n", [(5, 14, "admin")]),
        ("metadata:\n  labels:\n    namespace: admin\n", []),
        ("spec:\n  namespace: admin\n", []),
        ("spec:\n  metadata:\n    namespace: admin\n", []),
        ("metadata:\n{{- if x }}\n  name: a\n{{- end }}\n  namespace: {{ .Values.a }}\n", [(5, 14, "{{ .Values.a }}")]),
        ("metadata:\n  namespace: admin\n  annotations:\n    helm.sh/hook: pre-delete\n", []),
        ("metadata:\n  namespace: a\n  x: helm.sh/hook\n---\nmetadata:\n  namespace: b\n", [(6, 14, "b")]),
        ("# namespace: admin\nmetadata:\n  # namespace: admin\n  name: a\n", []),
    ],
)  # fmt: skip
def test_namespaces_of_resources(text: str, expected: list[tuple[int, int, str]]) -> None:
    """Of the resource itself, and of no hook."""
    assert expected == [(n.line, n.column, n.written) for n in read_template(text.encode()).namespaces]
