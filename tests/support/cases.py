"""Bad input: what may lie in an extension, and what the EDK has to say of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.extension import Extension

Make = Callable[[Extension], object]


@dataclass(frozen=True)
class Case:
    """One kind of bad input.

    Args:
        name: of the test.
        make: writes it into an extension that also holds the image ``good``.
        code: exit code that is expected.
        codes: of diagnostics that are expected, all of them.
        says: part of the message (or hint) of the diagnostic with the first code.
        at: file and line of it, as ``path:line``; empty: not compared.
        builds: short names of further images that are built all the same.
        not_built: short names of images that are not.
    """

    name: str
    make: Make
    code: int
    codes: tuple[str, ...] = ()
    says: str = ""
    at: str = ""
    builds: tuple[str, ...] = ()
    not_built: tuple[str, ...] = ()


def text(path: str, content: str | bytes) -> Make:
    """Write one file."""
    return lambda extension: extension.write(path, content)


def operator(content: str | bytes) -> Make:
    """Write an operator's file; ``{n}`` stands for the name of the image ``seg``, which is written too."""

    def make(extension: Extension) -> None:
        extension.image("seg")
        name = extension.name("seg")
        filled = content.replace(b"{n}", name.encode()) if isinstance(content, bytes) else content.replace("{n}", name)
        extension.write("dag/files/x/XOperator.py", filled)

    return make


def dockerfile(content: str, files: tuple[str, ...] = ("data.txt",)) -> Make:
    """Write ``containers/bad/Dockerfile``; ``{n}`` stands for its image's name, ``{b}`` for the small base."""

    def make(extension: Extension) -> None:
        filled = content.replace("{n}", extension.name("bad")).replace("{b}", extension.base)
        extension.write("containers/bad/Dockerfile", filled)
        for file in files:
            extension.write(f"containers/bad/{file}", "x\n")

    return make


def ignore(content: str | bytes) -> Make:
    """Write an image ``bad`` with a .dockerignore."""

    def make(extension: Extension) -> None:
        extension.image("bad")
        extension.write("containers/bad/.dockerignore", content)

    return make


def chart(**files: str | bytes) -> Make:
    """Write a chart whose files (``Chart``, ``values``, ``requirements``) are replaced by others."""

    def make(extension: Extension) -> None:
        folder = extension.chart(extension.name("good"), "x-workflow").name
        for name, content in files.items():
            extension.write(f"{folder}/{name}.yaml", content)

    return make


def special(kind: str, name: str) -> Make:
    """Make something that is no regular file."""

    def make(extension: Extension) -> None:
        path = extension.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        match kind:
            case "fifo":
                os.mkfifo(path)
            case "folder":
                path.mkdir()
            case _:
                path.symlink_to(kind)

    return make


def all_of(*makes: Make) -> Make:
    """Do several."""

    def make(extension: Extension) -> None:
        for each in makes:
            each(extension)

    return make


_IMAGE = 'image=f"{DEFAULT_REGISTRY}/{n}:{KAAPANA_BUILD_VERSION}"'
_CALL = f"class X(B):\n    def __init__(self):\n        super().__init__({_IMAGE})\n"
_LABEL = 'LABEL IMAGE="{n}"\n'
_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
_CHART = 'apiVersion: v2\nname: x-workflow\nversion: "0.0.0"\n'

