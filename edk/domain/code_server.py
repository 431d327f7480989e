"""What code-server needs to show a watcher's problems: tasks, recommended extensions, and two settings of the user.

Each function goes from the text of a file, empty if there is none, to the text that it should hold, with what was
done in words. What the user wrote stays: a task with one of our labels is not touched, however it looks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edk.domain.jsonc.editing import with_entry, with_items, with_member
from edk.domain.jsonc.reading import Node, read

BEGIN = "edk: problems begin"
END = "edk: problems end"
RECOMMENDED = ("ms-python.python", "ms-azuretools.vscode-docker", "redhat.vscode-yaml")
USER_SETTINGS: Mapping[str, Any] = {"security.workspace.trust.enabled": False, "task.allowAutomaticTasks": "on"}
"""Without these, code-server asks in each browser before it starts a task by itself; only User settings count."""

SCHEMAS = "yaml.schemas"
"""Setting of the YAML extension: address of a schema → the files that it is for."""
CONFIG_NAME = "edk.yaml"

_PLACE = r"^\s*([^\s:].*?):(\d+):(?:(\d+):)? (error|warning|info): (.*?)(?: \[([\w./-]+)\])?$"
_PATTERN = {"regexp": _PLACE, "file": 1, "line": 2, "column": 3, "severity": 4, "message": 5, "code": 6}
_MATCHER = {"owner": "edk", "source": "edk", "fileLocation": ["autoDetect", "${workspaceFolder}"], "pattern": _PATTERN}
_IMAGE_INPUT = {"id": "edkImage", "type": "promptString", "description": "The name of the image"}


@dataclass(frozen=True, slots=True)
class Merged:
    """A text that files should hold, and what that changes, a phrase for each thing; none: nothing changes."""

    text: str
    done: tuple[str, ...] = ()


def tasks(edk: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """Return the tasks.

    Args:
        edk: the program and its first arguments, by which a task runs edk.
    """
    program, *first = edk
    folder = ["--dir", "${workspaceFolder}"]

    def task(label: str, detail: str, arguments: Sequence[str], **more: object) -> dict[str, Any]:
        args = [*first, *arguments]
        return {"label": label, "detail": detail, "type": "process", "command": program, "args": args, **more}

    return (
        task(
            "EDK: follow the watcher",
            "Shows in Problems what edk watch finds; starts nothing, and ends when the watcher ends",
            ["follow", "--wait", *folder],
            isBackground=True,
            runOptions={"runOn": "folderOpen", "instanceLimit": 1},
            presentation={"reveal": "never", "panel": "dedicated", "showReuseMessage": False},
            problemMatcher={
                **_MATCHER,
                "background": {"activeOnStart": True, "beginsPattern": f"^{BEGIN}$", "endsPattern": f"^{END}"},
            },
        ),
        task(
            "EDK: build",
            "Builds, pushes and packages what is not up to date",
            ["build", *folder],
            group="build",
            problemMatcher=_MATCHER,
        ),
        task(
            "EDK: check",
            "Says what a build would do, and what is wrong in the sources; changes nothing",
            ["plan", "--offline", *folder],
            problemMatcher=_MATCHER,
        ),
        task(
            "EDK: log of an image",
            "Shows the log of an image's last build, and goes on with the next ones",
            ["logs", "--follow", "${input:edkImage}"],
            problemMatcher=[],
        ),
    )


def with_tasks(text: str, edk: Sequence[str]) -> Merged:
    """Return ``.vscode/tasks.json`` with those of our tasks that it does not have yet.

    Raises:
        JsoncError: the text can't be read, or is no list of tasks.
    """
    root = read(text)
    done = []
    if root is None or root.member("version") is None:
        text = with_member(text, "version", "2.0.0")
    known = {item.get("label"): item for item in _objects(root, "tasks")}
    wanted = tasks(edk)
    missing = [task for task in wanted if task["label"] not in known]
    text = with_items(text, "tasks", missing)
    done += [f"task “{task['label']}” added" for task in missing]
    if "edkImage" not in {item.get("id") for item in _objects(root, "inputs")}:
        text = with_items(text, "inputs", [_IMAGE_INPUT])
        done.append("input “edkImage” added")
    return Merged(text, tuple(done))


def differing_tasks(text: str, edk: Sequence[str]) -> tuple[str, ...]:
    """Return the labels of our tasks that are there, but not as we would write them."""
    known = {item.get("label"): item for item in _objects(read(text), "tasks")}
    return tuple(t["label"] for t in tasks(edk) if t["label"] in known and t != known[t["label"]])


def with_recommendations(text: str) -> Merged:
    """Return ``.vscode/extensions.json`` with the extensions that help, save those that the user does not want.

    Raises:
        JsoncError: the text can't be read, or is no list of extensions.
    """
    root = read(text)
    listed = [*_list(root, "recommendations"), *_list(root, "unwantedRecommendations")]
    known = {name.lower() for name in listed if isinstance(name, str)}
    missing = [name for name in RECOMMENDED if name not in known]
    return Merged(with_items(text, "recommendations", missing), tuple(f"{name} recommended" for name in missing))


def with_user_settings(text: str) -> Merged:
    """Return the user's ``settings.json`` with `USER_SETTINGS`; what they were before is told.

    Raises:
        JsoncError: the text can't be read, or is no object.
    """
    root = read(text)
    done = []
    for key, value in USER_SETTINGS.items():
        there = root.member(key) if root is not None else None
        if there is None or _shown(there.value) != _shown(value):
            text = with_member(text, key, value)
            before = f" (was {_shown(there.value)})" if there is not None else ""
            done.append(f"{key}: {_shown(value)}{before}")
    return Merged(text, tuple(done))


def with_schema(text: str, schema: str) -> Merged:
    """Return a folder's ``settings.json`` with the schema of ``edk.yaml``, in place of one of another EDK.

    Args:
        text: of the file.
        schema: address of the schema.

    Raises:
        JsoncError: the text can't be read, or holds something else where schemas stand.
    """
    root = read(text)
    there = root.member(SCHEMAS) if root is not None else None
    known = there.value if there is not None and there.kind == "object" else {}
    if CONFIG_NAME in _listed(known.get(schema)):
        return Merged(text)
    ending = f"/{schema.rpartition('/')[2]}"
    old = next((name for name, files in known.items() if name.endswith(ending) and CONFIG_NAME in _listed(files)), "")
    return Merged(with_entry(text, SCHEMAS, schema, CONFIG_NAME, old), (f"schema of {CONFIG_NAME}: {schema}",))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _list(root: Node | None, key: str) -> list[Any]:
    there = root.member(key) if root is not None else None
    return there.value if there is not None and there.kind == "array" else []


def _objects(root: Node | None, key: str) -> list[dict[str, Any]]:
    return [item for item in _list(root, key) if isinstance(item, dict)]
