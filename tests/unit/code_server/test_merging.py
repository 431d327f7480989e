"""What the files of code-server should hold, given what they hold."""

from __future__ import annotations

import pytest

from edk.domain.code_server import (
    RECOMMENDED,
    USER_SETTINGS,
    differing_tasks,
    tasks,
    with_recommendations,
    with_schema,
    with_tasks,
    with_user_settings,
)
from edk.domain.jsonc.reading import JsoncError, read

EDK = ("/opt/edk/bin/edk",)
LABELS = ["EDK: follow the watcher", "EDK: build", "EDK: check", "EDK: log of an image"]


def value(text: str) -> dict:
    """What a text means."""
    node = read(text)
    assert node is not None
    return node.value


def test_a_new_file_holds_all_tasks() -> None:
    """With the version that code-server asks for, and the input that a task asks for."""
    merged = with_tasks("", EDK)
    written = value(merged.text)

    assert ["version", "tasks", "inputs"] == list(written)
    assert LABELS == [task["label"] for task in written["tasks"]]
    assert list(tasks(EDK)) == written["tasks"]
    assert [*(f"task “{label}” added" for label in LABELS), "input “edkImage” added"] == list(merged.done)


def test_only_the_follower_starts_by_itself() -> None:
    """And nothing that starts by itself is a watcher, for each browser starts it again."""
    by_itself = [task for task in tasks(EDK) if "runOptions" in task]

    assert [["follow", "--wait", "--dir", "${workspaceFolder}"]] == [task["args"] for task in by_itself]
    assert by_itself[0]["isBackground"]
    assert "watch" not in [word for task in tasks(EDK) for word in task["args"]]


def test_a_program_of_several_words() -> None:
    """The words behind the first one come before those of each task."""
    assert [["-m", "edk"]] * 4 == [task["args"][:2] for task in tasks(("python", "-m", "edk"))]


@pytest.mark.parametrize("merge", [lambda text: with_tasks(text, EDK), with_recommendations, with_user_settings])
def test_a_second_run_changes_nothing(merge) -> None:
    """What was written is what is wanted."""
    once = merge("// mine\n")
    twice = merge(once.text)

    assert once.done
    assert (once.text, ()) == (twice.text, twice.done)


def test_own_tasks_stay() -> None:
    """With their comments; a task with one of our labels is the user's, too, and that is told."""
    before = """{
  // My tasks
  "version": "2.0.0",
  "tasks": [
    { "label": "mine", "type": "shell", "command": "make" }, // keep
    { "label": "EDK: build", "type": "shell", "command": "my-build" },
  ],
}
"""
    merged = with_tasks(before, EDK)
    rest = iter(merged.text.splitlines())

    assert ["mine", "EDK: build", LABELS[0], *LABELS[2:]] == [task["label"] for task in value(merged.text)["tasks"]]
    assert "my-build" == value(merged.text)["tasks"][1]["command"]
    assert [] == [line for line in before.splitlines() if not any(line.rstrip("},") in other for other in rest)]
    assert ("EDK: build",) == differing_tasks(merged.text, EDK)
    assert tuple(LABELS) == differing_tasks(with_tasks("", EDK).text, ("/elsewhere/edk",))


@pytest.mark.parametrize("text", ['{"tasks": {}}', "[]", '{"tasks": [}', '{"tasks": [], "inputs": 1}'])
def test_what_is_no_list_of_tasks_is_refused(text: str) -> None:
    """Rather than put another one in its place."""
    with pytest.raises(JsoncError):
        with_tasks(text, EDK)


def test_unwanted_extensions_are_not_recommended() -> None:
    """What the user refused, or has by another spelling, is not added."""
    before = '{"unwantedRecommendations": ["redhat.vscode-yaml"], "recommendations": ["MS-Python.python"]}'
    merged = with_recommendations(before)

    assert ["MS-Python.python", "ms-azuretools.vscode-docker"] == value(merged.text)["recommendations"]
    assert ("ms-azuretools.vscode-docker recommended",) == merged.done
    assert list(RECOMMENDED) == value(with_recommendations("").text)["recommendations"]


def test_what_a_setting_was_before_is_told() -> None:
    """The two settings are set, all others stay."""
    merged = with_user_settings('{\n  // no\n  "security.workspace.trust.enabled": true,\n  "x": [1]\n}\n')

    assert {**USER_SETTINGS, "x": [1]} == value(merged.text)
    assert "// no" in merged.text
    assert ("security.workspace.trust.enabled: false (was true)", 'task.allowAutomaticTasks: "on"') == merged.done
    assert (
        "security.workspace.trust.enabled: false (was 0)"
        in with_user_settings('{"security.workspace.trust.enabled": 0}').done
    )


SCHEMA = "file:///opt/edk/edk.schema.json"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {"yaml.schemas": {SCHEMA: "edk.yaml"}}),
        ('{"a": 1}', {"a": 1, "yaml.schemas": {SCHEMA: "edk.yaml"}}),
        ('{"yaml.schemas": {}}', {"yaml.schemas": {SCHEMA: "edk.yaml"}}),
        ('{"yaml.schemas": {"x.json": "x.yaml"}}', {"yaml.schemas": {"x.json": "x.yaml", SCHEMA: "edk.yaml"}}),
        ('{"yaml.schemas": {"file:///old/edk.schema.json": "edk.yaml"}}', {"yaml.schemas": {SCHEMA: "edk.yaml"}}),
    ],
)
def test_the_schema_of_edk_yaml(text: str, expected: dict) -> None:
    """It is added to those that are there, and takes the place of another EDK's; a second time nothing changes."""
    merged = with_schema(text, SCHEMA)

    assert expected == value(merged.text)
    assert (f"schema of edk.yaml: {SCHEMA}",) == merged.done
    assert () == with_schema(merged.text, SCHEMA).done


def test_the_schema_leaves_comments_and_others_alone() -> None:
    """Also a list of files of which edk.yaml is one."""
    old = '    "file:///old/edk.schema.json": "edk.yaml", // theirs'
    text = f'{{\n  // mine\n  "yaml.schemas": {{\n{old}\n    "b": "c"\n  }}\n}}\n'
    own = f'{{"yaml.schemas": {{"{SCHEMA}": ["edk.yaml", "other.yaml"]}}}}'

    assert text.replace("file:///old/edk.schema.json", SCHEMA) == with_schema(text, SCHEMA).text
    assert own == with_schema(own, SCHEMA).text


def test_schemas_that_are_none() -> None:
    """Told with their place, not overwritten."""
    with pytest.raises(JsoncError) as caught:
        with_schema('{\n "yaml.schemas": []}', SCHEMA)

    assert ('"yaml.schemas" is no object', 2, 18) == (caught.value.message, caught.value.line, caught.value.column)