OPERATORS = (
    Case(
        "syntax error",
        operator(f"{_CALL}\ndef f(:\n    pass\n"),
        3,
        ("EDK101",),
        "syntax",
        "dag/files/x/XOperator.py:5",
        ("seg",),
    ),
    Case("half-typed call", operator(f"{_CALL}\nx = Y(a, \n"), 3, ("EDK101",), "", "", ("seg",)),
    Case("newer grammar", operator(f'type X = int\ny = f"{{"a" + f"{{1}}"}}"\n{_CALL}'), 0, builds=("seg",)),
    Case("Python 2", operator(f'print "x"\n{_CALL}'), 0, builds=("seg",)),
    Case("byte order mark", operator(b"\xef\xbb\xbf" + _CALL.encode()), 0, builds=("seg",)),
    Case("latin-1 with cookie", operator(b"# -*- coding: latin-1 -*-\n# \xe4\n" + _CALL.encode()), 0, builds=("seg",)),
    Case(
        "latin-1 without cookie",
        operator(b"# \xe4\n" + _CALL.encode()),
        3,
        ("EDK103",),
        "",
        "dag/files/x/XOperator.py:1",
        ("seg",),
    ),
    Case("unknown cookie", operator(b"# coding: klingon\n" + _CALL.encode()), 3, ("EDK103",), "klingon", "", ("seg",)),
    Case("UTF-16", operator(_CALL.encode("utf-16")), 3, ("EDK103",)),
    Case("null bytes", operator(b"x = 1\0\n" + _CALL.encode()), 3, ("EDK103",), "", "", ("seg",)),
    Case("empty file", operator(""), 0),
    Case(
        "five megabytes",
        operator("x = [" + "f(1, 2),\n" * 600_000 + "]\n"),
        3,
        ("EDK104",),
        "",
        "dag/files/x/XOperator.py:0",
    ),
    Case(
        "image of the environment",
        operator('import os\nXOperator(image=os.environ["IMAGE"])\n'),
        0,
        ("EDK102",),
        'os.environ["IMAGE"]',
        "dag/files/x/XOperator.py:2",
    ),
    Case("image of a call", operator("XOperator(image=pick())\n"), 0, ("EDK102",), "pick()"),
    Case("no image", operator("XOperator(image=None)\n"), 0),
    Case("image of another registry", operator('XOperator(image="docker.io/library/x:1")\n'), 0),
    Case(
        "image that is no reference",
        operator('XOperator(image="Not An Image")\n'),
        3,
        ("EDK105",),
        "Not An Image",
        "dag/files/x/XOperator.py:1",
    ),
    Case("thousands of nested calls", operator("x = " + "f(" * 20_000 + ")" * 20_000 + "\n"), 0),
    Case("FIFO", special("fifo", "dag/files/XOperator.py"), 0, ("EDK503",), "", "dag/files/XOperator.py:0"),
    Case("folder named as an operator", special("folder", "dag/files/XOperator.py"), 0, ("EDK503",)),
    Case("link to itself", special("XOperator.py", "dag/files/XOperator.py"), 0, ("EDK504",)),
    Case("link to a device", special("/dev/zero", "dag/files/XOperator.py"), 0, ("EDK504",)),
    Case("link to nowhere", special("nowhere", "dag/files/XOperator.py"), 0, ("EDK504",)),
    Case("folder linked to its parent", special("..", "dag/files/loop"), 0),
)

