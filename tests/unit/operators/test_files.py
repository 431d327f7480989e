"""Files as they really are: odd encodings, old and new syntax, half-typed, huge, and plain rubbish."""

from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edk.domain.operators.linking import diagnose, link, needed_imports
from edk.domain.operators.model import PythonReading
from edk.domain.operators.reading import MAX_BYTES, read_python
from tests.unit.operators.steps import GLOBALS, OPERATOR, images_in, operator, values_in

TYPICAL = operator('f"{DEFAULT_REGISTRY}/otsus-method:{KAAPANA_BUILD_VERSION}"')
CALL = 'KaapanaTaskOperator(name="é", image="localhost:32000/x:1")\n'


def codes_of(content: bytes) -> list[tuple[str, int]]:
    """Return codes and lines of a file's diagnostics."""
    return [(item.code, item.line) for item in read_python(content).diagnostics]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (CALL.encode(), []),
        (b"\xef\xbb\xbf" + CALL.encode(), []),
        (("# -*- coding: latin-1 -*-\n" + CALL).encode("latin-1"), []),
        (("#!/usr/bin/env python\n# vim: set fileencoding=cp1252 :\n" + CALL).encode("cp1252"), []),
        (("# coding: gb18030\n" + CALL).encode("gb18030"), []),
        (CALL.encode("latin-1"), [("EDK103", 1)]),
        (("# coding: martian\n" + CALL).encode(), [("EDK103", 1)]),
        (("# coding: rot13\n" + CALL).encode(), [("EDK103", 1)]),
        (b"\xef\xbb\xbf" + ("# coding: latin-1\n" + CALL).encode(), [("EDK103", 1)]),
        (CALL.encode("utf-16"), [("EDK103", 0)]),
        (CALL.encode("utf-16-le"), [("EDK103", 0)]),
        (CALL.encode("utf-16-be"), [("EDK103", 0)]),
        (CALL.encode("utf-32"), [("EDK103", 0)]),
        (b"x = 1\n" + CALL.encode() + b"# \0\n", [("EDK103", 3)]),
        (CALL.replace("\n", "\r\n").encode(), []),
        (("x = 1\r" + CALL.replace("\n", "\r")).encode(), []),
    ],
)
def test_reads_any_encoding_and_says_what_python_would_not(content: bytes, expected: list[tuple[str, int]]) -> None:
    """The image is found and its bytes are exactly the expression, whatever the encoding."""
    (image,) = images_in(content)

    assert expected == codes_of(content)
    assert image.value == "localhost:32000/x:1"
    assert content[image.start : image.end].replace(b"\0", b"") == b'"localhost:32000/x:1"'


@pytest.mark.parametrize(
    ("text", "line", "column", "source"),
    [
        ('f(1)\nKaapanaTaskOperator(image="x:1")', 2, 27, '"x:1"'),
        ('é = 1; KaapanaTaskOperator(image="x:1")', 1, 34, '"x:1"'),
        ('KaapanaTaskOperator(\n\timage=(\n\t\t"x"\n\t\t":1"\n\t),\n)', 3, 3, '"x"\n\t\t":1"'),
        ('KaapanaTaskOperator(image=((  "x:1"  )))', 1, 31, '"x:1"'),
        ('KaapanaTaskOperator(image=(# why\n "x:1"))', 2, 2, '"x:1"'),
        ('KaapanaTaskOperator(image="x" + ":1", name=1)', 1, 27, '"x" + ":1"'),
        ('KaapanaTaskOperator(**{"image": "x:1"})', 1, 33, '"x:1"'),
        ('class AOperator(B):\n    image = "x:1"', 2, 13, '"x:1"'),
    ],
)
def test_places_are_exact(text: str, line: int, column: int, source: str) -> None:
    """Line and column count characters from 1; the bytes are the whole expression without outer parentheses."""
    (image,) = images_in(text)

    assert (line, column) == (image.line, image.column)
    assert source == text.encode()[image.start : image.end].decode()


