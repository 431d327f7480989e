"""JSON with comments: what is read, and what stays when something is added."""

from __future__ import annotations

import random

import pytest

from edk.domain.jsonc.editing import with_items, with_member
from edk.domain.jsonc.reading import JsoncError, read


def value(text: str) -> object:
    """What a text means."""
    node = read(text)
    return node.value if node is not None else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', {"a": 1}),
        ('\ufeff{"a": [1, 2.5, -3e2, true, false, null, "x"]}', {"a": [1, 2.5, -300.0, True, False, None, "x"]}),
        ('// c\n{ /* d */ "a" /**/ : // e\n 1, } // f', {"a": 1}),
        ("[1, [2, ], ]", [1, [2]]),
        ('{"a": "// no comment", "b": "/* nor */"}', {"a": "// no comment", "b": "/* nor */"}),
        (r'"\u00e4\n\"\\"', 'ä\n"\\'),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ("{}", {}),
        ("", None),
        ("  // nothing\n/* here */\n", None),
    ],
)
def test_reads_what_editors_write(text: str, expected: object) -> None:
    """Comments and trailing commas are no obstacle, and comments within strings are none."""
    assert expected == value(text)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ('{"a": }', (1, 7), "expected a value, not '}'"),
        ('{\n  "a": 1\n  "b": 2\n}', (3, 3), 'expected "," or "}", not \'"\''),
        ("{a: 1}", (1, 2), "expected a key in quotation marks or \"}\", not 'a'"),
        ('{"a" 1}', (1, 6), "expected \":\", not '1'"),
        ('{"a": [1, 2', (1, 12), 'expected "," or "]"'),
        ("{} {}", (1, 4), "expected the end of the file, not '{'"),
        ('{"a": "x\n"}', (1, 7), "expected a value, not '\"'"),
        ('{"a": trueish}', (1, 7), "expected a value, not 't'"),
        ('{"a": "\\q"}', (1, 7), "expected a value, not '\"'"),
        ("{'a': 1}", (1, 2), 'expected a key in quotation marks or "}", not "\'"'),
        ("/* open", (1, 1), "expected a value, not '/'"),
        ("[" * 200, (1, 102), "expected at most 100 values in each other, not '['"),
    ],
)
def test_says_where_it_can_not_be_read(text: str, place: tuple[int, int], message: str) -> None:
    """Line, column, and what was expected there."""
    with pytest.raises(JsoncError) as raised:
        read(text)

    assert (place, message) == ((raised.value.line, raised.value.column), raised.value.message)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '{\n    "k": true\n}\n'),
        ("// mine\n", '// mine\n{\n    "k": true\n}\n'),
        ("{}", '{\n    "k": true\n}'),
        ('{\n  "a": 1\n}\n', '{\n  "a": 1,\n  "k": true\n}\n'),
        ('{\n\t"a": 1,\n}\n', '{\n\t"a": 1,\n\t"k": true\n}\n'),
        ('{\r\n  "a": 1\r\n}\r\n', '{\r\n  "a": 1,\r\n  "k": true\r\n}\r\n'),
        ('{\n  "a": 1 // one\n  // "b": 2\n}', '{\n  "a": 1, // one\n  // "b": 2\n  "k": true\n}'),
        ('{\n  "a": 1 /* , */\n}', '{\n  "a": 1, /* , */\n  "k": true\n}'),
        ('{\n  "a": 1 // ,\n  , // x\n}', '{\n  "a": 1 // ,\n  , // x\n  "k": true\n}'),
        ('{"a": {"b": 1}}', '{"a": {"b": 1},\n    "k": true\n}'),
        ('{\n  "k": false, // why\n  "a": 1\n}', '{\n  "k": true, // why\n  "a": 1\n}'),
        ('{"k": [1, 2], "k": {"x": 1}}', '{"k": [1, 2], "k": true}'),
        ("{ // nothing yet\n}", '{ // nothing yet\n    "k": true\n}'),
    ],
)
def test_sets_a_member_and_leaves_the_rest(before: str, after: str) -> None:
    """Indentation, line ends, comments and trailing commas stay as they are."""
    assert after == with_member(before, "k", True)
    assert {**(value(before) or {}), "k": True} == value(after)  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '{\n    "l": [\n        1,\n        2\n    ]\n}\n'),
        ('{\n  "l": []\n}', '{\n  "l": [\n    1,\n    2\n  ]\n}'),
        ('{\n  "l": [\n    0 // zero\n  ]\n}', '{\n  "l": [\n    0, // zero\n    1,\n    2\n  ]\n}'),
        ('{\n  "l": [{\n    "a": 0\n  }]\n}', '{\n  "l": [{\n    "a": 0\n  },\n    1,\n    2\n  ]\n}'),
        ('{\n  "a": 1\n}', '{\n  "a": 1,\n  "l": [\n    1,\n    2\n  ]\n}'),
    ],
)
def test_adds_to_a_list(before: str, after: str) -> None:
    """Behind what is there, or in a new one."""
    assert after == with_items(before, "l", [1, 2])


@pytest.mark.parametrize(
    ("text", "place"), [("[1]", (1, 1)), ('\n  "x"', (2, 3)), ('{"a": 1,\n "l": {}}', (2, 7)), ('{"l": null}', (1, 7))]
)
def test_refuses_what_is_no_list_in_an_object(text: str, place: tuple[int, int]) -> None:
    """With the place; nothing is put over what somebody meant otherwise."""
    with pytest.raises(JsoncError) as raised:
        with_items(text, "l", [1])

    assert place == (raised.value.line, raised.value.column)


@pytest.mark.parametrize("seed", range(200))
def test_nothing_of_a_text_is_lost(seed: int) -> None:
    """Whatever the blanks, commas and comments: every character stays, in order, and every value too."""
    dice = random.Random(seed)
    blanks = ["", " ", "\n", "\t", "\n  ", ' // "c": {\n', "/* } ] */", "\r\n"]

    def blank() -> str:
        return "".join(dice.choices(blanks, k=dice.randrange(4)))

    def made(depth: int) -> str:
        kind = dice.randrange(4 if depth < 3 else 2)
        if kind < 2:
            return dice.choice(['"s // t"', "1", "-2.5e3", "true", "null", '"\\""'])
        parts = [made(depth + 1) for _ in range(dice.randrange(4))]
        comma = "," if parts and dice.random() < 0.3 else ""
        if kind == 2:
            return f"[{blank()}{f'{blank()},{blank()}'.join(parts)}{blank()}{comma}{blank()}]"
        named = [f'"k{n}"{blank()}:{blank()}{part}' for n, part in enumerate(parts)]
        return f"{{{blank()}{f'{blank()},{blank()}'.join(named)}{blank()}{comma}{blank()}}}"

    listed = f"[{blank()}{made(1)}{blank()}]"
    text = f'{blank()}{{{blank()}"l"{blank()}:{blank()}{listed}{blank()}}}{blank()}'
    old = value(text)
    assert isinstance(old, dict)

    new = with_member(with_items(text, "l", [{"x": 1}, 2]), "new", {"y": []})

    assert {"l": [*old["l"], {"x": 1}, 2], "new": {"y": []}} == value(new)
    rest = iter("".join(new.split()))
    assert [] == [char for char in "".join(text.split()) if char not in rest]