DOCKERFILES = (
    Case("no label", dockerfile("FROM {b}\n"), 0, ("EDK401",), "", "containers/bad/Dockerfile:0"),
    Case(
        "unknown instruction",
        dockerfile(f"FROM {{b}}\n{_LABEL}CPOY a b\n"),
        3,
        ("EDK203",),
        "CPOY",
        "containers/bad/Dockerfile:3",
        not_built=("bad",),
    ),
    Case("empty", dockerfile(""), 3, ("EDK202",), "", "containers/bad/Dockerfile:0"),
    Case("comments only", dockerfile("# x\n\n# y\n"), 3, ("EDK202",)),
    Case("no FROM", dockerfile(_LABEL), 3, ("EDK202",)),
    Case("FROM without a value", dockerfile(f"FROM\n{_LABEL}"), 3, ("EDK201",), "", "containers/bad/Dockerfile:1"),
    Case(
        "bad escape in JSON form",
        dockerfile(f"FROM {{b}}\n{_LABEL}COPY\n"),
        3,
        ("EDK201",),
        "",
        "containers/bad/Dockerfile:3",
    ),
    Case("CRLF", dockerfile(f"FROM {{b}}\n{_LABEL}COPY data.txt /\n".replace("\n", "\r\n")), 0, builds=("bad",)),
    Case("byte order mark in a Dockerfile", dockerfile(f"\ufeffFROM {{b}}\n{_LABEL}"), 0, builds=("bad",)),
    Case("escape directive", dockerfile(f"# escape=`\nFROM {{b}}\n{_LABEL}COPY `\n data.txt /\n"), 0, builds=("bad",)),
    Case(
        "FROM inside a heredoc",
        dockerfile(f"FROM {{b}}\n{_LABEL}RUN <<E\nFROM local-only/none:latest\nE\n"),
        0,
        builds=("bad",),
    ),
    Case("argument of FROM with a default", dockerfile(f"ARG B={{b}}\nFROM $B\n{_LABEL}"), 0, builds=("bad",)),
    Case(
        "argument of FROM without one",
        dockerfile(f"ARG B\nFROM $B\n{_LABEL}"),
        3,
        ("EDK204",),
        "B",
        "containers/bad/Dockerfile:2",
        not_built=("bad",),
    ),
    Case(
        "built from itself",
        dockerfile(f"FROM local-only/{{n}}:latest\n{_LABEL}"),
        3,
        ("EDK404",),
        "{bad} → {bad}",
        not_built=("bad",),
    ),
    Case(
        "circle of two",
        lambda e: (e.image("bad", base="two"), e.image("two", base="bad")),
        3,
        ("EDK404",),
        "{two}",
        not_built=("bad", "two"),
    ),
    Case(
        "unknown local base",
        dockerfile(f"FROM local-only/base-pyton-cpu:latest\n{_LABEL}"),
        3,
        ("EDK403",),
        "base-python-cpu",
        "containers/bad/Dockerfile:1",
        not_built=("bad",),
    ),
    Case(
        "copy from an unknown local image",
        dockerfile(f"FROM {{b}}\n{_LABEL}COPY --from=local-only/none:latest /a /b\n"),
        3,
        ("EDK403",),
        "",
        "containers/bad/Dockerfile:3",
        not_built=("bad",),
    ),
    Case(
        "one image in two Dockerfiles",
        all_of(
            dockerfile(f"FROM {{b}}\n{_LABEL}"),
            lambda e: e.write("other/Dockerfile", f'FROM {e.base}\nLABEL IMAGE="{e.name("bad")}"\n'),
        ),
        3,
        ("EDK402",),
        "other/Dockerfile",
        not_built=("bad",),
    ),
    Case(
        "line too long",
        dockerfile(f"FROM {{b}}\n{_LABEL}ENV X={'x' * 70_000}\n"),
        3,
        ("EDK207",),
        "",
        "containers/bad/Dockerfile:3",
        not_built=("bad",),
    ),
    Case(
        "source above the context",
        dockerfile(f"FROM {{b}}\n{_LABEL}COPY ../secret /\n"),
        0,
        ("EDK409",),
        "secret",
        "containers/bad/Dockerfile:3",
    ),
    Case(
        "missing source",
        dockerfile(f"FROM {{b}}\n{_LABEL}COPY nothing /\n"),
        0,
        ("EDK409",),
        "nothing",
        "containers/bad/Dockerfile:3",
    ),
    Case(
        "unknown stage",
        dockerfile(f"FROM {{b}} AS one\n{_LABEL}FROM {{b}}\nCOPY --from=5 /a /b\n"),
        3,
        ("EDK212",),
        "",
        "containers/bad/Dockerfile:4",
        not_built=("bad",),
    ),
    Case(
        "syntax image",
        dockerfile(f"# syntax=evil/frontend\nFROM {{b}}\n{_LABEL}"),
        0,
        ("EDK208",),
        "evil/frontend",
        "containers/bad/Dockerfile:1",
        ("bad",),
    ),
    Case(
        "base that is ignored",
        lambda e: (e.image("base", 'LABEL BUILD_IGNORE="True"\n'), e.image("bad", base="base")),
        3,
        ("EDK407",),
        "{base}",
        not_built=("bad",),
    ),
    Case("FIFO as a Dockerfile", special("fifo", "containers/bad/Dockerfile"), 0, ("EDK503",)),
    Case(
        "FIFO in a context",
        lambda e: (e.image("bad", "COPY . /\n"), special("fifo", "containers/bad/pipe")(e)),
        0,
        builds=("bad",),
    ),
)

IGNORES = (
    Case("leaves the Dockerfile out", ignore("Dockerfile\n"), 0, builds=("bad",)),
    Case("everything but one", ignore("*\n!data.txt\n"), 0, builds=("bad",)),
    Case("leaves the source out", ignore("**\n"), 0, ("EDK409",), "data.txt", "containers/bad/Dockerfile:3"),
    Case("bad pattern", ignore("a\n[\n"), 3, ("EDK209",), "[", "containers/bad/.dockerignore:2", not_built=("bad",)),
    Case("CRLF and byte order mark", ignore(b"\xef\xbb\xbf*.md\r\nx\r\n"), 0, builds=("bad",)),
    Case("a hundred thousand lines", ignore("".join(f"file{n}\n" for n in range(100_000))), 0, builds=("bad",)),
    Case(
        "is a folder",
        lambda e: (e.image("bad"), special("folder", "containers/bad/.dockerignore")(e)),
        3,
        ("EDK501",),
        not_built=("bad",),
    ),
    Case(
        "is a FIFO",
        lambda e: (e.image("bad"), special("fifo", "containers/bad/.dockerignore")(e)),
        3,
        ("EDK501",),
        not_built=("bad",),
    ),
    Case(
        "is a link out",
        lambda e: (e.image("bad"), special("/dev/zero", "containers/bad/.dockerignore")(e)),
        3,
        ("EDK501",),
        not_built=("bad",),
    ),
)


