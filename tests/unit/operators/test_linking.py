"""Names that one file takes from another: by path, never by the name alone."""

from __future__ import annotations

import pytest

from edk.domain.operators.linking import diagnose, link, needed_imports
from edk.domain.operators.reading import read_python
from tests.unit.operators.steps import GLOBALS, images_of, values_of

CALL = "KaapanaTaskOperator(image={})\n"
CONSTS = 'IMAGE = "x:1"\nNAMES = {"a": "x:2"}\nclass Images:\n    OTSUS = "x:3"\n'


@pytest.mark.parametrize(
    ("path", "text", "consts", "expected"),
    [
        ("e/otsus/AOperator.py", "from .consts import IMAGE\n" + CALL.format("IMAGE"), "e/otsus/consts.py", "x:1"),
        ("e/otsus/AOperator.py", "from .consts import IMAGE as I\n" + CALL.format("I"), "e/otsus/consts.py", "x:1"),
        ("e/otsus/AOperator.py", "from . import consts\n" + CALL.format("consts.IMAGE"), "e/otsus/consts.py", "x:1"),
        ("e/otsus/sub/AOperator.py", "from ..consts import IMAGE\n" + CALL.format("IMAGE"), "e/otsus/consts.py", "x:1"),
        ("e/otsus/AOperator.py", "from consts import IMAGE\n" + CALL.format("IMAGE"), "e/otsus/consts.py", "x:1"),
        ("e/otsus/AOperator.py", "import consts\n" + CALL.format("consts.IMAGE"), "e/otsus/consts.py", "x:1"),
        ("e/otsus/AOperator.py", "import consts as c\n" + CALL.format("c.IMAGE"), "e/otsus/consts.py", "x:1"),
        ("e/otsus/AOperator.py", "from otsus.consts import IMAGE\n" + CALL.format("IMAGE"), "e/otsus/consts.py", "x:1"),
        (
            "e/otsus-m/AOperator.py",
            "from otsus_m.consts import IMAGE\n" + CALL.format("IMAGE"),
            "e/otsus-m/consts.py",
            "x:1",
        ),
        ("e/dag_x.py", "from otsus_m.consts import IMAGE\n" + CALL.format("IMAGE"), "e/otsus-m/consts.py", "x:1"),
        ("e/dag_x.py", "import otsus.consts\n" + CALL.format("otsus.consts.IMAGE"), "e/otsus/consts.py", "x:1"),
        ("e/dag_x.py", "from otsus import IMAGE\n" + CALL.format("IMAGE"), "e/otsus/__init__.py", "x:1"),
        ("e/otsus/AOperator.py", "from . import IMAGE\n" + CALL.format("IMAGE"), "e/otsus/__init__.py", "x:1"),
        ("AOperator.py", "from . import IMAGE\n" + CALL.format("IMAGE"), "__init__.py", "x:1"),
        ("e/otsus/AOperator.py", "from .consts import *\n" + CALL.format("IMAGE"), "e/otsus/consts.py", "x:1"),
        ("e/otsus/AOperator.py", "from .consts import NAMES\n" + CALL.format("NAMES['a']"), "e/otsus/consts.py", "x:2"),
        (
            "e/otsus/AOperator.py",
            "from .consts import Images\n" + CALL.format("Images.OTSUS"),
            "e/otsus/consts.py",
            "x:3",
        ),
        (
            "e/otsus/AOperator.py",
            "from . import consts\n" + CALL.format("consts.Images.OTSUS"),
            "e/otsus/consts.py",
            "x:3",
        ),
    ],
)
def test_follows_imports_by_path(path: str, text: str, consts: str, expected: str) -> None:
    """A sibling file is found the way Python, and the platform's copying of folders, would find it."""
    assert [expected] == values_of({path: text, consts: CONSTS, "other/consts.py": 'IMAGE = "wrong:1"'})
    assert (consts,) == needed_imports(path, read_python(text.encode()), {path, consts, "other/consts.py"})


def test_says_which_module_is_missing() -> None:
    """A name from a file that is not there is unresolved, with the module named."""
    (image,) = images_of({"e/AOperator.py": "from .consts import IMAGE\n" + CALL.format("IMAGE")})

    assert "`IMAGE` is imported from `.consts`" in image.unresolved
    assert [("EDK102", "warning", "e/AOperator.py", 2, 27)] == [
        (found.code, found.severity, found.file, found.line, found.column) for found in diagnose((image,))
    ]


