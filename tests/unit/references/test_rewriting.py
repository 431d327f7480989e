"""Copies of operators come to the images that were built, and differ nowhere else."""

from __future__ import annotations

import ast
import difflib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.references.shipping import HEAD, asked_for, new_reference, shipped

LOCAL = frozenset({"mine", "yours-too"})
CLASS = """class XOperator(KaapanaBaseOperator):
    def __init__(self, dag, name="x", **kwargs):
        super().__init__(dag=dag, name=name, image={expression}, **kwargs)
"""
DAG = "from XOperator import XOperator\nXOperator(dag=None)\n"


def operator(expression: str, more: str = "") -> dict[str, bytes]:
    """An operator whose image is an expression, and a DAG that makes it once."""
    text = HEAD + more + CLASS.replace("{expression}", expression)
    return {"XOperator.py": text.encode(), "dag.py": DAG.encode()}


FORMS = {
    "f-string": 'f"{DEFAULT_REGISTRY}/mine:{KAAPANA_BUILD_VERSION}"',
    "literal registry": 'f"localhost:32000/mine:{KAAPANA_BUILD_VERSION}"',
    "plain string": '"localhost:32000/mine:0.1.0"',
    "fixed version": 'f"{DEFAULT_REGISTRY}/mine:v1.2.2"',
    "old pair": 'f"{default_registry}{default_project}/mine:1.2.3"',
    "format": '"{}{}/mine:0.1.0".format(default_registry, default_project)',
    "format by name": '"{r}/mine:{v}".format(r=DEFAULT_REGISTRY, v=KAAPANA_BUILD_VERSION)',
    "percent": '"%s/mine:%s" % (DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION)',
    "plus": 'DEFAULT_REGISTRY + "/mine:" + KAAPANA_BUILD_VERSION',
    "in parentheses": '(f"{DEFAULT_REGISTRY}/mine:{KAAPANA_BUILD_VERSION}")',
    "over lines": '(\n  f"{DEFAULT_REGISTRY}"\n  "/mine:"\n  f"{KAAPANA_BUILD_VERSION}"\n  )',
    "over lines without parentheses": 'f"{DEFAULT_REGISTRY}" \\\n            "/mine:" f"{KAAPANA_BUILD_VERSION}"',
    "with a comment": '(  # the image\n  f"{DEFAULT_REGISTRY}/mine:{KAAPANA_BUILD_VERSION}"  # as released\n  )',
    "walrus": '(image := f"{DEFAULT_REGISTRY}/mine:{KAAPANA_BUILD_VERSION}")',
}


@pytest.mark.parametrize("expression", FORMS.values(), ids=FORMS)
def test_every_way_to_write_a_reference_comes_to_the_image_built(expression: str) -> None:
    """The rewritten operator asks for the digest, whatever the form, and has as many lines."""
    files = operator(expression)

    after = shipped(files, LOCAL)

    assert [new_reference("mine")] == asked_for(after)
    assert files["XOperator.py"].count(b"\n") == after["XOperator.py"].count(b"\n")


@pytest.mark.parametrize(
    ("more", "expression"),
    [
        ('IMAGE = f"{DEFAULT_REGISTRY}/mine:{KAAPANA_BUILD_VERSION}"\n', "IMAGE"),
        ('NAME = "mine"\n', 'f"{DEFAULT_REGISTRY}/{NAME}:{KAAPANA_BUILD_VERSION}"'),
        ("", 'kwargs.pop("image", None) or f"{DEFAULT_REGISTRY}/mine:{KAAPANA_BUILD_VERSION}"'),
        ("", 'f"{DEFAULT_REGISTRY}/mine:{KAAPANA_BUILD_VERSION}" if name == "x" else "docker.io/library/busybox:1"'),
        ("", '"docker.io/library/busybox:1" if name != "x" else f"localhost:32000/mine:1"'),
    ],
)
def test_names_and_branches_come_to_the_image_built(more: str, expression: str) -> None:
    """A name bound in the file, a default behind an or, the branches of a conditional."""
    assert [new_reference("mine")] == asked_for(shipped(operator(expression, more), LOCAL))


