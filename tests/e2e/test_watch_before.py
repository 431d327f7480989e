"""A watcher that is started before there is anything to watch: it waits, and takes up what comes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.command import Command
from tests.support.extension import Extension
from tests.support.reading_back import RegistryReader
from tests.support.watching import until, watching

pytestmark = pytest.mark.e2e


def platform(folder: Path, light: Extension, content: str) -> Path:
    """Return a repository of a platform with one base; its content is what is asked for."""
    base = folder / "data-processing/base"
    base.mkdir(parents=True, exist_ok=True)
    base.joinpath("Dockerfile").write_text(
        f'FROM scratch\nLABEL IMAGE="{light.name("base")}"\nLABEL REGISTRY="local-only"\nCOPY data.txt /base.txt\n'
    )
    base.joinpath("data.txt").write_text(content)
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=develop"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", content.strip()]):
        subprocess.run(["git", "-C", folder, *who, *words], check=True)
    return folder


def test_no_folder_no_clone(edk: Command, light: Extension, registry: RegistryReader, tmp_path: Path) -> None:
    """No extensions folder, no clone: then the one comes, then the other, made by another process, and moves on."""
    clone = tmp_path / "app/kaapana"
    extensions = clone / "extensions"
    source = platform(tmp_path / "source", light, "base 1\n")
    edk = edk.with_environ(EDK_EXTENSIONS_DIR=str(extensions), KAAPANA_REPO_PATH=str(clone))
    with watching(edk) as watcher:
        assert [] == watcher.all("DiagnosticFound")
        started = watcher.wait("WatchStarted")
        assert (0, [str(extensions)]) == (started["images"], started["roots"])

        one = extensions / "one"
        one.mkdir(parents=True)
        (one / "data.txt").write_text("one 1\n")
        (one / "Dockerfile").write_text(
            f'FROM local-only/{light.name("base")}:latest\nLABEL IMAGE="{light.name("one")}"\nCOPY data.txt /\n'
        )
        watcher.wait("ImageBlocked", image=light.name("one"))

        edk("init", "--from", str(source), "--no-bases").expect(0)
        watcher.wait("ImageFinished", image=light.name("one"))
        assert "base 1\n" == registry.text(light.name("one"), "1.2.3", "base.txt")

        mark = watcher.mark()
        two = extensions / "two"
        two.mkdir()
        (two / "data.txt").write_text("two 1\n")
        (two / "Dockerfile").write_text(f'FROM scratch\nLABEL IMAGE="{light.name("two")}"\nCOPY data.txt /\n')
        watcher.wait("ImageFinished", mark, image=light.name("two"))

        mark = watcher.mark()
        platform(source, light, "base 2\n")
        edk("init", "--from", str(source), "--no-bases").expect(0)
        watcher.wait("SaveServed", mark, image=light.name("one"))
        until(lambda: "base 2\n" == registry.text(light.name("one"), "1.2.3", "base.txt"))


def test_another_folder_has_to_be_there(edk: Command, tmp_path: Path) -> None:
    """A folder that is named and is not the extensions folder is a slip of the pen, and nothing to wait for."""
    run = edk.with_environ(EDK_EXTENSIONS_DIR=str(tmp_path / "extensions"))
    failed = run("watch", "--dir", str(tmp_path / "extensoins")).expect(2)

    assert "does not exist" in failed.err