def test_follows_chains_of_imports_and_ends_in_cycles() -> None:
    """Names may come through several files; files that import each other end nothing but the search."""
    files = {
        "e/AOperator.py": "from .a import *\nfrom .b import LOOP\n" + CALL.format("IMAGE") + CALL.format("LOOP"),
        "e/a.py": "from .b import NAME, LOOP\nIMAGE = NAME + ':1'\n",
        "e/b.py": "from .a import LOOP\nNAME = 'x'\n",
    }

    assert values_of(files)[0] == "x:1"
    assert values_of(files)[1].startswith("?")


def test_takes_attributes_from_base_classes_in_other_files() -> None:
    """A class inherits attributes and the signature from a class of another file."""
    files = {
        "e/base.py": "class Base(KaapanaBaseOperator):\n    image_name = 'x'\n    def __init__(self, dag, img):\n"
        "        super().__init__(image=img)\n",
        "e/AOperator.py": "from base import Base\nclass AOperator(Base):\n    def __init__(self):\n"
        "        super().__init__(None, f'{self.image_name}:1')\n",
    }

    assert values_of(files) == ["x:1"]


def test_an_attribute_set_by_a_subclass_is_an_image_of_the_subclass() -> None:
    """A base that builds its image from ``self.x`` names one image for each class that sets it, there."""
    files = {
        "e/BaseOperator.py": "class BaseOperator(KaapanaBaseOperator):\n    image_name = None\n"
        "    def __init__(self):\n"
        "        super().__init__(image=self.image_name)\n",
        "e/AOperator.py": "from BaseOperator import BaseOperator\n"
        "class AOperator(BaseOperator):\n    image_name = 'a:1'\n",
        "e/BOperator.py": "from BaseOperator import BaseOperator\n"
        "class BOperator(BaseOperator):\n    image_name = 'b:1'\n",
    }
    actual = [(image.file, image.line, image.owner, image.value) for image in images_of(files)]

    assert actual == [("e/AOperator.py", 3, "AOperator", "a:1"), ("e/BOperator.py", 3, "BOperator", "b:1")]


def test_equal_class_names_in_two_folders_are_told_apart() -> None:
    """Each file means the class beside it, not another one of the same name."""
    files = {
        "a/consts.py": "IMAGE = 'a:1'",
        "b/consts.py": "IMAGE = 'b:1'",
        "a/XOperator.py": "from consts import IMAGE\n" + CALL.format("IMAGE"),
        "b/XOperator.py": "from consts import IMAGE\n" + CALL.format("IMAGE"),
    }

    assert values_of(files) == ["a:1", "b:1"]


def test_needs_no_files_that_do_not_matter() -> None:
    """Only imports on which an image depends are asked for; the platform's globals never are."""
    text = f"{GLOBALS}import helpers\nfrom .consts import IMAGE\nhelpers.run()\n" + CALL.format("IMAGE")
    known = {"e/AOperator.py", "e/helpers.py", "e/consts.py", "e/kaapana/blueprints/kaapana_global_variables.py"}

    assert needed_imports("e/AOperator.py", read_python(text.encode()), known) == ("e/consts.py",)


def test_a_file_without_images_needs_what_its_names_are_made_of() -> None:
    """A file of constants hands on the names that it imports itself."""
    reading = read_python(b"from .b import NAME\nIMAGE = NAME + ':1'\n")

    assert needed_imports("e/consts.py", reading, {"e/b.py", "e/consts.py"}) == ("e/b.py",)


def test_the_order_of_the_files_does_not_matter() -> None:
    """The same files give the same images in the same order."""
    files = {f"e/{name}Operator.py": read_python(CALL.format(f"'{name}:1'").encode()) for name in "cab"}

    assert link(files) == link(dict(reversed(files.items())))
    assert [image.value for image in link(files)] == ["a:1", "b:1", "c:1"]


def test_both_branches_of_one_place_give_one_diagnostic_each_reason() -> None:
    """A place is reported once for each reason."""
    images = images_of({"e/AOperator.py": CALL.format("pick() if a else (pick() if b else 'X:1')")})

    assert [found.code for found in diagnose(images)] == ["EDK102", "EDK105"]
