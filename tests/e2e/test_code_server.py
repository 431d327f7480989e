"""A developer in code-server: opens an example, starts the watcher, saves, breaks a Dockerfile and mends it.

Real code-server in a real browser, and what it reads by the command line. The browser's part runs where
EDK_E2E_CODE_SERVER=1 is set; ``scripts/code_server_demo.sh`` installs what it needs, and runs it.
Screenshots go to EDK_SCREENSHOTS if that names a folder.
"""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edk.settings import default_state_dir
from tests.support.code_server import Browser, CodeServer
from tests.support.command import ROOT, Command, base_environ
from tests.support.extension import Extension
from tests.support.reading_back import RegistryReader

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(280)]
in_a_browser = pytest.mark.skipif(os.environ.get("EDK_E2E_CODE_SERVER") != "1", reason="EDK_E2E_CODE_SERVER=1 runs it")

USER_SETTINGS = """\
{
    // The user's own
    "workbench.startupEditor": "none",
    "workbench.colorTheme": "Default Light Modern",
    "extensions.ignoreRecommendations": true,
    "files.autoSave": "off",
    "editor.minimap.enabled": false,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "chat.disableAIFeatures": true,
    "terminal.integrated.gpuAcceleration": "off",
    "terminal.integrated.profiles.linux": {"plain": {"path": "bash", "args": ["--norc", "--noprofile"]}},
    "terminal.integrated.defaultProfile.linux": "plain",
    "terminal.integrated.env.linux": {"PS1": "$ ", "PATH": "%s"},
}
"""
# PATH is named, for code-server takes that of a login shell for its terminals.


@pytest.fixture
def scene(engine_endpoint: str, tmp_path: Path) -> Command:
    """The command line of a user whose extensions folder holds a copy of the example."""
    home = Path(os.environ.get("EDK_SCENE") or tmp_path / "app")
    extensions = home / "kaapana/extensions"
    shutil.copytree(ROOT / "examples/otsus-method", extensions / "otsus-method")
    (home / "state").mkdir()
    upstream = Path(default_state_dir(os.environ)) / "edk.yaml"
    if upstream.is_file():
        shutil.copy(upstream, home / "state/edk.yaml")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    version = f"0.6.0-{uuid.uuid4().hex[:8]}"
    own = {"PATH": path, "EDK_EXTENSIONS_DIR": str(extensions), "KAAPANA_BUILD_VERSION": version}
    return Command(home, dict(base_environ(engine_endpoint, home)) | own)


@pytest.fixture
def settings(scene: Command) -> Path:
    """The user's settings, to which the set-up has added its own."""
    file = scene.cwd / "code-server/User/settings.json"
    file.parent.mkdir(parents=True)
    file.write_text(USER_SETTINGS % scene.environ["PATH"])
    scene("code-server", "setup", "--user-settings", str(file)).expect(0)
    return file


@pytest.fixture
def browser(scene: Command, settings: Path) -> Iterator[Browser]:
    """A browser that has opened the extensions folder in code-server."""
    with (
        CodeServer(scene, settings.parents[1]) as server,
        server.browser(scene.environ["EDK_EXTENSIONS_DIR"]) as opened,
    ):
        yield opened


def until(seen: Callable[[], Any], what: str, seconds: float = 40) -> Any:
    """Return what is seen at last, or fail saying what was waited for."""
    deadline = time.monotonic() + seconds
    while not (found := seen()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.1)
    return found


@in_a_browser
def test_a_developer_saves_breaks_and_mends(scene: Command, browser: Browser, registry: RegistryReader) -> None:
    """Each save is in the registry; what is broken stands in Problems at its line, and is gone when mended."""
    tag = scene.environ["KAAPANA_BUILD_VERSION"]

    def digest() -> str:
        return registry.digest("otsus-method", tag)

    browser.in_terminal("edk watch")
    first = until(digest, "the first build", 25)

    browser.open_file("otsus_method.py")
    browser.add_line(f"# saved in code-server: {tag}")
    until(lambda: digest() not in ("", first), "the image of the save")
    browser.screenshot("saved")
    assert [] == browser.problems()
    saved = digest()

    browser.open_file("processing-containers/otsus-method/Dockerfile")
    browser.add_line("RUN python3 -m numpyy")
    browser.show_problems()
    until(browser.problems, "the problem")
    browser.screenshot("broken")
    assert 1 == len(browser.problems())
    assert "RUN python3 -m numpyy exited with code 1" in browser.problems()[0]
    assert "Ln 13, Col 1" in browser.problems()[0]
    assert ("1", saved) == (browser.problems_badge(), digest())

    browser.replace_line("RUN python3 -m numpy.version")
    until(lambda: not browser.problems(), "the problem to go")
    until(lambda: digest() != saved, "the image of the mended Dockerfile")
    assert [] == browser.questions()
    browser.show_terminal()
    browser.screenshot("mended")


def test_a_follower_tells_what_breaks_and_what_is_mended(edk: Command, extension: Extension) -> None:
    """A failed instruction stands in its Dockerfile's line until it is mended; the end of the watcher is told."""
    dockerfile = extension.image("x") / "Dockerfile"
    good = dockerfile.read_text()
    lines: queue.Queue[str] = queue.Queue()
    follower = edk.start("follow", "--wait", "--dir", extension.path, stderr=subprocess.STDOUT)
    reader = threading.Thread(target=lambda: [lines.put(line.decode().rstrip()) for line in follower.stdout or ()])
    reader.start()
    edk.start("watch", "--dir", extension.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def until_told(part: str) -> str:
        while part not in (line := lines.get(timeout=60)):
            pass
        return line

    until_told("waiting for one")
    until_told("end: 0 errors")
    dockerfile.write_text(f"{good}RUN false\n")
    told = until_told(": error: ")
    assert f"{dockerfile}:4:1: error: RUN false exited with code 1 [{extension.name('x')}]" == told
    assert "edk: problems end: 1 error, 0 warnings" == lines.get(timeout=10)
    dockerfile.write_text(good)
    until_told("end: 0 errors")
    edk("stop", "--dir", str(extension.path)).expect(0)
    until_told("the watcher is gone, it was stopped")
    assert 0 == follower.wait(20)
    reader.join()
    assert follower.stdout is not None
    follower.stdout.close()


def test_init_writes_the_tasks_too(edk: Command, tmp_path: Path) -> None:
    """And goes on where a file can't be added to, which stays as it is."""
    platform = tmp_path / "platform"
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=develop"]
    subprocess.run(["git", *who, "init", "-q", str(platform)], check=True)
    subprocess.run(["git", "-C", str(platform), *who, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    written = Path(edk.environ["EDK_EXTENSIONS_DIR"]) / ".vscode/tasks.json"

    first = edk("init", "--no-bases", "--from", str(platform)).expect(0)
    assert "EDK: follow the watcher" in written.read_text()
    assert f"{written}: written" in first.out
    written.write_text("{ mine")
    second = edk("init", "--no-bases", "--from", str(platform)).expect(0)

    assert f"{written}:1:3: expected a key" in second.out
    assert "{ mine" == written.read_text()