def test_what_is_not_built_here_stays_as_it_is_written() -> None:
    """An image of the platform, one of another registry, one by its digest, and one that only a run knows."""
    for expression in (
        'f"{DEFAULT_REGISTRY}/theirs:{KAAPANA_BUILD_VERSION}"',
        '"docker.io/library/mine:1"',
        f'"localhost:32000/mine@sha256:{"a" * 64}"',
        'kwargs.get("conf", {}).get("image")',
        "None",
    ):
        files = operator(expression)

        assert files == shipped(files, LOCAL)


INHERITED = {
    "base_operator.py": HEAD + "class Base(KaapanaBaseOperator):\n"
    '    image_name = "mine"\n\n'
    "    def __init__(self, dag):\n"
    '        super().__init__(dag=dag, image=f"{DEFAULT_REGISTRY}/{self.image_name}:{KAAPANA_BUILD_VERSION}")\n',
    "OtherOperator.py": "from base_operator import Base\n\n\nclass OtherOperator(Base):\n"
    '    image_name = "yours-too"\n',
    "ThirdOperator.py": "from base_operator import Base\n\n\nclass ThirdOperator(Base):\n"
    '    image_name = "theirs"\n',
    "dag.py": "from base_operator import Base\nfrom OtherOperator import OtherOperator\n"
    "from ThirdOperator import ThirdOperator\nBase(None)\nOtherOperator(None)\nThirdOperator(None)\n",
}


def test_a_class_that_inherits_its_image_gets_its_own() -> None:
    """The expression stands in the base class, and comes to another image in each heir."""
    files = {path: text.encode() for path, text in INHERITED.items()}

    after = asked_for(shipped(files, LOCAL))

    assert [new_reference("mine"), new_reference("yours-too")] == after[:2]
    assert asked_for(files)[2] == after[2]


def test_a_caller_still_has_the_last_word() -> None:
    """A default in the signature is no constant: who gives another image gets that one."""
    text = (
        HEAD
        + "class XOperator(KaapanaBaseOperator):\n"
        + '    def __init__(self, dag, image=f"{DEFAULT_REGISTRY}/mine:{KAAPANA_BUILD_VERSION}"):\n'
        + "        super().__init__(dag=dag, image=image)\n"
    )
    dag = (
        HEAD
        + "from XOperator import XOperator\nXOperator(None)\n"
        + 'XOperator(None, image=f"{DEFAULT_REGISTRY}/yours-too:{KAAPANA_BUILD_VERSION}")\n'
        + 'XOperator(None, image="docker.io/library/busybox:1")\nXOperator(None, None)\n'
    )
    after = asked_for(shipped({"XOperator.py": text.encode(), "dag.py": dag.encode()}, LOCAL))

    assert [new_reference("mine"), new_reference("yours-too"), "docker.io/library/busybox:1", None] == after


def test_a_loop_over_names_gives_each_its_image() -> None:
    """One expression that comes to several images, one of them the platform's."""
    dag = (
        HEAD + 'for name in ["mine", "theirs", "yours-too"]:\n'
        '    KaapanaBaseOperator(image=f"{DEFAULT_REGISTRY}/{name}:{KAAPANA_BUILD_VERSION}")\n'
    )
    files = {"dag.py": dag.encode()}
    after = asked_for(shipped(files, LOCAL))

    assert [new_reference("mine"), asked_for(files)[1], new_reference("yours-too")] == after