@pytest.mark.parametrize(
    "text",
    [
        "type X = int\n",
        "def f[T](x: T) -> T: return x\n",
        "x = f'{'a' + f'{'b'}'}'\n",
        "print 'python 2'\nexec 'x'\nprint >>f, 'x'\n",
        "try:\n    x\nexcept A, e:\n    pass\n",
        "match x:\n    case {'a': 1}:\n        pass\n",
        "try:\n    x\nexcept* ValueError:\n    pass\n",
        "with (open('a') as a, open('b') as b):\n    pass\n",
        "async def f():\n    return [x async for x in y]\n",
    ],
)
def test_reads_old_and_new_syntax(text: str) -> None:
    """Syntax that our own Python does not know is no error and hides no image."""
    content = (text + TYPICAL).encode()

    assert codes_of(content) == []
    assert values_in(content) == ["{DEFAULT_REGISTRY}/otsus-method:{KAAPANA_BUILD_VERSION}"]


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ('x = 1\nOp(dag, image="localhost/x:1"\n\ndef f(', 4, 6, "'(' is never closed"),
        ("x = (1,\n", 1, 5, "'(' is never closed"),
        ('x = "abc\ny = 2\n', 1, 5, "is never closed"),
        ("class A(B:\n    pass\n", 1, 0, ""),
        ("def f(:\n    pass\n", 1, 0, ""),
        ("x = = 1\n", 1, 5, "syntax error at '='"),
    ],
)
def test_tells_where_the_syntax_breaks(text: str, line: int, column: int, message: str) -> None:
    """A syntax error has its line, its column and the text at it."""
    found = read_python(text.encode()).diagnostics[0]

    assert ("EDK101", line) == (found.code, found.line)
    assert message in found.message
    if column:
        assert column == found.column


def half_typed() -> list[tuple[str, str]]:
    """Return a file with four images, and every beginning of it."""
    text = (
        GLOBALS + 'from otsus.base import Base\n\nIMAGE = f"{DEFAULT_REGISTRY}/a:{KAAPANA_BUILD_VERSION}"\n\n\n'
        "class OtsusOperator(KaapanaBaseOperator):\n    '''Segments.'''\n\n"
        '    def __init__(self, dag, name="otsus", **kwargs):\n        super().__init__(\n            dag=dag,\n'
        '            name=name,\n            image=f"{DEFAULT_REGISTRY}/b:{KAAPANA_BUILD_VERSION}",\n'
        "            max_active_tis=10, ram_mem_mb=600,\n            **kwargs,\n        )\n\n\n"
        "class OtherOperator(KaapanaBaseOperator):\n    def __init__(self, dag):\n"
        '        super().__init__(dag=dag, image=IMAGE)\n        KaapanaTaskOperator(dag=dag, image="c:1")\n'
    )
    return [(text[:end], text) for end in range(len(text) + 1)]


def test_survives_every_beginning_of_a_file() -> None:
    """Images that stand before the place where typing stopped are found, at whatever place it stopped."""
    wanted = {
        '/b:{KAAPANA_BUILD_VERSION}",': "{DEFAULT_REGISTRY}/b:{KAAPANA_BUILD_VERSION}",
        "image=IMAGE)": "{DEFAULT_REGISTRY}/a:{KAAPANA_BUILD_VERSION}",
        'image="c:1")': "c:1",
    }
    missed = [
        (len(text), value)
        for text, _ in half_typed()
        for mark, value in wanted.items()
        if mark in text and value not in values_in(text)
    ]

    assert missed == []