def _named(name: str) -> Make:
    return text("containers/bad/Dockerfile", f'FROM scratch\nLABEL IMAGE="{name}"\n')


def _asked(tag: str) -> Make:
    return operator(f'XOperator(image="localhost:32000/{{n}}:{tag}")\n')


NAMES = (
    *(
        Case(f"name {name[:12]!r}", _named(name), 3, ("EDK405",), name[:12], "containers/bad/Dockerfile:2")
        for name in ("a___b", "a..b", "a-", "Upper", "a/", "x" * 256, "a:1", "ä")
    ),
    *(Case(f"tag {tag[:12]!r}", _asked(tag), 3, ("EDK105",), tag[:12]) for tag in (".a", "v1+x", "t" * 129)),
)

CHARTS = (
    Case("tab", chart(values="global:\n\timage: x\n"), 3, ("EDK301",), "", "x-workflow/values.yaml:2"),
    Case("null byte", chart(values=b"global:\n  image: x\0y\n"), 3, ("EDK301",), "", "x-workflow/values.yaml:2"),
    Case("latin-1", chart(values=b"a: 1\nx: \xe4\n"), 3, ("EDK301",), "", "x-workflow/values.yaml:2"),
    Case("two documents", chart(values="a: 1\n---\nb: 2\n"), 3, ("EDK302",), "", "x-workflow/values.yaml:3"),
    Case(
        "template in YAML", chart(values="a: 1\nb: {{ .Values.x }}\n"), 3, ("EDK303",), "", "x-workflow/values.yaml:2"
    ),
    Case("key twice", chart(values="a: 1\na: 2\n"), 0, ("EDK306",), "a", "x-workflow/values.yaml:2"),
    Case(
        "version that YAML takes for a number",
        chart(Chart="apiVersion: v2\nname: x-workflow\nversion: 1.10\n"),
        0,
        ("EDK307",),
        "1.10",
        "x-workflow/Chart.yaml:3",
    ),
    Case("alias bomb", chart(values=_BOMB), 3, ("EDK304",)),
    Case("five thousand brackets", chart(values="a: " + "[" * 5000 + "\n"), 3, ("EDK304",)),
    Case(
        "Python object",
        chart(values='a: !!python/object/apply:os.system ["true"]\n'),
        3,
        ("EDK305",),
        "",
        "x-workflow/values.yaml:1",
    ),
    Case("no name", chart(Chart='apiVersion: v2\nversion: "0.0.0"\n'), 3, ("EDK308",), "name"),
    Case(
        "name with a slash", chart(Chart='apiVersion: v2\nname: a/../b\nversion: "0.0.0"\n'), 3, ("EDK309",), "a/../b"
    ),
    Case("Chart.yaml is a list", chart(Chart="- a\n"), 3, ("EDK308",)),
    Case(
        "broken processing-container.json",
        text("containers/x/processing-container.json", "{"),
        3,
        ("EDK311",),
        "",
        "containers/x/processing-container.json:1",
    ),
    Case(
        "missing dependency",
        chart(requirements="dependencies:\n  - name: nowhere-chart\n    version: 0.0.0\n"),
        3,
        ("EDK313",),
        "nowhere-chart",
    ),
    Case(
        "dependency above everything",
        chart(
            requirements="dependencies:\n  - name: dag-installer-chart\n    version: 0.0.0\n    repository: file://../../../../../../etc\n"
        ),
        0,
    ),
    Case(
        "chart that contains itself",
        chart(requirements="dependencies:\n  - name: x-workflow\n    version: 0.0.0\n"),
        3,
        ("EDK314",),
    ),
    Case(
        "FIFO as values.yaml",
        lambda e: (
            chart()(e),
            (e.path / "x-workflow/values.yaml").unlink(),
            special("fifo", "x-workflow/values.yaml")(e),
        ),
        0,
        ("EDK503",),
    ),
)
