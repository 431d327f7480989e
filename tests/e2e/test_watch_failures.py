"""Broken Dockerfiles, operators and steps while somebody watches: told with file and line, and mended by a save."""

from __future__ import annotations

import pytest

from tests.support.command import Command
from tests.support.extension import Extension
from tests.support.reading_back import RegistryReader
from tests.support.watching import PROBE, save, settle, stand, watching

pytestmark = pytest.mark.e2e

VERSION = "1.2.3"


def test_broken_dockerfile(edk: Command, light: Extension, registry: RegistryReader) -> None:
    """It is pointed out by file and line; its image and all others stand; a mended one is built."""
    seg = light.image("seg")
    dockerfile = seg / "Dockerfile"
    sound = dockerfile.read_text()
    with watching(edk, light.path) as watcher:
        stand(watcher, light, "seg", PROBE)
        before = registry.digest(light.name("seg"), VERSION)
        mark = watcher.mark()

        save(dockerfile, sound + "CPOY data.txt /twice.txt\n")
        found = watcher.wait("DiagnosticFound", mark)["diagnostic"]
        save(seg / "data.txt", "saved while it is broken\n")
        settle(watcher, light)
        assert (str(dockerfile), 4) == (found["file"], found["line"])
        assert before == registry.digest(light.name("seg"), VERSION)
        assert [light.name(PROBE)] == watcher.images("ImageStarted", mark)
        assert [] == watcher.all("ImageOrphaned", mark)

        save(dockerfile, sound + "COPY data.txt /twice.txt\n")
        mended = watcher.wait("DiagnosticMended", mark)["diagnostic"]
        watcher.wait("SaveServed", mark, image=light.name("seg"))
        assert found == mended
        assert "saved while it is broken\n" == registry.text(light.name("seg"), VERSION, "twice.txt")


def test_broken_operator(edk: Command, light: Extension, registry: RegistryReader) -> None:
    """A half-typed operator is pointed out, and the tag that it asked for stands; a mended one gives its new tag."""
    light.image("seg")
    operator = light.uses("XOperator", "seg", tag="0.1")
    sound = operator.read_text()
    with watching(edk, light.path) as watcher:
        stand(watcher, light, "seg", PROBE)
        assert registry.has(light.name("seg"), "0.1")
        mark = watcher.mark()

        save(operator, sound.replace("def __init__(self, dag", "def __init__(self, dag,, "))
        found = watcher.wait("DiagnosticFound", mark)["diagnostic"]
        settle(watcher, light)
        assert (str(operator), 6) == (found["file"], found["line"])
        assert registry.has(light.name("seg"), "0.1")
        assert [light.name(PROBE)] == watcher.images("ImageStarted", mark)

        save(operator, sound.replace(":0.1", ":0.2"))
        watcher.wait("DiagnosticMended", mark)
        settle(watcher, light)
        assert registry.digest(light.name("seg"), VERSION) == registry.digest(light.name("seg"), "0.2")


def test_failing_step(edk: Command, extension: Extension, registry: RegistryReader) -> None:
    """A step that fails is told by its line and last words, and blocks what stands on it; a mended one is built."""
    base = extension.local_base("base", "COPY data.txt /\nRUN echo last words && grep -q good /data.txt\n")
    save(base / "data.txt", "good 1\n")
    extension.image("child", "COPY data.txt /child.txt\n", base="base")
    with watching(edk, extension.path) as watcher:
        stand(watcher, extension, "base", "child")
        mark = watcher.mark()

        save(base / "data.txt", "evil\n")
        failed = watcher.wait("ImageFailed", mark)
        watcher.wait("ImageBlocked", mark, image=extension.name("child"))
        assert (str(base / "Dockerfile"), 5) == (failed["dockerfile"], failed["line"])
        assert "last words" in failed["log_tail"]

        save(base / "data.txt", "good 2\n")
        watcher.wait("SaveServed", mark, image=extension.name("child"))
        assert "good 2\n" == registry.text(extension.name("child"), VERSION, "data.txt")
        assert 1 == len(watcher.all("ImageFailed", mark))