@pytest.mark.parametrize("name", ["min", "mine-2", "not-mine", "group/mine"])
def test_a_name_that_is_alike_is_another_image(name: str) -> None:
    """What is looked up at run time is the whole name."""
    files = operator(f'f"{{DEFAULT_REGISTRY}}/{{name}}:1" if name != "{name}" else f"{{DEFAULT_REGISTRY}}/{{name}}:1"')
    dag = f'from XOperator import XOperator\nXOperator(dag=None, name="{name}")\n'.encode()
    files = {**files, "dag.py": dag}

    assert asked_for(files) == asked_for(shipped(files, LOCAL))


registries = st.sampled_from(["{DEFAULT_REGISTRY}", "localhost:32000", "{default_registry}{default_project}"])
tags = st.sampled_from(["{KAAPANA_BUILD_VERSION}", "0.1.0", "v1.2.2", "latest"])
images = st.sampled_from(["mine", "yours-too", "theirs", "mine-not"])
# Further in than the statement: the grammar takes an operator at a line's end for the end of a block otherwise.
breaks = st.sampled_from([" ", "  ", "\n            ", "  # why\n            ", "\n\n            # why\n            "])


@st.composite
def references(draw: st.DrawFn) -> str:
    """An expression for one image, in one of many forms."""
    registry, image, tag = draw(registries), draw(images), draw(tags)
    text = f"{registry}/{image}:{tag}"
    form = draw(st.integers(0, 5))
    if form == 0:
        return f'f"{text}"'
    if form == 1:
        return f"rf'{text}'"
    if form == 2:
        cut = draw(st.integers(0, len(registry) - 1)) if "{" not in registry else 0
        return f'(f"{text[:cut]}"{draw(breaks)}f"{text[cut:]}")'
    if form == 3:
        bare = registry.replace("}{", "} + {").replace("{", "").replace("}", "")
        bare = bare if "{" in registry else f'"{registry}"'
        return f'({bare}{draw(breaks)} + "/{image}:" + f"{tag}")'
    if form == 4:
        return f'"%s" % f"{text}"'
    return f'"".join([f"{registry}", "/{image}:", f"{tag}"])'


@st.composite
def expressions(draw: st.DrawFn) -> str:
    """A reference, or a choice of two, perhaps of something that only a run knows."""
    first = draw(references())
    form = draw(st.integers(0, 4))
    if form == 0:
        which = draw(st.sampled_from(['"x"', '"y"']))
        return f"({first}{draw(breaks)} if name == {which} else {draw(references())})"
    if form == 1:
        return f'(kwargs.pop("image", None) or{draw(breaks)} {first})'
    if form == 2:
        return f"(lambda: {first})()"
    return first


@settings(max_examples=400, deadline=None)
@given(expressions(), st.sampled_from([b"\n", b"\r\n"]), st.booleans(), st.sampled_from(["", "# ünïcode ✓\n"]))
def test_a_rewritten_file_differs_only_in_the_expression_and_comes_to_the_new_reference(
    expression: str, line_end: bytes, bom: bool, more: str
) -> None:
    """For any form: it parses, has as many lines, asks for the images built, and is the same everywhere else."""
    source = operator(expression, more)["XOperator.py"].replace(b"\n", line_end)
    source = b"\xef\xbb\xbf" + source if bom else source
    files = {"XOperator.py": source, "dag.py": DAG.encode()}
    before = asked_for(files)

    after = shipped(files, LOCAL)

    ast.parse(after["XOperator.py"])
    (was,), (asked,) = before, asked_for(after)
    name = str(was).rpartition("/")[2].partition(":")[0]
    known = "lambda: " not in expression
    assert (new_reference(name) if name in LOCAL and known else was) == asked
    changed = [
        block
        for block in difflib.SequenceMatcher(None, source, after["XOperator.py"], autojunk=False).get_opcodes()
        if block[0] != "equal"
    ]
    begin = source.index(b"image=") + len(b"image=")
    end = source.rindex(b", **kwargs)")
    assert all(begin <= low and high <= end for _, low, high, _, _ in changed)
    assert source.count(b"\n") == after["XOperator.py"].count(b"\n")
