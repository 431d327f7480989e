"""What a clean build of a tree gives, told by a second, much simpler implementation than the product's.

It knows only the Dockerfiles that the schedules write: FROM, labels, COPY of names, folders or all, and RUN.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

VERSION = "0.6.0"
_FROM = re.compile(r"(?m)^FROM (\S+)")
_NAME = re.compile(r'(?m)^LABEL IMAGE="([a-z0-9-]+)"')
_TAG = re.compile(r'"localhost:32000/([a-z0-9-]+):([0-9.]+)"')
_LINE = re.compile(r'|FROM \S+|LABEL IMAGE="[a-z0-9-]+"( REGISTRY="local-only")?|COPY \S+( \S+)+|RUN .+')
BROKEN = "COPPY what is this"


@dataclass(frozen=True)
class Text:
    """A Dockerfile; `base` is empty where it stands on nothing of ours."""

    name: str
    base: str
    local_only: bool
    broken: bool
    copies: tuple[str, ...]
    runs: tuple[str, ...]
    normal: str


@dataclass(frozen=True)
class State:
    """A Dockerfile with its context at one instant: what it would put into an image on top of its base."""

    text: Text
    identity: str
    fails: str


@lru_cache(20_000)
def read(text: str) -> Text:
    """Read a Dockerfile; that FROM names a digest or a tag, in whatever registry, makes no difference."""
    lines = text.splitlines()
    base = _FROM.match(text)
    ref = base.group(1) if base else ""
    name = _NAME.search(text)
    repository = ref.rpartition("/")[2].partition("@")[0].partition(":")[0]
    local = "/" in ref
    known = all(_LINE.fullmatch(line) for line in lines)
    return Text(
        name=name.group(1) if name else "",
        base=repository if local else "",
        local_only='REGISTRY="local-only"' in text,
        broken=base is None or not known,
        copies=tuple(source for line in lines if line.startswith("COPY ") for source in line.split()[1:-1]),
        runs=tuple(line[4:] for line in lines if line.startswith("RUN ")),
        normal=_FROM.sub(f"FROM {repository}", text, count=1),
    )


def state_of(text: str, dockerfile: str, files: Mapping[str, tuple[bool, bytes]]) -> State:
    """Return what a Dockerfile makes of a context.

    Args:
        text: of the Dockerfile.
        dockerfile: its path in the context; of the file only the mode is compared, for its FROM is rewritten.
        files: relative path → whether it is executable, and its content.
    """
    reading = read(text)
    copied: dict[str, tuple[bool, bytes]] = {}
    fails = ""
    for source in reading.copies:
        found = {
            path: file
            for path, file in files.items()
            if (source in {".", path} or path.startswith(f"{source}/")) and path != dockerfile
        }
        if not found and source != ".":
            fails = f"no {source}"
        copied.update(found)
        if source == "." and dockerfile in files:
            copied[dockerfile] = (files[dockerfile][0], b"")
    for run in reading.runs:
        script = copied.get(run.removeprefix("sh "), (False, b""))[1]
        if run.startswith("exit ") or b"exit 1" in script:
            fails = fails or f"RUN {run}"
    identity = sha256(repr((reading.normal, sorted(copied.items()))).encode()).hexdigest()[:16]
    return State(reading, identity, fails)


def image_on(state: str, base: str) -> str:
    """Return the identity of the image that a state gives on a base; all three are identities."""
    return sha256(f"{state} on {base}".encode()).hexdigest()[:16]


def ignored(path: str, rules: str) -> bool:
    """Tell whether a path is left out: a rule is a path from the context's root, or ``**/*.suffix``."""
    for rule in rules.splitlines():
        if rule.startswith("**/*") and path.endswith(rule[4:]):
            return True
        if rule and (path == rule or path.startswith(f"{rule}/")):
            return True
    return False


def asked_tags(operators: Iterable[str]) -> dict[str, set[str]]:
    """Return name → tags that operators ask for."""
    found: dict[str, set[str]] = {}
    for text in operators:
        for name, tag in _TAG.findall(text):
            found.setdefault(name, set()).add(tag)
    return found