def test_a_line_broken_in_the_middle_hides_no_other_image() -> None:
    """With any one line cut off half-way, the images of the other statements are still found."""
    _, text = half_typed()[-1]
    lines = text.split("\n")
    missed = []
    for number, line in enumerate(lines):
        broken = "\n".join((*lines[:number], line[: len(line) // 2], *lines[number + 1 :]))
        found = " ".join(values_in(broken))
        if "/b:" not in found and not ("/b:" in line or line.endswith("super().__init__(")):
            missed.append((number, line, "b"))
        if "c:1" not in line and "c:1" not in found:
            missed.append((number, line, "c"))

    assert missed == []


@pytest.mark.parametrize(
    "content",
    [
        b"x = " + b"+".join([b"1"] * 20_000),
        b"x = " + b'"a" + ' * 20_000 + b'"b"',
        b"KaapanaTaskOperator(image=" + b'"a" + ' * 20_000 + b'"b")',
        b"x = " + b"-" * 50_000 + b"1",
        b"x = " + b"f(" * 150_000 + b")" * 150_000,
        b"f(image=" * 60_000 + b"1" + b")" * 60_000,
        b"KaapanaTaskOperator(image=" * 20_000,
        b"(" * 500_000,
        b"[" * 300_000 + b"]" * 300_000,
        b"x = {" + b"'image': 'a:1', " * 40_000 + b"}",
        b"image=" * 100_000,
        b"if x:\n" + b"".join(b" " * n + b"if image:\n" for n in range(1, 900)) + b" " * 900 + b"pass",
        b"".join(b"a%d = a%d + a%d\n" % (n + 1, n, n) for n in range(200)) + b"KaapanaTaskOperator(image=a200)",
        b"".join(b"a%d = a%d\n" % (n + 1, n) for n in range(5_000)) + b"KaapanaTaskOperator(image=a5000)",
        b"KaapanaTaskOperator(image=f'" + b"{'a' if x else 'b'}" * 30 + b"')",
        b"KaapanaTaskOperator(image=" + b"'a:1' if x else " * 5_000 + b"'b:1')",
        b"\xff" * 900_000,
        bytes(range(256)) * 3_000,
        b"f'{" * 100_000,
        b"class A(A):\n    x = A.x\n    image = self.x\n" * 1_000,
        b"try:\n" * 20_000,
        b"lambda image=" * 30_000,
        b"image, " + b"(" * 50_000 + b"a," + b")," * 50_000 + b" = x",
        b"image = " * 50_000 + b"1",
        b"for image in " + b"[" * 50_000 + b"]" * 50_000 + b": pass",
        b"# coding: punycode\n" + b"a-" * 300_000,
    ],
    ids=lambda content: content[:20].decode("latin-1") + str(len(content)),
)
def test_hostile_files_take_bounded_time(content: bytes) -> None:
    """No file, however made, raises or takes long."""
    began = time.process_time()
    reading = read_python(content)
    diagnose(link({OPERATOR: reading}))

    assert time.process_time() - began < 6


def test_a_file_beyond_the_limit_is_told_and_not_read() -> None:
    """Five megabytes of nested calls are not parsed, and the diagnostic says so."""
    content = b"x = " + b"f(" * 2_500_000
    began = time.process_time()

    assert codes_of(content) == [("EDK104", 0)]
    assert time.process_time() - began < 0.5
    assert len(content) > MAX_BYTES


@pytest.mark.parametrize(
    "content", [b"KaapanaTaskOperator(image=" * 5_000, b"KaapanaTaskOperator(image='a:1')\n" * 5_000]
)
def test_more_images_than_the_limit_are_told(content: bytes) -> None:
    """Where a limit keeps images from being read, the diagnostic says so."""
    assert "EDK104" in [code for code, _ in codes_of(content)]


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))))
def test_any_bytes_are_read(content: bytes) -> None:
    """Whatever the bytes, reading and linking end without an exception."""
    images = images_in(content)

    assert all(0 <= image.start <= image.end <= len(content) for image in images)


WORDS = """
image ( ) { } [ ] , : 'a:1' f"{X}/b:{ " ''' self.image X DEFAULT_REGISTRY + % .format( .join( ** := \\ # é @ None 1.5
KaapanaTaskOperator( super().__init__( dict( image=image ['image'] '%s' '{}' try: except: lambda import return await
"""
LINES = """class AOperator(B):|def __init__(self, image=None):|with x as image:|lambda image: |match x:|case _:|\t|
|\n    |\n        | if | else | or |for image in |from . import """
PIECES = st.sampled_from([*WORDS.split(), *LINES.split("|")])


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=60).map("".join))
def test_any_jumble_of_python_is_read(text: str) -> None:
    """Whatever is typed, reading and linking end without an exception, and each place lies inside the file."""
    content = text.encode()
    images = images_in(content)
    needed_imports(OPERATOR, read_python(content), {OPERATOR, "ext/files/otsus/__init__.py"})

    assert all(0 <= image.start < image.end <= len(content) and image.line > 0 for image in images)


def test_a_reading_survives_the_cache() -> None:
    """A reading written as JSON and read back is the same."""
    reading = read_python(TYPICAL.encode())

    assert reading == msgspec.json.decode(msgspec.json.encode(reading), type=PythonReading)
